"""The local page that enhances photos: what `wespe serve` serves."""
