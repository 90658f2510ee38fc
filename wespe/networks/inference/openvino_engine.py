"""OpenVINO, whatever its graphs are made of; needs no torch."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]
"""`(1, C, h, w)`."""

_SHAPES = 4
"""Shapes that stay compiled: photos of one camera, upright and not, need two."""
_PRECISION = "INFERENCE_PRECISION_HINT"


def engine() -> Any:
    """OpenVINO, if it is installed. Raises ImportError."""
    # It reports every import to its makers, unless this package of its own is missing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def core() -> Any:
    """OpenVINO's Core, one for the whole process. Raises ImportError.

    Each gives signals a stack of its own in the thread that makes it, and puts back the one before
    when it goes. Where two go in the order they came, signals are left with the stack of the first,
    which is gone: the next one, such as that of Ctrl-C, ends the process by SIGSEGV.
    """
    return _core_of(engine())


@functools.cache
def _core_of(openvino: Any) -> Any:
    return openvino.Core()


class NoBf16Error(ValueError):
    """OpenVINO does not compute in bf16 on this CPU."""


@functools.cache
def computes_bf16() -> bool:
    """Whether OpenVINO computes in bf16 when asked to.

    On other CPUs it fails, or takes fp32 without a word. What it lists as its capabilities does not
    tell, so a small convolution is compiled, once a process.
    """
    openvino = engine()
    from openvino import opset13 as operations

    image = operations.parameter([1, 3, 16, 16], np.float32)
    weight = operations.constant(np.ones((3, 3, 3, 3), np.float32))
    around = [1, 1]
    made = operations.convolution(image, weight, [1, 1], around, around, [1, 1])
    try:
        compiled = core().compile_model(
            openvino.Model([made], [image]), "CPU", {_PRECISION: "bf16"}
        )
    except RuntimeError:
        return False
    return bool(compiled.get_property(_PRECISION) == openvino.Type.bf16)


def has_bf16(core: Any) -> bool:
    """Whether the CPU multiplies bf16 natively, so that bf16 is faster than fp32."""
    listed = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in listed and computes_bf16()


def require_bf16() -> None:
    """Raise NoBf16Error where OpenVINO does not compute in bf16."""
    if not computes_bf16():
        raise NoBf16Error(
            "backend openvino: expected a CPU on which it computes in bf16, got another; use fp32 "
            "or the backend torch"
        )


def tile_px(*, bf16: bool) -> int:
    """The largest tiles within 1.5 GB for a photo of 12 megapixels and all else.

    In bf16, halos are 7 % of the work of 12 megapixels instead of 15; larger tiles, and these in
    float32, would take too much memory.
    """
    return 896 if bf16 else 512


class Compiled:
    """One graph, compiled anew for each shape of tile: that is faster than for any shape.

    `read()` makes it, an OpenVINO model of one input and one output.
    """

    def __init__(self, core: Any, read: Callable[[], Any], *, bf16: bool, threads: int) -> None:
        self._core, self._read = core, read
        self._options = {
            _PRECISION: "bf16" if bf16 else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            # A thread bound to a core that another program keeps busy holds up all others.
            "ENABLE_CPU_PINNING": False,
        }
        self._by_shape: dict[tuple[int, ...], Any] = {}

    def __call__(self, image: Planes) -> Planes:
        """The output for `image`, without gaps in memory."""
        request = self._for(image.shape)
        request.infer([image], share_inputs=True)
        # A copy: the next tile is written to the same place.
        output: Planes = request.get_output_tensor().data.copy()
        return output

    def _for(self, shape: tuple[int, ...]) -> Any:
        if shape not in self._by_shape:
            if len(self._by_shape) == _SHAPES:
                del self._by_shape[next(iter(self._by_shape))]
            model = self._read()
            model.reshape([*shape])
            compiled = self._core.compile_model(model, "CPU", self._options)
            self._by_shape[shape] = compiled.create_infer_request()
        return self._by_shape[shape]
