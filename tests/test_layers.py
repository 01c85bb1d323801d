"""The rooms of osu/ and which way their imports point, read off the source with `ast`.

The reference is the table below. A new arrow between two rooms is a decision: it is made here.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.paths import ROOT

# Anybody may import these.
LEAVES = {"units", "files", "errors", "figures", "devices", "distributed", "origin"}
DIRECTION = {
    "formats": set(),
    "rules": {"formats"},
    "features": {"formats"},
    "data": {"formats", "features"},
    "nets": {"features"},
    "players": {"formats", "rules", "features", "data", "nets"},
    "likeness": {"formats", "rules", "features", "data", "players"},
    "classifiers": {"formats", "rules", "features", "data", "nets", "players", "likeness"},
    "person": {"formats", "rules", "features", "data", "nets", "players"},
    "training": {"features", "data", "nets", "players", "likeness"},
    "blind": {"formats", "rules", "features", "data", "players", "likeness"},
    "sound": set(),
    "render": {"formats", "rules", "sound"},
    "live": {"formats"},
    "gui": {"formats", "data", "live", "render", "players", "blind", "sound"},
}
# Each of a preparation's processes would hold torch's 300 MB, and a window would wait for it.
WITHOUT_TORCH = (
    *("formats", "rules", "sound", "render", "live", "gui", "units", "files"),
    *("features.chart", "features.play", "features.presses", "features.style"),
    *(
        "data.library",
        "data.finding.pair",
        "data.prepare",
        "data.shards",
        "data.manifest",
        "data.cluster",
    ),
)


def modules() -> dict[str, Path]:
    """Every module of osu/ by its dotted name without `osu.`."""
    found = {}
    for path in sorted((ROOT / "osu").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / "osu").with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imported(path: Path, everywhere: bool = True) -> set[str]:
    """Dotted names that a file imports, those inside functions too unless told otherwise."""
    tree = ast.parse(path.read_text())
    found = set()
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = inner.removeprefix("osu.") in MODULES
                found.add(inner if is_module else node.module)
    return found


def own(names: set[str]) -> set[str]:
    return {name.removeprefix("osu.") for name in names if name.startswith("osu.")}


def test_the_table_names_every_room():
    rooms = {path.name for path in (ROOT / "osu").iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(DIRECTION)


@pytest.mark.parametrize("room", DIRECTION)
def test_rooms_import_only_what_their_row_allows(room):
    for name, path in MODULES.items():
        if name.split(".")[0] == room:
            used = {module.split(".")[0] for module in own(imported(path))}
            assert used <= DIRECTION[room] | LEAVES | {room}, name


def test_no_modules_import_each_other():
    graph = {name: own(imported(path)) & set(MODULES) for name, path in MODULES.items()}
    del graph["__init__"]  # the front door, lazily imports everything
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError where there is one


def test_at_most_thirteen_files_a_room():
    for folder in {path.parent for path in MODULES.values()}:
        files = [path for path in folder.glob("*.py") if not path.name.startswith("__")]
        assert len(files) <= 13, folder


def reached(name: str) -> set[str]:
    """What importing a module imports in the end: modules of osu/, and packages."""
    found, left = set(), [name]
    while left:
        path = MODULES.get(left.pop())
        if path is None:
            continue
        for module in imported(path, everywhere=False):
            if module not in found:
                found.add(module)
                left.append(module.removeprefix("osu."))
    return found


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_what_starts_fast_imports_no_torch(name):
    for module in MODULES:
        if module == name or module.startswith(name + "."):
            assert not {m for m in reached(module) if m.split(".")[0] == "torch"}, module


def test_only_the_widgets_know_tk():
    toolkits = {"tkinter", "tkinterdnd2", "sv_ttk"}
    for name, path in MODULES.items():
        if not name.startswith("gui.widgets"):
            assert not {m.split(".")[0] for m in imported(path)} & toolkits, name


def test_no_training_script_imports_another():
    scripts = {path.stem for path in ROOT.glob("*.py")}
    for path in ROOT.glob("train_*.py"):
        assert not {name.split(".")[0] for name in imported(path)} & scripts, path.name


def public_names(path: Path) -> set[str]:
    """Functions, classes and constants that a module defines for others."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            targets = [part for target in node.targets for part in ast.walk(target)]
            found |= {t.id for t in targets if isinstance(t, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def test_a_public_name_lives_in_one_place():
    places: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for name in public_names(path) - {"main"}:  # what `python -m` runs
            places.setdefault(name, []).append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
