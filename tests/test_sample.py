"""The sample maps: the files are what their script writes, and they are well-formed maps.

Independent reference: the committed .osu files themselves (a changed script or a file edited by
hand differs), and the rules of mapping, checked on the game's geometry as osu.formats.beatmap reads
it.
"""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from osu.formats.beatmap import Kind, load_beatmap
from osu.units import HEIGHT_PX, WIDTH_PX
from tests.paths import SAMPLE

NAMES = ["first-steps", "circuit", "sprint"]


def test_files_equal_what_the_script_writes(tmp_path):
    for script in ("chart.py", "compose.py"):
        shutil.copy(SAMPLE / script, tmp_path)
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, tmp_path / "compose.py"], check=True, env=environment)
    assert sorted(p.stem for p in tmp_path.glob("*.osu")) == sorted(NAMES)
    for name in NAMES:
        assert (tmp_path / f"{name}.osu").read_bytes() == (SAMPLE / f"{name}.osu").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_objects_stay_in_the_playfield_and_apart_in_time(name):
    beatmap = load_beatmap(SAMPLE / f"{name}.osu")
    assert 60e3 < beatmap.end_ms[-1] - beatmap.start_ms[0] < 90e3
    # Slider bodies too; a control point is rounded to a whole px, hence one px of grace.
    for xy in (beatmap.raw_xy, beatmap.path_xy):
        assert np.all(xy >= -1) and np.all(xy <= (WIDTH_PX + 1, HEIGHT_PX + 1))
    # One ms is the rounding of the written times.
    assert np.all(beatmap.start_ms[1:] - beatmap.end_ms[:-1] >= -1)
    for start, end in beatmap.breaks_ms:
        assert not np.any((beatmap.start_ms < end) & (beatmap.end_ms > start))


def test_circuit_holds_every_kind_of_object():
    text = (SAMPLE / "circuit.osu").read_text()
    beatmap = load_beatmap(SAMPLE / "circuit.osu")
    assert all(f",{kind}|" in text for kind in "LPBC")
    assert set(beatmap.kind) == {Kind.CIRCLE, Kind.SLIDER, Kind.SPINNER}
    assert beatmap.slides.max() >= 3 and len(beatmap.breaks_ms) == 1 and beatmap.stack.max() >= 2
    quarter_ms = 60000 / 180 / 4
    gaps_ms = np.diff(beatmap.start_ms)
    assert np.count_nonzero(np.abs(gaps_ms - quarter_ms) <= 1) > 50  # streams
