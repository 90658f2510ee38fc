"""How good photos are: metrics, plain enhancers to compare with, evaluations, and raters.

Imports `core`, `photos`, `results`, `networks`.
"""
