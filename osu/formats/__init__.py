"""The game's files <-> plain arrays: maps, replays, archives, databases. No tensors, no rules."""
