"""A generated play as it leaves its player: the replay, how it was judged, its file's name."""

from dataclasses import dataclass

import numpy as np

from osu.features.chart import Chart
from osu.features.play import decode_play
from osu.formats.beatmap import Beatmap
from osu.formats.mods import mods_str
from osu.formats.replay import Replay, build_replay
from osu.origin import origin
from osu.players.hand import frame_lateness_ms
from osu.rules.judge import Judgement, judge

# A fixed time in the header (2026-01-01 UTC in .NET ticks): the same seed gives the same bytes.
TIMESTAMP_TICKS = 639_028_224_000_000_000
# Of a file's name, characters and bytes: file systems take 255 bytes.
MOST_TITLE, MOST_PLAYER = (120, 170), (60, 70)


@dataclass(frozen=True, eq=False)
class GeneratedPlay:
    """A play of a map, judged once."""

    beatmap: Beatmap  # mods applied
    replay: Replay  # with the judgement in its header
    judgement: Judgement


def judged_play(beatmap: Beatmap, replay: Replay) -> GeneratedPlay:
    """The play with the header that the judge gives its frames."""
    judgement = judge(beatmap, replay)
    return GeneratedPlay(beatmap, judgement.stamp(replay), judgement)


def finish_play(
    beatmap: Beatmap,
    chart: Chart,
    play: np.ndarray,
    spans: list[np.ndarray] | None,
    screen_px: float,
    model: str,
    seed: int,
) -> GeneratedPlay:
    """A network's play (T, len(Play)) as a judged replay.

    `spans` of map ms in which each key is held, if any, override the play's key channels.
    `screen_px` is the grid that the cursor stands on, 0 for none.
    """
    late_ms = frame_lateness_ms(np.random.default_rng((seed, 2)), len(play)) * chart.rate
    t_ms, xy, keys = decode_play(play, chart.start_ms, chart.rate, spans, screen_px, late_ms)
    replay = build_replay(
        beatmap.md5,
        origin(model),
        beatmap.mods,
        t_ms,
        xy,
        keys,
        seed % 2**31,
        TIMESTAMP_TICKS,
    )
    return judged_play(beatmap, replay)


def play_file_name(player: str, beatmap: Beatmap) -> str:
    """The name of a play's .osr file, without what a file system would not take.

    `player` is whose play of the map it is, for a generated one "MODEL SEED".
    """
    title = f"{beatmap.artist} - {beatmap.title} [{beatmap.difficulty}] {mods_str(beatmap.mods)}"
    return f"{_fit_for_files(title, *MOST_TITLE)} ({_fit_for_files(player, *MOST_PLAYER)}).osr"


def _fit_for_files(text: str, most: int, most_bytes: int) -> str:
    text = "".join("_" if c in '<>:"/\\|?*' or not c.isprintable() else c for c in text)
    return text[:most].encode()[:most_bytes].decode(errors="ignore").strip()
