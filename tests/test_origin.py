"""Every writer of replays in the repository names a generated play's origin: read off the source.

The reference is the two tables. Whoever else makes or writes replays is added to them, or is not.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from osu.origin import is_generated, origin
from tests.paths import ROOT

# Who may make a replay, and whether its player's name is `origin(...)`.
MAKERS = {
    "osu/formats/replay.py": False,  # reads them, and has the function that the others call
    "osu/formats/interop.py": False,  # an osrparse.Replay's, with the name that it has there
    "osu/likeness/faults.py": False,  # a person's play with a fault, which is never written
    "osu/classifiers/ladder.py": False,  # a person's play recorded again, which is never written
    "osu/players/generated.py": True,
    "osu/players/auto.py": True,
    "bench/live.py": True,
}
# Who may turn a replay into a file's bytes.
WRITERS = {
    "osu/formats/replay.py",
    "osu/gui/jobs.py",  # plays of osu.players, and replays that were opened, as they are
    "experiments/person.py",  # plays of osu.players
    "osu/person/held_out.py",  # plays of osu.players
    "generate.py",  # plays of osu.players
}


def sources() -> dict[str, ast.Module]:
    """Path -> syntax tree of all code but the tests', whose files are no plays of a player."""
    files = [*ROOT.glob("*.py")]
    for folder in ("osu", "bench", "experiments", "media"):
        files += (ROOT / folder).rglob("*.py")
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in files}


SOURCES = sources()


def name_of(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def mentions(tree: ast.Module, *names: str) -> bool:
    """Whether code (an import alone is none) uses one of the names."""
    return any(
        isinstance(node, ast.Name | ast.Attribute) and name_of(node) in names
        for node in ast.walk(tree)
    )


def calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) == name:
            yield node


def test_replays_are_made_in_known_places_only():
    making = {
        path
        for path, tree in SOURCES.items()
        if mentions(tree, "build_replay") or any(calls(tree, "Replay"))
    }
    assert making == set(MAKERS)


@pytest.mark.parametrize("path", [path for path, named in MAKERS.items() if named])
def test_a_generated_replay_is_made_with_its_origin(path):
    made = list(calls(SOURCES[path], "build_replay"))
    assert made
    for call in made:
        player = call.args[1]  # beatmap_md5, player, ...
        assert isinstance(player, ast.Call) and name_of(player.func) == "origin"


def test_replays_are_written_in_known_places_only():
    writing = {
        path for path, tree in SOURCES.items() if mentions(tree, "save_replay", "dump_replay")
    }
    assert writing == WRITERS


def test_nobody_renames_a_player_afterwards():
    for path, tree in SOURCES.items():
        for call in (*calls(tree, "replace"), *calls(tree, "_replace"), *calls(tree, "setattr")):
            assert "player" not in {keyword.arg for keyword in call.keywords}, path


def test_the_prefix_is_written_once():
    for path, tree in SOURCES.items():
        found = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and str(node.value).startswith("osu-players/")
        ]
        assert found == (["osu-players/"] if Path(path) == Path("osu/origin.py") else []), path


def test_an_origin_is_known_again():
    assert origin("rnn") == "osu-players/rnn" and is_generated(origin("rnn"))
    assert not is_generated("osu-player") and not is_generated("")
