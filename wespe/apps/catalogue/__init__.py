"""The list of networks, what each is and how good, only from the files of their results."""

from wespe.apps.catalogue.card import markdown
from wespe.apps.catalogue.table import as_json, as_table
from wespe.results.networks import Broken, Network, find_networks, one_of

__all__ = ["Broken", "Network", "as_json", "as_table", "find_networks", "markdown", "one_of"]
