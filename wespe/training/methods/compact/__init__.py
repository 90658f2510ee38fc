"""A small network that enlarges, which a CPU can train and run."""
