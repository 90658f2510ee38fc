"""Convolutions for OpenVINO, straight from the arrays of a network's file."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wespe.networks.enlarging.numbers import BICUBIC_REACH_PX, bicubic_phases
from wespe.networks.inference.openvino_engine import engine

Node = Any
"""A value of OpenVINO's graph."""

_EPSILON = 1e-5
"""Of torch's batch norm."""


class Arrays:
    """The weights of a network's file by their names in torch."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = {name: value.astype(np.float32) for name, value in arrays.items()}
        self._read = set[str]()

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        self._read.add(name)
        return self._arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def joined(self, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> "Arrays":
        """A copy in which the weights of one layer have joined those of another.

        `inputs`: by the name of weights those that join them as more inputs; `outputs`: as more
        outputs.
        """
        joining = {**inputs, **outputs}
        gone = {*joining.values()}
        rest = {name: value for name, value in self._arrays.items() if name not in gone}
        for name, other in joining.items():
            rest[name] = np.concatenate([self[name], self[other]], 1 if name in inputs else 0)
        return Arrays(rest)

    @property
    def unread(self) -> set[str]:
        """Names that nobody has asked for."""
        return self._arrays.keys() - self._read

    def hash(self) -> str:
        """Hex SHA-256, that of the network of torch with these weights."""
        digest = hashlib.sha256()
        for name, value in sorted(self._arrays.items()):
            digest.update(f"{name} {value.shape} ".encode())
            digest.update(value.astype(np.float64).tobytes())
        return digest.hexdigest()


class Graph:
    """A graph in the making, of images `(1, channels, h, w)`, any h and w.

    Raises KeyError for a name that is not among `arrays`.
    """

    def __init__(self, arrays: Arrays, channels: int = 3) -> None:
        engine()
        from openvino import opset13

        self._operations: Any = opset13
        self._arrays = arrays
        self.image = opset13.parameter([1, channels, -1, -1], np.float32)
        """What the layers read."""

    def convolution(self, source: Node, name: str, *, norm: str = "") -> Node:
        """A convolution that keeps the size by zeros at the border, and a batch norm behind it.

        It has a bias where the file has one.
        """
        weight = self._arrays[f"{name}.weight"]
        bias = np.zeros(len(weight), np.float32)
        if f"{name}.bias" in self._arrays:
            bias = self._arrays[f"{name}.bias"]
        if norm:
            weight, bias = self._folded(weight, bias, norm)
        count, _, height, width = weight.shape
        if count < 8 and width > 1 and height % 2 == width % 2 == 1:
            # As `wespe.networks.inference.fold.split_narrow`, and for its reason.
            columns, sums = _split(weight)
            source, weight = self._plain(source, columns), sums
        return self._operations.add(self._plain(source, weight), bias.reshape(1, -1, 1, 1))

    def relu(self, source: Node, leak: float = 0.0) -> Node:
        """ReLU, or with a slope of `leak` below zero."""
        if leak:
            return self._operations.prelu(source, np.array([leak], np.float32))
        return self._operations.relu(source)

    def prelu(self, source: Node, name: str) -> Node:
        """PReLU with the file's slopes: one a channel, or one."""
        return self._operations.prelu(source, self._arrays[f"{name}.weight"])

    def sum(self, first: Node, second: Node) -> Node:
        """Of two values of one shape."""
        return self._operations.add(first, second)

    def scaled(self, source: Node, factor: float) -> Node:
        """A value times a number."""
        return self._operations.multiply(source, np.float32(factor))

    def joined(self, *sources: Node) -> Node:
        """The channels of all, one behind the other."""
        return self._operations.concat([*sources], axis=1)

    def shuffled(self, source: Node, factor: int) -> Node:
        """A pixel shuffle."""
        return self._operations.depth_to_space(source, "depth_first", factor)

    def doubled(self, source: Node) -> Node:
        """Twice the height and width, by the nearest pixels."""
        return self._operations.interpolate(
            *(source, np.array([2, 2], np.float32), "nearest", "scales"),
            axes=np.array([2, 3]),
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def bicubic(self, source: Node, scale: int) -> Node:
        """`wespe.networks.enlarging.bicubic.Bicubic`."""
        around, rows = [0, 0, BICUBIC_REACH_PX, BICUBIC_REACH_PX], bicubic_phases(scale)
        kernels = np.einsum("iy,jx->ijyx", rows, rows).reshape(1, scale**2, 1, *2 * rows.shape[1:])
        padded = self._operations.pad(source, around, around, "edge")
        phases = self._operations.group_convolution(
            padded, np.repeat(kernels, 3, 0), [1, 1], [0, 0], [0, 0], [1, 1]
        )
        return self.shuffled(phases, scale)

    def model(self, output: Node) -> Any:
        """The whole, from `image` to `output`."""
        return engine().Model([output], [self.image])

    def _plain(self, source: Node, weight: NDArray[np.float32]) -> Node:
        around = [side // 2 for side in weight.shape[2:]]
        return self._operations.convolution(source, weight, [1, 1], around, around, [1, 1])

    def _folded(
        self, weight: NDArray[np.float32], bias: NDArray[np.float32], norm: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        gain, shift, mean, variance = (
            self._arrays[f"{norm}.{part}"]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = gain / np.sqrt(variance + np.float32(_EPSILON))
        return weight * gain[:, None, None, None], (bias - mean) * gain + shift


def _split(weight: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A kernel as one of its columns, each an output of its own, and one that sums these."""
    count, inputs, height, width = weight.shape
    columns = weight.transpose(0, 3, 1, 2).reshape(count * width, inputs, height, 1)
    sums = np.zeros((count, count * width, 1, width), np.float32)
    for output in range(count):
        for column in range(width):
            sums[output, output * width + column, 0, column] = 1
    return np.ascontiguousarray(columns), sums
