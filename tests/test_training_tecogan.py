"""TecoGAN: clips through a network that remembers, what its step changes, and what it compares."""

import copy
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from tests.test_inference_video_flicker import textured
from tests.test_recurrent import network, remembering
from wespe.core.device import resolve
from wespe.data.patches.store import PatchSet
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.compact import Compact
from wespe.networks.enlarging.recurrent import Recurrent
from wespe.networks.enlarging.srresnet import SrResNet
from wespe.networks.inference.video.flicker import flicker as measured_flicker
from wespe.photos.tensors import to_tensor
from wespe.photos.video.motion import flow
from wespe.photos.video.motion import moved as moved_by_opencv
from wespe.results.patches import CutBy, NotCut, PatchManifest
from wespe.training.enlarging.clips import flicker, followed, motions, moved
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.step import MethodStep, Task
from wespe.training.run import train_pair
from wespe.training.transport.transports import Transports

FRAMES, SIZE = 6, 64
PLACES = ["cpu-fp32", "cpu-bf16"] + ["cuda-bf16"] * torch.cuda.is_available()


def clips(*steps: int) -> PatchSet:
    """A clip of textures that move to the left for each of `steps`, in px per frame."""
    pixels = np.concatenate(
        [np.stack([textured(i, step)[:SIZE, :SIZE] for i in range(FRAMES)]) for step in steps]
    )
    manifest = PatchManifest(
        source="moving",
        origin="a test",
        simulated=False,
        licence=None,
        settings=CutBy(size_px=SIZE, mode="random", min_std=0, max_clipped=1, count=1000),
        seed=0,
        sha256="moving",
        jpeg_quality=None,
        photos=[f"{number}.png" for number in range(len(steps))],
        patches=[(n, SIZE * frame, 0) for n in range(len(steps)) for frame in range(FRAMES)],
        left_out=NotCut(flat=0, clipped=0, too_small=0, unreadable=()),
    )
    return PatchSet(pixels, manifest)


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    y = to_tensor(clips(2, 1).pixels)
    return y, y


def recipe_of(**changes: Any) -> Any:
    settings = {
        **{"method": "tecogan", "steps": 40, "batch_size": 2, "frames": FRAMES, "scale": 2},
        "discriminator": {"width": 2},
        **changes,
    }
    return RECIPES["tecogan"].model_validate(settings)


def begun() -> Enhancer:
    torch.manual_seed(0)
    return Compact(scale=2, width=6, layers=1)


def build(
    *, compute: str = "cpu-fp32", start: Enhancer | None = None, **changes: Any
) -> MethodStep:
    recipe, same = recipe_of(**changes), clips(1)
    task = Task(
        batch(),
        Transports(same, same, shrink=True),
        resolve(compute),  # type: ignore[arg-type]
        seed=3,
        start=start or begun(),
    )
    step: MethodStep = pkgutil.resolve_name(recipe.step)(recipe, task)
    return step


def test_a_clip_is_followed_as_a_video_is() -> None:
    made, frames = network(), [textured(i, 2)[:80, :96] for i in range(4)]
    x = to_tensor(np.stack(frames))[None]
    with torch.no_grad():
        large = made.bicubic(x[0]).clamp(0, 1)[None]
        results = followed(made, x, motions(large)[0])[0].clamp(0, 1)
    remembers = remembering(made)
    for result, frame in zip(results, frames, strict=True):
        video = remembers(np.ascontiguousarray(frame)).astype(float)
        clip = result.permute(1, 2, 0).numpy() * 255
        # OpenCV moves by 32nds of a pixel.
        assert np.abs(video - clip).mean() < 0.3


