"""generate.py with several maps and folders: what is played, what is skipped and how that is said,
and what is left when it is stopped.

The player is the machine of osu.players.auto, and the maps are those of tests/small_map.py under
other names.
"""

import zipfile
from pathlib import Path

import pytest

import generate
from osu.formats.mods import Mods
from osu.formats.replay import load_replay
from osu.players.auto import generate_auto
from osu.players.generated import judged_play
from osu.players.many import ChosenMap, MadePlay, Opened, Skipped, play_maps
from osu.players.options import PlayOptions
from osu.rules.work import JudgeError
from tests.small_map import OSU, small_map, small_replay

TAIKO = OSU.replace(b"Mode: 0", b"Mode: 1")


class Machine:
    """Plays perfectly. `stop` is raised in the place of the play of that number, from 0."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self.stop: dict[int, BaseException] = {}

    def generate(self, beatmap, seed, options, on_progress):
        self.seeds.append(seed)
        if error := self.stop.get(len(self.seeds) - 1):
            raise error
        on_progress(1.0)
        return generate_auto(beatmap)


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path) -> Machine:
    player = Machine()
    monkeypatch.setattr(generate.engine, "load_player", lambda *_: player)
    monkeypatch.chdir(tmp_path)
    return player


def named(title: str, difficulty: str = "small") -> bytes:
    osu = OSU.replace(b"Four Objects", title.encode())
    return osu.replace(b"Version:small", f"Version:{difficulty}".encode())


def put(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)


def put_archive(name: str, *maps: bytes) -> None:
    with zipfile.ZipFile(name, "w") as file:
        for number, data in enumerate(maps):
            file.writestr(f"{number}.osu", data)


def played(difficulty: str = "small", folder: str = "plays") -> dict[str, list[int]]:
    """title -> seeds, of the files that lie in the folder."""
    found: dict[str, list[int]] = {}
    for path in sorted(Path(folder).glob("*.osr")):
        load_replay(path)
        title, _, rest = path.stem.removeprefix("Nobody - ").partition(f" [{difficulty}] NM (")
        found.setdefault(title, []).append(int(rest.split()[1].rstrip(")")))
    return found


def test_maps_archives_and_folders_are_played_in_their_order(machine, capsys):
    put({"one.osu": named("one"), "more/z.osu": named("two"), "more/deep/a.osu": named("three")})
    put_archive("song.osz", named("four"), named("never"))
    arguments = ["song.osz", "one.osu", "more", "one.osu"]
    assert generate.main([*arguments, "--count", "2", "--seed", "5", "-o", "plays"]) == 0
    assert played() == {title: [5, 6] for title in ("one", "two", "three", "four")}
    assert machine.seeds == [5, 6] * 4
    said = capsys.readouterr()
    titles = [line.split(" - ")[1].split(" [")[0] for line in said.out.splitlines()]
    assert titles[::2] == titles[1::2] == ["four", "one", "three", "two"]
    assert "skipped" not in said.err


@pytest.mark.parametrize(("second", "said"), [(True, ", 0 misses, "), (False, ", 1 miss, ")])
def test_one_miss_is_one(second, said, machine, capsys):
    play = judged_play(small_map(), small_replay(second=second))
    generate.save_play(play, Path("a.osr"), Path("a.osu"), gif=False, mp4=False)
    assert said in capsys.readouterr().out


def test_what_cannot_be_played_is_skipped_in_a_sentence_and_counted(capsys):
    put({"maps/a.osu": named("a"), "maps/b.osu": TAIKO, "maps/c.osz": b"no archive",
         "maps/d.osu": OSU[:200], "maps/e.osu": named("a"), "maps/f.osu": named("f"),
         "maps/notes.txt": b"no map"})  # fmt: skip
    assert generate.main(["maps", "gone.osu", "-o", "plays"]) == 0
    assert played() == {"a": [0], "f": [0]}
    *skipped, count = [line for line in capsys.readouterr().err.splitlines() if "skipped" in line]
    assert [line.strip() for line in skipped] == [
        "skipped maps/b.osu: is a taiko map, not osu!standard",
        "skipped maps/c.osz: is damaged or not a .osz archive",
        "skipped maps/d.osu: has no hit objects",
        "skipped maps/e.osu: it is the map of maps/a.osu, too",
        "skipped gone.osu: cannot read gone.osu: No such file or directory",
    ]
    assert count == "skipped 5 of 7 maps"


@pytest.mark.parametrize("files", [{}, {"maps/a.osu": TAIKO}, {"maps/a.osu": TAIKO, "b.osu": b""}])
def test_where_nothing_is_played_the_status_says_so(files, capsys):
    Path("maps").mkdir()
    put(files)
    assert generate.main(["maps", *(name for name in files if "/" not in name), "-o", "plays"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    if files:
        assert said[-2:] == [f"skipped {len(files)} of {len(files)} maps",
                             "generate.py: nothing was played"]  # fmt: skip
    else:
        assert said == ["generate.py: maps: there is no map (.osu, .osz, .olz) here"]
    assert not Path("plays").exists()


def test_a_difficulty_is_chosen_from_archives_and_folders(capsys):
    put({"maps/a.osu": named("a", "hard"), "maps/b.osu": named("b")})
    put_archive("maps/c.osz", named("c"), named("c", "hard"))
    put_archive("maps/d.osz", named("d"))
    put_archive("e.osz", named("e"))
    assert generate.main(["maps", "e.osz", "--difficulty", "hard", "-o", "plays"]) == 0
    assert played("hard") == {"a": [0], "c": [0]}
    said = capsys.readouterr().err
    assert "skipped e.osz: has no difficulty hard; it has: small\n" in said
    assert said.endswith("skipped 1 of 5 maps; 2 of 5 maps are not of that difficulty\n")


def test_other_maps_of_one_name_are_not_written_over():
    put({"maps/a.osu": named("a"), "maps/b.osu": named("A") + b"// another file\n"})
    assert generate.main(["maps", "--count", "2", "-o", "plays"]) == 0
    maps = {load_replay(path).beatmap_md5 for path in Path("plays").iterdir()}
    assert len(maps) == 2 and len(list(Path("plays").iterdir())) == 4


def test_one_file_is_not_for_several_maps(capsys):
    put({"maps/a.osu": named("a"), "maps/b.osu": named("b")})
    assert generate.main(["maps", "-o", "one.osr"]) == 2
    assert "one.osr is one file, but there are 2 maps: name a folder" in capsys.readouterr().err
    assert generate.main(["maps/a.osu", "-o", "one.osr"]) == 0
    assert Path("one.osr").is_file()


def test_ctrl_c_keeps_what_is_finished(machine, capsys):
    put({f"maps/{name}.osu": named(name) for name in "abc"} | {"maps/Broken.osu": b""})
    machine.stop = {3: KeyboardInterrupt()}
    assert generate.main(["maps", "--count", "2", "-o", "plays"]) == 130
    assert played() == {"a": [0, 1], "b": [0]}
    assert len(list(Path("plays").iterdir())) == 3
    assert capsys.readouterr().err.endswith("skipped 1 of 4 maps\ngenerate.py: stopped\n")


def test_a_play_that_cannot_be_judged_is_skipped(machine, capsys):
    put({f"maps/{name}.osu": named(name) for name in "abc"})
    machine.stop = {1: JudgeError("judging it would take long"), 3: JudgeError("so would this")}
    assert generate.main(["maps", "--count", "2", "-o", "plays"]) == 0
    assert played() == {"a": [0], "b": [0], "c": [0, 1]}
    said = capsys.readouterr().err
    assert "skipped maps/a.osu: judging it would take long\n" in said
    assert said.endswith("skipped 2 of 3 maps\n")


def test_progress_is_over_all_plays_that_can_be_made(machine):
    put({"a.osu": named("a"), "b.osu": TAIKO, "c.osu": named("c")})
    shares: list[float] = []
    maps = [ChosenMap(Path(f"{name}.osu")) for name in "abc"]

    def play_one(beatmap, seed, on_share):
        return machine.generate(beatmap, seed, PlayOptions(), on_share)

    events = list(play_maps(play_one, maps, Mods(0), [3, 4], shares.append))
    assert [type(event) for event in events] == [Opened, MadePlay, MadePlay, Skipped,
                                                 Opened, MadePlay, MadePlay]  # fmt: skip
    assert shares == [1 / 6, 2 / 6, 3 / 4, 4 / 4]  # two of the six turn out to be none
