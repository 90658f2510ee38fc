"""Super-resolution through the whole command line, at toy size: patches, a pair, the GAN that goes
on with it, an evaluation, its table, and larger photos."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.test_cli import Call, call
from tests.test_metrics_vgg_distance import weights
from wespe.results.networks import read_card

__all__ = ["call", "weights"]

SETTINGS = """\
run:
  name: tiny
  results: results
  data: data
  compute: cpu-fp32
  tracking: ""
  vgg_weights: vgg.safetensors
sources:
  photos: {kind: folder, path: photos, min_side_px: 32}
domains: [photos]
patches: {size_px: 32, count: 12}
recipes:
  small: {method: compact, scale: 2, steps: 4, batch_size: 2, generator: {width: 4, layers: 1}}
  gan:
    method: srgan
    scale: 2
    steps: 2
    batch_size: 2
    discriminator: {width: 2}
    content: {extractor: untrained, layer: [relu1, relu2]}
pairs:
  small: {target: photos, recipe: small}
  gan: {target: photos, recipe: gan, start: small}
evaluations:
  test:
    pair: gan
    photos: photos
    baselines: []
    metrics: [psnr_y_db, ssim_y, vgg_distance]
    pictures: 1
tables:
  sr: {evaluations: {test: {}}}
"""


@pytest.fixture
def folder(call: Call) -> None:
    Path("params.yaml").write_text(SETTINGS)
    Path("photos").mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (12, 15, 3), np.uint8)
        Image.fromarray(pixels).resize((60, 48), Image.Resampling.BICUBIC).save(
            f"photos/{number}.png"
        )


def trained(call: Call, *, name: str, start: str | None = None) -> str:
    out = Path(f"results/pairs/{name}")
    begun = ("--start", start) if start else ()
    code, _, errors = call("train", name, "--target", "photos.npy", *begun, "--out", str(out))
    assert code == 0, errors
    return str(out / "generator.safetensors")


def test_a_pair_its_gan_an_evaluation_a_table_and_larger_photos(
    call: Call, folder: None, weights: Path
) -> None:
    index = "data/sources/photos"
    assert call("acquire", "photos", "--out", index)[0] == 0
    patches = ("--index", f"{index}/index.json", "--out", "photos.npy")
    assert call("patches", "photos", *patches)[0] == 0
    small = trained(call, name="small")
    gan = trained(call, name="gan", start=small)
    card = read_card(Path(gan))
    assert (card.scale, card.start) == (2, read_card(Path(small)).sha256)  # type: ignore[attr-defined]

    arguments = ("--index", f"{index}/index.json", "--model", gan)
    evaluate = ("evaluate", "test", *arguments, "--out", "results/evaluations/test")
    code, _, errors = call(*evaluate)
    assert code == 1
    assert errors == ["wespe evaluate: vgg.safetensors: no such weights file"]
    shutil.copy(weights, "vgg.safetensors")
    code, printed, errors = call(*evaluate)
    assert code == 0, errors
    assert [line.split(":")[1] for line in printed] == [" original", " enhanced"]
    summary = json.loads(Path("results/evaluations/test/summary.json").read_text())
    assert (summary["scale"], summary["n_images"]) == (2, 3)
    apart = summary["methods"]["original"]["vgg_distance"]["mean"]
    assert 0 < apart < 10

    code, _, errors = call("tables", "--out", "results/tables")
    assert code == 0, errors
    rows = json.loads(Path("results/tables/sr.json").read_text())["rows"]
    assert [row["method"] for row in rows] == ["bicubic", "SRGAN of compact"]

    code, printed, _ = call("enhance", "photos/0.png", "--model", gan, "--out", "large")
    assert code == 0
    assert "(×2, " in printed[0]
    with Image.open("large/0.png") as image:
        assert image.size == (120, 96)


def test_a_gan_without_a_network_to_begin_with_is_refused(call: Call, folder: None) -> None:
    code, _, messages = call("train", "gan", "--target", "photos.npy", "--out", "out")
    assert code == 1
    assert messages == ["wespe train: pairs.gan has a start: expected --start FILE"]
    Path("params.yaml").write_text(SETTINGS.replace(", start: small", ""))
    code, _, messages = call("train", "gan", "--target", "photos.npy", "--out", "out")
    assert code == 1
    assert "pairs.gan.start is missing: recipes.gan goes on with the network" in messages[0]
