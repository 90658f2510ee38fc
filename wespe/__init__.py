"""WESPE: weakly supervised photo enhancement, from two photo collections to an enhancer."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wespe.apps.enhancing.interface import Enhancer, enhance

__version__ = "0.2.0"
__all__ = ["Enhancer", "__version__", "enhance"]


def __getattr__(name: str) -> Any:
    """`Enhancer` and `enhance`, imported when they are asked for: torch takes seconds."""
    if name in {"Enhancer", "enhance"}:
        from wespe.apps.enhancing import interface

        return getattr(interface, name)
    raise AttributeError(f"module 'wespe' has no attribute {name!r}")
