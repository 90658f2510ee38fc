"""Video files: their facts, their frames as upright RGB and back, and the motion between these."""
