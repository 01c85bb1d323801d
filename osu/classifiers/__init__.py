"""Classifiers that learn to tell generated plays from people's, and the controls they must pass."""
