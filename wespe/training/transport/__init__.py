"""The transport between two domains, fitted to their patches, and how far to trust it."""
