"""Which clips are shown: a person's play out of a folder, and a generated one that goes with it.

Protocol 1. The folder's replays are taken in an order drawn from the seed, one a map; where the
folder says what is held out (an index.csv with splits), only those of the test split. A replay
takes part if a person played it by hand, under mods that stable knows.

Where things happen: the clip is drawn among the windows of CLIP_S seconds between the map's first
and last object in which at least as many objects begin as in its median window, no pause is longer
than LONGEST_PAUSE_S and the person misses at most MOST_MISSED of the objects. It lies within the
replay's frames, so that no clip shows how a recording begins or ends.

The generated play is on the same part of the map under the same mods, from RUN_UP_S before the clip
to RUN_OUT_S after it: `diffusion` sees 4 s to each side, and a whole map would take many times as
long. Who plays is drawn as for every play of the model, or is to be the person who is asked about
(osu.blind.rival); nothing of the replay is used but its accuracy there. Of at most MOST_DRAWS plays
the first is taken that also misses at most MOST_MISSED in the clip and whose accuracy on the part
is within NEAR of the person's; else the nearest of those that miss no more. That leaves out where
one side fails, thus flatters whoever fails more: how often no play would do is counted.
"""

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag

import numpy as np

from osu.blind.clip import CLIP_MS, CLIP_S, ClipWindow, cut_map, cut_play, seen_objects
from osu.blind.rival import Rival, rival_of
from osu.data.finding.pair import Pair
from osu.data.library import DataError, each_pair
from osu.errors import UserError
from osu.features.chart import check_length
from osu.formats.beatmap import Beatmap, parse_beatmap
from osu.formats.osu_file import with_objects_between
from osu.formats.replay import Replay, load_replay, without_lead_in
from osu.likeness.human_plays import why_not_compared
from osu.players.engine import Player
from osu.players.options import Cancelled, OnProgress, PlayOptions
from osu.rules.judge import Judgement, judge

BLIND_PROTOCOL = 1  # changes with whatever decides which clips are shown
MOST_PAIRS = 200
RUN_UP_S, RUN_OUT_S = 8.0, 4.0  # played before and after the clip, real time
MOST_DRAWS = 4
NEAR = 0.05  # of accuracies
EVERY_MS = 500.0  # real time between the windows that are tried
FEWEST_OBJECTS, MOST_OBJECTS_SEEN = 6, 200  # of a window
LONGEST_PAUSE_S = 1.5
MOST_MISSED = 0.1
SIDES = ("left", "right")


class PairError(UserError):
    """A replay that no pair can be made of, in a phrase."""


