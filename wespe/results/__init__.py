"""What passes between stages: `layout` says where each file lies, the others what it holds.

Imports `core`.
"""
