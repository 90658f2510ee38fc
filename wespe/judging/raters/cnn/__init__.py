"""What people say of photos, from the features of a network that has learned to name objects."""
