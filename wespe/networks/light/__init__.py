"""Networks without torch: the same files, the same results, in NumPy and by OpenVINO."""
