"""The record of runs and networks in MLflow; nothing else imports it.

A record is worth less than the training it is about: where MLflow fails, one warning is logged
and the work goes on without it.
"""

from wespe.pipeline.tracking.comparing import comparison
from wespe.pipeline.tracking.connection import CHECKPOINT
from wespe.pipeline.tracking.pipeline import pipeline_key, record_report
from wespe.pipeline.tracking.recording import find_run, training
from wespe.pipeline.tracking.registry import Version, annotate, register, versions
from wespe.pipeline.tracking.runs import Run, means
from wespe.pipeline.tracking.tags import PAIR, PARENT, PIPELINE, RATER, ROLLBACKS, STATE, WARNING

__all__ = [
    "CHECKPOINT",
    "PAIR",
    "PARENT",
    "PIPELINE",
    "RATER",
    "ROLLBACKS",
    "STATE",
    "WARNING",
    "Run",
    "Version",
    "annotate",
    "comparison",
    "find_run",
    "means",
    "pipeline_key",
    "record_report",
    "register",
    "training",
    "versions",
]
