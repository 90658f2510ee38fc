"""The methods by which evaluations and ratings have a photo; all others are baselines."""

ORIGINAL = "original"
"""The photo itself."""
ENHANCED = "enhanced"
"""What the network makes of it."""
TARGET = "target"
"""Its reference, where it has one."""
