"""Live playback in a process of its own: `uv run -m osu.live`. Offline, unranked use only."""
