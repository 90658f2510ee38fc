"""What a camera does to a photo's texture: found without pairs, and done to other photos."""
