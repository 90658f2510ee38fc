"""What people use beside the pipeline: the photo server, user studies, the list of networks.

Imports `core`, `photos`, `results`, `judging`, `pipeline`.
"""
