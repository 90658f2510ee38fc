"""A project of its own for the miniature, with joined settings, an inventory and photos."""

import csv
import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.copies import ROOT, copy_project
from tests.flickr_emulator import KEY, SECRET
from tests.miniature.archives import Counts, facts, make, make_own_photos
from tests.miniature.hosts import CITYSCAPES, PASSWORD, USER
from tests.published import SHARED
from wespe.core.files import atomic_file, atomic_folder
from wespe.core.yaml_file import read_yaml
from wespe.data.inventory import read_inventory

OVERLAY = Path(__file__).with_name("overlay.yaml")
PAPER = ROOT / "configs" / "paper.yaml"
FLICKR = "http://127.0.0.1:8765"
"""The emulator's address in the overlay."""


def prepare(out: Path, *, hosts: str, flickr: str, counts: Counts) -> Path:
    """Make what is not there yet below `out`, and return the project's folder.

    `hosts`, `flickr`: the addresses that they will be served at.
    """
    inventory = read_inventory(ROOT / "data" / "sources.csv")
    served, project = out / "hosts", out / "project"
    if not served.is_dir():
        with atomic_folder(served) as folder:
            make(inventory, folder, counts)
    copy_project(project)
    if not (project / ".git").is_dir():
        for command in ("init", "add --all", "commit --quiet --message Miniature"):
            git = ("git", "-c", "user.name=miniature", "-c", "user.email=miniature@localhost")
            subprocess.run([*git, *command.split()], cwd=project, check=True, capture_output=True)
    _write_inventory(project / "data" / "sources.csv", served, hosts)
    _write(project / "params.yaml", yaml.safe_dump(settings(flickr), sort_keys=False))
    raw = project / "data" / "raw"
    if not (raw / "phones").is_dir():
        make_own_photos(raw, counts)
    _give_weights(raw / "vgg19.safetensors")
    tool = out / "bin" / "csDownload"
    tool.parent.mkdir(exist_ok=True)
    script = Path(__file__).with_name("cs_download.py")
    call = shlex.join([sys.executable, str(script), hosts + CITYSCAPES])
    _write(tool, f'#!/bin/sh\nexec {call} "$@"\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return project


def settings(flickr: str = FLICKR) -> dict[str, Any]:
    """The paper's settings under the overlay."""
    overlay = read_yaml(OVERLAY)
    overlay["sources"]["faves"]["service"] = flickr + "/services/rest/"
    return joined(read_yaml(PAPER), overlay)


def joined(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` with the values of `above`, table by table."""
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        both[key] = joined(old, value) if isinstance(old, dict) else value
    return both


def environment(out: Path) -> dict[str, str]:
    """What the project's commands run in: its own code, the accounts, and tools by their names."""
    folders = [str((out / "bin").absolute()), str(Path(sys.executable).parent)]
    return {
        **os.environ,
        "PATH": os.pathsep.join([*folders, os.environ["PATH"]]),
        "PYTHONPATH": str((out / "project").absolute()),
        "FLICKR_API_KEY": KEY,
        "FLICKR_API_SECRET": SECRET,
        "CITYSCAPES_USERNAME": USER,
        "CITYSCAPES_PASSWORD": PASSWORD,
    }


def _write_inventory(path: Path, served: Path, hosts: str) -> None:
    """The inventory with the addresses here, and the bytes and hashes of what was made."""
    with (ROOT / "data" / "sources.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        first = row["urls"].partition(" ")[0].partition("://")[2]
        archive = served / first
        if first and archive.is_file():
            size, row["sha256"] = facts(archive)
            row["bytes"] = str(size)
        for scheme in ("https://", "http://"):
            row["urls"] = row["urls"].replace(scheme, f"{hosts.removeprefix('http://')}/")
        row["urls"] = " ".join(f"http://{url}" for url in row["urls"].split())
    with atomic_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _give_weights(path: Path) -> None:
    """VGG-19 as the papers used it, or with random numbers where it is not at hand."""
    if path.is_file():
        return
    shared = SHARED / "weights" / "vgg19_imagenet_conv.safetensors"
    with atomic_file(path) as temporary:
        if shared.is_file():
            shutil.copyfile(shared, temporary)
            return
        # Here, since few need it and torchvision takes seconds to import.
        import torch
        from safetensors.torch import save_file
        from torchvision.models.vgg import cfgs, make_layers

        torch.manual_seed(0)
        layers = make_layers(cfgs["E"])
        named = {f"features.{key}": value.half() for key, value in layers.state_dict().items()}
        save_file(named, temporary)


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
