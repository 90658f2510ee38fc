"""RRDB, the generator of ESRGAN, by its pixels alone (Wang et al., ECCV Workshops 2018)."""
