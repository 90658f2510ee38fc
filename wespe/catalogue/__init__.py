"""What networks there are, what each is and how good: from the files of their results alone."""

from wespe.catalogue.card import markdown
from wespe.catalogue.networks import Network, find_networks, one_of
from wespe.catalogue.table import as_json, as_table

__all__ = ["Network", "as_json", "as_table", "find_networks", "markdown", "one_of"]
