"""Beatmaps and replays <-> named channels on a grid of 60 frames a second."""
