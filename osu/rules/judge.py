"""Beatmap + replay -> what the game counts: a judgement per object, combo, score, life.

The rules are osu!stable's, as its players' replays show them.
"""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from osu.formats.beatmap import Beatmap, Kind
from osu.formats.mods import Mods
from osu.formats.replay import STABLE_VERSION, Replay, buttons_of, without_lead_in
from osu.formats.replay_frames import MAX_FRAME_TIME_MS
from osu.formats.slider_events import SliderPart
from osu.rules.frames import (
    CLICK,
    END,
    FOLLOW,
    Frames,
    floor_ms,
    frame_of,
    make_frames,
    order_key,
)
from osu.rules.hits import Clicks, hit_objects
from osu.rules.life import life_after, life_bar
from osu.rules.score import (
    EVENT,
    FINAL,
    GEKI,
    HEAD,
    KATU,
    PART_POINTS,
    TICK_POINTS,
    Log,
    combo_after,
    combo_awards,
    difficulty_multiplier,
    grade,
    score_v1,
    sort_log,
)
from osu.rules.sliders import Tracking, judge_events
from osu.rules.spinners import spin
from osu.rules.work import JudgeError, check_work

NO_TIME = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Judgement:
    """The outcome of a play of N objects with E slider events. Times are map ms.

    result (N,) 300, 100, 50 or 0; judged (N,) whether the play lasted that long; hit_error_ms,
    press_ms (N,) of the press that hit, nan where none did; press_xy (N, 2) osu!px; event_hit (E,)
    whether a slider's tick, repeat or tail was followed; spinner_turns (N,); combo (N,) after each
    object; combo_award (N,) GEKI, KATU, PLAIN or NONE (`osu.rules.score.combo_awards`). The counts,
    max_combo and score (ScoreV1) are those of the file's header.
    """

    beatmap: Beatmap
    result: np.ndarray
    judged: np.ndarray
    hit_error_ms: np.ndarray
    press_ms: np.ndarray
    press_xy: np.ndarray
    event_hit: np.ndarray
    spinner_turns: np.ndarray
    combo: np.ndarray
    n300: int
    n100: int
    n50: int
    nmiss: int
    ngeki: int
    nkatu: int
    max_combo: int
    score: int
    perfect: bool
    combo_award: np.ndarray
    log: Log
    frames: Frames
    clicks: Clicks
    tracking: Tracking

    @cached_property
    def _offsets(self) -> np.ndarray:
        """(N, 2) of the press in radii, along and across the way from the object before."""
        xy = self.beatmap.xy
        way = np.diff(xy, axis=0, prepend=xy[:1])
        length = np.hypot(*way.T)
        way = way / np.where(length > 0, length, np.nan)[:, None]
        offset = (self.press_xy - xy) / self.beatmap.radius_px
        offset[np.isnan(self.press_ms)] = np.nan
        across = way[:, 0] * offset[:, 1] - way[:, 1] * offset[:, 0]
        return np.column_stack([(way * offset).sum(1), across])

    @property
    def along(self) -> np.ndarray:
        """(N,) radii by which the press lies beyond the object's middle, seen from the object
        before; negative is undershoot, nan where there was no press or no way."""
        return self._offsets[:, 0]

    @property
    def across(self) -> np.ndarray:
        """(N,) radii to the right of that way (y grows downward); nan as in `along`."""
        return self._offsets[:, 1]

    @property
    def accuracy(self) -> float:
        """0 .. 1, of the objects judged; 1 where there were none."""
        total = self.n300 + self.n100 + self.n50 + self.nmiss
        points = 300 * self.n300 + 100 * self.n100 + 50 * self.n50
        return points / (300 * total) if total else 1.0

    @property
    def grade(self) -> str:
        return grade(self.n300, self.n100, self.n50, self.nmiss, self.beatmap.mods)

    @property
    def unstable_rate(self) -> float:
        """Ten times the standard deviation of the hit errors in real ms; nan without any."""
        errors = self.hit_error_ms[np.isfinite(self.hit_error_ms)]
        return float(10 * errors.std() / self.beatmap.rate) if len(errors) else float("nan")

    @cached_property
    def life_after(self) -> np.ndarray:
        """(J, 2) map ms and life 0 .. 1 after each judgement."""
        return life_after(self.beatmap, self.log, self.combo_award, self.frames.clock_ms)

    def header(self) -> dict:
        """The fields of a replay's header that the play decides, but for its life bar."""
        names = "n300 n100 n50 ngeki nkatu nmiss score max_combo perfect"
        return {name: getattr(self, name) for name in names.split()}

    def stamp(self, replay: Replay) -> Replay:
        """The replay with this judgement in its header: counts, combo, score, life bar."""
        return dataclasses.replace(replay, **self.header(), life=life_bar(self.life_after))


