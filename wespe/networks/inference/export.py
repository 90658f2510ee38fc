"""A network as one file for other engines: ONNX, or OpenVINO's own format.

The whole network, from a photo in [0, 1] to one in [0, 1], for any height and width, in float32:
what looks for levels of an 8-bit photo is too fine for bf16 (see `Enhancer`). By torch's own
exporter, which takes any network and a few seconds; the graphs that tiles run are
`backends.onnx_graph`'s, which are there at once.
"""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.inference.backends.base import missing
from wespe.networks.inference.backends.onnx_cpu import Session
from wespe.networks.inference.openvino_engine import core, engine

SUFFIXES = (".onnx", ".xml")
"""What can be written: ONNX, and OpenVINO with its weights beside it, as `.bin`."""
_CHECKED = ((64, 64), (97, 131), (160, 75), (150, 211))
_OPSET = 18
"""The oldest that torch writes without a conversion: older engines read it too."""


def export(network: Enhancer, out: Path, *, tolerance: float = 1e-4) -> float:
    """Write `network` to `out` by its suffix, if the file does what torch does.

    The file is read again, by ONNX Runtime or OpenVINO in float32, and enhances noise of four
    sizes; returns the largest difference from torch. Raises ValueError for another suffix, a
    package that is missing, a network that torch cannot export, and a difference above `tolerance`;
    then nothing is written.
    """
    if out.suffix not in SUFFIXES:
        raise ValueError(f"{out}: expected one of {', '.join(SUFFIXES)}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        made = Path(folder) / out.name
        try:
            run = (_write_onnx if out.suffix == ".onnx" else _write_openvino)(network, made)
        except ImportError as error:
            raise ValueError(f"{out}: {missing(error)}") from error
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
    """The whole network as an ONNX model, input `image`, output `output`, `(1, 3, h, w)`.

    Raises ValueError, naming the network, for one that torch cannot export, and ImportError without
    the packages onnx and onnxscript.
    """
    import onnxscript  # noqa: F401  (torch's error names no package)

    whole, image = _Whole(network.cpu().eval()), torch.rand(1, 3, *_CHECKED[1])
    with torch.no_grad():
        # Constants that are made once, as a blur's, would else be made of the exporter's stand-ins.
        whole(image)
        sides = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own parts about each other
            try:
                listed = torch.export.export(whole, (image,), dynamic_shapes=(sides,), strict=False)
                made = torch.onnx.export(
                    listed,
                    dynamo=True,
                    opset_version=_OPSET,
                    input_names=["image"],
                    output_names=["output"],
                    verbose=False,
                )
            except (RuntimeError, ValueError) as error:
                first: BaseException = error
                while first.__cause__:
                    first = first.__cause__
                name, reason = type(network).__name__, str(first).splitlines()[0]
                raise ValueError(f"{name}: torch cannot export it: {reason}") from error
    assert made is not None
    content: bytes = made.model_proto.SerializeToString()
    return content


class _Whole(nn.Module):
    """A network, its output clamped as photos are."""

    def __init__(self, network: Enhancer) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        output: Tensor = self.network(image)
        return output.clamp(0, 1)


def _write_onnx(network: Enhancer, path: Path) -> Callable[[Tensor], Tensor]:
    path.write_bytes(exported(network))
    return Session(path.read_bytes())


def _write_openvino(network: Enhancer, path: Path) -> Callable[[Tensor], Tensor]:
    openvino = engine()
    openvino.save_model(core().read_model(exported(network), b""), path, compress_to_fp16=False)
    compiled = core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda image: torch.from_numpy(compiled([image.numpy()])[0].copy())


@torch.inference_mode()
def _largest_difference(network: Enhancer, run: Callable[[Tensor], Tensor]) -> float:
    whole, stream = _Whole(network.cpu().eval()), torch.Generator().manual_seed(0)
    differences = []
    for height, width in _CHECKED:
        image = torch.rand(1, 3, height, width, generator=stream)
        differences.append(float((run(image) - whole(image)).abs().max()))
    return max(differences)
