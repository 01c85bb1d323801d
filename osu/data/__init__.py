"""Folders of replays and maps -> a prepared cache -> batches. `uv run -m osu.data DIR` prepares."""
