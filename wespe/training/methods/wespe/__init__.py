"""WESPE: from unpaired patches (Ignatov et al., CVPR Workshops 2018)."""
