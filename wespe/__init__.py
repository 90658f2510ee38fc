"""WESPE: weakly supervised photo enhancement, from two photo collections to an enhancer."""

__version__ = "0.2.0"
