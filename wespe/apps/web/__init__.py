"""What the local web pages of this package have in common."""
