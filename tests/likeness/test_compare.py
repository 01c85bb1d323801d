"""The likeness report from end to end, and on humans with one fault each.

The end-to-end run is on the sample maps with made-up players. The faults are put into real plays
(the research data; skipped without it), so what has to be noticed is known by construction. The
classifiers take few steps here: the differences passed for are large, and the full test is the
published table.
"""

import dataclasses
import functools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import evaluate
from osu.data.library import DataError
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import build_replay, clean_frames, save_replay
from osu.likeness import comparisons, human_plays, two_sample
from osu.likeness.bootstrap import Interval
from osu.likeness.compare import compare
from osu.likeness.contestants import HUMAN
from osu.likeness.human_plays import read_humans
from osu.players.auto import AUTO, auto_play
from tests.paths import SAMPLE, SHARED


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    """Two: that the second goes on from the first is all that is seen of the made-up plays."""
    steps = functools.partial(two_sample.two_sample, steps=2)
    monkeypatch.setattr(comparisons, "two_sample", steps)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def person(beatmap, player: str, seed: int):
    """The autoplayer with a trembling hand: a stand-in for a human."""
    t_ms, xy, keys = clean_frames(auto_play(beatmap))
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 8, (len(t_ms) // 12 + 2, 2))
    at = np.arange(len(noise)) * 12
    xy = xy + np.stack([np.interp(np.arange(len(t_ms)), at, noise[:, i]) for i in (0, 1)], -1)
    late = np.round(rng.normal(0, 6))
    replay = build_replay(
        beatmap.md5, player, beatmap.mods, t_ms + late, xy, keys, seed=seed, timestamp_ticks=0
    )
    return dataclasses.replace(replay, n300=100 - seed % 20, n100=seed % 20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve songs, each with plays of two players of its own; and two generated plays of each."""
    root = tmp_path_factory.mktemp("likeness")
    data, generated = root / "data", root / "generated"
    for path in (data / "beatmaps", data / "replays", generated):
        path.mkdir(parents=True)
    index = ["split,replay,beatmap"]
    text = (SAMPLE / "first-steps.osu").read_text()
    for song in range(12):
        path = root / "song.osu"
        path.write_text(text.replace("Title:Study", f"Title:{song} Study"))
        beatmap = load_beatmap(path)
        path.rename(data / "beatmaps" / f"{beatmap.md5}.osu")
        for number in range(2):
            seed = 2 * song + number
            name = f"{seed}.osr"
            save_replay(person(beatmap, f"p{seed}", seed), data / "replays" / name)
            index.append(f"{'test' if song < 4 else 'train'},{name},{beatmap.md5}")
        for draw in range(2):
            name = f"{song}-{draw}.osr"
            save_replay(person(beatmap, "generated", 100 + 2 * song + draw), generated / name)
    (data / "index.csv").write_text("\n".join(index) + "\n")
    return root


def test_the_command_writes_a_report_and_repeats_itself(folder, capsys, monkeypatch):
    monkeypatch.setattr(evaluate, "REGRESSOR", "")  # a network's plays take minutes
    written = []
    for run in ("a", "b"):
        out = folder / run
        evaluate.main(
            f"likeness --generated {folder}/generated --data {folder}/data --out {out}"
            f" --json {out}.json --device cpu --limit 8".split()
        )
        assert "| 9 memory |" in capsys.readouterr().out
        written.append(Path(str(out) + ".json").read_bytes())
        for name in ("report.md", "report.json", "errors.png", "kinematics.png", "paths.png"):
            assert (out / name).stat().st_size > 500
    assert written[0] == written[1]
    columns = json.loads(written[0])["columns"]
    assert list(columns) == ["human", "auto", "generated"]
    generated, auto = columns["generated"], columns["auto"]
    assert generated["pairs"] == 8
    quantities = ["classifiers", "diversity", "kinematics", "numbers", "memory", "tells"]
    assert list(generated) == ["pairs", *quantities]
    # The hands' tremor is drawn alike, so two generated plays differ as two people's do.
    assert Interval(*generated["diversity"]["ratio"]).value == pytest.approx(1, abs=0.3)
    assert auto["diversity"]["ratio"] == [0, 0, 0]
    assert auto["tells"]["aim"]


def test_humans_by_accuracy(folder, tmp_path, monkeypatch):
    """evaluate.py humans on the made-up folder: 16 training plays, of accuracies .87 to 1."""
    steps = functools.partial(two_sample.two_sample, steps=1)
    monkeypatch.setattr(comparisons, "two_sample", steps)
    path = tmp_path / "human.json"
    evaluate.main(["humans", "--data", str(folder / "data"), "--json", str(path)])
    content = json.loads(path.read_text())
    bands = content["bands"]
    assert content["plays"] == bands["all"]["plays"] == 16
    assert sum(band["plays"] for name, band in bands.items() if name != "all") == 16
    # Of person(): n100 hundreds are worth a third of a three hundred, of 100 objects.
    accuracy = [1 - 2 / 3 * (seed % 20) / 100 for seed in range(8, 24)]
    high = sum(share >= 0.98 for share in accuracy)
    assert bands["0.98-1.00"]["plays"] == high and 0 < high < 16
    for band in bands.values():
        for histogram in band["histograms"].values():
            assert sum(histogram) == pytest.approx(1, abs=1e-3)  # five digits a bin
        percentiles = band["numbers"]["bias_ms"]  # of normal(0, 6), a play's one error, map ms
        assert percentiles == sorted(percentiles) and max(map(abs, percentiles)) < 24
    assert content["human_against_human"]["classifiers"]["conv"]["replay_auc"]
    # Two hands that tremble by 8 px on each axis, less where the tremor is interpolated.
    middle = content["two_humans_on_one_map_px"][3]
    assert 5 < middle < 8 * np.sqrt(2) * np.sqrt(np.pi / 2)


@pytest.mark.parametrize("option", ["--controls", "--spoiled"])
def test_both_names_of_the_option_add_the_controls(option, folder, tmp_path, monkeypatch):
    passed = {}

    def stop(*args, **options):
        passed.update(options)
        raise DataError("enough")

    monkeypatch.setattr("osu.likeness.compare.compare", stop)
    monkeypatch.chdir(tmp_path)
    assert evaluate.main(["likeness", "--data", str(folder / "data"), option]) == 2
    assert passed["controls"] is True


def test_a_programming_error_is_no_sentence(folder, monkeypatch):
    def fail(*args, **options):
        raise ValueError("shapes differ")

    monkeypatch.setattr("osu.likeness.compare.compare", fail)
    monkeypatch.setattr(evaluate, "REGRESSOR", "")
    with pytest.raises(ValueError, match="shapes differ"):
        evaluate.main(["likeness", "--data", str(folder / "data")])


def test_errors_are_sentences(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data, nowhere = (str(folder / name) for name in ("data", "nowhere"))
    (tmp_path / "file").touch()
    for options, sentence in (
        (["--data", data, "--generated", str(tmp_path)], "no replay"),
        (["--data", data, "--split", "val"], "0 usable plays"),
        (["--data", data, "--player", "nobody"], "no play of nobody"),
        (["--data", data, "--player", "p0"], "has 1 usable plays"),
        (["--data", nowhere], "there is no such folder"),
        (["--data", nowhere, "--out", "file"], "file cannot be written to"),  # before the work
    ):
        assert evaluate.main(["likeness", *options]) == 2
        assert sentence in capsys.readouterr().err


CLASSIFIED = (HUMAN, AUTO, "human + 1 px noise")


@pytest.fixture(scope="module")
def report():
    """The report on the controls of twenty real plays."""
    if not SHARED.is_dir():
        pytest.skip("needs the research data")
    patch = pytest.MonkeyPatch()
    classifiers = comparisons.classifiers

    def trained(subjects, contestant, seed, device):
        """Those that a test looks at: a step does for the others."""
        steps = 28 if contestant.name in CLASSIFIED else 1
        steps = functools.partial(two_sample.two_sample, steps=steps)
        patch.setattr(comparisons, "two_sample", steps)
        return classifiers(subjects, contestant, seed, device)

    patch.setattr(comparisons, "classifiers", trained)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pairs, skipped = human_plays.find_pairs([SHARED])
    thinned = [pair for i, pair in enumerate(pairs) if pair.split == "test" or i % 4 == 0]
    patch.setattr(human_plays, "find_pairs", lambda folders: (thinned, skipped))
    humans, _ = read_humans(str(SHARED))
    likeness = compare(humans, "test", {}, limit=20, controls=True)
    torch.set_num_threads(threads)
    patch.undo()
    return likeness


def test_humans_are_not_separated_from_humans(report):
    for scores in report.results[HUMAN].classifiers.values():
        # 20 replays a side: a standard deviation of .09 (Mann-Whitney), half as much again for
        # cross-validation; two are allowed, and the seed is fixed.
        auc = scores.replay_auc
        assert abs(auc.value - 0.5) < 0.28
        assert auc.low < 0.5 < auc.high
    giveaways = report.giveaways[HUMAN]
    assert giveaways["memory"] == {}
    quantities = [quantity for by_quantity in giveaways.values() for quantity in by_quantity]
    assert len(quantities) <= 2, quantities  # of 40


def test_the_autoplayer_gives_itself_away(report):
    for scores in report.results[AUTO].classifiers.values():
        assert scores.replay_auc.value > 0.99 and scores.window_auc.value > 0.95
    for comparison in ("classifiers", "diversity", "kinematics", "timing", "aim"):
        assert report.giveaways[AUTO][comparison], comparison


FAULTS = [
    ("human + 8 ms", "timing", "bias_ms"),
    ("human + 1 px noise", "kinematics", "jerk"),
    ("human + 1 px noise", "classifiers", "features replay_auc"),
    ("human, a frame per 20 ms", "kinematics", "jerk"),
    ("human, a frame per 20 ms", "kinematics", "frame_ms"),
    ("a training play", "memory", "nearer"),
    ("a training play", "memory", "familiar"),
]


@pytest.mark.parametrize(("control", "comparison", "quantity"), FAULTS)
def test_each_fault_is_caught_by_its_comparison(report, control, comparison, quantity):
    assert comparison != "classifiers" or control in CLASSIFIED
    assert quantity in report.giveaways[control][comparison]


@pytest.mark.parametrize(
    ("control", "others"),
    [
        ("human + 8 ms", ["kinematics", "aim", "keys", "memory"]),
        ("human + 1 px noise", ["timing", "aim", "keys", "memory"]),
        ("human, a frame per 20 ms", ["timing", "aim", "keys", "memory"]),
        ("a training play", ["kinematics"]),
    ],
)
def test_a_fault_is_not_blamed_on_other_comparisons(report, control, others):
    for comparison in others:
        assert report.giveaways[control][comparison] == {}, comparison


def test_the_published_table_says_the_same():
    """models/sanity.json, which every report shows: 60 plays a column and the full classifiers."""
    columns = json.loads(evaluate.SANITY.read_text())["columns"]
    for scores in columns[HUMAN]["classifiers"].values():
        _, low, high = scores["replay_auc"]
        assert low < 0.5 < high
    for scores in columns[AUTO]["classifiers"].values():
        _, low, _ = scores["replay_auc"]
        assert low > 0.99
    assert not any(columns[HUMAN]["tells"].values())
    for control, comparison, quantity in FAULTS:
        assert quantity in columns[control]["tells"][comparison]
