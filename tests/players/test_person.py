"""A person out of several plays: medians of what is known, and how exactness follows the map,
against people made up for it."""

import dataclasses

import numpy as np
import pytest

from osu.features.chart import chart_of
from osu.features.style import DEMAND_SCALE, MapDemand, Style, demand_of
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import dump_replay, load_replay
from osu.players import diffusion
from osu.players.engine import load_player
from osu.players.options import LikedPlay, PlayOptions, about_likes
from osu.players.person import FOLLOWS_MAP, draw_person, known_plays, style_on
from osu.rules.judge import judge
from tests.paths import SAMPLE


@pytest.fixture(scope="module")
def model():
    return load_player("diffusion").implementation.model


def likes() -> tuple[LikedPlay, ...]:
    """One play of each of the three sample maps."""
    paths = sorted(SAMPLE.glob("*-diffusion.osr"))
    maps = [load_beatmap(str(path).replace("-diffusion.osr", ".osu")) for path in paths]
    return tuple(map(LikedPlay, map(load_replay, paths), maps))


def test_each_number_is_a_median_over_the_plays_that_know_it():
    styles = np.full((3, len(Style)), np.nan, np.float32)
    styles[:, Style.HOLD] = 4.0, 5.0, np.nan
    styles[:, Style.SCREEN] = 0.5, 0.625, 0.5  # a median of two grids may be none
    demands = np.zeros((3, len(MapDemand)), np.float32)
    style = style_on(demands[0], styles, demands)
    assert style[Style.HOLD] == 4.5 and style[Style.SCREEN] == 0.5
    assert np.isnan(style[Style.SPREAD])


def person_of(count: int, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Styles and demands of `count` plays of somebody whose spread rises by `slope` with each unit
    of density, and else with nothing."""
    rng = np.random.default_rng(0)
    asked = rng.normal(size=(count, len(MapDemand)))
    styles = rng.normal(0, 0.01, (count, len(Style)))
    styles[:, Style.SPREAD] += 3 + slope * asked[:, MapDemand.DENSITY]
    return styles, asked * DEMAND_SCALE


def denser(by: float) -> np.ndarray:
    wanted = np.zeros(len(MapDemand))
    wanted[MapDemand.DENSITY] = by
    return wanted * DEMAND_SCALE


def test_with_many_plays_spread_follows_the_map_as_the_persons_own_does():
    """The ridge leaves 10 / (10 + 200) of the way to people's slope, .04: .15 for two units is .3
    less .011."""
    styles, demands = person_of(200, slope=0.15)
    style = style_on(denser(2), styles, demands)
    assert style[Style.SPREAD] == pytest.approx(3.3, abs=0.02)
    assert style[Style.HOLD] == pytest.approx(np.median(styles[:, Style.HOLD]), abs=1e-6)
    far = style_on(denser(100), styles, demands)
    assert far[Style.SPREAD] == pytest.approx(styles[:, Style.SPREAD].max() + 0.3, abs=1e-5)


def test_a_botched_play_changes_little():
    """One of 21 plays far off, in all that is known: the median moves within what the others have,
    .01 wide, and the regressed ones by 2 x BETWEEN_PLAYS / 21 at the most, .095 of accuracy."""
    styles, demands = person_of(21, slope=0.0)
    asked = demands.mean(0)
    before = style_on(asked, styles[1:], demands[1:])
    styles[0] += 50
    after = style_on(asked, styles, demands)
    others = [column for column in Style if column not in (Style.ACCURACY, Style.SCREEN)]
    np.testing.assert_allclose(after[others], before[others], atol=0.05)
    assert after[Style.ACCURACY] == pytest.approx(before[Style.ACCURACY], abs=0.12)


def test_one_play_is_expected_to_be_less_exact_where_more_is_asked():
    """By people's slopes, as they stand in the table: there is nothing else to go by."""
    styles, demands = person_of(1, slope=0.0)
    same = style_on(demands[0], styles, demands)
    harder = style_on(demands[0] + denser(1), styles, demands)
    np.testing.assert_allclose(same, styles[0], rtol=1e-6)
    for column, slopes in FOLLOWS_MAP.items():
        change = harder[column] - same[column]
        assert change == pytest.approx(slopes[MapDemand.DENSITY], abs=1e-5) and change > 0
    unchanged = [column for column in Style if column not in FOLLOWS_MAP]
    assert (harder[unchanged] == same[unchanged]).all()


def test_a_play_that_ended_early_is_read_up_to_there(model):
    """Its second half is not missed, which would be a share of .5: the sample's plays miss fewer
    than .05 of either half."""
    replay, beatmap = likes()[0]
    whole = known_plays(model, (LikedPlay(replay, beatmap),))
    kept = np.flatnonzero(replay.t_ms < beatmap.start_ms[len(beatmap.start_ms) // 2])[-1]
    cut = {name: getattr(replay, name)[:kept] for name in ("delta_ms", "xy", "keys")}
    early = dataclasses.replace(replay, **cut)
    half = known_plays(model, (LikedPlay(early, beatmap),))
    assert half.styles[0, Style.MISSED] < 0.1 and whole.styles[0, Style.MISSED] < 0.1


def test_the_person_is_read_from_all_plays(model):
    plays, chart = likes(), chart_of(load_beatmap(SAMPLE / "circuit.osu"))
    known = known_plays(model, plays)
    person = draw_person(model, chart, 1, PlayOptions(like=plays))
    np.testing.assert_allclose(person.style_embedding, known.codes.mean(0))
    expected = style_on(demand_of(chart), known.styles, known.demands)
    np.testing.assert_array_equal(person.style, expected)
    devices = {draw_person(model, chart, seed, PlayOptions(like=plays)).recorder.tobytes()
               for seed in range(20)}  # fmt: skip
    seen = {row.tobytes() for row in known.recorders}
    assert devices <= seen and len(devices) > 1  # 20 draws of 3: all alike once in 3^19


def test_how_sure_it_is_is_said():
    plays = likes()
    accuracies = [100 * judge(b, r).accuracy for r, b in plays]
    mean, error = np.mean(accuracies), np.std(accuracies, ddof=1) / np.sqrt(3)
    said = about_likes(plays)
    assert said.startswith("like 3 plays of osu-players/diffusion: ")
    assert f"accuracy {mean:.1f} ± {error:.1f} %" in said
    assert "± ?" in about_likes(plays[:1])
    other = plays[0]._replace(replay=dataclasses.replace(plays[0].replay, player="B\n"))
    assert "osu-players/diffusion (2), B\\n (1)" in about_likes((*plays[:2], other))


def test_a_person_is_read_once_for_all_maps(monkeypatch):
    player, plays = load_player("diffusion"), likes()[:1]
    read = []
    monkeypatch.setattr(diffusion, "known_plays", lambda *a: read.append(a) or known_plays(*a))
    options = PlayOptions(like=plays, steps=2)
    beatmap = load_beatmap(SAMPLE / "first-steps.osu")
    first, again = (player.play(beatmap, 1, options) for _ in range(2))
    assert len(read) == 1 and dump_replay(first) == dump_replay(again)
    player.play(beatmap, 1, PlayOptions(like=likes()[1:2], steps=2))
    assert len(read) == 2
