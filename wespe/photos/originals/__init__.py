"""A photo file as it is, so that another of the same kind can be written with other pixels."""

from wespe.photos.originals.original import Original, read_original
from wespe.photos.originals.writing import write_like

__all__ = ["Original", "read_original", "write_like"]
