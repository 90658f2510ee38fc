"""Which extra of this package brings a module that is missing."""

import re
from contextlib import suppress

# Distributions that are called otherwise than the module that they bring.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "starlette": "fastapi",
    "yaml": "pyyaml",
}


def missing(error: ImportError) -> str:
    """What is missing, and which extra brings it, in one line."""
    package = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or not package:
        return str(error)
    return f"{package} is not installed" + _extra_of(_DISTRIBUTIONS.get(package, package))


def _extra_of(distribution: str) -> str:
    import importlib.metadata  # which takes as long as the rest of the command line

    with suppress(importlib.metadata.PackageNotFoundError):
        for requirement in importlib.metadata.requires("wespe") or []:
            found = re.match(r"([\w.-]+).*\bextra == ['\"](\w+)['\"]", requirement)
            if found and _plain(found[1]) == _plain(distribution):
                return f"; it comes with the extra '{found[2]}': pip install 'wespe[{found[2]}]'"
    return f"; pip install {distribution}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
