"""HDR video comes out as SDR: a chart of known light, encoded by the formulas of BT.2100."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.videos import see
from wespe.networks.inference.video.enhance import enhance_video
from wespe.photos.images import Pixels

pytestmark = pytest.mark.slow

Light = NDArray[np.float64]
"""`(..., 3)` of BT.709, in cd/m²."""

GREYS = [0, 1, 20, 100, 203, 400, 1000]
COLOURS = np.array([[1, 0.1, 0.1], [0.1, 1, 0.1], [0.1, 0.1, 1], [0.8, 0.5, 0.35]])
CHART = np.concatenate([np.repeat(np.array(GREYS)[:, None], 3, 1), 200 * COLOURS])
PATCH = 16
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
MASTERED_AT_1000 = (
    "mastering-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    ":cll=1000,400"
)


def pq(light: Light) -> Light:
    power = (light / 10_000) ** 0.1593017578125
    raised: Light = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    return raised


def hlg(light: Light) -> Light:
    """Of a display of 1000 cd/m², whose system gamma is 1.2."""
    shown = light / 1000
    luminance = shown @ [[0.2627], [0.6780], [0.0593]]
    scene = shown * np.maximum(luminance, 1e-9) ** (1 / 1.2 - 1)
    upper = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), upper)


def write_chart(path: Path, curve: str, frames: int = 3) -> Path:
    """Patches of CHART in 10 bits; PQ tells its peak with the first frame alone."""
    number, encode = {"PQ": (16, pq), "HLG": (18, hlg)}[curve]
    row = np.repeat(encode(CHART @ TO_BT2020.T), PATCH, 0)[None].repeat(PATCH, 0)
    deep = (row.clip(0, 1) * 65535).round().astype(np.uint16)
    tags = {"color_trc": number, "color_primaries": 9, "colorspace": 9, "color_range": 1}
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = *deep.shape[:2], "yuv420p10le"
        for tag, value in tags.items():
            setattr(stream.codec_context, tag, value)
        stream.options = {"crf": "1"}
        if curve == "PQ":
            stream.options = {"crf": "1", "x264-params": MASTERED_AT_1000}
        for time in range(frames):
            frame = av.VideoFrame.from_ndarray(deep, format="rgb48le").reformat(
                format="yuv420p10le", dst_colorspace=9, src_color_range=2, dst_color_range=1
            )
            frame.pts, frame.time_base = time, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def patches(picture: Pixels) -> NDArray[np.int64]:
    """The middle of each patch of the chart."""
    return picture[PATCH // 2, PATCH // 2 :: PATCH].astype(np.int64)


@pytest.mark.parametrize("curve", ["PQ", "HLG"])
def test_hdr_becomes_sdr(tmp_path: Path, curve: str) -> None:
    source, output, seen = write_chart(tmp_path / "clip.mp4", curve), tmp_path / "out.mp4", []

    def look(pixels: Pixels) -> Pixels:
        seen.append(pixels)
        return pixels

    _, told = enhance_video(source, output, enhance=look, key="", steady=0, crf=1, silent=True)
    assert told.endswith(f"; HDR ({curve}) converted to 8-bit SDR")
    # Every frame alike, whichever of them tells the peak.
    assert len(seen) == 3
    assert all(np.array_equal(pixels, seen[0]) for pixels in seen)
    assert seen[0].dtype == np.uint8
    chart = patches(seen[0])
    greys, colours = chart[: len(GREYS)], chart[len(GREYS) :]
    assert np.ptp(greys, axis=1).max() <= 1
    levels = greys[:, 1]
    assert (np.diff(levels) > 0).all()
    assert levels[0] == 0
    assert levels[-1] >= 254
    # Paper white, with room above it for highlights.
    assert 150 <= levels[GREYS.index(203)] <= 200
    # Hues are those of BT.709, not the paler ones that numbers of BT.2020 would be there.
    light = (colours / 255) ** 2.4
    assert (
        np.abs(light / light.max(1, keepdims=True) - COLOURS / COLOURS.max(1)[:, None]).max() < 0.1
    )
    result = see(output)
    first: Any = result.first
    assert first.format.name == "yuv420p"
    assert (first.colorspace, first.color_range) == (1, 1)
    assert (first.color_primaries, first.color_trc) == (1, 1)
    assert not [side for side in first.side_data if "MASTERING" in side.type.name]
    assert all(np.abs(patches(pixels) - chart).max() <= 3 for pixels in result.pixels)
