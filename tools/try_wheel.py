"""Check an installed wheel: every file of the package is in it, and it enhances without torch.

`tools/try_wheel.sh` runs it in an environment with the base dependencies only. The argument is a
file that lists the files of the package in the repository, one a line.
"""

import importlib
import importlib.util
import pkgutil
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

import wespe

LIGHT = (
    *("core", "photos", "results", "cli", "apps.enhancing", "apps.serving", "apps.web"),
    *("networks.light", "networks.shipped", "networks.inference.video"),
    *(f"networks.inference.{name}" for name in ("photo", "plan", "ledger", "tiles", "parts")),
)
"""What the base dependencies have to be enough for, but for `HEAVY`."""
HEAVY = frozenset({"device", "processes", "tensors", "filters", "resizing", "schema", "yaml_file"})
"""Modules of these places that need the extra `train`."""


def main(listed: str) -> int:
    assert importlib.util.find_spec("torch") is None, "torch is here"
    installed = Path(wespe.__file__).parent
    files = Path(listed).read_text("utf-8").split()
    missing = [file for file in files if not (installed.parent / file).is_file()]
    for file in missing:
        print(f"{file}: missing in the wheel")
    names = light_modules()
    for name in names:
        importlib.import_module(name)
    enhance()
    print(f"{len(files)} files in {installed}, {len(names)} modules imported without torch")
    return 1 if missing else 0


def light_modules() -> list[str]:
    """The names of the modules that need the base dependencies alone."""
    found = (module.name for module in pkgutil.walk_packages(wespe.__path__, "wespe.", _skip))
    prefixes = tuple(f"wespe.{place}" for place in LIGHT)
    return sorted(
        name
        for name in found
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
        and name.rpartition(".")[2] not in HEAVY | {"__main__"}
    )


def enhance() -> None:
    """A grey photo and a grey clip are enhanced by the package's own network."""
    photo = np.full((48, 64, 3), 128, np.uint8)
    assert wespe.enhance(photo).shape == photo.shape
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        with av.open(str(clip), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for _ in range(3):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(photo)))
            container.mux(stream.encode())
        assert wespe.enhance(clip) == clip.with_name("clip_enhanced.mp4")


def _skip(name: str) -> None:
    """For packages that cannot be imported here."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
