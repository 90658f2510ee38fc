"""Where photos come from, and the patches that are cut out of them.

Imports `core`, `photos`, `results`.
"""
