"""The paper in miniature: all of `configs/paper.yaml`, from photos at hand.

Every archive that the paper's settings ask for is made in its true layout, with few and small
photos, and served on the loopback interface; an emulator stands in for Flickr. `overlay.yaml`
states each setting that differs. `python -m tests.miniature OUT` runs it all.
"""
