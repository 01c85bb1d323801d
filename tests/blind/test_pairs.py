"""Which clips are shown. The plays are machines', the references are the maps and the replays."""

import dataclasses
import threading

import numpy as np
import pytest

from osu.blind.clip import CLIP_MS, STEPS_A_PX, ClipWindow, cut_map, cut_play
from osu.blind.page import WHAT_IS_IN_IT
from osu.blind.pairs import MOST_DRAWS, MOST_MISSED, draw_pairs
from osu.data.library import DataError
from osu.formats.beatmap import load_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import load_replay, save_replay
from osu.origin import origin
from osu.players import engine
from osu.players.auto import auto_play
from osu.players.options import Cancelled
from osu.rules.judge import judge
from tests.blind.pages import ShakenPlayer, two_pairs
from tests.small_map import SPIN_RPM, small_map, small_replay

MANY_PX = 400.0  # such noise misses everything


@pytest.fixture
def places(folder):
    return folder / "Replays", [str(folder / "Songs")]


def test_one_clip_of_each_map_on_either_side(places):
    pairs, skipped = draw_pairs(*places, ShakenPlayer(), 10, seed=0)
    assert len(pairs) == 3  # there are three maps, each played twice
    assert skipped["replay: another one on its map is there"] == 3
    seeds = range(8)
    humans = [pair.human for seed in seeds for pair in two_pairs(places[0].parent, seed)]
    assert set(humans) == {"left", "right"}


def test_the_sides_are_the_persons_and_the_generated_play(places):
    (pair,), _ = draw_pairs(*places, ShakenPlayer(), 1, seed=3)
    clips = {"left": pair.left, "right": pair.right}
    human = clips.pop(pair.human)
    (generated,) = clips.values()
    # The autoplayer's cursor stands or goes straight; the stand-in's shakes in every frame.
    moves = [np.diff(clip["x"], 2) for clip in (human, generated)]
    assert np.mean(np.abs(moves[0]) <= 1) > 0.5 > np.mean(np.abs(moves[1]) <= 1)


def test_only_the_part_around_the_clip_is_played_under_the_same_mods(places):
    player = ShakenPlayer()
    pairs, _ = draw_pairs(*places, player, 3, seed=1)
    assert {part.mods for part, _ in player.asked} <= {Mods(0), Mods.HR | Mods.DT}
    for part, _ in player.asked:
        lasts_s = (part.end_ms.max() - part.start_ms[0]) / part.rate / 1000
        assert 6 < lasts_s < 25
    assert len({seed for _, seed in player.asked}) == len(player.asked)
    assert {pair.cut["mods"] for pair in pairs} <= {"NM", "HRDT"}


def test_a_play_that_fails_is_drawn_again_and_then_left_out(places):
    player = ShakenPlayer(noise_px=(MANY_PX, 2.0))
    pairs, _ = draw_pairs(*places, player, 1, seed=0)
    assert len(pairs) == 1 and len(player.asked) == 2
    player = ShakenPlayer(noise_px=(MANY_PX,))
    with pytest.raises(DataError, match="without many misses") as error:
        draw_pairs(*places, player, 1, seed=0)
    assert "\n" not in str(error.value)
    assert len(player.asked) == 6 * MOST_DRAWS


