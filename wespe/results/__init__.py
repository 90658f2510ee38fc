"""What passes between stages: the record of each file, and where it lies.

Imports `core`.
"""
