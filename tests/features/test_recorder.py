"""The recorder as an inverse pair: what is fitted to frames that a known one wrote, and what those
hold. At the end the recorders of real plays, where /work/shared is there.

The hand is a random path of some 3 px a frame over two minutes, with a key change every 80 ms.
"""

import csv

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from osu.features import recorder as recorder_module
from osu.features.chart import chart_of
from osu.features.clock_fit import EVEN, lateness_ms
from osu.features.play import Play, encode_play, key_spans, played_frames
from osu.features.recorder import (
    FEWEST_FRAMES,
    GRID_REPEATS,
    Recorder,
    as_written,
    clock_of,
    fit_recorder,
    judged_ms,
    record,
)
from osu.formats.beatmap import load_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import (
    Replay,
    build_replay,
    buttons_of,
    clean_frames,
    dump_replay,
    load_replay,
    parse_replay,
    without_lead_in,
)
from osu.units import CENTRE_PX, FRAME_HZ, FRAME_MS, grid_ms, to_px
from tests.paths import SHARED
from tests.small_map import small_map

MODS = {1.0: Mods(0), 1.5: Mods.DT, 0.75: Mods.HT}
START_MS = -1200.0
FRAMES = 120 * FRAME_HZ
NEVER = [np.zeros((0, 2)), np.zeros((0, 2))]


def device(**columns: float) -> np.ndarray:
    """A recorder without lattice, of an even clock of 1 ms, but for `columns`."""
    fitted = np.zeros(len(Recorder))
    fitted[[Recorder.PHASE_X, Recorder.PHASE_Y]] = np.nan
    fitted[[Recorder.UPDATE_MS, Recorder.UNEVEN]] = 1, EVEN
    for name, value in columns.items():
        fitted[Recorder[name]] = value
    return fitted


def recorded(recorder: np.ndarray, rate: float = 1.0, seed: int = 0, spread_px: float = 50.0):
    """(frames of `record`, key spans, times of events)."""
    rng = np.random.default_rng(seed)
    due_ms = grid_ms(START_MS, FRAMES, rate)
    path = gaussian_filter1d(rng.normal(size=(FRAMES, 2)), 12, axis=0)
    path_px = CENTRE_PX + spread_px * path / path.std(0)
    press = START_MS + 300 + np.cumsum(rng.integers(90, 250, FRAMES)) * rate
    press = np.round(press[press < due_ms[-1] - 500])
    spans = np.stack([press, press + np.round(rng.uniform(35, 80, len(press)) * rate)], -1)
    spans = [spans[::2], spans[1::2]]
    event_ms = np.sort(rng.uniform(due_ms[0], due_ms[-1], 60))
    frames = record(path_px, due_ms, rate, spans, event_ms, recorder, rng)
    return frames, spans, event_ms


def filed(frames, rate: float = 1.0) -> Replay:
    """Through the bytes of a file."""
    replay = build_replay("0" * 32, "p", MODS[rate], *frames, seed=0, timestamp_ticks=0)
    return parse_replay(dump_replay(replay))


def fitted_again(recorder: np.ndarray, rate: float = 1.0, **hand) -> np.ndarray:
    return fit_recorder(filed(recorded(recorder, rate, **hand)[0], rate))


@pytest.mark.parametrize("rate", MODS)
def test_updates_are_found(rate):
    """Whole ms of a clock of 1 ms. Slower ones are found from the frames that lie nearest to each
    other, between which are the shortest updates: where they are uneven by a third or so, the
    shortest 6 % are half as long as the mean."""
    found = {}
    for update_ms in (1, 4, 9):
        found[update_ms] = fitted_again(device(UPDATE_MS=update_ms), rate)[Recorder.UPDATE_MS]
    assert found[1] == pytest.approx(1, abs=0.3)
    for update_ms in (4, 9):
        assert 0.4 * update_ms < found[update_ms] < 1.2 * update_ms
    assert fitted_again(device(UPDATE_MS=0.3), rate)[Recorder.UPDATE_MS] < 0.7


