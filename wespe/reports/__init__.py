"""What people read: the report page, and tables beside those of the papers.

Imports `core`, `photos`, `results`, `judging`.
"""
