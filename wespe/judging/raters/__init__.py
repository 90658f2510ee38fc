"""Raters: learned judges of single photos, without a reference."""
