"""What people use beside the pipeline: networks by name, the photo server, studies, first steps.

Imports `core`, `photos`, `results`, `data`, `networks`, `training`, `judging`, `settings`,
`pipeline`.
"""