@pytest.mark.parametrize("uneven", [0.05, 0.1])
def test_slow_updates_are_found_with_how_even_they_are(uneven):
    """Half of the key changes of a game at 120 Hz fall on a sixtieth's own frame. Parts of sliders
    move some of the 3,000 gaps, to 5 % more where updates are uneven by a tenth."""
    found = fitted_again(device(UPDATE_MS=FRAME_MS / 2, UNEVEN=uneven))
    assert found[Recorder.UPDATE_MS] == pytest.approx(FRAME_MS / 2, rel=0.06)
    assert found[Recorder.UNEVEN] == pytest.approx(uneven, abs=0.03)


@pytest.mark.parametrize("in_turn", [0, 1])
def test_frames_that_are_counted_from_the_last_are_found(in_turn):
    """A mean of thousands of steps that are 1 ms off has a standard error of .02 ms. Of the steps
    that are overdue a third is cut short by key changes 80 ms apart."""
    recorder = device(
        FROM_LAST_MS=17.5, KEYS_IN_TURN=in_turn, JITTER_MS=1, JITTER_MEMORY=0.4, HICCUPS=0.1
    )
    frames, spans, _ = recorded(recorder)
    t_ms, _, keys = frames
    for of_key, expected in zip(key_spans(t_ms, keys), spans, strict=True):
        np.testing.assert_array_equal(of_key, expected)
    found = fit_recorder(filed(frames))
    assert found[Recorder.KEYS_IN_TURN] == in_turn
    assert found[Recorder.FROM_LAST_MS] == pytest.approx(17.5, abs=0.5)
    assert 0.05 < found[Recorder.HICCUPS] < 0.11
    assert fitted_again(device())[Recorder.FROM_LAST_MS] == 0
    assert fitted_again(device(UPDATE_MS=15))[Recorder.FROM_LAST_MS] == 0


def test_a_clock_that_stands_before_it_runs():
    frames = recorded(device(STANDS=3))[0]
    assert (np.diff(frames[0][:5]) == 0).tolist() == [True, True, True, False]
    assert fit_recorder(filed(frames))[Recorder.STANDS] == 3


def spread_of_lateness_ms(replay: Replay) -> float:
    """Of regular frames, those left out that come a fifth of a sixtieth or more out of turn."""
    t_ms, _, keys = without_lead_in(replay)
    regular = np.diff(buttons_of(keys)) == 0
    late_ms = lateness_ms((t_ms / replay.rate)[1:][regular])
    return late_ms[np.abs(late_ms) < FRAME_MS / 5].std()


@pytest.mark.parametrize("columns", [
    dict(UPDATE_MS=1), dict(UPDATE_MS=4), dict(UPDATE_MS=9), dict(JITTER_MS=1, JITTER_MEMORY=0.5),
    dict(UPDATE_MS=3, JITTER_MS=1, JITTER_MEMORY=0.8),
])  # fmt: skip
def test_frames_of_a_fitted_recorder_are_as_late(columns):
    """Update and jitter may stand for each other; what they make together is in the frames. Some
    7,000 of them have a spread that is known to 1 %, more loosely where their errors last."""
    replay = filed(recorded(device(**columns))[0])
    again = filed(recorded(fit_recorder(replay), seed=1)[0])
    spread_ms = spread_of_lateness_ms(replay)
    assert spread_of_lateness_ms(again) == pytest.approx(spread_ms, rel=0.2, abs=0.05)


@pytest.mark.parametrize("rate", MODS)
def test_jitter_and_its_memory_are_found(rate):
    """The standard error of a spread over 7,000 frames that remember two or three is 2 %, of the
    memory .02; the mean of the hundred frames around, which is taken off, takes 2 % of the power.
    """
    found = fitted_again(device(JITTER_MS=1, JITTER_MEMORY=0.5), rate)
    assert found[Recorder.JITTER_MS] == pytest.approx(1, abs=0.12)
    assert found[Recorder.JITTER_MEMORY] == pytest.approx(0.5, abs=0.1)
    even = fitted_again(device(), rate)
    assert even[Recorder.JITTER_MS] < 0.4  # whole ms of half time are 1.33 real ms
    assert even[Recorder.HICCUPS] < 0.005


