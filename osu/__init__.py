"""What the scripts share: beatmaps and replays as arrays, the judge, the networks, the engine."""
