"""All settings of a run: the tree of `params.yaml`, and its reference for people.

Imports `core`, `results`, `data`, `training`, `judging`, `reports`.
"""
