"""Texture and colour of enhanced photos at 100 %: noise, spectrum, hue of the sky, saturation.

    python -m benchmarks.texture PHOTOS --network FILE [--network FILE …] [--target FOLDER]
        [--baseline NAME …] [--first N]

PHOTOS is a folder of photos, or of patches of at least 100 px; FILE is what `wespe enhance --model`
takes. A baseline such as `transport` is that of the first network's pair, by its card. `--target`
is a folder of photos as they should look. Prints four tables, a row each for the original, for
every network and for every baseline:

1. Noise of flat regions in levels (`noise_levels`: the luma minus its Gaussian of σ 1 px, robust),
   the mean over the flattest twentieth of all bright blocks of 32 px (mean luma of 100 to 235: sky)
   and of all dark ones (8 to 60: shadow), and its ratio to the original's. Blocks are chosen on the
   originals, over all photos together, by the standard deviation of their smoothed luma.
2. The luma's spectrum in rings of 0.05 cycles a px that begin at 0.1, 0.2, 0.3 and 0.4: the root of
   the mean power of all patches of 100 px (`ring_powers`) relative to that of the target's. What
   the photos show counts too: compare rows, and tables only for photos of the same scenes.
3. The mean CIELAB hue of clear blue sky, and how far it is turned from the original's: blocks that
   are bluish (hue 200° to 310°, chroma at least 15, L* at least 40) and flat (structure below 3
   levels) in the original.
4. Mean CIELAB chroma of the pixels of each of eight sectors of hue (`chroma_by_hue`), each pixel by
   its own hue, of the photos and of the target.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wespe.apps.enhancing.networks import load_network, network_file
from wespe.core.device import resolve
from wespe.judging.baselines import baselines
from wespe.judging.metrics.texture import (
    BLOCK_PX,
    HUE_SECTORS,
    RINGS,
    Blocks,
    Values,
    chroma_by_hue,
    hue_deg,
    noise_levels,
    ring_powers,
    turned_deg,
)
from wespe.networks.inference.opening import open_enhancer
from wespe.photos.images import PHOTO_SUFFIXES, Enhance, Pixels, read_photo
from wespe.results.cards import NetworkCard
from wespe.results.networks import read_card

KINDS = {"sky": (100.0, 235.0), "shadow": (8.0, 60.0)}
"""The mean luma of bright and of dark blocks."""
FLATTEST = 0.05
SETTINGS = Path("params.yaml")
"""Whose results networks are looked for in by name."""
FREQUENCIES = (0.1, 0.2, 0.3, 0.4)
Mask = NDArray[np.bool_]


@dataclass
class Look:
    """What photos look like by one method: of every block, and of all patches and pixels."""

    noise: list[Values] = field(default_factory=list)
    lab: list[Values] = field(default_factory=list)
    powers: list[Values] = field(default_factory=list)
    chroma: Values = field(default_factory=lambda: np.zeros(HUE_SECTORS))
    pixels: Values = field(default_factory=lambda: np.zeros(HUE_SECTORS))

    def add(self, photo: Pixels) -> Blocks:
        """Measure a photo; returns its blocks."""
        blocks = Blocks.of(photo)
        self.noise.append(noise_levels(photo))
        self.lab.append(blocks.lab)
        self.powers.append(ring_powers(photo))
        sums, counts = chroma_by_hue(photo)
        self.chroma, self.pixels = self.chroma + sums, self.pixels + counts
        return blocks

    @property
    def amplitudes(self) -> Values:
        """The root of the mean power in each ring, over all patches, `(10,)`."""
        return np.asarray(np.sqrt(np.concatenate(self.powers).mean(axis=0)))

    @property
    def mean_chroma(self) -> Values:
        return self.chroma / np.maximum(self.pixels, 1)


def main() -> None:
    arguments = parse()
    paths = photos_in(arguments.photos)[: arguments.first]
    looks, blocks = {"original": Look()}, list[Blocks]()
    card = card_of(arguments.network[0]) if arguments.network else None
    enhancers = enhancers_of(arguments.network) | baselines(arguments.baseline, card)
    for path in paths:
        photo = read_photo(path).pixels
        blocks.append(looks["original"].add(photo))
        for name, enhance in enhancers.items():
            looks.setdefault(name, Look()).add(enhance(photo))
    target = None
    if arguments.target:
        target = Look()
        for path in photos_in(arguments.target):
            target.add(read_photo(path).pixels)
    print(f"{len(paths)} photos of {arguments.photos}")
    print_noise(looks, blocks)
    if target:
        print_spectrum(looks, target)
    print_sky(looks, blocks)
    print_chroma(looks, target)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--network", action="append", default=[], metavar="FILE")
    parser.add_argument("--baseline", action="append", default=[], metavar="NAME")
    parser.add_argument("--target", type=Path, metavar="FOLDER")
    parser.add_argument("--first", type=int, metavar="N")
    return parser.parse_args()


def photos_in(folder: Path) -> list[Path]:
    """The photos of a folder, or one photo itself; 2 comes before 10."""
    if folder.is_file():
        return [folder]
    found = [path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES]
    if not found:
        raise SystemExit(f"{folder}: expected a folder of photos, found none")
    return sorted(found, key=lambda path: (len(path.name), path.name))


def enhancers_of(models: Sequence[str]) -> dict[str, Enhance]:
    """Each network, in fp32, by the name of its pair or file, or by all of it if two are alike."""
    paths = [Path(model) for model in models]
    names = [path.parent.name if path.stem == "generator" else path.stem for path in paths]
    if len({*names}) < len(names):
        names = list(models)
    device = resolve("auto").torch_device
    return {
        name: open_enhancer(load_network(model, SETTINGS), device=device).enhance
        for name, model in zip(names, models, strict=True)
    }


def card_of(model: str) -> NetworkCard | None:
    """The card of a network; None for a checkpoint, which has none."""
    path = network_file(model, SETTINGS)
    return read_card(path) if path.suffix == ".safetensors" else None


def flattest(blocks: Sequence[Blocks], darkest: float, brightest: float) -> Mask:
    """The flattest of all blocks whose mean luma lies between two levels."""
    luma, structure = (
        np.concatenate([getattr(each, key) for each in blocks]) for key in ("luma", "structure")
    )
    candidates = np.flatnonzero((luma >= darkest) & (luma <= brightest))
    chosen = candidates[np.argsort(structure[candidates], kind="stable")]
    mask = np.zeros(len(luma), bool)
    mask[chosen[: int(np.ceil(FLATTEST * len(candidates)))]] = True
    return mask


def clear_sky(blocks: Sequence[Blocks]) -> Mask:
    """Flat bluish blocks."""
    lab = np.concatenate([each.lab for each in blocks])
    structure = np.concatenate([each.structure for each in blocks])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    bluish = (hue >= 200) & (hue <= 310) & (np.hypot(lab[:, 1], lab[:, 2]) >= 15)
    return np.asarray(bluish & (lab[:, 0] >= 40) & (structure < 3))


def print_noise(looks: dict[str, Look], blocks: Sequence[Blocks]) -> None:
    masks = {kind: flattest(blocks, *bounds) for kind, bounds in KINDS.items()}
    counts = ", ".join(f"{kind}: {mask.sum():,}" for kind, mask in masks.items())
    print(f"\nnoise of flat regions, levels (blocks of {BLOCK_PX} px, {counts})")
    heading(*(text for kind in masks for text in (kind, "ratio")))
    first = looks["original"]
    for name, look in looks.items():
        cells: list[str] = []
        for mask in masks.values():
            ours, theirs = (np.concatenate(each.noise)[mask] for each in (look, first))
            known = len(ours) > 0 and theirs.mean() > 0
            cells += [f"{ours.mean():.2f}", f"{ours.mean() / theirs.mean():.2f}"] if known else "––"
        row(name, cells)


def print_spectrum(looks: dict[str, Look], target: Look) -> None:
    print("\nspectrum of the luma against the target's, at cycles a px")
    if not (len(np.concatenate(target.powers)) and len(np.concatenate(looks["original"].powers))):
        print("no photo is as large as a patch of 100 px")
        return
    heading(*(f"{frequency:g}" for frequency in FREQUENCIES))
    places = [round(frequency * 2 * RINGS) for frequency in FREQUENCIES]
    for name, look in looks.items():
        relative = look.amplitudes / target.amplitudes
        row(name, [f"{relative[place]:.2f}" for place in places])


def print_sky(looks: dict[str, Look], blocks: Sequence[Blocks]) -> None:
    mask = clear_sky(blocks)
    print(f"\nclear blue sky, CIELAB ({mask.sum():,} blocks)")
    if not mask.any():
        return
    heading("hue °", "off °", "chroma")
    original = hue_deg(np.concatenate(looks["original"].lab)[mask])
    for name, look in looks.items():
        lab = np.concatenate(look.lab)[mask]
        hue, chroma = hue_deg(lab), float(np.hypot(lab[:, 1], lab[:, 2]).mean())
        row(name, [f"{hue:.1f}", f"{turned_deg(hue, original):+.1f}", f"{chroma:.1f}"])


def print_chroma(looks: dict[str, Look], target: Look | None) -> None:
    step = 360 // HUE_SECTORS
    print("\nmean CIELAB chroma by hue; below, the share of pixels in percent")
    heading(*(f"{step * place}–{step * (place + 1)}°" for place in range(HUE_SECTORS)))
    rows = {**looks, **({"target": target} if target else {})}
    values: dict[str, Callable[[Look], Values]] = {
        "": lambda look: look.mean_chroma,
        ", %": lambda look: 100 * look.pixels / max(look.pixels.sum(), 1),
    }
    for suffix, value in values.items():
        for name, look in rows.items():
            row(f"{name}{suffix}", [f"{number:.1f}" for number in value(look)])


def heading(*titles: str) -> None:
    print(f"{'':24}" + "".join(f"{title:>10}" for title in titles))


def row(name: str, cells: Sequence[str]) -> None:
    print(f"{name[:23]:24}" + "".join(f"{cell:>10}" for cell in cells))


if __name__ == "__main__":
    main()
