"""A replay over its map at one moment, as a plain description that any toolkit can paint.

`Stage` is built once for a map and a replay; `stage.at(t_ms)` is the `Scene` of that moment.
Nothing here knows pixels, colours or a toolkit.
"""

import numpy as np

from osu.formats.beatmap import Beatmap, Kind
from osu.formats.mods import Mods
from osu.formats.replay import Replay, clean_frames
from osu.formats.slider_events import SliderPart
from osu.render.items import Circle, Pop, Scene, Slider, Spinner
from osu.rules.judge import JudgeError, Judgement, judge
from osu.units import CENTRE_PX

BURST_MS = 200.0  # a circle that was hit grows and fades
DROP_MS = 100.0  # a circle that was missed fades
POP_MS = 550.0  # the judgement shown at an object
ERROR_MS = 4000.0  # a tick in the hit-error bar
TRAIL_MS = 180.0  # real time
TRAIL_STEPS = 90
FOLLOW_RADII = 2.4  # radius of the follow circle, in circle radii
# At once, of maps made to be slow: objects, and their ticks; hit errors.
MOST_OBJECTS, MOST_ERRORS = 100, 400
# Radius that FL leaves to be seen, osu!px, from a combo on; as lazer has it.
SIGHT_PX = ((200, 125.0), (100, 162.5), (0, 200.0))
STEP_MS = 1000 / 60  # real time, of a step where there are no frames
HIDDEN_IN, HIDDEN_OUT = 0.4, 0.3  # of the preempt: how long HD fades objects in, then out


