"""What a map asks of a player, and who is drawn for it."""

from dataclasses import replace

import numpy as np
import pytest

from osu.features.chart import MapConstants, chart_of
from osu.features.style import DEMAND_SCALE, SIMILAR, MapDemand, demand_of, draw_similar
from osu.formats.mods import Mods
from tests.small_map import small_map


def test_what_a_map_asks_follows_its_mods():
    plain = demand_of(chart_of(small_map()))
    fast = demand_of(chart_of(small_map().with_mods(Mods.DT)))
    assert (plain[MapDemand.RATE], fast[MapDemand.RATE]) == (1, 1.5)
    for column in (MapDemand.PREEMPT_S, MapDemand.WINDOW_300_S):
        assert 0 < fast[column] < plain[column]
    assert fast[MapDemand.LENGTH] < plain[MapDemand.LENGTH]
    assert fast[MapDemand.RADIUS] == plain[MapDemand.RADIUS]
    shares = plain[[MapDemand.SLIDERS, MapDemand.STREAMS, MapDemand.JUMPS]]
    assert (shares >= 0).all() and (shares <= 1).all() and shares[0] > 0


def test_a_map_of_one_object_asks_what_is_known_of_it():
    chart = chart_of(small_map())
    demand = demand_of(replace(chart, objects=chart.objects[:1]))
    assert np.isfinite(demand).all() and demand[MapDemand.DENSITY] == 0
    assert demand[MapDemand.RADIUS] == np.log(chart.constants[MapConstants.RADIUS])


@pytest.mark.parametrize("column", MapDemand)
def test_people_are_drawn_among_those_whose_maps_ask_alike(column):
    """Half of the maps ask just what this one does, the others more of one thing."""
    chart, rng = chart_of(small_map()), np.random.default_rng(0)
    demands = np.repeat(demand_of(chart)[None], 2 * SIMILAR, 0)
    demands[::2, column] += 4 * DEMAND_SCALE[column]
    drawn = [draw_similar(demands, chart, rng) for _ in range(200)]
    assert set(drawn) == set(range(1, 2 * SIMILAR, 2))
    away = np.zeros(len(demands))
    away[1] = 1e6  # a distance of another kind
    assert 1 not in [draw_similar(demands, chart, rng, away) for _ in range(200)]
