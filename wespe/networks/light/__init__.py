"""Networks without torch: the same files, in NumPy and by OpenVINO."""
