"""What ties the stages to Snakemake, DVC and MLflow.

Imports `core`, `photos`, `results`, `data`, `networks`, `training`, `judging`, `settings`.
"""