def test_what_is_moved_is_as_by_opencv() -> None:
    now, before = (np.ascontiguousarray(textured(i, 3)[:64, :64]) for i in (1, 0))
    greys = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (now, before)]
    motion = flow(*greys)
    expected = moved_by_opencv(before.astype(np.float32), motion, cv2.INTER_CUBIC)
    given = torch.from_numpy(np.concatenate([motion, motion[..., :1]], 2)).permute(2, 0, 1)[None]
    got = moved(to_tensor(before), given)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(got - expected).mean() < 1
    forth, back = motions(to_tensor(np.stack([before, now]))[None])
    np.testing.assert_allclose(forth[0, 0, :2].permute(1, 2, 0).numpy(), motion)
    np.testing.assert_allclose(back[0, 0, :2].permute(1, 2, 0).numpy(), flow(*greys[::-1]))
    assert forth[0, 0, 2].mean() > 0.8


def test_flicker_is_what_the_command_measures() -> None:
    true = np.stack([textured(i, 2) for i in range(3)])
    noise = np.random.default_rng(0).normal(0, 8, true.shape)
    made = (true + noise).clip(0, 255).round().astype(np.uint8)
    expected = measured_flicker(zip(true, made, strict=True)).added
    y = to_tensor(true)[None]
    got = 255 * float(flicker(to_tensor(made)[None], y, motions(y)[0]))
    # Cubic instead of linear between pixels, which smooths the noise a little.
    assert got == pytest.approx(expected, rel=0.1)
    # An error that stays the same does not flicker.
    constant = to_tensor(true // 2 + 60)[None]
    assert 255 * float(flicker(constant, to_tensor(true // 2)[None], motions(y)[0])) < 0.01


@pytest.mark.parametrize("compute", PLACES)
def test_a_step_changes_both_networks(compute: str) -> None:
    step = build(compute=compute, ema=0.5, learning_rate=1e-3)
    before = copy.deepcopy(step.networks.state_dict())
    losses = step.train_step(batch(), 1)
    assert set(losses) == {"pixels", "ping_pong", "texture", "total", "d_texture"}
    assert all(torch.isfinite(value) and not value.requires_grad for value in losses.values())
    after = step.networks.state_dict()
    for part in ("generator.body.0", "generator.memory", "average", "d_texture"):
        names = [name for name in before if name.startswith(part) and name.endswith("weight")]
        assert any(not torch.equal(before[name], after[name]) for name in names), part


def test_without_an_adversary_it_is_frvsr() -> None:
    step = build(weights={"texture": 0, "ping_pong": 0, "color": 1, "flicker": 1})
    assert set(step.networks) == {"generator", "average"}
    assert set(step.train_step(batch(), 1)) == {"pixels", "color", "flicker", "total"}


def test_it_begins_with_a_compact_network_or_with_its_own() -> None:
    first = build().generator
    assert isinstance(first, Recurrent)
    weights, others = first.state_dict(), build(start=network()).generator.state_dict()
    assert torch.equal(weights["body.0.weight"], begun().state_dict()["body.0.weight"])
    assert torch.equal(weights["memory.weight"], Recurrent(scale=2, width=6).memory.weight)
    assert torch.equal(others["memory.weight"], network().memory.weight)
    with pytest.raises(ValueError, match="expected a network of compact or tecogan, got SrResNet"):
        build(start=SrResNet(scale=2, width=4, blocks=1))


@pytest.mark.slow
def test_it_learns_to_use_what_it_remembers() -> None:
    # Of frames alone it can learn nothing: only its memory is trained.
    step = build(weights={"texture": 0, "ping_pong": 0}, learning_rate=5e-3, batch_size=2)
    for name, parameter in step.networks["generator"].named_parameters():
        parameter.requires_grad_(name == "memory.weight")
    losses = [float(step.train_step(batch(), 1)["pixels"]) for _ in range(40)]
    assert losses[-1] < 0.99 * losses[0]


@pytest.mark.slow
def test_the_way_back_brings_both_ways_together() -> None:
    step = build(
        start=network(), weights={"texture": 0, "pixels": 0, "ping_pong": 1}, learning_rate=1e-3
    )
    losses = [float(step.train_step(batch(), 1)["ping_pong"]) for _ in range(30)]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.slow
def test_the_discriminator_learns_to_separate_one_batch() -> None:
    step = build(discriminator={"width": 8}, learning_rate=1e-6, discriminator_learning_rate=1e-3)
    losses = [float(step.train_step(batch(), 1)["d_texture"]) for _ in range(20)]
    assert losses[-1] < 0.5 * losses[0]


def test_what_the_discriminator_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    from wespe.networks.enlarging.discriminator import EnlargingDiscriminator

    seen: list[torch.Tensor] = []
    real = EnlargingDiscriminator.forward

    def look(self: EnlargingDiscriminator, image: torch.Tensor) -> torch.Tensor:
        seen.append(image.detach())
        return real(self, image)

    monkeypatch.setattr(EnlargingDiscriminator, "forward", look)
    step = build()
    y = batch()[1]
    step.train_step(batch(), 1)
    deceived, photo, result = seen
    # Two clips of two times three frames.
    assert deceived.shape == photo.shape == result.shape == (4, 27, SIZE, SIZE)
    torch.testing.assert_close(deceived, result)
    three = y[3:6].flatten(0, 1)
    torch.testing.assert_close(photo[1, :9], three)
    torch.testing.assert_close(photo[1, 12:15], y[4])
    # Moved to the middle one, the neighbours show what it shows.
    for place, frame in ((9, 3), (15, 5)):
        inner = (slice(None), slice(10, -10), slice(10, -10))
        gap = (photo[1, place : place + 3] - y[4])[inner].abs().mean()
        assert gap < 0.3 * (y[frame] - y[4])[inner].abs().mean()
    torch.testing.assert_close(photo[:, 18:], result[:, 18:])


def test_a_sheet_shows_the_last_frame_alone_and_followed() -> None:
    step = build(start=network())
    sheet = step.sample()
    assert sheet.shape == (2 * SIZE, 4 * SIZE, 3)
    assert step.shows == ("input", "enhanced", "alone", "target")
    np.testing.assert_array_equal(sheet[:SIZE, -SIZE:], clips(2).pixels[-1])
    assert (sheet[:, SIZE : 2 * SIZE] != sheet[:, 2 * SIZE : 3 * SIZE]).any()
    assert step.divergence({}) is None


class StoppedError(Exception):
    """A training that ends early, as if killed."""


def train(folder: Path, *, stop_at: int = 0, target: PatchSet | None = None) -> str:
    often = {"log_every": 1, "save_every": 2, "sample_every": 3, "ema": 0.5, "augment": True}
    recipe = recipe_of(**{**often, "steps": 6, "frames": 3, "batch_size": 2})
    folder.mkdir(exist_ok=True)
    save_generator(start := folder / "start.safetensors", begun())

    def log(step: int, values: Mapping[str, float]) -> None:
        if step == stop_at:
            raise StoppedError

    texture = None if target else clips(3, 1)
    target = target or clips(1, 2, 0)
    card = train_pair(
        "pair",
        source=target,
        target=target,
        texture=texture,
        recipe=recipe,
        seed=1,
        device=resolve("cpu-fp32"),
        start=start,
        out=folder / "out",
        state=folder / "state",
        log=log,
    )
    assert card
    return card.sha256


def test_resumed_is_what_it_is_uninterrupted(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(tmp_path / "resumed", stop_at=5)
    assert train(tmp_path / "resumed") == whole
    trained = load_generator(tmp_path / "whole" / "out" / "generator.safetensors")
    assert isinstance(trained, Recurrent)
    assert trained.memory.weight.any()


def test_patches_that_are_no_clips_are_refused(tmp_path: Path) -> None:
    from tests.test_training_enlarging import patches

    with pytest.raises(ValueError, match="patches of photos to be clips of 3 frames"):
        train(tmp_path, target=patches("photos", "abcdef"))