@pytest.mark.parametrize("rate", MODS)
@pytest.mark.parametrize("report_ms", [0, 4, 8, 12])
def test_report_intervals_are_found(report_ms, rate):
    """Some 1,500 frames come less than a sixtieth after one: a share of them is known to .013, of
    the 8 ms or so over which it changes .2 ms. Steps of .5 ms are tried, times are whole, and few
    frames come sooner than their position may be new where the interval is near a sixtieth: 12 ms
    are found as 13.8 on average of eight hands, as 12.5 to 15."""
    found = fitted_again(device(REPORT_MS=report_ms), rate)[Recorder.REPORT_MS]
    assert found == pytest.approx(report_ms, abs=0.5 + 0.3 * report_ms)


@pytest.mark.parametrize(
    ("report_ms", "repeat"), [(0, 0), (0, 0.3), (0, 0.7), (8, -0.3), (8, -0.8)]
)
def test_repeats_at_key_changes_are_found(report_ms, repeat):
    """Of 1,300 key changes a share has a standard error of .014; below 0 it is one of the half that
    the report repeats, .03, and that half is known no better than the interval. Repeats count as
    moving more often than others do, since the step behind them is that of two frames: .08 more of
    this hand, which is fast. What a grid would repeat by itself is taken off; this hand's has none
    of it."""
    recorder = device(REPORT_MS=report_ms, KEY_REPEAT=repeat)
    found = fitted_again(recorder, spread_px=120.0)[Recorder.KEY_REPEAT]
    by_report = 0.48 if report_ms else 0.0  # 8 of 16.7 ms
    share = by_report * (1 + repeat) if repeat < 0 else repeat
    taken = GRID_REPEATS * share * (1 - share) / (by_report or 1.0)
    assert found == pytest.approx(repeat - taken, abs=0.15)


def test_positions_stand_on_the_lattice():
    """Seven digits of positions under 1,000 are off by 5e-5 px at most."""
    count_px, phase = np.array([0.7, 0.444]), np.array([0.3, 0.8])
    recorder = device(
        COUNT_X_PX=count_px[0], COUNT_Y_PX=count_px[1], PHASE_X=phase[0], PHASE_Y=phase[1],
        REPORT_MS=8, KEY_REPEAT=-0.4,
    )  # fmt: skip
    (_, xy, _), _, _ = recorded(recorder)
    counts = xy / count_px - phase
    assert (np.abs(counts - np.round(counts)) * count_px).max() < 6e-5
    assert np.ptp(np.round(counts), axis=0).min() > 100


def test_positions_are_written_with_seven_significant_digits():
    """Python's own formatting is the reference; scaling rounds in the sixteenth digit."""
    rng = np.random.default_rng(0)
    xy = rng.choice([-1, 1], (4000, 2)) * 10 ** rng.uniform(-2.9, 2.9, (4000, 2))
    expected = np.array([float(f"{value:.7g}") for value in xy.ravel()]).reshape(xy.shape)
    np.testing.assert_allclose(as_written(xy), expected, rtol=1e-14)
    assert (as_written(np.zeros((2, 2))) == 0).all()


@pytest.mark.parametrize("update_ms", [0.3, 1, 9])
@pytest.mark.parametrize("rate", MODS)
def test_frames_are_in_order_and_keys_are_the_spans(rate, update_ms):
    recorder = device(UPDATE_MS=update_ms, JITTER_MS=1, HICCUPS=0.1, KEY_REPEAT=0.5)
    (t_ms, xy, keys), spans, event_ms = recorded(recorder, rate)
    assert (np.diff(t_ms) >= 0).all() and (t_ms == np.round(t_ms)).all()
    for of_key, expected in zip(key_spans(t_ms, keys), spans, strict=True):
        np.testing.assert_array_equal(of_key, expected)
    # A sixtieth and the latest update behind it, errors of the clock to both sides and hiccups.
    assert np.diff(t_ms).max() < (FRAME_MS + 2.5 * update_ms + 8 + 5) * rate + 1
    # Each part of a slider that is judged has a frame at the update behind.
    after = np.minimum(np.searchsorted(t_ms, np.floor(event_ms)), len(t_ms) - 1)
    assert (t_ms[after] - event_ms).max() < 2.5 * update_ms * rate + 1
    assert xy.shape == (len(t_ms), 2) and np.isfinite(xy).all()


