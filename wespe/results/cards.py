"""The cards of networks: what each is, what it was made from, what it is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from wespe.results.record import Record

NOT_STATED = "not stated"
"""The licence of data whose source states none."""


@dataclass(frozen=True, kw_only=True)
class Environment(Record):
    """The code and the machine that fitted something."""

    code_version: str
    """The version of this package."""
    code_commit: str = ""
    """The commit, where the package runs from a Git checkout."""
    code_changed: bool = False
    """Whether the package's files differed from that commit."""
    torch: str
    """The version of torch."""
    python: str
    """The version of Python."""
    device: str
    """The name of the GPU, or the CPU's architecture."""


@dataclass(frozen=True, kw_only=True)
class Domain(Record):
    """The patches of one domain that a network was trained on."""

    origin: str
    """Where the photos come from, as a sentence."""
    simulated: bool
    """Whether pixels come from a camera simulation."""
    licence: str
    """The terms of the photos; `not stated` if nobody has stated them."""
    photos: int
    """The number of photos that the patches are from."""
    patches: int
    """The number of patches."""
    patch_px: int
    """Width and height of a patch."""
    sha256: str
    """The SHA-256 of the patch set, which identifies its version."""


@dataclass(frozen=True, kw_only=True)
class Domains(Record):
    """The data of a pair."""

    source: Domain
    """The source domain X."""
    target: Domain
    """The target domain Y."""
    texture: Domain | None = None
    """More photos whose texture is clean, if the pair names some."""

    @property
    def roles(self) -> dict[str, Domain]:
        """Each domain by its part in the pair, in a fixed order."""
        parts = {"source": self.source, "target": self.target, "texture": self.texture}
        return {role: domain for role, domain in parts.items() if domain}


@dataclass(frozen=True, kw_only=True)
class Rollback(Record):
    """Where a training diverged, and how it continued."""

    step: int
    """The step at which the divergence was noticed."""
    to_step: int
    """The step that the training returned to."""
    reason: str
    """The sign of divergence, in words."""
    rates: Mapping[str, float]
    """The factor on the learning rate of each part from then on."""


@dataclass(frozen=True, kw_only=True)
class TransportNumbers(Record):
    """The transport from the colours and contrasts of the source to those of the target."""

    levels: Sequence[Sequence[float]]
    """256 × 3: what each level of each channel becomes."""
    saturation: float
    """The gain of the saturation."""
    contrast: Sequence[float]
    """The gain of each band of the luma, fine to coarse."""
    mixing: Sequence[Sequence[float]]
    """4 × 3: what each channel gets of 1, r, g and b, which are in [0, 1]."""
    brightness: float
    """The mean that the light of a whole photo is brought to, in [0, 1]; 0 leaves it."""
    vividness: float
    """How far colours stay as vivid as the luma becomes, from 0 to 1, where curves are flat."""


@dataclass(frozen=True, kw_only=True)
class DegradationNumbers(Record):
    """What the source's camera does to texture, found without pairs, or what cameras in general do.
    Pairs of numbers are ranges, from which each photo draws its own."""

    blur_px: tuple[float, float]
    """The standard deviation of a Gaussian blur."""
    noise_levels: tuple[float, ...]
    """The standard deviation of the noise in levels of 255, at equal steps of luma, dark to
    bright."""
    noise_factor: tuple[float, float]
    """What the noise of a photo is multiplied by."""
    shared_noise: float
    """The share of the noise's variance that all channels have in common."""
    grain_px: tuple[float, float]
    """The blur, as a standard deviation, that makes white noise as coarse as the camera's."""
    jpeg_quality: tuple[float, float]
    """The quality of JPEG, in libjpeg's scale."""
    files_quality: int | None
    """The quality that nine tenths of the source's patches have at most, by the quantisation tables
    of their files. Null: some are no JPEG, or no camera was measured."""
    mismatch: float | None
    """How far the spectra and the noise of photos that are degraded so are from those of the
    source: the root mean square of the logarithms of their ratios. 0.1 is about 10 %. Null: no
    camera was measured."""

    def __str__(self) -> str:
        """In words, for people."""
        levels = [factor * max(self.noise_levels) for factor in self.noise_factor]
        blur, quality = self.blur_px, self.jpeg_quality
        files = f" (the files say up to {self.files_quality})" if self.files_quality else ""
        match = (
            "ranges that many cameras lie in, not measured"
            if self.mismatch is None
            else "photos that are degraded so match the camera's within about "
            f"{100 * self.mismatch:.0f} %"
        )
        return (
            f"a blur of {blur[0]:.1f} to {blur[1]:.1f} px, noise of up to {levels[0]:.1f} to "
            f"{levels[1]:.1f} levels before compression, and JPEG of quality {quality[0]:.0f} to "
            f"{quality[1]:.0f}{files}; {match}"
        )


