"""SRCNN (Dong et al., TPAMI 2016)."""