@pytest.mark.parametrize("rate", MODS)
def test_frames_read_on_the_grid_are_the_path(rate, monkeypatch):
    """No lattice between. What is off is the ridge's share of what frames some ms from the grid do
    not show: a fifth of what is off without corrections, here some twentieths of a pixel."""
    recorder = device(JITTER_MS=1, UPDATE_MS=3)
    path = gaussian_filter1d(np.random.default_rng(1).normal(size=(FRAMES, 2)), 2, axis=0)
    due_ms, path_px = grid_ms(START_MS, FRAMES, rate), 100 + 30 * path
    off_px = []
    for ridge in (recorder_module.UNREADABLE_SHARE, 1e9):
        monkeypatch.setattr(recorder_module, "UNREADABLE_SHARE", ridge)
        rng = np.random.default_rng(2)
        frames = record(path_px, due_ms, rate, NEVER, np.zeros(0), recorder, rng)
        read_px = to_px(encode_play(*frames, START_MS, FRAMES, rate)[:, : Play.K1])
        off_px.append(np.median(np.linalg.norm(read_px - path_px, axis=1)[2:-2]))
    assert off_px[0] < 0.03
    assert off_px[0] < 0.4 * off_px[1]


@pytest.mark.parametrize("rate", MODS)
@pytest.mark.parametrize("update_ms", [1, 4])
def test_the_clock_is_found(rate, update_ms):
    """The frames of a recorder lie about the grid that it was given: a mean over 7,000, whole map
    ms, and updates that are half an update late on average, give or take their unevenness."""
    replay = filed(recorded(device(UPDATE_MS=update_ms, JITTER_MS=1), rate)[0], rate)
    off_ms = (clock_of(replay) - START_MS) / rate
    assert abs(off_ms - FRAME_MS * round(off_ms / FRAME_MS)) < 0.5
    assert clock_of(filed((np.arange(9.0), np.zeros((9, 2)), np.zeros(9, np.uint8)))) is None


def test_a_slider_s_parts_are_judged_in_time():
    """Two slides of 500 ms from 2000 on, a tick in the middle of each. Stable judges the end 36 ms
    before. A press in the 130 ms before the start is judged at the start."""
    late, early = np.array([[1010.0, 1060], [2010, 3000]]), np.array([[1500.0, 1560], [1960, 2000]])
    parts = [2250, 2500, 2750, 2964, 3000]
    assert judged_ms(small_map(), [late, early[:1]]).tolist() == parts
    assert judged_ms(small_map(), [late, early]).tolist() == [2000, *parts]
    assert judged_ms(small_map(), NEVER).tolist() == parts


def test_the_same_seed_writes_the_same_frames():
    recorder = device(
        COUNT_X_PX=0.7, COUNT_Y_PX=0.7, WANDER_X_PX=6e-5, WANDER_Y_PX=6e-5, REPORT_MS=8, JITTER_MS=1
    )
    one, other = recorded(recorder, seed=4)[0], recorded(recorder, seed=4)[0]
    third = recorded(recorder, seed=5)[0]
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0], third[0])


@pytest.mark.parametrize(
    "frames",
    [
        2,
        4,
        60,
    ],
)
def test_a_short_hand_without_presses_is_recorded(frames):
    recorder = device(COUNT_X_PX=0.7, COUNT_Y_PX=0.7, REPORT_MS=8, KEY_REPEAT=0.5, HICCUPS=0.2)
    due_ms = grid_ms(0.0, frames, 1.0)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rest_px = np.full((frames, 2), 100.0)
        t_ms, xy, keys = record(rest_px, due_ms, 1.0, NEVER, np.zeros(0), recorder, rng)
        # A count away at most: half of it to the nearest, and a lattice that begins elsewhere.
        assert len(t_ms) and np.abs(xy - 100).max() <= 0.7 and not keys.any()
        assert np.isnan(fit_recorder(filed((t_ms, xy, keys)))).all()


@pytest.mark.parametrize("frames", [0, 1, 2, FEWEST_FRAMES - 1])
def test_nothing_is_fitted_to_a_few_frames(frames):
    few = grid_ms(0.0, frames, 1.0), np.full((frames, 2), 7.0), np.zeros(frames, np.uint8)
    assert np.isnan(fit_recorder(filed(few))).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("step_ms", [0, FRAME_MS])
