"""What passes between stages: `layout` defines where each file lies, the others what it holds.

Imports `core`.
"""
