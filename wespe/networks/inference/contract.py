"""Whether a network does what it says of itself, tried on a little noise before any photo."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Convolutions, Enhancer
from wespe.networks.inference.fold import optimised
from wespe.networks.inference.instance_norm import fix
from wespe.networks.inference.parts import expect_size
from wespe.networks.layers import Context, gathers
from wespe.networks.scene import GRID_PX

TOLERANCE = 1e-4
"""What pixels out of sight may change, of a range of 1: a fortieth of a level of 8 bits."""

_SIDE_PX = 17
"""The short side of the noise: odd, so that a size that does not fit is found."""


def check_contract(network: Enhancer, device: torch.device | str = "cpu") -> None:
    """Raise ValueError, in words, where `network` on `device` is not what its attributes say.

    On two strips of noise, one of them upright and both a little longer than an output pixel looks:
    the output has three channels and `scale` times the size, and what is further away than
    `receptive_field_px` does not change it. 80 ms of a CPU for the network of the paper.
    """
    name = type(network).__name__
    multiple, scale = network.size_multiple, network.scale
    for key, value in (("scale", scale), ("size_multiple", multiple)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}: expected a whole {key} of at least 1, got {value!r}")
    before_px, all_px = network.prepare_field_px, network.receptive_field_px
    if not 0 <= before_px <= all_px:
        raise ValueError(
            f"{name}: expected prepare_field_px to be a part of receptive_field_px, "
            f"got {before_px} of {all_px} px"
        )
    _check_scene(network, device)
    local = _without_statistics(network, device)

    def after(prepared: Tensor) -> Tensor:
        return network.finish(prepared, local(prepared), _neutral(network, prepared))

    whole = network.context is Context.WHOLE
    for part, reach_px, enlarged, channels in (
        (network.prepare, before_px, 1, network.channels),
        (after, None if whole else all_px - before_px, scale, 3),
    ):
        for image, far, middle in _strips(reach_px or 0, multiple, network.channels):
            given = image.to(device)
            output = _tried(name, part, given, enlarged, channels)
            if reach_px is not None:
                given[far] = 1
                other = _tried(name, part, given, enlarged, channels)
                _compare(name, output, other, middle[:, :1], enlarged)


def _neutral(network: Enhancer, image: Tensor) -> Tensor:
    return image.new_tensor(network.neutral).expand(len(image), -1)


@torch.inference_mode()
def _check_scene(network: Enhancer, device: torch.device | str) -> None:
    """Raise ValueError where `scene` gives something else than `neutral` announces."""
    seen = torch.rand(1, 3, GRID_PX, GRID_PX, generator=torch.Generator().manual_seed(0))
    expected, got = (1, len(network.neutral)), tuple(network.scene(seen.to(device)).shape)
    if got != expected:
        raise ValueError(
            f"{type(network).__name__}: expected scene to give a tensor of shape {expected}, since "
            f"neutral has {expected[1]} numbers, got {got}"
        )


def _without_statistics(network: Enhancer, device: torch.device | str) -> nn.Module:
    """Its convolutions with fixed norms in place of those that see the whole photo."""
    layers = optimised(Convolutions(network))
    for name, module in [*layers.named_modules()]:
        if gathers(module):
            channels = module.num_features
            moments = [(1, [0.0] * channels, [1.0] * channels)]
            layers.set_submodule(name, fix(module, moments).to(device))
    return layers


def _strips(reach_px: int, multiple: int, channels: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Noise `(1, channels, h, w)`, lying and upright; which is out of sight of which in the middle.

    The last two are masks of the noise.
    """
    short, length = (
        multiple * (-(-side // multiple) | 1)
        for side in (_SIDE_PX, 2 * reach_px + multiple + 2 * _SIDE_PX)
    )
    place = torch.arange(length)
    first = length // 2 // multiple * multiple
    middle = (place >= first) & (place < first + multiple)
    far = (place < first - reach_px) | (place >= first + multiple + reach_px)
    stream = torch.Generator().manual_seed(0)
    lying = torch.rand(1, channels, short, length, generator=stream)
    for noise in (lying, lying.mT.contiguous()):
        along = (1, 1, 1, length) if noise is lying else (1, 1, length, 1)
        yield noise, far.view(along).expand_as(noise), middle.view(along).expand_as(noise)


@torch.inference_mode()
def _tried(
    name: str, part: Callable[[Tensor], Tensor], image: Tensor, scale: int, channels: int
) -> Tensor:
    height, width = image.shape[-2:]
    try:
        output = part(image)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{name}: fails on a tile of {width}×{height} px; size_multiple says which sides it "
            f"takes: {reason}"
        ) from error
    expect_size(name, output, image, scale, channels)
    return output


def _compare(name: str, output: Tensor, other: Tensor, middle: Tensor, scale: int) -> None:
    """Raise ValueError where two outputs differ in the middle."""
    rows, columns = (torch.repeat_interleave(torch.arange(n), scale) for n in middle.shape[-2:])
    seen = middle[..., rows, :][..., columns].to(output.device).expand_as(output)
    change = float((output - other)[seen].abs().max() / output[seen].abs().max().clamp(min=1))
    if not change <= TOLERANCE:
        raise ValueError(
            f"{name}: expected that pixels further away than receptive_field_px, and no layer that "
            f"its context leaves out, change an output pixel; they change it by {change * 255:.2g} "
            "of 255 levels"
        )
