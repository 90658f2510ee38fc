"""DPED, fully supervised (Ignatov et al., ICCV 2017)."""