def test_neither_side_misses_much_of_what_is_shown(places, tmp_path):
    """A person who plays every second stretch of ten seconds is shown playing."""
    path = places[0] / "circuit-one.osr"
    replay = load_replay(path)
    away = (replay.t_ms // 10_000) % 2 == 1
    xy = np.where(away[:, None], np.float32([[-100, -50]]), replay.xy)
    half = dataclasses.replace(replay, xy=xy.astype(np.float32), player="half")
    beatmap = load_beatmap(places[0].parent / "Songs" / "circuit.osu")
    missed = judge(beatmap, half).result == 0
    assert 0.3 < missed.mean() < 0.7
    save_replay(half, tmp_path / "half.osr")
    for seed in range(4):
        (pair,), _ = draw_pairs(tmp_path, places[1], ShakenPlayer(), 1, seed)
        clip = {"left": pair.left, "right": pair.right}[pair.human]
        x = np.cumsum(clip["x"]) / STEPS_A_PX
        assert np.mean(x == -100) <= 0.4, "mostly away from the map"
    assert 0 < MOST_MISSED < 0.3


def test_generated_plays_are_no_persons(places, tmp_path):
    replay = dataclasses.replace(load_replay(places[0] / "circuit-one.osr"), player=origin("rnn"))
    save_replay(replay, tmp_path / "own.osr")
    with pytest.raises(DataError, match="made by this program"):
        draw_pairs(tmp_path, places[1], ShakenPlayer(), 1, seed=0)


def test_only_replays_of_the_folder_and_only_held_out_ones(places, tmp_path):
    with pytest.raises(DataError, match="no pair"):
        draw_pairs(places[1][0], [str(places[0])], ShakenPlayer(), 1, seed=0)
    for name in ("replays", "beatmaps"):
        (tmp_path / name).mkdir()
    rows = ["replay,beatmap,split"]
    for path in sorted(places[0].glob("*-one.osr")):
        replay = load_replay(path)
        beatmap = places[0].parent / "Songs" / f"{path.stem.removesuffix('-one')}.osu"
        save_replay(replay, tmp_path / "replays" / path.name)
        target = tmp_path / "beatmaps" / f"{replay.beatmap_md5}.osu"
        target.write_bytes(beatmap.read_bytes())
        rows.append(f"{path.name},{replay.beatmap_md5},{'test' if len(rows) == 1 else 'train'}")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    pairs, _ = draw_pairs(tmp_path, [], ShakenPlayer(), 3, seed=0)
    assert len(pairs) == 1


def test_progress_rises_and_a_cancel_ends_it(places):
    shares, cancel = [], threading.Event()
    draw_pairs(*places, ShakenPlayer(), 3, 0, shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    with pytest.raises(Cancelled):
        draw_pairs(*places, ShakenPlayer(), 3, 0, lambda share: cancel.set(), cancel)


def test_what_is_drawn_of_the_map_is_the_maps():
    """By hand: tests/small_map.py says where and when its four objects are."""
    window = ClipWindow(start_ms=900.0, rate=1.0)
    cut = cut_map(small_map(), window)
    assert (cut["radius"], cut["preempt"], cut["fadeIn"]) == (36.5, 750, 400)
    times = [(o["kind"], o["start"], o["end"]) for o in cut["objects"]]
    assert times == [
        ("circle", 100, 100),
        ("circle", 600, 600),
        ("slider", 1100, 2100),
        ("spinner", 3100, 5100),
    ]
    slider = cut["objects"][2]
    assert (slider["slides"], slider["path"][:2], slider["path"][-2:]) == (
        2,
        [100, 200],
        [240, 200],
    )
    fast = cut_map(small_map().with_mods(Mods.DT), ClipWindow(900.0, 1.5))
    assert [o["start"] for o in fast["objects"]] == [67, 400, 733, 2067]


def test_a_play_is_cut_to_real_time_with_its_presses():
    window = ClipWindow(start_ms=900.0, rate=1.0)
    cut = cut_play(small_replay(late_ms=20.0), window)
    assert cut["keys"] == [[120, 180, 1120, 2160], [620, 680, 3120, 5120]]
    x, y = (np.cumsum(cut[axis]) / STEPS_A_PX for axis in "xy")
    assert (x[0], y[0]) == (100, 100)
    at = 60 * 6 // 2  # three seconds later, on the spinner's centre line
    angle = 2 * np.pi * SPIN_RPM / 60_000 * (3900 - 4000)
    assert np.hypot(x[at] - (256 + 80 * np.cos(angle)), y[at] - (192 + 80 * np.sin(angle))) < 0.3
    fast = cut_play(small_replay(mods=Mods.DT), ClipWindow(900.0, 1.5))
    assert fast["keys"][0][:2] == [80, 120]
    assert max(max(k) for k in fast["keys"]) <= CLIP_MS


def test_the_command_writes_a_page(places, tmp_path, monkeypatch, capsys):
    from osu.blind.__main__ import main

    monkeypatch.setattr("osu.blind.__main__.load_player", lambda name, device: ShakenPlayer())
    out = tmp_path / "blind.html"
    arguments = [str(places[0]), "--maps", *places[1], "--pairs", "2", "--out", str(out)]
    assert main(arguments) == 0
    assert "2 of 2 pairs" in (printed := capsys.readouterr().out)
    assert WHAT_IS_IN_IT in printed
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main([*arguments, "--me", "one"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "<title>Which one is me?</title>" in page and '"model":"shaken --like"' in page
    assert '"question":"me"' in page and "one-" not in page
    assert main([str(tmp_path), "--out", str(out)]) == 2
    assert "no pair of clips" in (refused := capsys.readouterr().err)
    assert refused.count("\n") == 1


def test_a_real_model_plays_a_part(places):
    """The keys' and the cursor's networks on a piece of a map, as they play whole ones."""
    (pair,), _ = draw_pairs(*places, engine.load_player("rnn"), 1, seed=0)
    assert len(pair.left["x"]) == len(pair.right["x"])
    assert sum(map(len, (*pair.left["keys"], *pair.right["keys"]))) > 8


def test_a_replay_that_ends_early_shows_no_end(places, tmp_path):
    replay = auto_play(load_beatmap(places[0].parent / "Songs" / "sprint.osu"))
    whole = replay.t_ms < 20_000
    cut = dataclasses.replace(
        replay,
        player="quitter",
        delta_ms=replay.delta_ms[whole],
        xy=replay.xy[whole],
        keys=replay.keys[whole],
    )
    save_replay(cut, tmp_path / "cut.osr")
    for seed in range(3):
        player = ShakenPlayer()
        draw_pairs(tmp_path, places[1], player, 1, seed)
        part, _ = player.asked[-1]
        assert part.start_ms[-1] <= 20_000 + 4000