def test_a_cursor_at_rest_has_no_lattice(step_ms):
    """All in one place, also all at one time."""
    t_ms = np.round(np.arange(1000) * step_ms)
    rest = t_ms, np.full((1000, 2), 7.0), np.zeros(1000, np.uint8)
    found = fit_recorder(filed(rest))
    assert (found[: Recorder.PHASE_X] == 0).all()
    assert np.isnan(found[[Recorder.PHASE_X, Recorder.PHASE_Y]]).all()
    assert np.isfinite(found[Recorder.WANDER_X_PX : Recorder.PLACE_PHASE_X]).all()
    assert found[Recorder.REPORT_MS] == found[Recorder.KEY_REPEAT] == 0


def acceleration_power(play: np.ndarray) -> float:
    cursor_px = to_px(play[FRAME_HZ:-FRAME_HZ, : Play.K1].astype(np.float64))
    return float(np.square(np.diff(cursor_px, 2, axis=0)).sum(1).mean())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared replays are not here")
def test_people_s_plays_keep_the_power_of_their_accelerations():
    """A play of each of 12 people, read on the grid, written by the recorder that is fitted to it
    and read again. A single play's power changes by a quarter, with which of its jumps lie across
    which frames; the median of 12 has a standard error of some .1, and the bounds are two of it.
    Without making up for what straight lines between frames take, it is .6 or so.
    """
    with open(SHARED / "index.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["lazer"] == "0"]
    first_of = {row["player"]: row for row in reversed(rows)}
    ratios = []
    for player in sorted(first_of)[:: len(first_of) // 12]:
        replay = load_replay(SHARED / "replays" / first_of[player]["replay"])
        beatmap = load_beatmap(SHARED / "beatmaps" / f"{replay.beatmap_md5}.osu")
        beatmap = beatmap.with_mods(replay.conditions)
        chart, recorder = chart_of(beatmap, clock_of(replay)), fit_recorder(replay)
        if np.isnan(recorder[Recorder.UPDATE_MS]):
            continue
        t_ms, xy, keys = clean_frames(replay)
        frames = played_frames(chart, t_ms)
        play = encode_play(t_ms, xy, keys, chart.start_ms, frames, chart.rate)
        path_px, spans = to_px(play[:, : Play.K1].astype(np.float64)), key_spans(t_ms, keys)
        due_ms, rng = grid_ms(chart.start_ms, frames, chart.rate), np.random.default_rng(0)
        event_ms = judged_ms(beatmap, spans)
        written = record(path_px, due_ms, chart.rate, spans, event_ms, recorder, rng)
        again = encode_play(*written, chart.start_ms, frames, chart.rate)
        ratios.append(acceleration_power(again) / acceleration_power(play))
    assert len(ratios) >= 10
    assert 0.8 < np.median(ratios) < 1.25


def test_a_hand_that_rests_on_the_grid_rests_in_the_file():
    """The way to and from a rest is bent by corrections, the rest itself is not."""
    rng = np.random.default_rng(3)
    due_ms = grid_ms(START_MS, FRAMES, 1.0)
    path_px = 200 + np.cumsum(rng.normal(0, 3, (FRAMES, 2)), axis=0) % 100
    path_px[1000:1060] = path_px[1000]
    t_ms, xy, _ = record(path_px, due_ms, 1.0, NEVER, np.zeros(0), device(JITTER_MS=1), rng)
    inside = (t_ms > due_ms[1000] + 1) & (t_ms < due_ms[1059] - 1)
    assert inside.sum() > 50
    assert (xy[inside] == as_written(path_px[1000])).all()


def test_a_hand_moves_between_two_frames_of_one_time():
    """Of updates a third of a ms apart two lie in one whole ms, and a clock that stands says
    nothing of the hand."""
    (t_ms, xy, _), _, _ = recorded(device(UPDATE_MS=0.3, STANDS=5), spread_px=120.0)
    moved = (np.diff(xy, axis=0) != 0).any(1)[np.diff(t_ms) == 0]
    assert len(moved) > 20
    assert moved.mean() > 0.8
