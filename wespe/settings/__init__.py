"""All settings of a run: the tree of `params.yaml`, and its reference for people.

Imports `core`, `data`, `training`, `judging`, `reports`.
"""
