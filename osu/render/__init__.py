"""A replay over its map as pictures: the window's preview, png, gif."""
