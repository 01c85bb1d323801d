"""`import osu`: the names it promises, what it costs, and that its docstring is true."""

import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc

import pytest

import osu
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay
from osu.rules.judge import judge
from tests.paths import ROOT
from tests.test_layers import DIRECTION, LEAVES

DOC = cleandoc(osu.__doc__)


def fresh(code: str) -> str:
    """What a Python process of its own prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_importing_it_loads_nothing_of_it():
    loaded = set(fresh("import osu, sys; print(*sys.modules)").split())
    assert {name for name in loaded if name.startswith("osu.")} == set()
    assert not loaded & {"torch", "numpy", "scipy", "slider", "osrparse"}


def test_files_and_rules_load_no_torch_and_neither_package():
    code = "import osu, sys; [getattr(osu, n) for n in osu.__all__ if n != 'load_player']"
    loaded = set(fresh(code + "; print(*sys.modules)").split())
    assert "osu.rules.judge" in loaded
    assert not loaded & {"torch", "slider", "osrparse"}


def test_the_border_loads_each_package_when_it_is_used():
    loaded = set(fresh("import osu.formats.interop, sys; print(*sys.modules)").split())
    assert not loaded & {"torch", "slider", "osrparse"}


def test_every_name_is_that_of_its_module():
    assert set(osu.__all__) == set(osu._MODULE_OF)
    assert set(osu.__all__) <= set(dir(osu))
    for name, module in osu._MODULE_OF.items():
        assert getattr(osu, name) is getattr(import_module(module), name)
        # The lines for editors say the same.
        source = (ROOT / "osu" / "__init__.py").read_text()
        assert re.search(
            rf"^    from {re.escape(module)} import .*\b{name}\b", source, re.MULTILINE
        )
    names: dict = {}
    exec("from osu import *", names)
    assert set(osu.__all__) <= set(names)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'osu' has no attribute 'play'"):
        osu.play  # noqa: B018
    assert not hasattr(osu, "Beatmap")


def example() -> str:
    lines = DOC.split("\n")
    first = lines.index("    import osu  # costs no torch; names load when they are first used")
    last = next(i for i in range(first, len(lines)) if "save_replay" in lines[i])
    return "\n".join(line.removeprefix("    ") for line in lines[first : last + 1])


def test_the_example_runs(tmp_path, monkeypatch, capsys):
    code = example().replace("data/sample", str(ROOT / "data" / "sample"))
    assert len(code.split("\n")) <= 10
    code = code.replace('"diffusion"', '"rnn"')  # a tenth of the time
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    accuracy, max_combo = capsys.readouterr().out.split()
    replay = load_replay("play.osr")
    beatmap = load_beatmap(ROOT / "data" / "sample" / "circuit.osu").with_mods(replay.mods)
    assert float(accuracy) == replay.accuracy > 0.5
    assert int(max_combo) == replay.max_combo == judge(beatmap, replay).max_combo


def test_the_rooms_and_leaves_are_those_of_the_tree():
    rooms = DOC.partition("Rooms,")[2].partition("and leaves")[0]
    assert set(re.findall(r"^    (\w+) ", rooms, re.MULTILINE)) == set(DIRECTION)
    leaves = DOC.partition("and leaves")[2].partition("Glossary")[0]
    assert set(re.findall(r"(\w+) \(", leaves)) == LEAVES


def test_the_glossary_names_modules_that_are_there():
    glossary = DOC.partition("Glossary:")[2].strip("\n").split("\n")
    assert len(glossary) >= 20
    for line in glossary:
        module = re.fullmatch(r"    \S.* \(([a-z_.]+)\)", line)
        assert module, line
        assert find_spec(f"osu.{module[1]}"), line