@dataclass(frozen=True, kw_only=True)
class Imported(Record):
    """The origin of a network that others trained."""

    origin: str
    """Who published it, and when."""
    checkpoint: str
    """The name of the file that they published."""
    licence: str
    """Its terms; `not stated` if nobody has stated them."""


@dataclass(frozen=True, kw_only=True)
class NetworkCard(Record):
    """The card of a network that others have trained: `wespe import-dped` has written it, or the
    settings name the network of a pair. Nothing is known of the data that it has learned from."""

    what: ClassVar[str] = "a model card"
    where: ClassVar[str] = "NETWORK.json"

    intended_use: str
    """What it is for, as a sentence."""
    limits: tuple[str, ...]
    """What it cannot do, one sentence each."""
    scale: int = 1
    """Output px for an input px, along each side. Above 1 it enlarges photos."""
    imported: Imported | None = None
    """Where it comes from, if others have trained it."""
    transport: TransportNumbers | None = None
    """For the baseline `transport`, fitted to the source and the target of the pair; null without
    them."""
    histogram_match: Sequence[Sequence[float]] | None = None
    """For the baseline of that name, 256 × 3: what each level of each channel becomes; null as
    `transport` is."""
    sha256: str
    """The SHA-256 of the network's file, which identifies its version."""


@dataclass(frozen=True, kw_only=True)
class ModelCard(NetworkCard, Environment):
    """The card beside a pair's network. It is never rewritten: evaluations and ratings follow later
    and name the network by its hash."""

    where: ClassVar[str] = "results/pairs/NAME/generator.json"

    pair: str
    """The name of the pair in the settings."""
    source: str
    """The name of the source domain."""
    target: str
    """The name of the target domain."""
    texture: str | None = None
    """The name of the domain of clean texture, if the pair has one."""
    any_camera: bool = False
    """Whether it is for photos of any camera, as the pair says, and not only of the source's."""
    recipe: Mapping[str, Any]
    """All settings of the recipe, `method` and `batch_size` among them."""
    seed: int
    """The seed of the training."""
    steps: int
    """The number of steps taken."""
    compute: str
    """Device and precision, such as `cuda-bf16`."""
    compiled: bool
    """Whether torch compiled the networks."""
    processes: int
    """The number of processes that trained together."""
    data: Domains
    """What it learned from."""
    train_seconds: float
    """How long the training took, including resumed parts."""
    patches_per_second: float
    """Patches of the source per second of training."""
    data_share: float
    """The share of the time spent reading patches."""
    paired: bool
    """Whether the method trains on pairs."""
    samples: tuple[str, ...]
    """The columns of a sheet in `samples`, such as `input` and `enhanced`; each row is a photo."""
    rollbacks: tuple[Rollback, ...]
    """Where the training diverged; mostly empty."""
    warning: str | None
    """What is wrong with the network of a training that never became sound; mostly null."""
    start: str | None = None
    """The SHA-256 of the network that the training began with, if the pair names one."""
    transport: TransportNumbers | None = field()  # without the default of a network's card
    """For the baseline `transport`, which is fitted to the same data; null for a network that
    enlarges, whose source is the target made smaller."""
    degradation: DegradationNumbers | None
    """What the source's camera does to texture, where the method has found it."""
    detail: float | None = None
    """The gain of the finest detail, where the network has one."""
    histogram_match: Sequence[Sequence[float]] | None = field()
    """For the baseline of that name, 256 × 3: what each level of each channel becomes; null as
    `transport` is."""
    final_losses: Mapping[str, float | None]
    """The losses of the last step, by name. Their names depend on method and weights."""

    @property
    def method(self) -> str:
        """The method of the recipe."""
        return str(self.recipe["method"])

    @property
    def simulated(self) -> bool:
        """Whether pixels of either domain come from a camera simulation."""
        return any(domain.simulated for domain in self.data.roles.values())

    @property
    def domains(self) -> list[tuple[str, str, Domain]]:
        """Role, name in the settings and facts of each domain."""
        names = {"source": self.source, "target": self.target, "texture": self.texture}
        return [(role, names[role] or role, domain) for role, domain in self.data.roles.items()]
