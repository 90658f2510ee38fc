"""Before a training: what the photos are, what it needs, and the settings of one's own camera."""
