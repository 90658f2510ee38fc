"""The report: one HTML file with everything in it."""

from wespe.reports.page import write_report

__all__ = ["write_report"]
