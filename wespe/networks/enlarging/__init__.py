"""Networks that make photos larger, and what enlarges them without a network."""
