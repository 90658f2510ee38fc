"""The perceptual loss of Johnson et al. (ECCV 2016)."""
