"""What people use beside the pipeline: networks by name, the photo server, user studies, the list.

Imports `core`, `photos`, `results`, `networks`, `judging`, `settings`, `pipeline`.
"""
