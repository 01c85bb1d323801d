"""Stars, BPM and length in the list of maps: measured, searched and sorted by.

References: rosu-pp for BPM, where tempos were written by hand arithmetic, and lists in plain order
for what a click on a heading sorts.
"""

import json
import random
from pathlib import Path

import pytest

from osu.gui import messages as msg
from osu.gui.maps import measures as measuring
from osu.gui.maps.measures import KnownMeasures, MapMeasures, can_rate, measure_map
from osu.gui.maps.query import MapQuery, QueryError, ordered
from osu.gui.songs import Song, scan
from osu.gui.widgets.maps import SHOWN_MAPS
from tests.display import needs_xvfb
from tests.gui.stand_in import PATIENCE_S, wait
from tests.gui.window import idle, until
from tests.paths import ROOT, SAMPLE
from tests.small_map import OSU


def songs_of(count):
    """Songs and measures of which no two are alike, in no order."""
    draw = random.Random(1)
    songs = [Song("artist", f"title {n}", "easy", "me", f"{n}.osu") for n in range(count)]
    known = {
        song.key: MapMeasures(draw.uniform(1, 9), draw.uniform(60, 300), draw.uniform(10, 600))
        for song in songs
    }
    return songs, known


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("stars>4", lambda m: round(m.stars, 2) > 4),
        ("STARS<=4.5 bpm>=180", lambda m: round(m.stars, 2) <= 4.5 and round(m.bpm) >= 180),
        ("length<3:00", lambda m: round(m.length_s) < 180),
        ("length>90 length<180 title", lambda m: 90 < round(m.length_s) < 180),
        ("stars>4,25", lambda m: round(m.stars, 2) > 4.25),
        ("stars>9000", lambda m: False),
    ],
)
def test_filters_leave_what_they_say(query, holds):
    songs, known = songs_of(300)
    found = MapQuery.parse(query).find(songs, known)
    assert found == [song for song in songs if holds(known[song.key])]


def test_a_number_is_found_as_it_is_listed():
    songs, known = songs_of(20)
    stars = f"{known[songs[7].key].stars:.2f}"
    assert songs[7] in MapQuery.parse(f"stars={stars}").find(songs, known)


def test_a_map_that_is_not_measured_passes_no_filter():
    songs, known = songs_of(3)
    del known[songs[1].key]
    assert MapQuery.parse("bpm>0").find(songs, known) == [songs[0], songs[2]]
    assert MapQuery.parse("").find(songs, known) == songs


@pytest.mark.parametrize("query", ["stars>", "bpm<fast", "ar>9", "length<3:99", "bpm=1e5", "bpm>²"])
def test_a_filter_that_is_none_is_said(query):
    with pytest.raises(QueryError) as error:
        MapQuery.parse(f"word {query}")
    assert str(error.value).endswith(".")


def test_words_with_signs_are_words():
    song = Song("I <3 U", "a -> b", "x", "me", "1")
    assert MapQuery.parse("<3 ->").find([song], {}) == [song]


def test_sorting_is_stable_and_what_is_unknown_comes_last():
    songs, known = songs_of(50)
    known |= {song.key: MapMeasures(None, 180.0, 60.0) for song in songs[10:20]}
    for descending in (False, True):
        by_bpm = ordered(songs, known, "bpm", descending)
        assert [s for s in by_bpm if s in songs[10:20]] == songs[10:20]
        by_stars = ordered(songs, known, "stars", descending)
        assert by_stars[-10:] == songs[10:20]
        stars = [known[s.key].stars for s in by_stars[:-10]]
        assert [round(x, 2) for x in stars] == sorted(
            (round(x, 2) for x in stars), reverse=descending
        )


def test_the_difficulties_of_a_set_are_together_and_easiest_first(tmp_path):
    for creator in ("one", "two"):
        for stars, difficulty in ((3, "Easy"), (9, "Another"), (5, "Hard")):
            names = f"Version:{difficulty}\nCreator:{creator}\nX:".encode()
            (tmp_path / f"{creator}{stars}.osu").write_bytes(OSU.replace(b"Version:", names))
    songs = scan(tmp_path)
    known = {s.key: MapMeasures(float(s.path[-5]), 100.0, 10.0) for s in songs}
    rows = [(s.creator, s.difficulty) for s in ordered(songs, known, None)]
    assert rows == [(c, d) for c in ("one", "two") for d in ("Easy", "Hard", "Another")]


def test_tempo_and_length_of_a_map_of_two_tempos():
    """Its four objects lie from 1000 to 7000 ms: 200 BPM for the first second, then 150 BPM."""
    head, _, objects = OSU.partition(b"[TimingPoints]")
    _, _, objects = objects.partition(b"[HitObjects]")
    timing = (
        b"[TimingPoints]\n1000,300,4,2,0,50,1,0\n2000,400,4,2,0,50,1,0\n1500,-50,4,2,0,50,0,0\n"
    )
    measures = measure_map(head + timing + b"\n[HitObjects]" + objects)
    assert measures.bpm == pytest.approx(150.0)
    assert measures.length_s > 0


def test_measures_agree_with_rosu():
    rosu = pytest.importorskip("rosu_pp_py", reason="rosu-pp-py is an extra")
    for path in sorted(SAMPLE.glob("*.osu")):
        reference = rosu.Beatmap(path=str(path))
        measures = measure_map(path.read_bytes())
        assert measures.bpm == pytest.approx(reference.bpm)  # both: the tempo of most of the time
        assert measures.stars == rosu.Difficulty().calculate(reference).stars