def judge(beatmap: Beatmap, replay: Replay) -> Judgement:
    """Judge a replay of a beatmap as osu!stable does, by the rules of the replay's version.

    `beatmap` is under the replay's mods (`Beatmap.with_mods`). The lead-in frames are left out.
    After a fail the game records no frames but counts misses until the life bar of the header
    ends, and so does this. Of the header only the version and that life bar are read; its counts
    never are, so that they are a reference for these. JudgeError for a replay of lazer, whose
    rules are others, and where judging would take far more steps than any real play.

    The source of the stable game is closed. The rules are those of its open-source successor and
    the wiki where these have them, and elsewhere what the headers of real replays show; the
    modules of osu.rules say which.
    """
    return _judge(beatmap, _frames_of(replay), replay.version)


def check_judgeable(beatmap: Beatmap, replay: Replay) -> None:
    """JudgeError where `judge` would refuse the play, long before it is judged."""
    frames = _frames_of(replay)
    check_work(beatmap, frames, *_times(beatmap, frames)[:3])


def _frames_of(replay: Replay) -> Frames:
    """JudgeError for a replay of lazer."""
    if replay.is_lazer:
        raise JudgeError("this replay was written by lazer, whose rules are not supported")
    t_ms, xy, keys = without_lead_in(replay)
    buttons = buttons_of(keys)
    if len(t_ms) and len(replay.life) and replay.life[-1, 0] > t_ms.max():
        # After a fail no frames are recorded, but the game counts misses until the bar ends.
        t_ms = np.append(t_ms, int(min(replay.life[-1, 0], MAX_FRAME_TIME_MS)))
        xy = np.concatenate([xy, xy[-1:]])
        buttons = np.append(buttons, 0)
    return make_frames(t_ms, xy, buttons, replay.version)


def judge_frames(beatmap: Beatmap, t_ms: np.ndarray, xy: np.ndarray, keys: np.ndarray) -> Judgement:
    """`judge` for frames without a replay around them, by the newest version's rules.

    t_ms (F,) map ms, xy (F, 2) osu!px, keys (F,) bits 1 and 2 for the two keys, without lead-in;
    `beatmap` is under the mods of the play.
    """
    return _judge(beatmap, make_frames(t_ms, xy, keys, STABLE_VERSION), STABLE_VERSION)


def _times(beatmap: Beatmap, frames: Frames) -> tuple[np.ndarray, ...]:
    """Of each object start and end in integer ms, the order key at which it is done, and whether
    the end is ambiguous (`floor_ms`)."""
    start = np.trunc(beatmap.start_ms).astype(np.int64)
    end, ambiguous = floor_ms(beatmap.end_ms)
    ambiguous &= beatmap.kind == Kind.SLIDER
    circle = beatmap.kind == Kind.CIRCLE
    runs_out = np.where(circle, start + int(beatmap.window50_ms) + 1, end)
    return start, end, frames.end_key(runs_out, ambiguous), ambiguous


def _judge(beatmap: Beatmap, frames: Frames, version: int) -> Judgement:
    n = len(beatmap.start_ms)
    start, end, done, ambiguous = _times(beatmap, frames)
    check_work(beatmap, frames, start, end, done)
    circle, slider, spinner = (beatmap.kind == k for k in Kind)
    clicks = hit_objects(beatmap, frames, start, done)
    tracking = judge_events(beatmap, frames, start, (end, ambiguous), frame_of(done), clicks)

    owner = np.repeat(np.arange(n), np.diff(beatmap.event_start))
    parts = np.bincount(owner[tracking.hit], minlength=n) + (slider & (clicks.points > 0))
    share = parts / (np.diff(beatmap.event_start) + 1)
    slider_points = np.select([share == 1, share >= 0.5, share > 0], [300, 100, 50], 0)
    result = np.where(slider, slider_points, clicks.points)
    judged_at = np.where(circle, clicks.order_key, done)

    spins = {}
    turns = np.zeros(n)
    for i in np.flatnonzero(spinner).tolist():
        spins[i] = spin(
            frames,
            int(start[i]),
            int(end[i]),
            tuple(beatmap.xy[i]),
            beatmap.od,
            beatmap.rate,
            bool(beatmap.mods & Mods.SO),
            version,
        )
        result[i] = spins[i].points
        turns[i] = spins[i].half_turns / 2

    log = _write_log(beatmap, frames, clicks, tracking, result, judged_at, spins)
    combo = combo_after(log)
    score = score_v1(log, combo, difficulty_multiplier(beatmap), beatmap.mods)
    judged = judged_at < order_key(len(frames.t_ms), CLICK)
    awards = combo_awards(log, beatmap.new_combo, slider & (clicks.frame < 0))
    max_possible = int((circle | spinner).sum() + slider.sum() + len(owner))
    max_combo = int(combo.max(initial=0))
    hit = clicks.frame >= 0
    columns = np.column_stack([frames.t_ms, frames.x, frames.y])
    press = columns[np.maximum(clicks.frame, 0)] if len(columns) else np.zeros((n, 3))
    press_ms = np.where(hit, press[:, 0], np.nan)
    final = log.part == FINAL
    per_object = np.zeros(n, np.int64)
    per_object[log.owner[final]] = combo[final]
    return Judgement(
        beatmap=beatmap,
        result=result,
        judged=judged,
        hit_error_ms=press_ms - beatmap.start_ms,
        press_ms=press_ms,
        press_xy=press[:, 1:],
        event_hit=tracking.hit,
        spinner_turns=turns,
        combo=per_object,
        n300=int((result[judged] == 300).sum()),
        n100=int((result[judged] == 100).sum()),
        n50=int((result[judged] == 50).sum()),
        nmiss=int((result[judged] == 0).sum()),
        ngeki=int((awards[judged] == GEKI).sum()),
        nkatu=int((awards[judged] == KATU).sum()),
        max_combo=max_combo,
        score=score,
        perfect=max_combo == max_possible,
        combo_award=awards,
        log=log,
        frames=frames,
        clicks=clicks,
        tracking=tracking,
    )


