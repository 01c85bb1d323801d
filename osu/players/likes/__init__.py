"""Replays of a person to play like: found in files and folders, and read with their maps."""