def test_measures_are_computed_once_and_kept(tmp_path, monkeypatch):
    asked = []

    def measure(data):
        asked.append(data)
        return MapMeasures(4.0, 180.0, len(data))

    path = tmp_path / "cache" / "maps.json"
    known = KnownMeasures(path)
    first = [known.of(data, measure) for data in (b"a", b"bb", b"a")]
    known.save()
    again = KnownMeasures(path)
    assert [again.of(data, measure) for data in (b"a", b"bb", b"a")] == first
    assert asked == [b"a", b"bb"]
    monkeypatch.setattr(measuring, "MOST_KEPT", 1)
    again.of(b"ccc", measure)
    again.save()
    assert [row[2] for row in json.loads(path.read_text()).values()] == [3]  # seen last


@pytest.mark.parametrize("text", ["", "[]", '{"a": 5}', '{"a": ["x", 1, 2]}', "[" * 9999])
def test_damaged_measures_are_computed_anew(tmp_path, text):
    path = tmp_path / "maps.json"
    path.write_text(text)
    assert KnownMeasures(path).of(b"a", lambda data: MapMeasures(4.0, 1.0, 2.0)).bpm == 1.0


def test_maps_are_measured_without_a_word(worker, tmp_path, monkeypatch):
    """No state and no work tell of it; Cancel all is not about it, closing is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    songs = tuple(scan(SAMPLE))
    worker.post(msg.MeasureMaps(songs))
    assert (worker.state, worker.works) == ("idle", ())
    worker.cancel()
    found = {}

    def all_found():
        for event in worker.poll():
            if isinstance(event, msg.MapsMeasured):
                found.update(event.measures)
        return len(found) == len(songs)

    wait(worker, all_found)
    assert found == {s.key: measure_map(Path(s.path).read_bytes()) for s in songs}
    worker.post(msg.MeasureMaps(songs * 9999))
    worker.close(PATIENCE_S)  # or it would take minutes


# ---- in the window


def open_samples(app):
    app.opening.open_paths((str(ROOT / "data" / "sample"),))
    idle(app)
    maps = app.window.maps
    until(app, lambda: len(maps.known) == 3)
    until(app, lambda: all(maps.tree.set(row, "bpm") for row in maps.tree.get_children()))
    return maps


def listed(maps):
    return [maps.tree.set(row, "difficulty") for row in maps.tree.get_children()]


def click_heading(app, maps, name):
    """As a mouse does."""
    tree = maps.tree
    places = (x for x in range(0, tree.winfo_width(), 5))
    inside = [
        x
        for x in places
        if tree.identify_region(x, 5) == "heading"
        and tree.column(tree.identify_column(x), "id") == name
    ]
    for event in ("<Motion>", "<Button-1>", "<ButtonRelease-1>"):
        tree.event_generate(event, x=inside[len(inside) // 2], y=5)
    app.root.update()


@needs_xvfb
@pytest.mark.skipif(not can_rate(), reason="rosu-pp-py is an extra")
def test_a_click_on_a_heading_sorts_and_keeps_the_selection(start):
    app = start()
    maps = open_samples(app)
    as_listed = listed(maps)
    by_stars = [
        song.difficulty for song in sorted(maps.songs, key=lambda s: maps.known[s.key].stars)
    ]
    chosen = maps.songs[1]
    maps.choose(chosen)
    for expected, mark in ((by_stars, "▴"), (by_stars[::-1], "▾"), (as_listed, "")):
        click_heading(app, maps, "stars")
        assert listed(maps) == expected
        assert maps.tree.heading("stars", "text").removeprefix("Stars").strip() == mark
        (row,) = maps.tree.selection()
        assert maps.tree.set(row, "difficulty") == chosen.difficulty
        assert maps.chosen == (chosen,)


@needs_xvfb
def test_rows_hold_any_name_and_stand_in_their_order(start):
    """Names that Tcl would read as lists, commands or variables, and as many rows as there are."""
    odd = ["{", "}", "a {b", "[exit]", "$tree", 'x "y', "\\", " lead", "", "007", "1e5", "-values"]
    names = [*odd, *map(str, range(3000))]
    app = start()
    maps = app.window.maps
    maps.show([Song(f"artist {n}", "t", name, "me", f"{n}.osu") for n, name in enumerate(names)])
    rows = maps.tree.get_children()
    assert len(rows) == len(set(rows)) == SHOWN_MAPS
    assert [maps._table.whole(row)[1] for row in rows] == names[:SHOWN_MAPS]
    shown = [app.root.tk.call(maps.tree, "set", row, "difficulty") for row in rows]
    assert list(map(str, shown)) == names[:SHOWN_MAPS]
    maps.tree.focus_set()
    maps.tree.see(rows[-1])
    app.root.update()
    assert maps.tree.bbox(rows[-1]) and maps.tree.yview()[1] == 1.0


@needs_xvfb
def test_a_filter_in_the_search_field(start):
    app = start()
    maps = open_samples(app)
    tempos = {song.difficulty: round(maps.known[song.key].bpm) for song in maps.songs}
    least = sorted(tempos.values())[1]
    maps.query.set(f"bpm>={least}")
    until(app, lambda: len(listed(maps)) == 2)
    assert set(listed(maps)) == {name for name, bpm in tempos.items() if bpm >= least}
    maps.query.set("bpm>=")
    until(app, lambda: maps._count.cget("style") == "Error.TLabel")
    assert "bpm<200" in maps._count.whole and len(listed(maps)) == 2  # the rows stay
    maps.query.set("sprint")
    until(app, lambda: listed(maps) == ["sprint"])
    assert maps._count.cget("style") == "Faint.TLabel"
