"""What a replay is, beyond its frames: under which rules it was played, on what field, by whom."""
