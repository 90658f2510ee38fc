"""EDSR (Lim et al., CVPR Workshops 2017)."""
