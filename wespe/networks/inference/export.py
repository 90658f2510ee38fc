"""A network as one file for other engines: ONNX, or OpenVINO's own format.

The whole network, from a photo in [0, 1] to one in [0, 1], for any height and width, in float32:
what looks for levels of an 8-bit photo is too fine for bf16 (see `Enhancer`).
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.generator import Generator
from wespe.networks.inference.backends.onnx_cpu import Session
from wespe.networks.inference.backends.onnx_graph import Graph
from wespe.networks.inference.backends.openvino_cpu import engine
from wespe.networks.inference.fold import fold_batch_norm
from wespe.networks.transport import BAND_EDGES_PX, Transport
from wespe.photos.filters import gaussian_blur, grey

SUFFIXES = (".onnx", ".xml")
"""What can be written: ONNX, and OpenVINO with its weights beside it, as `.bin`."""
_CHECKED = ((64, 64), (97, 131), (160, 75))


def export(network: Enhancer, out: Path, *, tolerance: float = 1e-4) -> float:
    """Write `network`, batch norm folded, to `out` by its suffix, if it does what torch does.

    The file is read again, by ONNX Runtime or OpenVINO in float32, and enhances noise of three
    sizes; returns the largest difference from torch. Raises ValueError for another suffix, a
    package that is missing, and a difference above `tolerance`; then nothing is written.
    """
    if out.suffix not in SUFFIXES:
        raise ValueError(f"{out}: expected one of {', '.join(SUFFIXES)}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        made = Path(folder) / out.name
        try:
            run = (_write_onnx if out.suffix == ".onnx" else _write_openvino)(network, made)
        except ImportError as error:
            extra = "onnx" if out.suffix == ".onnx" else "openvino"
            raise ValueError(
                f"{out}: {error.name} is not installed; it comes with the extra '{extra}'"
            ) from error
        difference = _largest_difference(network, run)
        if not difference <= tolerance:
            raise ValueError(
                f"{out}: expected to differ from torch by at most {tolerance:g}, got {difference:g}"
            )
        # The weights first: the file that refers to them comes when they are there.
        for file in sorted(Path(folder).iterdir()):
            file.replace(out.with_name(file.name))
    return difference


def exported(network: Enhancer) -> bytes:
    """The whole network as an ONNX model, input `image`, output `output`, `(1, 3, h, w)`."""
    folded, graph, note = fold_batch_norm(network).cpu(), Graph(), ""
    prepared = "image"
    if isinstance(folded, Generator) and isinstance(folded.transport, Transport):
        prepared = _transport(graph, folded.transport)
        note = f"Height and width: at least {_smallest_px()}."
    return graph.model(graph.layers(_Rest(folded), prepared), note=note)


class _Rest(nn.Module):
    """A network after `prepare`."""

    def __init__(self, network: Enhancer) -> None:
        super().__init__()
        self.network = network

    def forward(self, prepared: Tensor) -> Tensor:
        return self.network.finish(prepared, self.network.convolve(prepared)).clamp(0, 1)


def _transport(graph: Graph, transport: Transport) -> str:
    """What `Transport.forward` does, by indexing its curves with whole levels."""
    zero, one = graph.constant(0), graph.constant(1)
    place = graph.node("Mul", graph.node("Clip", "image", zero, one), graph.constant(255))
    below = graph.node("Clip", graph.node("Floor", place), zero, graph.constant(254))
    # One table, a channel's curve after the other's.
    table = graph.constant(transport.curves.T.flatten())
    first = graph.constant(torch.arange(0, 768, 256).reshape(1, 3, 1, 1))
    index = graph.node("Add", graph.node("Cast", below, to=7), first)
    above = graph.node("Add", index, graph.constant(torch.tensor(1)))
    low, high = (graph.node("Gather", table, where) for where in (index, above))
    share = graph.node("Sub", place, below)
    step = graph.node("Mul", share, graph.node("Sub", high, low))
    matched = graph.node("Add", low, step)
    weights = grey(torch.eye(3).reshape(3, 3, 1, 1)).reshape(1, 3, 1, 1)
    luma = graph.node("Conv", matched, graph.constant(weights))
    saturation, *contrast = transport.gains.tolist()
    blurred = [_blur(graph, luma, sigma) for sigma in BAND_EDGES_PX]
    boosted = luma
    for gain, fine, coarse in zip(contrast, blurred, blurred[1:], strict=False):
        band = graph.node("Sub", fine, coarse)
        boosted = graph.node("Add", boosted, graph.node("Mul", band, graph.constant(gain - 1)))
    chroma = graph.node("Sub", matched, luma)
    more = graph.node("Mul", chroma, graph.constant(saturation))
    return graph.node("Clip", graph.node("Add", boosted, more), zero, one)


def _blur(graph: Graph, luma: str, sigma_px: float) -> str:
    """`gaussian_blur`, whose kernel is what it makes of a single bright line."""
    size = 2 * _smallest_px() + 1
    line = torch.zeros(1, 1, size, size)
    line[..., size // 2, :] = 1
    profile = gaussian_blur(line, sigma_px)[0, 0, :, size // 2]
    kernel = profile[profile > 0]
    radius = len(kernel) // 2
    pads = graph.constant(torch.tensor([0, 0, radius, radius, 0, 0, radius, radius]))
    padded = graph.node("Pad", luma, pads, mode="reflect")
    rows = graph.node("Conv", padded, graph.constant(kernel.reshape(1, 1, -1, 1)))
    return graph.node("Conv", rows, graph.constant(kernel.reshape(1, 1, 1, -1)))


def _smallest_px() -> int:
    """The side below which the widest blur has no room to mirror the photo."""
    return Transport.receptive_field_px + 1


def _write_onnx(network: Enhancer, path: Path) -> Callable[[Tensor], Tensor]:
    path.write_bytes(exported(network))
    return Session(path.read_bytes())


def _write_openvino(network: Enhancer, path: Path) -> Callable[[Tensor], Tensor]:
    openvino = engine()
    core = openvino.Core()
    openvino.save_model(core.read_model(exported(network), b""), path, compress_to_fp16=False)
    compiled = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda image: torch.from_numpy(compiled([image.numpy()])[0].copy())


@torch.inference_mode()
def _largest_difference(network: Enhancer, run: Callable[[Tensor], Tensor]) -> float:
    reference, stream = network.cpu().eval(), torch.Generator().manual_seed(0)
    differences = []
    for height, width in _CHECKED:
        image = torch.rand(1, 3, height, width, generator=stream)
        differences.append(float((run(image) - reference(image).clamp(0, 1)).abs().max()))
    return max(differences)
