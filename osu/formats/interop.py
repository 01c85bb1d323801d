"""The border to slider and osrparse, the types that other osu! code in Python speaks.

    beatmap_from_slider(slider.Beatmap) -> Beatmap
    map_from_library(slider.Library, md5) -> Beatmap
    replay_to_osrparse(Replay) -> osrparse.Replay    every frame, the lead-in frames too
    replay_from_osrparse(osrparse.Replay) -> Replay

Only this module knows the two packages, and imports each in the function that needs it: slider
takes 1.7 s to import, osrparse 0.1 s. Everything is computed from plain arrays read by our own
readers, because theirs lose what a play needs: tests/formats/test_interop.py shows each case.

Their enums stay at this border, too. The values are equal, bit for bit (tests/formats/test_mods.py,
test_interop.py), so converting is `Mods(theirs)`; but `Mods` is named by the two letters that
players write and the command line takes (HD, not Hidden), and importing `Key` from osrparse would
cost every start and every process of a preparation those 0.1 s.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from osu.formats.beatmap import Beatmap, load_beatmap, parse_beatmap
from osu.formats.mods import Mods
from osu.formats.osu_file import BeatmapError
from osu.formats.replay import (
    LAZER_VERSION,
    LEAD_IN_XY,
    LONG_ID_VERSION,
    SCORE_INFO_VERSION,
    Replay,
    ReplayError,
)

if TYPE_CHECKING:
    import osrparse
    import slider

_MS = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_DAY = datetime.min  # .NET counts its ticks from here, too

# The header's fields that are the same number or text in both.
_SAME = {
    "n300": "count_300",
    "n100": "count_100",
    "n50": "count_50",
    "ngeki": "count_geki",
    "nkatu": "count_katu",
    "nmiss": "count_miss",
    "max_combo": "max_combo",
    "version": "game_version",
    "seed": "rng_seed",
}


def beatmap_from_slider(beatmap: slider.Beatmap, md5: str | None = None) -> Beatmap:
    """A map that slider has read or that was made in it -> Beatmap without mods.

    Objects, paths, timing and difficulty are those of the file it was read from. What slider does
    not keep cannot be here: breaks (life and ScoreV1 depend on them), the file's MD5, and which
    nearly straight arcs were arcs (beziers here, less than a tenth of a pixel off). Where the file
    is at hand, `osu.load_beatmap` has it all. Give the map before slider stacks it: its
    `hit_objects()`, `stars` and pp move the map's own objects for good; a moved map is refused.

    `md5` is the file's, by which the game and the replays name the map; without it the Beatmap has
    that of the text written here, which no game knows. Raises BeatmapError.
    """
    import slider

    if not isinstance(beatmap, slider.Beatmap):
        raise BeatmapError(f"a slider.Beatmap is wanted, not {type(beatmap).__name__}")
    name, objects = beatmap.display_name, beatmap.hit_objects(stacking=False)
    if any(value != int(value) for one in objects for value in one.position):
        raise BeatmapError(
            f"{name} has objects off whole osu!px, where slider's stacking leaves them: read the"
            " map again, and give it before asking slider for its objects, stars or pp"
        )
    found = parse_beatmap(_osu_text(beatmap).encode(), name)
    return found if md5 is None else replace(found, md5=md5)


def map_from_library(library: slider.Library, md5: str) -> Beatmap:
    """The map with this MD5 (of the .osu file, 32 hex digits) in a slider.Library.

    The library is asked for the place only; the file is read here, byte for byte. Raises
    BeatmapError where there is no such map, or its file is gone or has changed.
    """
    # `lookup_by_md5` would parse the file with slider; the path has no public name.
    row = library._db.execute("SELECT path FROM beatmaps WHERE md5 = ?", (md5,)).fetchone()
    if row is None:
        raise BeatmapError(f"the library {library.path} has no map with the MD5 {md5}")
    path = library.path / row[0]
    beatmap = load_beatmap(path)
    if beatmap.md5 != md5:
        raise BeatmapError(f"{path} has changed since the library was made: its MD5 is not {md5}")
    return beatmap


def replay_to_osrparse(replay: Replay) -> osrparse.Replay:
    """A replay with all of its frames, the lead-in frames included, which
    `osrparse.Replay.from_path` drops: the sum of every `time_delta` is map time.

    Left behind: lazer's score details and the timestamp's last digit (100 ns; a datetime has whole
    microseconds). Raises ReplayError for the other game modes.
    """
    import osrparse

    if replay.mode != osrparse.GameMode.STD.value:
        raise ReplayError("only osu!standard replays can be given to osrparse")
    try:
        timestamp = (_FIRST_DAY + replay.timestamp_ticks // 10 * _MICROSECOND).replace(tzinfo=UTC)
    except OverflowError:
        raise ReplayError("the replay's timestamp is outside the years 1 to 9999") from None
    keys = [osrparse.Key(state) for state in range(256)]
    # The shortest decimal of each float32 is the number that stands in the file.
    x, y = replay.xy.astype("U16").astype(np.float64).T.tolist()
    rows = zip(replay.delta_ms.tolist(), x, y, replay.keys.tolist(), strict=True)
    life = [osrparse.LifeBarState(int(t), value) for t, value in replay.life.tolist()]
    return osrparse.Replay(
        mode=osrparse.GameMode(replay.mode),
        beatmap_hash=replay.beatmap_md5,
        username=replay.player,
        replay_hash=replay.replay_md5,
        score=replay.score % 2**32,  # osrparse knows no negative score
        perfect=replay.perfect,
        mods=osrparse.Mod(replay.mods),
        life_bar_graph=life or None,
        timestamp=timestamp,
        replay_data=[osrparse.ReplayEventOsu(w, a, b, keys[z]) for w, a, b, z in rows],
        replay_id=replay.online_id,
        **{theirs: getattr(replay, ours) for ours, theirs in _SAME.items()},
    )


def replay_from_osrparse(replay: osrparse.Replay, lead_in_ms: int | None = None) -> Replay:
    """What `replay_to_osrparse` gave, or a replay made in osrparse -> Replay.

    A replay of the stable game begins with two lead-in frames at (256, -500), whose deltas carry
    the skipped intro. osrparse's reader drops them, and nothing left in its object tells what they
    came to (more than 20 ms in 27 % of real replays, 10 s in their median): such a replay is
    refused. Read its file with `osu.load_replay`; or, where you know the sum of the dropped deltas
    in ms (-1 where nobody skipped), give `lead_in_ms`, which puts the two frames back. Lazer's
    replays have none and are taken as they are.

    Of a lazer replay the score details are empty. Raises ReplayError.
    """
    import osrparse

    if replay.mode is not osrparse.GameMode.STD:
        raise ReplayError("only osu!standard replays can be taken from osrparse")
    delta_ms, xy, keys = _frames(replay.replay_data)
    is_stable = replay.game_version < LAZER_VERSION
    if is_stable and len(keys) and not (len(keys) > 1 and (xy[:2] == LEAD_IN_XY).all()):
        if lead_in_ms is None:
            raise ReplayError(
                "the replay lacks its lead-in frames, which osrparse's reader drops: read its file"
                " with osu.load_replay, or give lead_in_ms"
            )
        delta_ms = np.concatenate([[0, lead_in_ms], delta_ms])
        xy = np.concatenate([np.float32([LEAD_IN_XY, LEAD_IN_XY]), xy])
        keys = np.concatenate([np.zeros(2, np.uint8), keys])
    mods, life = Mods(int(replay.mods)), replay.life_bar_graph or ()
    version = replay.game_version
    # The shortest ends that a file of this version may have: no details, no accuracy.
    score_info = bytes(4 if version >= SCORE_INFO_VERSION else 8 if Mods.TP in mods else 0)
    return Replay(
        mode=replay.mode.value,
        beatmap_md5=replay.beatmap_hash or "",
        player=replay.username or "",
        replay_md5=replay.replay_hash or "",
        score=_signed(replay.score, 32),
        perfect=bool(replay.perfect),
        mods=mods,
        life=np.array([(state.time, state.life) for state in life], np.float64).reshape(-1, 2),
        # astimezone: a time without a zone is local, as osrparse's writer has it
        timestamp_ticks=(replay.timestamp.astimezone(UTC).replace(tzinfo=None) - _FIRST_DAY)
        // _MICROSECOND
        * 10,
        delta_ms=delta_ms,
        xy=xy,
        keys=keys,
        # osrparse reads the ids of old files, which have 32 bits, without their sign
        online_id=_signed(replay.replay_id, 32 if version < LONG_ID_VERSION else 64),
        score_info=score_info,
        **{ours: getattr(replay, theirs) for ours, theirs in _SAME.items()},
    )


def _frames(
    events: list[osrparse.ReplayEvent],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """-> delta_ms (F,) i8, xy (F, 2) f4, keys (F,) u1. Raises ReplayError."""
    try:
        rows = [(event.time_delta, event.x, event.y, int(event.keys)) for event in events]
        table = np.array(rows, np.float64).reshape(-1, 4)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise ReplayError("the replay holds an event that is no osu!standard frame") from None
    whole = table[:, [0, 3]]
    with np.errstate(over="ignore"):
        xy = table[:, 1:3].astype(np.float32)
    if not (np.isfinite(whole).all() and np.isfinite(xy).all()):
        raise ReplayError("a frame's time or position is not finite")
    if (whole != np.rint(whole)).any():
        raise ReplayError("a frame's delta is not a whole number of ms, which the file cannot hold")
    if ((table[:, 3] < 0) | (table[:, 3] > 255)).any():
        raise ReplayError("a frame has a key state outside 0 to 255")
    return table[:, 0].astype(np.int64), xy, table[:, 3].astype(np.uint8)


def _signed(value: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


def _osu_text(beatmap: slider.Beatmap) -> str:
    """What slider keeps of a map and a play depends on, as .osu text.

    slider's own `pack` writes every map as v14 (stacks and ticks of older ones are others), whole
    ms only for timing points, and fails where circles have no hit sample (4 % of real maps).
    """
    b = beatmap
    # Where a file says nothing, slider's parser gives 0, an int and no float; the game takes 0.7.
    says_nothing = isinstance(b.stack_leniency, int)
    leniency = [] if says_nothing else [f"StackLeniency: {b.stack_leniency}"]
    timing = [
        f"{point.offset / _MS},{point.ms_per_beat},4,2,0,100,{int(not _is_inherited(point))},0"
        for point in b.timing_points
    ]
    return "\n".join(
        [
            f"osu file format v{b.format_version}",
            "[General]",
            f"AudioFilename: {b.audio_filename}",
            *leniency,
            f"Mode: {int(b.mode)}",
            "[Metadata]",
            f"Title:{b.title}",
            f"Artist:{b.artist}",
            f"Creator:{b.creator}",
            f"Version:{b.version}",
            "[Difficulty]",
            f"HPDrainRate:{b.hp_drain_rate}",
            f"CircleSize:{b.circle_size}",
            f"OverallDifficulty:{b.overall_difficulty}",
            f"ApproachRate:{b.approach_rate}",
            f"SliderMultiplier:{b.slider_multiplier}",
            f"SliderTickRate:{b.slider_tick_rate}",
            "[TimingPoints]",
            *timing,
            "[HitObjects]",
            *[_object_line(one) for one in b.hit_objects(stacking=False)],
            "",
        ]
    )


def _is_inherited(point: slider.TimingPoint) -> bool:
    # One before all uninherited ones has no parent; its beat length is negative all the same.
    return point.parent is not None or point.ms_per_beat < 0


def _object_line(one: slider.beatmap.HitObject) -> str:
    import slider

    new_combo, combo_skip = one.new_combo, one.combo_skip
    if isinstance(one.addition, bool):  # slider's parser is off by one where there is no hit sample
        new_combo, combo_skip = one.addition, int(one.new_combo)
    bits = one.type_code | bool(new_combo) << 2 | combo_skip << 4
    fields = [one.position.x, one.position.y, one.time / _MS, bits, 0]
    if isinstance(one, slider.Slider):
        fields += [one.curve.pack(), one.repeat, one.length]
    elif isinstance(one, slider.Spinner):
        fields += [one.end_time / _MS]
    return ",".join(map(str, fields))
