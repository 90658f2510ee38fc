"""The Flickr Faves Score: a network that has learned which photos get faves."""
