"""The loop that fits a network, whatever the method: steps, records, divergence, resume."""
