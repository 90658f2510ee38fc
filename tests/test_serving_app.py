"""The addresses of the page that enhances photos, and what they refuse."""

import errno
import io
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.pages import running
from wespe.apps.serving.app import Offer, make_app
from wespe.apps.serving.tray import Limits
from wespe.photos.images import AnyPixels


class Brighter:
    engine = "a test"

    def enhance(self, pixels: AnyPixels, *, advance: Callable[[int], None]) -> AnyPixels:
        advance(pixels[..., 0].size)
        return pixels + np.uint8(100)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = make_app(
        {
            "0": Offer("phone", "for one camera", "phone → dslr, 10 steps"),
            "1": Offer("other", "published"),
        },
        lambda _: Brighter(),
        upload_mb=0.01,
        limits=Limits(photos=2, megapixels=0.01),
    )
    with running(app) as address, httpx.Client(base_url=address) as client:
        yield client
    assert list(tmp_path.iterdir()) == []


def png(size: tuple[int, int] = (20, 10), level: int = 50) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (level,) * 3).save(stream, "PNG")
    return stream.getvalue()


def send(client: httpx.Client, content: bytes, **query: str) -> Any:
    return client.post("/photos", params={"network": "0", **query}, content=content)


def finished(client: httpx.Client, key: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while (photo := client.get(f"/photos/{key}").json())["state"] != "done":
        assert time.monotonic() < deadline, photo
    return dict(photo)


def test_a_photo_goes_in_and_comes_out_enhanced(client: httpx.Client) -> None:
    photo = send(client, png(), name="my photo.png").json()
    assert {key: photo[key] for key in ("name", "network", "width", "height")} == {
        **{"name": "my photo.png", "network": "0", "width": 20, "height": 10}
    }
    done = finished(client, photo["key"])
    assert (done["share"], done["engine"]) == (1, "a test")
    answer = client.get(f"/photos/{photo['key']}/result", params={"strength": 0.5})
    assert 'filename="my%20photo_enhanced.png"' in answer.headers["content-disposition"] or (
        "filename*=utf-8''my%20photo_enhanced.png" in answer.headers["content-disposition"]
    )
    assert np.asarray(Image.open(io.BytesIO(answer.content)))[0, 0].tolist() == [100] * 3
    for which, level in (("original", 50), ("enhanced", 150)):
        answer = client.get(f"/photos/{photo['key']}/{which}.jpg")
        assert answer.headers["content-type"] == "image/jpeg"
        assert abs(int(np.asarray(Image.open(io.BytesIO(answer.content)))[5, 5, 0]) - level) <= 1


def test_what_is_offered_is_told(client: httpx.Client) -> None:
    assert client.get("/offers").json() == {
        "networks": [
            {
                **{"id": "0", "name": "phone", "badge": "for one camera"},
                **{"note": "phone → dslr, 10 steps", "scale": 1},
            },
            {"id": "1", "name": "other", "badge": "published", "note": "", "scale": 1},
        ],
        "limits": {"mb": 0.01, "megapixels": 0.01},
        "camera": False,
    }


def test_another_network_and_removal(client: httpx.Client) -> None:
    key = send(client, png()).json()["key"]
    finished(client, key)
    assert client.post(f"/photos/{key}/enhance", params={"network": "1"}).json()["network"] == "1"
    assert finished(client, key)["network"] == "1"
    assert client.delete(f"/photos/{key}").status_code == 200
    assert client.get(f"/photos/{key}").status_code == 404


def test_thumbnails_are_there_at_once_and_small(client: httpx.Client) -> None:
    key = send(client, png((100, 10))).json()["key"]
    answer = client.get(f"/photos/{key}/thumbnail.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (100, 10)
    finished(client, key)
    client.delete(f"/photos/{key}")
    assert client.get(f"/photos/{key}/thumbnail.jpg").status_code == 404


def test_results_come_as_one_zip(client: httpx.Client) -> None:
    keys = [send(client, png(level=level), name="A.png").json()["key"] for level in (50, 60)]
    for key in keys:
        finished(client, key)
    answer = client.get("/enhanced.zip", params={"key": keys, "strength": 0.5})
    assert answer.headers["content-disposition"] == 'attachment; filename="enhanced.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["A_enhanced.png", "A_enhanced (2).png"]
        levels = [Image.open(archive.open(name)).getpixel((0, 0)) for name in archive.namelist()]
    assert levels == [(100,) * 3, (110,) * 3]
    assert client.get("/enhanced.zip", params={"key": [keys[0], "x"]}).status_code == 404
    assert client.get("/enhanced.zip").status_code == 422


@pytest.mark.parametrize(
    ("content", "query", "status", "told"),
    [
        (b"", {}, 422, "It cannot be used: empty file."),
        (b"<html>", {}, 422, "It cannot be used: not an image."),
        (png((200, 100)), {}, 422, "It has 0 megapixels; this page accepts at most 0."),
        (png(), {"network": "../0"}, 404, "There is no such network."),
        (bytes(10_001), {}, 413, "That is too large."),
    ],
    ids=["empty", "a page", "too many pixels", "no network", "too many bytes"],
)
def test_what_is_refused_is_told_why(
    client: httpx.Client, content: bytes, query: dict[str, str], status: int, told: str
) -> None:
    answer = send(client, content, **query)
    assert answer.status_code == status
    assert told in answer.text


def test_a_body_that_does_not_say_its_length_is_cut_at_the_limit(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(1000)

    answer = client.post("/photos", params={"network": "0"}, content=endless())
    assert answer.status_code == 413


def test_a_full_disk_is_told(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("wespe.apps.serving.tray.Tray.add", full)
    answer = send(client, png())
    assert answer.status_code == 507
    assert answer.json()["detail"] == "It cannot be stored: No space left on device."


def test_a_full_tray_says_so(client: httpx.Client) -> None:
    for _ in range(2):
        assert send(client, png()).status_code == 200
    answer = send(client, png())
    assert (answer.status_code, answer.json()["detail"][:16]) == (422, "This page alread")


@pytest.mark.parametrize("rest", ["", "/original.jpg", "/enhanced.jpg", "/result"])
@pytest.mark.parametrize("key", ["x", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc", ".lock"])
def test_a_key_that_is_none_finds_nothing(client: httpx.Client, key: str, rest: str) -> None:
    assert client.get(f"/photos/{key}{rest}").status_code == 404


def test_names_of_senders_never_reach_the_disk(client: httpx.Client, tmp_path: Path) -> None:
    key = send(client, png(), name="../../../etc/pass\r\nwd.png").json()["key"]
    finished(client, key)
    answer = client.get(f"/photos/{key}/result")
    assert "passwd_enhanced.png" in answer.headers["content-disposition"]
    assert not [path for path in tmp_path.rglob("*") if "pass" in path.name]


def test_pages_of_others_can_change_nothing(client: httpx.Client) -> None:
    headers = {"Origin": "http://elsewhere.test"}
    answer = client.post("/photos", params={"network": "0"}, content=png(), headers=headers)
    assert answer.status_code == 403
    assert client.get("/offers", headers={"Host": "elsewhere.test"}).status_code == 421


def test_the_page_asks_nothing_of_others(client: httpx.Client) -> None:
    for address in ("/", "/serve.css", "/serve.js", "/viewer.js"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "//" not in answer.text.replace("// ", "").replace("http://www.w3.org", "")
    assert "default-src 'none'" in client.get("/").headers["content-security-policy"]


class Enlarging:
    engine = "a test"

    def enhance(
        self, pixels: AnyPixels, *, advance: Callable[[int], None], scale: float
    ) -> AnyPixels:
        return np.repeat(np.repeat(pixels, int(scale), 0), int(scale), 1)


def test_a_network_that_enlarges_offers_factors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = make_app(
        {"0": Offer("large", "super-resolution", scale=4), "1": Offer("phone", "for one camera")},
        lambda network: Brighter() if network == "1" else Enlarging(),
        limits=Limits(megapixels=0.01),
    )
    with running(app) as address, httpx.Client(base_url=address) as client:
        assert client.get("/offers").json()["networks"][0]["scale"] == 4
        photo = send(client, png()).json()
        assert (photo["scale"], photo["made_width"], photo["made_height"]) == (4, 80, 40)
        finished(client, photo["key"])
        again = f"/photos/{photo['key']}/enhance"
        assert client.post(again, params={"network": "0", "scale": 2}).json()["scale"] == 2
        finished(client, photo["key"])
        answer = client.get(f"/photos/{photo['key']}/result")
        assert Image.open(io.BytesIO(answer.content)).size == (40, 20)
        for query, words in (
            ({"network": "0", "scale": "5"}, "This network enlarges at most 4 times."),
            ({"network": "1", "scale": "2"}, "This network enlarges at most 1 times."),
        ):
            answer = client.post(again, params=query)
            assert (answer.status_code, answer.json()["detail"]) == (422, words)
        answer = send(client, png((60, 20)))
        assert answer.status_code == 422
        assert answer.json()["detail"].endswith("Choose a smaller factor.")
        assert client.post(again, params={"network": "1"}).json()["scale"] is None
