"""The network that remembers: a photo's network, and over videos the same on every engine."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.test_inference_video_flicker import textured
from tests.videos import see, write_clip
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.enlarging.bicubic import Bicubic
from wespe.networks.enlarging.compact import Compact
from wespe.networks.enlarging.numbers import bicubic
from wespe.networks.enlarging.recurrent import Recurrent
from wespe.networks.inference.chain import Chain
from wespe.networks.inference.contract import check_contract
from wespe.networks.inference.photo import enhance_files
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.inference.tiles import TiledEnhancer
from wespe.networks.inference.video import enhance
from wespe.networks.inference.video.memory import Remembering
from wespe.networks.light.opening import open_light
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_pixels, to_tensor
from wespe.photos.video.motion import flow, is_cut


def network(scale: int = 2) -> Recurrent:
    torch.manual_seed(1)
    made = Recurrent(scale=scale, width=8, layers=2)
    torch.nn.init.normal_(made.memory.weight, std=0.05)
    torch.nn.init.normal_(made.gate.weight, std=0.05)
    torch.nn.init.normal_([*made.body.parameters()][-2], std=0.05)
    return made.eval()


def remembering(made: Recurrent, **options: float) -> Remembering:
    following = PhotoEnhancer(made).following
    assert following
    return Remembering(following, **options)


def small(number: int, step: int = 2) -> Pixels:
    return np.ascontiguousarray(textured(number, step)[:72, :80])


def distance(a: Pixels, b: Pixels) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def test_without_memory_it_is_the_network_it_began_with() -> None:
    torch.manual_seed(0)
    compact = Compact(scale=2, width=8, layers=2)
    begun, image = Recurrent.begun(compact), torch.rand(1, 3, 20, 17)
    with torch.no_grad():
        assert torch.equal(begun(image), compact(image))
        nothing = begun.follow(image, torch.zeros(1, 12, 20, 17))
        torch.testing.assert_close(nothing, compact(image), atol=1e-6, rtol=0)
    # And it goes on with one that has a memory, memory included.
    again = Recurrent.begun(network())
    for name, weights in network().state_dict().items():
        assert torch.equal(again.state_dict()[name], weights)


def test_the_memory_has_a_share_where_something_is_remembered() -> None:
    made = Recurrent.begun(Compact(scale=2, width=8, layers=2))
    torch.nn.init.zeros_(made.memory.weight)  # The residual is that of the frame alone.
    image, memory = torch.rand(1, 3, 6, 8), torch.rand(1, 12, 6, 8)
    memory[..., :3, :] = 0
    with torch.no_grad():
        known = made.bicubic(image) + F.pixel_shuffle(memory, 2)
        alone, together = made(image), made.follow(image, memory)
    share = torch.tensor(-1.0).sigmoid()
    torch.testing.assert_close(together[..., 6:, :], torch.lerp(alone, known, share)[..., 6:, :])
    torch.testing.assert_close(together[..., :6, :], alone[..., :6, :])


def test_another_architecture_is_refused() -> None:
    from wespe.networks.srcnn import Srcnn

    with pytest.raises(ValueError, match="start: expected a network of compact or tecogan, got Sr"):
        Recurrent.begun(Srcnn())


def test_it_keeps_what_networks_promise() -> None:
    made = network()
    check_contract(made)
    following = made.following()
    assert following.channels == 15
    check_contract(following)
    following._reach_px -= 2
    with pytest.raises(ValueError, match="Following: expected that pixels further away"):
        check_contract(following)


def test_a_photo_alone_is_as_by_the_network_for_photos() -> None:
    made, photo = network(), small(0)
    with torch.no_grad():
        expected = made(to_tensor(photo)).clamp(0, 1)[0].permute(1, 2, 0).numpy() * 255
    assert distance(PhotoEnhancer(made).enhance(photo), expected.round().astype(np.uint8)) <= 1
    assert distance(remembering(made)(photo), expected.round().astype(np.uint8)) <= 1


def test_frames_follow_each_other_as_written_down() -> None:
    made, frames = network(), [small(i) for i in range(3)]
    remembers = remembering(made)
    results = [remembers(frame) for frame in frames]
    before = np.asarray(remembering(made)(frames[0]), np.float32)
    images = [to_tensor(frame) for frame in frames]
    greys = [
        cv2.cvtColor(to_pixels(made.bicubic(image))[0], cv2.COLOR_RGB2GRAY) for image in images
    ]
    motion = flow(greys[1], greys[0])
    rows, columns = np.indices(motion.shape[:2], dtype=np.float32)
    moved = cv2.remap(
        before,
        columns + motion[..., 0],
        rows + motion[..., 1],
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    image = images[1]
    with torch.no_grad():
        known = torch.from_numpy(moved / 255).permute(2, 0, 1)[None] - made.bicubic(image)
        expected = made.follow(image, F.pixel_unshuffle(known, 2)).clamp(0, 1)
    wanted = (expected[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    # Away from what comes into view, and up to the rounding of the frame before.
    assert distance(results[1][12:-12, 12:-30], wanted[12:-12, 12:-30]) <= 1
    alone = PhotoEnhancer(made).enhance(frames[1])
    assert np.abs(results[1].astype(int) - alone).mean() > 0.3


def test_tiles_of_a_video_are_exact() -> None:
    made = network()
    whole, tiled = (
        Remembering(TiledEnhancer(PhotoEnhancer(made)._parts.following(), tile_px=size))  # type: ignore[arg-type]
        for size in (500, 24)
    )
    for number in range(3):
        frame = small(number)
        expected, got = whole(frame), tiled(frame)
        # Another size of tile rounds otherwise: here and there to the next level.
        assert distance(expected, got) <= 1
        assert (expected != got).mean() < 1e-3


def test_a_cut_and_another_size_start_anew() -> None:
    remembers, other = remembering(network()), 255 - small(3)[::-1]
    for frame in (small(0), small(1)):
        remembers(frame)
    assert is_cut(other, small(1))
    np.testing.assert_array_equal(remembers(other), remembering(network())(other))
    smaller = small(0)[:50]
    np.testing.assert_array_equal(remembers(smaller), remembering(network())(smaller))


def test_strength_and_scale_change_what_is_given_and_not_what_is_remembered() -> None:
    made = network()
    full, half, none = (remembering(made, strength=share) for share in (1.0, 0.5, 0.0))
    reduced = remembering(made, scale=1)
    for number in range(3):
        frame = small(number)
        results = [each(frame).astype(float) for each in (full, half, none)]
        assert np.abs(results[1] - (results[0] + results[2]) / 2).max() <= 1
        assert reduced(frame).shape == frame.shape
        for other in (half, none, reduced):
            np.testing.assert_array_equal(other.state["made"], full.state["made"])


@pytest.mark.parametrize("engine", ["openvino", "light"])
def test_other_engines_give_the_same(tmp_path: Path, engine: str) -> None:
    from wespe.networks.inference.opening import open_enhancer

    made = network()
    save_generator(path := tmp_path / "recurrent.safetensors", made)
    assert isinstance(load_generator(path), Recurrent)
    opened = open_light(path, "cpu-fp32") if engine == "light" else open_enhancer(made, "openvino")
    assert opened.following
    ours, theirs = remembering(made), Remembering(opened.following)
    assert opened.weights == PhotoEnhancer(made).weights
    for number in range(3):
        assert distance(ours(small(number)), theirs(small(number))) <= 1


def test_bicubic_is_the_networks() -> None:
    image = torch.rand(1, 3, 9, 7)
    np.testing.assert_allclose(bicubic(image.numpy(), 4), Bicubic(4)(image).numpy(), atol=1e-6)


@pytest.mark.slow
def test_a_stopped_video_goes_on_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enhance, "PIECE_FRAMES", 4)
    frames = [small(i) for i in range(6)] + [255 - small(i)[::-1] for i in range(5)]
    source = write_clip(tmp_path / "clip.mp4", frames)
    ready = PhotoEnhancer(network())

    def run(folder: str, *, stop_at: int = 0) -> bytes:
        given = iter(range(1, 100))
        real = Remembering.__call__

        def stopping(self: Remembering, frame: Pixels) -> Pixels:
            if next(given) == stop_at:
                raise KeyboardInterrupt
            return np.asarray(real(self, frame), np.uint8)

        with monkeypatch.context() as patched:
            patched.setattr(Remembering, "__call__", stopping)
            summary = enhance_files(
                [source], enhancer=ready, out=tmp_path / folder, steady=0.8, quiet=True
            )
        assert not summary.failed
        return (tmp_path / folder / "clip.mp4").read_bytes()

    whole = run("whole")
    assert len(see(tmp_path / "whole" / "clip.mp4").pixels) == 11
    # In the second piece, and in it again from its start; then in the third.
    for stop_at in (6, 3, 6):
        with pytest.raises(KeyboardInterrupt):
            run("resumed", stop_at=stop_at)
    assert run("resumed") == whole


@pytest.mark.slow
@pytest.mark.parametrize("remembers", [True, False])
def test_it_is_steady_by_itself(tmp_path: Path, remembers: bool) -> None:
    # Nothing is averaged unless somebody says so; other networks are by default.
    source = write_clip(tmp_path / "clip.mp4", [small(i) for i in range(3)])
    ready = PhotoEnhancer(network() if remembers else Compact(scale=2, width=4, layers=1))

    def run(folder: str, steady: float | None) -> bytes:
        out = tmp_path / folder
        assert not enhance_files(
            [source], enhancer=ready, out=out, steady=steady, quiet=True
        ).failed
        return (out / "clip.mp4").read_bytes()

    default, off, on = (run(str(share), share) for share in (None, 0.0, 0.8))
    assert off != on
    assert default == (off if remembers else on)


@pytest.mark.slow
def test_in_a_chain_it_is_refused_for_videos(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", 3)
    chain = Chain([PhotoEnhancer(network()), PhotoEnhancer(Compact(scale=2, width=4, layers=1))])
    summary = enhance_files([source], enhancer=chain, out=tmp_path / "out", quiet=True)
    assert "to be the only one for a video; `larger` goes behind" in summary.failed[0][1]
