"""A network of the DPED authors as it is."""
