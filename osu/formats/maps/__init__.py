"""What lines of a .osu file hold: numbers, and the control points of sliders."""
