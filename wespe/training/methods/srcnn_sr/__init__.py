"""SRCNN for super-resolution (Dong et al., TPAMI 2016)."""