@dataclass(frozen=True)
class ClipPair:
    """Two clips on one map, ready for JSON; no name of a player, map or file is in them."""

    cut: dict  # osu.blind.clip.cut_map
    left: dict  # osu.blind.clip.cut_play
    right: dict
    human: str  # of SIDES

    @property
    def id(self) -> str:
        """The same for the same clips on the same sides, on whatever page."""
        text = json.dumps([self.cut, self.left, self.right], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def draw_pairs(
    replays: str | Path,
    maps: list[str],
    player: Player,
    count: int,
    seed: int,
    on_progress: OnProgress = lambda share: None,
    cancel: Flag | None = None,
    me: str = "",
) -> tuple[list[ClipPair], Counter]:
    """At most `count` pairs of clips of the replays below a folder, whose maps are there or below
    `maps`, and the reasons of the replays passed over with their counts.

    With `me` they are that person's replays, and the other side is to play like them. The same
    files, player and seed give the same pairs. Raises DataError where there are none, OptionError,
    Cancelled.
    """
    skipped: Counter = Counter()
    found = []
    for pair in each_pair([replays, *maps], skipped, me or None):
        _check(cancel)
        if _is_below(pair.replay, replays):
            found.append(pair)
    found.sort(key=lambda pair: pair.replay)
    rival = Rival(player)
    if me:
        rival, shown = rival_of(player, found, me, seed)
        if kept := len(found) - len(shown):
            skipped["replay: kept to play like, and not shown"] = kept
        found = shown
    elif held_out := [pair for pair in found if pair.split == "test"]:
        found = held_out
    pairs: list[ClipPair] = []
    seen: set[str] = set()  # MD5s of maps
    for n in np.random.default_rng(seed).permutation(len(found)).tolist():
        if len(pairs) == count:
            break

        def report(share: float) -> None:
            _check(cancel)
            on_progress((len(pairs) + share) / count)

        report(0.0)
        try:
            rng = np.random.default_rng((seed, n))
            pairs.append(_make_pair(found[n], rival, rng, seen, report, cancel))
        except UserError as error:
            skipped[f"replay: {str(error).split(': ', 1)[-1]}"] += 1
    if not pairs:
        raise DataError(_none_found(replays, skipped))
    on_progress(1.0)
    return pairs, skipped


def _none_found(folder: str | Path, skipped: Counter) -> str:
    reasons = "; ".join(f"{reason} ({count})" for reason, count in skipped.most_common(3))
    sentence = f"{folder}: no pair of clips can be made of the replays here"
    return f"{sentence}: {reasons}" if reasons else sentence


def _check(cancel: Flag | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled


def _is_below(path: str, folder: str | Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _make_pair(
    pair: Pair,
    rival: Rival,
    rng: np.random.Generator,
    seen: set[str],
    on_progress: OnProgress,
    cancel: Flag | None,
) -> ClipPair:
    """Raises a UserError with the reason where none can be made. Adds the map to those `seen`."""
    replay = load_replay(pair.replay)
    if reason := why_not_compared(replay):
        raise PairError(reason)
    beatmap = pair.load_map(replay.beatmap_md5).with_mods(replay.conditions)
    if beatmap.md5 in seen:
        raise PairError("another one on its map is there")
    options = rival.options_on(beatmap)
    check_length(beatmap.start_ms[0], beatmap.end_ms.max(), beatmap.rate)
    judgement = judge(beatmap, replay)
    t_ms = without_lead_in(replay)[0]
    recorded_ms = (float(t_ms.min()), float(t_ms.max())) if len(t_ms) else (0.0, 0.0)
    windows = [
        window for window in _busy_windows(beatmap, *recorded_ms) if _few_misses(judgement, window)
    ]
    if not windows:
        raise PairError(f"it has no {CLIP_S:.0f} s of much to see without many misses")
    window = windows[rng.integers(len(windows))]
    part = _part_of_map(pair, beatmap, window)
    inside = np.isin(beatmap.start_ms, part.start_ms) & judgement.judged
    accuracy = float(judgement.result[inside].mean() / 300)
    generated = _generate_near(
        rival.player, options, part, window, accuracy, rng, on_progress, cancel
    )
    seen.add(beatmap.md5)
    clips = [cut_play(replay, window), cut_play(generated, window)]
    human = int(rng.integers(2))
    return ClipPair(cut_map(beatmap, window), clips[human], clips[1 - human], SIDES[human])


def _part_of_map(pair: Pair, beatmap: Beatmap, window: ClipWindow) -> Beatmap:
    """The map around the window, as long as the protocol says, under the same mods."""
    from_ms = window.start_ms - 1000 * RUN_UP_S * beatmap.rate
    until_ms = window.end_ms + 1000 * RUN_OUT_S * beatmap.rate
    data = with_objects_between(pair.read_map(), from_ms, until_ms)
    return parse_beatmap(data, pair.beatmap).with_mods(beatmap.conditions)


def _generate_near(
    player: Player,
    options: PlayOptions,
    part: Beatmap,
    window: ClipWindow,
    accuracy: float,
    rng: np.random.Generator,
    on_progress: OnProgress,
    cancel: Flag | None,
) -> Replay:
    """A play of the part of a map of about a person's accuracy there, as the protocol says."""
    nearest, least = None, np.inf
    for n in range(MOST_DRAWS):
        play = player.generate(
            part,
            int(rng.integers(2**31)),
            options,
            lambda share, n=n: on_progress((n + share) / MOST_DRAWS),
            cancel,
        )
        away = abs(play.judgement.accuracy - accuracy)
        if away < least and _few_misses(play.judgement, window):
            nearest, least = play.replay, away
        if least <= NEAR:
            break
    if nearest is None:
        raise PairError("no generated play of it was without many misses")
    return nearest


def _busy_windows(beatmap: Beatmap, from_ms: float, until_ms: float) -> list[ClipWindow]:
    """The windows between two map times in which enough happens, whoever plays."""
    last_ms = beatmap.end_ms.max() - CLIP_MS * beatmap.rate
    starts = np.arange(beatmap.start_ms[0], last_ms, EVERY_MS * beatmap.rate)
    windows = [ClipWindow(float(start_ms), beatmap.rate) for start_ms in starts]
    counts = [len(_begun(beatmap, window)) for window in windows]
    least = max(FEWEST_OBJECTS, np.median(counts)) if counts else 0
    return [
        window
        for window, count in zip(windows, counts, strict=True)
        if count >= least
        and from_ms <= window.start_ms
        and window.end_ms <= until_ms
        and _longest_pause_s(beatmap, window) <= LONGEST_PAUSE_S
        and len(seen_objects(beatmap, window)) <= MOST_OBJECTS_SEEN
    ]


def _begun(beatmap: Beatmap, window: ClipWindow) -> np.ndarray:
    """The indices of the objects that begin within the window."""
    start_ms = beatmap.start_ms
    return np.flatnonzero((start_ms >= window.start_ms) & (start_ms < window.end_ms))


def _longest_pause_s(beatmap: Beatmap, window: ClipWindow) -> float:
    """Real seconds of the window in a row in which no object asks for anything."""
    inside = slice(*np.searchsorted(beatmap.start_ms, [window.start_ms, window.end_ms]))
    free_ms = np.maximum.accumulate(np.concatenate([[window.start_ms], beatmap.end_ms[inside]]))
    next_ms = np.concatenate([beatmap.start_ms[inside], [window.end_ms]])
    return float((next_ms - free_ms).max() / (1000 * beatmap.rate))


def _few_misses(judgement: Judgement, window: ClipWindow) -> bool:
    """Whether a play lasts through the window and misses little in it."""
    begun = _begun(judgement.beatmap, window)
    missed = np.mean(judgement.result[begun] == 0)
    return bool(judgement.judged[begun].all() and missed <= MOST_MISSED)