class Stage:
    """A map with a replay on it; without a replay everything is hit on time and nothing moves.

    The replay's mods are applied to the map, whatever mods the map came with. A replay that was
    judged already brings its `judgement`, any other is judged here; the attribute is None where
    there is no replay and where the judge has no rules for it.
    """

    def __init__(
        self,
        beatmap: Beatmap,
        replay: Replay | None = None,
        judgement: Judgement | None = None,
    ):
        if replay is not None and beatmap.conditions != replay.conditions:
            beatmap = beatmap.with_mods(replay.conditions)
        self.beatmap = beatmap
        self.replay = replay
        self.judgement = _judged(beatmap, replay) if judgement is None else judgement
        count = len(beatmap.start_ms)
        if replay is None:
            self._t_ms, self._xy = np.zeros(0), np.zeros((0, 2))
            self._keys = np.zeros(0, np.uint8)
        else:
            self._t_ms, self._xy, self._keys = clean_frames(replay)
        if self.judgement is None:
            self._result, self._hit_ms = np.full(count, 300), beatmap.start_ms
            self._combo_steps, judged = np.zeros((0, 2)), np.zeros(count, bool)
            error_ms = np.full(count, np.nan)
        else:
            self._result, self._hit_ms = self.judgement.result, self.judgement.press_ms
            self._combo_steps, judged = self.judgement.combo_steps, self.judgement.judged
            error_ms = self.judgement.hit_error_ms
        self._preempt_ms, self._fade_in_ms = beatmap.preempt_ms, beatmap.fade_in_ms
        self._hidden = bool(beatmap.mods & Mods.HD)
        self._press_ms = [_rising(self._t_ms, self._keys & bit) for bit in (1, 2)]

        circle = beatmap.kind == Kind.CIRCLE
        late = beatmap.start_ms + beatmap.window50_ms
        self._done_ms = np.where(
            circle, np.where(np.isnan(self._hit_ms), late, self._hit_ms), beatmap.end_ms
        )
        self._end_xy = beatmap.ball_xy(np.arange(count), beatmap.end_ms)
        # In the order of judgement; who fails or quits leaves objects that never were judged.
        self._order = np.argsort(self._done_ms, kind="stable")
        self._order = self._order[judged[self._order]]
        self._judged_ms = self._done_ms[self._order]
        points = np.cumsum(self._result[self._order])
        self._judged_accuracy = points / (300 * np.arange(1, len(points) + 1))

        hit = np.flatnonzero(~np.isnan(error_ms))
        hit = hit[np.argsort(self._hit_ms[hit], kind="stable")]
        self._error_at_ms, self._error_ms = self._hit_ms[hit], error_ms[hit]
        self._spins: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    @property
    def start_ms(self) -> float:
        """Map time at which there is something to see: the first object's approach."""
        return float(self.beatmap.start_ms[0] - self._preempt_ms)

    @property
    def end_ms(self) -> float:
        return float(self.beatmap.end_ms.max() + 1000.0)

    @property
    def miss_ms(self) -> np.ndarray:
        """(M,) map times at which objects were missed, in their order."""
        return self._judged_ms[self._result[self._order] == 0]

    @property
    def miss_combos(self) -> np.ndarray:
        """(M,) the combo that each of these misses ended."""
        missed = self._order[self._result[self._order] == 0]
        return np.zeros(0, int) if self.judgement is None else self.judgement.combo_ended[missed]

    @property
    def sound_ms(self) -> dict[str, np.ndarray]:
        """Map times of what is heard: "hit" (presses), "part" (of sliders), "miss"."""
        b, judged = self.beatmap, self.judgement
        if judged is None:
            return {"hit": b.start_ms, "part": b.event_ms}
        hit = ~np.isnan(judged.press_ms) & ((judged.result > 0) | (b.kind == Kind.SLIDER))
        return {
            "hit": judged.press_ms[hit],
            "part": b.event_ms[judged.event_hit],
            "miss": self.miss_ms,
        }

    def step_ms(self, t_ms: float, frames: int) -> float:
        """The time that many frames of the replay after `t_ms`, below 0 before it."""
        if not len(self._t_ms):
            return t_ms + frames * STEP_MS * self.beatmap.rate
        if frames > 0:
            at = int(np.searchsorted(self._t_ms, t_ms, side="right")) + frames - 1
        else:
            at = int(np.searchsorted(self._t_ms, t_ms, side="left")) + frames
        return float(self._t_ms[min(max(at, 0), len(self._t_ms) - 1)])

    def at(self, t_ms: float) -> Scene:
        """The scene at map time `t_ms`, any time at all."""
        appear_ms = self.beatmap.start_ms - self._preempt_ms
        shown = np.flatnonzero((appear_ms <= t_ms) & (t_ms < self._done_ms + BURST_MS))
        shown = shown[:MOST_OBJECTS]
        judged = int(np.searchsorted(self._judged_ms, t_ms, side="right"))
        hits = int(np.searchsorted(self._error_at_ms, t_ms, side="right"))
        so_far = self._error_ms[:hits] / self.beatmap.rate
        steps = int(np.searchsorted(self._combo_steps[:, 0], t_ms, side="right"))
        combo = int(self._combo_steps[steps - 1, 1]) if steps else 0
        span_ms = self.end_ms - self.start_ms
        return Scene(
            t_ms=t_ms,
            objects=tuple(self._object(int(i), t_ms) for i in shown[::-1]),
            pops=self._pops(t_ms),
            cursor=self.cursor_at(t_ms),
            trail=self.trail_at(t_ms),
            keys=self._held(t_ms),
            presses=tuple(int(np.searchsorted(p, t_ms, side="right")) for p in self._press_ms),
            errors=self._errors(t_ms, hits),
            combo=combo,
            accuracy=float(self._judged_accuracy[judged - 1]) if judged else 1.0,
            unstable_rate=float(10 * np.std(so_far)) if hits > 1 else 0.0,
            progress=float(np.clip((t_ms - self.start_ms) / span_ms, 0.0, 1.0)),
            sight_px=self._sight_px(combo),
        )

    def _sight_px(self, combo: int) -> float | None:
        if not self.beatmap.mods & Mods.FL or not len(self._t_ms):
            return None
        return next(radius_px for least, radius_px in SIGHT_PX if combo >= least)

    # ---- objects

    def _object(self, i: int, t_ms: float) -> Circle | Slider | Spinner:
        kind = self.beatmap.kind[i]
        if kind == Kind.SPINNER:
            return self._spinner(i, t_ms)
        return self._circle(i, t_ms) if kind == Kind.CIRCLE else self._slider(i, t_ms)

    def _alpha_before(self, i: int, t_ms: float, hide_until_ms: float) -> float:
        """Opacity of an object that is not judged yet; HD has hidden it at `hide_until_ms`."""
        since_ms = t_ms - (self.beatmap.start_ms[i] - self._preempt_ms)
        if not self._hidden:
            return _clip(since_ms / self._fade_in_ms)
        in_ms = HIDDEN_IN * self._preempt_ms
        if since_ms < in_ms:
            return _clip(since_ms / in_ms)
        full_ms = t_ms - since_ms + in_ms
        return 1.0 - _clip((t_ms - full_ms) / max(hide_until_ms - full_ms, 1.0))

    def _circle(self, i: int, t_ms: float) -> Circle:
        b = self.beatmap
        appear_ms = b.start_ms[i] - self._preempt_ms
        hide_ms = appear_ms + (HIDDEN_IN + HIDDEN_OUT) * self._preempt_ms
        alpha, scale, approach = self._alpha_before(i, t_ms, hide_ms), 1.0, 0.0
        # A slider's head is done when it was hit, or when it no longer can be.
        done_ms = self._hit_ms[i]
        missed = np.isnan(done_ms) or (b.kind[i] == Kind.CIRCLE and self._result[i] == 0)
        if np.isnan(done_ms):
            done_ms = b.start_ms[i] + b.window50_ms
        if t_ms >= done_ms:
            age = _clip((t_ms - done_ms) / (DROP_MS if missed else BURST_MS))
            alpha *= 1.0 - age
            scale = 1.0 if missed else 1.0 + 0.35 * age
        elif t_ms < b.start_ms[i] and not self._hidden:
            approach = 1.0 + 3.0 * (b.start_ms[i] - t_ms) / self._preempt_ms
        x, y = b.xy[i]
        return Circle(
            float(x),
            float(y),
            int(b.combo_index[i]),
            int(b.combo_number[i]),
            alpha,
            scale,
            approach,
        )

    def _slider(self, i: int, t_ms: float) -> Slider:
        b = self.beatmap
        start_ms, end_ms = b.start_ms[i], b.end_ms[i]
        alpha = self._alpha_before(i, t_ms, end_ms)
        alpha *= 1.0 - _clip((t_ms - end_ms) / BURST_MS)
        ball, follow = None, 0.0
        if start_ms <= t_ms <= end_ms:
            x, y = b.ball_xy(np.array([i]), np.array([t_ms]))[0]
            ball = (float(x), float(y))
            if self._tracks(ball, t_ms):
                follow = min(FOLLOW_RADII, 1.0 + 14.0 * (t_ms - start_ms) / 1000.0)
        # the slide that the ball is in, from 0
        slide = int(np.clip((t_ms - start_ms) // max(b.span_ms[i], 1e-3), 0, b.slides[i] - 1))
        return Slider(
            index=i,
            combo=int(b.combo_index[i]),
            alpha=alpha,
            head=self._circle(i, t_ms),
            ball=ball,
            follow=follow,
            ticks=self._ticks(i, t_ms, start_ms + (slide + 1) * b.span_ms[i]),
            arrows=self._arrows(i, t_ms, slide),
        )

    def _tracks(self, ball: tuple[float, float], t_ms: float) -> bool:
        if self.replay is None:
            return True
        cursor = self.cursor_at(t_ms)
        if cursor is None or not any(self._held(t_ms)):
            return False
        away_px = np.hypot(cursor[0] - ball[0], cursor[1] - ball[1])
        return bool(away_px <= FOLLOW_RADII * self.beatmap.radius_px)

    def _ticks(self, i: int, t_ms: float, until_ms: float) -> tuple[tuple[float, float], ...]:
        b = self.beatmap
        events = slice(*b.event_start[i : i + 2])
        ms = b.event_ms[events]
        shown = (b.event_kind[events] == SliderPart.TICK) & (ms > t_ms) & (ms <= until_ms)
        return tuple((float(x), float(y)) for x, y in b.event_xy[events][shown][:MOST_OBJECTS])

    def _arrows(self, i: int, t_ms: float, slide: int) -> tuple[tuple[float, float, float], ...]:
        """The next reversal, and the one after it: an even slide ends at the path's end."""
        b = self.beatmap
        path = b.path_xy[slice(*b.path_start[i : i + 2])]
        if t_ms > b.end_ms[i] or len(path) < 2:
            return ()
        coming = range(
            slide, min(slide + 2 if t_ms >= b.start_ms[i] else slide + 1, b.slides[i] - 1)
        )
        ends = [(path[-1], path[-2]) if s % 2 == 0 else (path[0], path[1]) for s in coming]
        return tuple(
            (float(at[0]), float(at[1]), float(np.arctan2(*(inner - at)[::-1])))
            for at, inner in ends
        )

    def _spinner(self, i: int, t_ms: float) -> Spinner:
        b = self.beatmap
        start_ms, end_ms = b.start_ms[i], b.end_ms[i]
        t, turned = self._spin(i)
        angle, before = np.interp([t_ms, t_ms - 250.0], t, turned) if len(t) else (0.0, 0.0)
        alpha = _clip((t_ms - start_ms + self._preempt_ms) / self._fade_in_ms)
        x, y = CENTRE_PX
        return Spinner(
            x=float(x),
            y=float(y),
            alpha=alpha * (1.0 - _clip((t_ms - end_ms) / BURST_MS)),
            angle=float(angle),
            turns=float(abs(angle) / (2 * np.pi)),
            rpm=float(abs(angle - before) / (2 * np.pi) / 250.0 * 60_000 * b.rate),
            left=1.0 - _clip((t_ms - start_ms) / max(end_ms - start_ms, 1.0)),
        )

    def _spin(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Times, and the angle turned with a key down since the spinner's start, radians."""
        if i not in self._spins:
            first, last = np.searchsorted(
                self._t_ms, [self.beatmap.start_ms[i], self.beatmap.end_ms[i]]
            )
            out = self._xy[first:last] - CENTRE_PX
            step = np.diff(np.unwrap(np.arctan2(out[:, 1], out[:, 0])))
            step = np.where(self._keys[first:last][1:] > 0, step, 0.0)
            self._spins[i] = (
                self._t_ms[first:last],
                np.concatenate([[0.0], np.cumsum(step)])[: last - first],
            )
        return self._spins[i]

    # ---- the player

    def cursor_at(self, t_ms: float) -> tuple[float, float] | None:
        """osu!px; None where there is no replay."""
        if not len(self._t_ms):
            return None
        x, y = (np.interp(t_ms, self._t_ms, self._xy[:, axis]) for axis in (0, 1))
        return float(x), float(y)

    def trail_at(self, t_ms: float) -> np.ndarray:
        """(K, 2) osu!px where the cursor was lately, newest first."""
        if not len(self._t_ms):
            return np.zeros((0, 2))
        back_ms = np.linspace(0.0, TRAIL_MS * self.beatmap.rate, TRAIL_STEPS)
        axes = [np.interp(t_ms - back_ms, self._t_ms, self._xy[:, axis]) for axis in (0, 1)]
        return np.stack(axes, axis=-1)

    def _held(self, t_ms: float) -> tuple[bool, bool]:
        frame = int(np.searchsorted(self._t_ms, t_ms, side="right")) - 1
        keys = int(self._keys[frame]) if frame >= 0 else 0
        return bool(keys & 1), bool(keys & 2)

    def _errors(self, t_ms: float, hits: int) -> np.ndarray:
        first = int(np.searchsorted(self._error_at_ms, t_ms - ERROR_MS))
        first = max(first, hits - MOST_ERRORS)
        at_ms, error_ms = self._error_at_ms[first:hits], self._error_ms[first:hits]
        return np.stack([error_ms, (t_ms - at_ms) / ERROR_MS], axis=-1)

    def _pops(self, t_ms: float) -> tuple[Pop, ...]:
        first = int(np.searchsorted(self._judged_ms, t_ms - POP_MS, side="right"))
        last = int(np.searchsorted(self._judged_ms, t_ms, side="right"))
        return tuple(
            Pop(
                float(self._end_xy[i, 0]),
                float(self._end_xy[i, 1]),
                int(self._result[i]),
                float((t_ms - self._done_ms[i]) / POP_MS),
            )
            for i in self._order[max(first, last - MOST_OBJECTS) : last]
        )


def _judged(beatmap: Beatmap, replay: Replay | None) -> Judgement | None:
    try:
        return None if replay is None else judge(beatmap, replay)
    except JudgeError:
        return None


def _rising(t_ms: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Times at which a key goes down; held in the first frame counts."""
    return t_ms[np.diff(down > 0, prepend=False) & (down > 0)]


def _clip(part: float) -> float:
    return min(1.0, max(0.0, float(part)))
