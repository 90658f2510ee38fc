"""The record of runs and networks in MLflow; nothing else imports it.

A record is worth less than the training it is about: where MLflow fails, one warning is logged
and the work goes on without it.
"""

from wespe.tracking.connection import CHECKPOINT
from wespe.tracking.registry import Version, annotate, register, versions
from wespe.tracking.runs import PAIR, ROLLBACKS, STATE, WARNING, Run, find_run, means, training

__all__ = [
    "CHECKPOINT",
    "PAIR",
    "ROLLBACKS",
    "STATE",
    "WARNING",
    "Run",
    "Version",
    "annotate",
    "find_run",
    "means",
    "register",
    "training",
    "versions",
]
