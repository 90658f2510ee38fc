"""SRGAN (Ledig et al., CVPR 2017)."""
