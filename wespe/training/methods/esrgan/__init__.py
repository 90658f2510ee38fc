"""ESRGAN (Wang et al., ECCV Workshops 2018)."""
