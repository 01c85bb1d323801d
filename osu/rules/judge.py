"""Beatmap + replay -> what the game counts: a judgement per object, combo, score, life.

The rules are osu!stable's, as its players' replays show them, and lazer's for its own plays.
"""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from osu.formats.beatmap import Beatmap, Kind
from osu.formats.mods import Mods
from osu.formats.plays.kind import Rules, kind_of, why_not_judged
from osu.formats.replay import STABLE_VERSION, Replay, buttons_of, without_lead_in
from osu.formats.replay_frames import MAX_FRAME_TIME_MS
from osu.formats.slider_events import SliderPart
from osu.rules.frames import (
    CLICK,
    END,
    Frames,
    floor_ms,
    frame_of,
    make_frames,
    order_key,
)
from osu.rules.hits import Clicks, hit_objects
from osu.rules.lazer import LAZER_TAIL, LAZER_TICK, play_lazer, standardised_score, too_much_work
from osu.rules.life import life_after, life_bar
from osu.rules.score import (
    EVENT,
    FINAL,
    GEKI,
    KATU,
    Log,
    combo_after,
    combo_awards,
    difficulty_multiplier,
    grade,
    score_v1,
)
from osu.rules.sliders import Tracking, judge_events
from osu.rules.spinners import spin
from osu.rules.stable_log import NO_TIME, write_log
from osu.rules.work import JudgeError, check_work


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

    @cached_property
    def combo_steps(self) -> np.ndarray:
        """(J, 2) map ms and the combo after each judgement, parts of sliders too."""
        keys = self.log.order_key
        lasted = (keys < order_key(len(self.frames.clock_ms), CLICK)) & (keys >= 0)
        t_ms = self.frames.clock_ms[frame_of(keys[lasted])]
        return np.column_stack([t_ms, combo_after(self.log)[lasted]])

    @property
    def misses_in_words(self) -> str:
        return "1 miss" if self.nmiss == 1 else f"{self.nmiss} misses"

    @cached_property
    def combo_ended(self) -> np.ndarray:
        """(N,) the combo that each object ended, the longer one of a slider that ended two; else
        0."""
        after, ended = combo_after(self.log), np.zeros(len(self.result), int)
        before = np.concatenate([[0], after[:-1]])[: len(after)]
        np.maximum.at(ended, self.log.owner, np.where(self.log.combo < 0, before, 0))
        return ended

    def header(self) -> dict:
        """The fields of a replay's header that the play decides, but for its life bar."""
        names = "n300 n100 n50 ngeki nkatu nmiss score max_combo perfect"
        return {name: getattr(self, name) for name in names.split()}

    def stamp(self, replay: Replay) -> Replay:
        """The replay with this judgement in its header: counts, combo, score, life bar."""
        return dataclasses.replace(replay, **self.header(), life=life_bar(self.life_after))


def judge(beatmap: Beatmap, replay: Replay) -> Judgement:
    """Judge a replay of a beatmap as the game does that wrote it, stable by its version's rules.

    `beatmap` is under the replay's conditions (`Beatmap.with_mods`). The lead-in frames are left
    out. After a fail the game records no frames but counts misses until the life bar of the header
    ends, and so does this. Of the header only the version and that life bar are read; its counts
    never are, so that they are a reference for these.

    Lazer's plays are judged by osu.rules.lazer: a slider's result is that of its head, there are
    no geki and katu, and the score is the standardised one before its mods' multipliers. Those
    under its classic mod are judged as stable's. JudgeError where the game itself played or
    helped, for what has no place on the map (osu.formats.plays.kind), and where judging would take
    far more steps than any real play.

    The source of the stable game is closed. The rules are those of its open-source successor and
    the wiki where these have them, and elsewhere what the headers of real replays show; the
    modules of osu.rules say which.
    """
    if _rules_of(replay) is Rules.LAZER:
        return _judge_lazer(beatmap, _lazer_frames_of(beatmap, replay), replay.version)
    return _judge(beatmap, _frames_of(replay), replay.version)


def check_judgeable(beatmap: Beatmap, replay: Replay) -> None:
    """JudgeError where `judge` would refuse the play, long before it is judged."""
    if _rules_of(replay) is Rules.LAZER:
        _lazer_frames_of(beatmap, replay)
    else:
        frames = _frames_of(replay)
        check_work(beatmap, frames, *_times(beatmap, frames)[:3])


def _rules_of(replay: Replay) -> Rules:
    if reason := why_not_judged(replay):
        raise JudgeError(f"this replay cannot be judged: {reason}")
    return kind_of(replay).rules


