"""What osu!stable counts: a beatmap and a replay -> judgements, score, life."""
