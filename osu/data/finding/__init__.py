"""What osu.data.library finds with: folders, and the files in them."""