def _lazer_frames_of(beatmap: Beatmap, replay: Replay) -> Frames:
    t_ms, xy, keys = without_lead_in(replay)
    forward = t_ms == np.maximum.accumulate(t_ms)  # the game leaves out those that run backwards
    frames = make_frames(t_ms[forward], xy[forward], buttons_of(keys)[forward], replay.version)
    if too_much_work(beatmap, frames):
        raise JudgeError("judging this replay would take far more steps than any real play")
    return frames


def _frames_of(replay: Replay) -> Frames:
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
    if Mods.SV2 in beatmap.mods:  # no slider is worth more than its head
        slider_points = np.where(
            clicks.points > 0, np.minimum(slider_points, clicks.points), slider_points
        )
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

    log = write_log(beatmap, frames, clicks, tracking, result, judged_at, spins)
    combo = combo_after(log)
    score = score_v1(log, combo, difficulty_multiplier(beatmap), beatmap.mods)
    judged = judged_at < order_key(len(frames.t_ms), CLICK)
    awards = combo_awards(log, beatmap.new_combo, slider & (clicks.frame < 0))
    max_possible = int((circle | spinner).sum() + slider.sum() + len(owner))
    max_combo = int(combo.max(initial=0))
    press_ms, press_xy = _presses(frames, clicks.frame)
    final = log.part == FINAL
    per_object = np.zeros(n, np.int64)
    per_object[log.owner[final]] = combo[final]
    return Judgement(
        beatmap=beatmap,
        result=result,
        judged=judged,
        hit_error_ms=press_ms - beatmap.start_ms,
        press_ms=press_ms,
        press_xy=press_xy,
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


def _judge_lazer(beatmap: Beatmap, frames: Frames, version: int) -> Judgement:
    """By lazer's rules, see osu.rules.lazer."""
    play = play_lazer(beatmap, frames, version)
    n = len(beatmap.start_ms)
    owner = np.repeat(np.arange(n), np.diff(beatmap.event_start))
    tail = beatmap.event_kind == SliderPart.TAIL
    spinner = beatmap.kind == Kind.SPINNER

    # Circles, heads and spinners, then the parts of sliders; of one ms the head comes first.
    when = np.concatenate([play.judged_ms, play.event_judged_ms])
    keys = order_key(frames.at_or_after(when), END)
    most = np.concatenate([np.full(n, 300), np.where(tail, LAZER_TAIL, LAZER_TICK)])
    base = np.concatenate([play.points, most[n:] * play.event_hit])
    gain = np.concatenate(
        [np.where(play.points > 0, 1, -1), np.where(play.event_hit, 1, np.where(tail, 0, -1))]
    )
    order = np.lexsort((np.arange(len(when)), when))
    log = Log(
        order_key=keys,
        owner=np.concatenate([np.arange(n), owner]),
        part=np.concatenate([np.full(n, FINAL), np.full(len(owner), EVENT)]),
        points=base,
        scaled=np.zeros(len(when), bool),
        combo=gain,
        due_ms=when,
    )
    log = Log(*(getattr(log, name)[order] for name in Log.__dataclass_fields__))
    combo = combo_after(log)
    lasted = log.order_key < order_key(len(frames.t_ms), CLICK)
    judged = play.judged_ms <= (frames.clock_ms[-1] if len(frames.clock_ms) else -NO_TIME)
    max_combo = int(combo[lasted].max(initial=0))
    per_object = np.zeros(n, np.int64)
    final = log.part == FINAL
    per_object[log.owner[final]] = combo[final]
    press_ms, press_xy = _presses(frames, play.frame)
    counts = [int((play.points[judged] == value).sum()) for value in (300, 100, 50, 0)]
    return Judgement(
        beatmap=beatmap,
        result=play.points,
        judged=judged,
        hit_error_ms=press_ms - beatmap.start_ms,
        press_ms=press_ms,
        press_xy=press_xy,
        event_hit=play.event_hit,
        spinner_turns=play.turns,
        combo=per_object,
        n300=counts[0],
        n100=counts[1],
        n50=counts[2],
        nmiss=counts[3],
        ngeki=0,
        nkatu=0,
        max_combo=max_combo,
        score=standardised_score(base[order], most[order], combo, lasted, play.bonus),
        perfect=max_combo == len(when),
        combo_award=np.zeros(n, np.uint8),
        log=log,
        frames=frames,
        clicks=Clicks(play.frame, keys[:n], np.where(spinner, 0, play.points)),
        tracking=Tracking(play.event_hit, frame_of(keys[n:]), play.event_judged_ms),
    )


def _presses(frames: Frames, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) times and (N, 2) places of the presses in frames (N,), of which -1 is none."""
    columns = np.column_stack([frames.t_ms, frames.x, frames.y])
    press = columns[np.maximum(frame, 0)] if len(columns) else np.zeros((len(frame), 3))
    return np.where(frame >= 0, press[:, 0], np.nan), press[:, 1:]
