"""A model of oneself, made from the window: whose replays there are, and the training script in a
process of its own."""