def _write_log(beatmap, frames, clicks, tracking, result, judged_at, spins) -> Log:
    """Every judgement of the play, in order."""
    n = len(result)
    rows = []

    def add(when, owner, part, points, scaled, combo, due_ms=NO_TIME):
        columns = (when, owner, part, points, scaled, combo, due_ms)
        rows.append([np.broadcast_to(np.asarray(column), len(owner)) for column in columns])

    slider = np.flatnonzero(beatmap.kind == Kind.SLIDER)
    hit = clicks.points[slider] > 0
    due = beatmap.start_ms[slider].astype(np.int64) + beatmap.window50_ms + 1
    due = np.where(clicks.frame[slider] < 0, due, NO_TIME)
    add(clicks.order_key[slider], slider, HEAD, PART_POINTS * hit, False, np.where(hit, 1, -1), due)

    e = np.flatnonzero(tracking.frame >= 0)
    owner = np.repeat(np.arange(n), np.diff(beatmap.event_start))[e]
    hit = tracking.hit[e]
    tick = (beatmap.event_kind == SliderPart.TICK) & ~_after_tail(beatmap, tracking)
    points = np.where(tick[e], TICK_POINTS, PART_POINTS) * hit
    combo = np.where(hit, 1, np.where(beatmap.event_kind[e] == SliderPart.TAIL, 0, -1))
    when = order_key(tracking.frame[e], FOLLOW)
    add(when, owner, EVENT, points, False, combo, tracking.due_ms[e])

    gain = np.where(beatmap.kind == Kind.SLIDER, 0, 1)
    add(judged_at, np.arange(n), FINAL, result, True, np.where(result > 0, gain, -1))
    for i, s in spins.items():
        when = order_key(np.array(s.frames, np.int64), FOLLOW)
        add(when, np.full(len(when), i), EVENT, np.array(s.scores, np.int64), False, 0)
    log = sort_log(Log(*(np.concatenate(column) for column in zip(*rows, strict=True))))
    return _date_silent_misses(log, frames)


def _after_tail(beatmap: Beatmap, tracking: Tracking) -> np.ndarray:
    """(E,) bool: due after its slider's tail, which is judged early. A tick there gives what a
    tail gives (seen in the reference headers: all of the four such sliders in exact plays)."""
    last = np.maximum(beatmap.event_start[1:] - 1, 0)
    tail_ms = np.append(tracking.due_ms, 0)[last]
    return tracking.due_ms > np.repeat(tail_ms, np.diff(beatmap.event_start))


def _date_silent_misses(log: Log, frames: Frames) -> Log:
    """The game records a frame when score or combo change, not when a slider's part is missed at
    combo 0: such a miss came before the frame that tells of it, and ends no combo begun in it."""
    frame = frame_of(log.order_key)
    t_ms = np.append(frames.clock_ms, NO_TIME)[np.minimum(frame, len(frames.clock_ms))]
    rows = np.flatnonzero((log.combo < 0) & (log.part != FINAL) & (log.due_ms < t_ms))
    before = np.searchsorted(log.order_key, order_key(frame[rows], CLICK))
    combo = np.concatenate([[0], combo_after(log)])[before]
    rows = rows[combo == 0]
    keys = log.order_key.copy()
    keys[rows] = order_key(frame[rows] - 1, END)
    return sort_log(dataclasses.replace(log, order_key=keys))
