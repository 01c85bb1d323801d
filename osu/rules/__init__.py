"""The rules of osu!stable: a beatmap and a replay -> judgements, score, life."""
