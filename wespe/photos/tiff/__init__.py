"""TIFF as Pillow does not read or write it: other layouts of pixels, and all tags."""
