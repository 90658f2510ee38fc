"""A network that others have trained, as that of a pair: nothing is trained."""

import shutil
from dataclasses import replace
from pathlib import Path

from wespe.core.files import atomic_folder, sha256
from wespe.data.patches.store import PatchSet
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.published import load_dped, model_card
from wespe.results.cards import NetworkCard
from wespe.results.layout import PairFiles
from wespe.results.networks import read_card
from wespe.results.record import write_record
from wespe.training.transport.transports import Transports


def import_pair(
    network: Path, *, patches: tuple[PatchSet, PatchSet] | None, out: Path
) -> NetworkCard:
    """Write the folder `out` of a pair that has this network. Returns the card.

    `network`: a TensorFlow checkpoint of the DPED code, its prefix or its `.index` file, or a
    `.safetensors` network with its card. `patches`: of source and target, to fit the baselines
    `transport` and `histogram_match` to. There are no losses and no samples. Raises ValueError,
    naming the file, for a network that is missing or cannot be used.
    """
    with atomic_folder(out) as folder:
        files = PairFiles(folder)
        card = _take(network, files.network)
        if patches:
            fitted = Transports(*patches, shrink=True)
            card = replace(
                card,
                transport=fitted.forth.numbers(),
                histogram_match=fitted.histogram_match.round(2).tolist(),
            )
        write_record(files.card, card)
        files.losses.touch()
        files.samples.mkdir()
    return card


def _take(network: Path, file: Path) -> NetworkCard:
    """Write the network to `file`, in our format. Returns its card."""
    if network.suffix == ".safetensors":
        load_generator(network)  # which refuses what cannot be used
        shutil.copyfile(network, file)
        return read_card(network)
    generator = load_dped(network)
    save_generator(file, generator)
    return model_card(network, generator, sha256=sha256(file))
