"""A person out of several plays: means of what is known, and what follows the map against a
person made up for it."""

import dataclasses

import numpy as np
import pytest

from osu.features.chart import chart_of
from osu.features.style import DEMAND_SCALE, MapDemand, Style, demand_of
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay
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


def test_each_number_is_a_mean_over_the_plays_that_know_it():
    styles = np.full((3, len(Style)), np.nan, np.float32)
    styles[:, Style.HOLD] = 4.0, 5.0, np.nan
    styles[:, Style.SCREEN] = 0.5, 0.625, 0.5  # a mean of two grids is none
    demands = np.zeros((3, len(MapDemand)), np.float32)
    style = style_on(demands[0], styles, demands)
    assert style[Style.HOLD] == 4.5 and style[Style.SCREEN] == 0.5
    assert np.isnan(style[Style.SPREAD])


def test_spread_follows_the_map_and_stays_within_what_was_seen():
    """A person whose spread rises by .3 with each unit of density. 200 plays, so that the ridge
    takes away 10 / (10 + 200) of the slope, under 5 %: .3 for two units less .03."""
    rng = np.random.default_rng(0)
    asked = rng.normal(size=(200, len(MapDemand)))
    styles = rng.normal(0, 0.01, (200, len(Style)))
    styles[:, Style.SPREAD] += 3 + 0.3 * asked[:, MapDemand.DENSITY]
    wanted = np.zeros(len(MapDemand))
    wanted[MapDemand.DENSITY] = 2.0
    style = style_on(wanted * DEMAND_SCALE, styles, asked * DEMAND_SCALE)
    assert style[Style.SPREAD] == pytest.approx(3.6, abs=0.04)
    assert style[Style.HOLD] == pytest.approx(styles[:, Style.HOLD].mean(), abs=1e-6)
    wanted[MapDemand.DENSITY] = 100.0
    style = style_on(wanted * DEMAND_SCALE, styles, asked * DEMAND_SCALE)
    for column in FOLLOWS_MAP:
        assert styles[:, column].min() - 1e-6 <= style[column] <= styles[:, column].max() + 1e-6
    assert style[Style.SPREAD] == pytest.approx(styles[:, Style.SPREAD].max())


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
