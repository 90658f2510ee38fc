"""A settings file for one's own camera, from two folders of photos."""

import glob
import json
import re
from collections.abc import Sequence
from pathlib import Path

from wespe.core.files import atomic_file

_SHIPPED = Path(__file__).parent / "own_camera.yaml"
"""A link to `configs/own_camera.yaml`, which a wheel has as a file."""
_HELD_OUT_SHARE, _HELD_OUT_MOST = 10, 12
_HEADER = (
    "# Written by wespe init, after configs/own_camera.yaml. `wespe check` looks at it again.\n"
)


def held_out(photos: Sequence[str]) -> list[str]:
    """The photos for the report, evenly spread: a tenth, at least one and at most twelve."""
    count = min(_HELD_OUT_MOST, max(1, len(photos) // _HELD_OUT_SHARE))
    return [photos[(2 * n + 1) * len(photos) // (2 * count)] for n in range(count)]


def write_settings(path: Path, name: str, *, photos: Path, wish: Path, test: Sequence[str]) -> None:
    """Write the settings file. `test`: the files below `photos` that training must not see.

    It is the shipped one with another name and other folders. Raises ValueError if `path` is there.
    """
    if path.exists():
        raise ValueError(f"{path} is there already: choose another name, or --out")
    camera, wished = (_quoted(folder.as_posix()) for folder in (photos, wish))
    chosen = f"[{', '.join(_quoted(glob.escape(file)) for file in test)}]"
    text = _SHIPPED.read_text("utf-8")
    text = re.sub(r"\b(own_camera|my_camera)\b", name, text[text.index("run:\n") :])
    without_test = "photos/camera\n    exclude:\n      - test/**\n"
    for shipped, own in (
        (without_test, f"{camera}\n    exclude: {chosen}\n"),
        ("photos/camera/test\n", f"{camera}\n    include: {chosen}\n"),
        ("photos/wished\n", f"{wished}\n"),
    ):
        assert shipped in text, f"{_SHIPPED} has no {shipped!r} any more"
        text = text.replace(f"path: {shipped}", f"path: {own}")
    with atomic_file(path) as temporary:
        temporary.write_text(f"{_HEADER}{text}", "utf-8")


def _quoted(text: str) -> str:
    """A string as YAML and JSON both have it."""
    return json.dumps(text, ensure_ascii=False)
