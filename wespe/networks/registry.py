"""The architectures there are. Their code is imported where a network is opened."""

ARCHITECTURES: dict[str, str] = {
    "dped": "wespe.networks.generator:Generator",
    "srcnn": "wespe.networks.srcnn:Srcnn",
    "johnson": "wespe.networks.johnson:JohnsonNetwork",
}
"""By the name in the header of a network's file: an `Enhancer`, as `module:class`."""
