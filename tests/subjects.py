"""Simulated subjects of a user study: they see pixels alone, and their preferences are known."""

import http.client
import io
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from tests.conftest import ROOT
from tests.made import summary
from wespe.apps.study.build import build
from wespe.apps.study.folder import Kind, Study
from wespe.apps.study.sources import of_evaluation
from wespe.photos.images import write_photo
from wespe.results.record import write_record

LEVELS = {"original": 60, "autocontrast": 110, "enhanced": 170}
"""Each method has a grey of its own, by which a subject knows it again."""
STRENGTHS = {"original": -1.0, "autocontrast": 0.0, "enhanced": 0.5, "degraded": -20.0}


def evaluated(folder: Path, *, photos: int = 4, simulated: bool = False) -> Path:
    """An evaluation's folder whose pictures are grey, with a mark by which photos differ."""
    for number in range(photos):
        for method, level in LEVELS.items():
            picture = np.full((36, 48, 3), level, np.uint8)
            picture[4:8, 4 * number : 4 * number + 4] = level + 40
            write_photo(folder / "pictures" / f"{number}.{method}.jpg", picture)
    pictures = {str(number): f"{number}.png" for number in range(photos)}
    made = summary(network="0a", simulated=simulated, pictures=pictures, gallery=tuple(pictures))
    write_record(folder / "summary.json", made)
    return folder


def make_study(folder: Path, kind: Kind = "pairs", **options: Any) -> Study:
    """A study of grey pictures in `folder / "greys"`."""
    settings: dict[str, Any] = {"photos_per_set": 4, "practice": 1, "catches": 1, "seed": 0}
    settings |= {"against": ["original", "autocontrast"], "title": "Greys", **options}
    sets = [of_evaluation("iphone_6", evaluated(folder / "evaluation", photos=5))]
    return build(folder / "greys", sets, kind=kind, **settings)


def level_to_method(level: float) -> str:
    """What a picture of this mean level is; the spoiled copy of `enhanced` is at 20 + 170 / 2."""
    levels = {**LEVELS, "degraded": 105}
    return min(levels, key=lambda method: abs(levels[method] - level))


def prefers_first(first: str, second: str, chance: random.Random) -> bool:
    """Bradley and Terry's coin, by the known strengths."""
    gap = STRENGTHS[second] - STRENGTHS[first]
    return chance.random() < 1 / (1 + math.exp(gap))


@contextmanager
def served(folder: Path, *, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`wespe study serve` in a process of its own; gives it and its address."""
    options = ["--port", str(port), "--simulated-subjects"]
    command = [sys.executable, "-m", "wespe.cli", "study", "serve", str(folder), *options]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            yield process, process.stdout.readline().strip().removeprefix("Open ")
        finally:
            process.send_signal(signal.SIGKILL)


class HttpSubject:
    """Takes part by HTTP, as the page does; asks again where the server does not answer."""

    def __init__(self, address: str, seed: int) -> None:
        self._place = urlsplit(address)
        self._connection = self._connect()
        self._cookie, self._seed = "", seed
        self.code = ""
        self.acknowledged: list[tuple[int, int]] = []
        """Position and choice of each vote that the server answered."""
        self.refusals = 0
        """How often it did not answer."""

    def _connect(self) -> http.client.HTTPConnection:
        assert self._place.hostname
        return http.client.HTTPConnection(self._place.hostname, self._place.port, timeout=60)

    def call(self, path: str, sent: object = None) -> bytes:
        """One request, for as long as it takes."""
        while True:
            try:
                return self._call(path, sent)
            except (OSError, http.client.HTTPException):
                self.refusals += 1
                self._connection.close()
                self._connection = self._connect()
                time.sleep(0.05)

    def _call(self, path: str, sent: object) -> bytes:
        headers = {"Cookie": self._cookie, "Content-Type": "application/json"}
        body = None if sent is None else json.dumps(sent)
        self._connection.request("GET" if sent is None else "POST", path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        self._cookie = answer.headers.get("Set-Cookie", self._cookie).partition(";")[0]
        return content

    def take_part(self) -> None:
        """From consent to thanks."""
        state = json.loads(self.call("/start", {"consent": True}))
        self.code = state["code"]
        while state["phase"] != "thanks":
            pictures = [self.call(address) for address in state["pictures"]]
            choice = self._choose(pictures)
            vote = {"code": self.code, "trial": state["trial"], "choice": choice, "seconds": 0.5}
            state = json.loads(self.call("/vote", vote))
            self.acknowledged.append((vote["trial"], choice))
        self._connection.close()

    def _choose(self, pictures: list[bytes]) -> int:
        # The answer depends on what is seen, not on where or when: the outcome of a test is the
        # same however its subjects' requests fall.
        order = sorted(pictures)
        chance = random.Random(b"".join(order) + str(self._seed).encode())
        first, second = (level_to_method(mean_level(picture)) for picture in order)
        preferred = order[0] if prefers_first(first, second, chance) else order[1]
        return pictures.index(preferred)


def mean_level(picture: bytes) -> float:
    return float(np.asarray(Image.open(io.BytesIO(picture))).mean())
