"""A network, or a machine, plays a map: beatmap and seed -> replay."""
