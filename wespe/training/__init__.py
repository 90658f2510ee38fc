"""How the network of a pair is trained: losses, methods, and one run of them.

Imports `core`, `photos`, `results`, `data`, `networks`.
"""
