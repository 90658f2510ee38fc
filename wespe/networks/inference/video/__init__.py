"""Video files through a network: frame by frame, with all that a clip has besides its pixels."""
