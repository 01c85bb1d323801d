"""The panel for live play, and rectangles on the screen itself."""
