"""`train_diffusion.py --me NAME`: from folders to a model of one person, in one command.

    find      whose plays are there; a wrong name lists who is
    prepare   into the cache (osu.data.prepare), other people's plays too
    tell      some ten lines of what the plays show of the person, and a picture
    tune      models/diffusion on the person's plays, half of each batch other people's
    compare   plays of held-out songs beside the person's own, a table
    install   models/NAME with a card

Every step finds what an earlier, stopped run of the same command has done, and goes on from there.
What is learned from what, and how, is the training script's, which is called for it.
"""

import dataclasses
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

from osu.data.dataset import PlaySet, open_plays
from osu.data.library import each_pair, nothing_found
from osu.data.manifest import read_head
from osu.devices import pick_device
from osu.errors import UNREADABLE, UserError, shown
from osu.features.condition import Condition
from osu.features.play import Play
from osu.files import read_file, ready_folder, replacing, write_atomic
from osu.nets.checkpoint import CARD, WEIGHTS, CheckpointError, load_card, load_model
from osu.nets.denoiser import Denoiser
from osu.person.facts import facts_of, lines_of
from osu.person.held_out import choose_held_out, differences, play_held_out, table_of
from osu.person.picture import person_figure
from osu.players.dpm_solver import STEPS
from osu.players.engine import DEFAULT, MODELS, NAME, load_player, person_digest
from osu.units import FRAME_HZ

# What a person is tuned with, where the command line does not say otherwise (docs/own-plays.md).
TUNING = {"init": str(MODELS / DEFAULT), "eval_plays": 0, "pictures": False}
ON_CPU = {"steps": 300, "batch": 16, "learning_rate": 4e-4, "average": 0.99, "eval_every": 50}
ON_GPU = {"steps": 1000, "batch": 128, "learning_rate": 3e-4, "average": 0.995, "eval_every": 200,
          "graph": True}  # fmt: skip
COMPARED = 6  # held-out plays
MAY_DIFFER = ("resume", "device", "pictures", "full")  # of the options of a run that goes on
OF_PERSON = "tuned on one person's plays"  # how the card's line begins
OTHER_NAME = "choose another name for the new one"
HELD_OUT = "held-out"  # folder of a run: the model's plays of held-out songs


def make_person(args, train: Callable[[object], dict], models: Path = MODELS) -> Path:
    """Makes a model of the player `args.me` with the training script's options `args` and its
    `train`, and returns the installed model's folder. UserError, in one sentence."""
    installed = models / args.name
    _check_name(args.name, installed, args.me)
    if not args.data:
        raise UserError("--me needs --data: the folders with the plays and their maps")
    folders = args.data.split(",")
    _check_there(folders, args.me)
    plays = open_plays(args.data, args.cache, args.seed, args.me)
    own, held = plays.own("train"), plays.own("val")
    args = tuning_of(args, plays)
    out = Path(args.out)
    ready_folder(out)
    print(_found(plays))

    lines = lines_of(facts_of(plays, own))
    print("\n".join(map(shown, lines)))
    _draw(plays, out / "person.png")

    chosen = choose_held_out(plays, COMPARED)
    print(_estimate(args, sum(play.frames for play in chosen) / FRAME_HZ))
    same = _has_run(args)
    if same and _is_finished(out):
        print(f"{out}: this tuning is finished already")
    else:
        shutil.rmtree(out / HELD_OUT, ignore_errors=True)  # plays of another model
        train(dataclasses.replace(args, resume=same and (out / "last.pt").exists()))

    player = load_player("model", folder=out)
    pairs = play_held_out(player, chosen, folders, out / HELD_OUT)
    table = table_of(pairs)
    print("\n".join(map(shown, table)))
    write_atomic(out / "person.txt", "\n".join([*lines, "", *table, ""]).encode())

    means = differences(pairs).mean(0).tolist() if pairs else []
    about = f"{OF_PERSON}: {len(own)}, {len(held)} held out"
    more = {"about": about, "person": person_digest(plays.person), "held_out": means}
    more["held_out_maps"] = sorted({plays.plays[i].beatmap for i in held})
    _install(out / "model", installed, more)
    print(f"to play like that: uv run generate.py MAP.osu --model {args.name} --count 3 -o plays/")
    return installed


def tuning_of(args, plays: PlaySet):
    """The options of the tuning: what is not given on the command line is a person's, the name is
    spelt as in the replays, and the run's folder is of these very plays, so that further plays
    begin a run of their own."""
    on_gpu = pick_device(args.device).type == "cuda"
    wanted = TUNING | (ON_GPU if on_gpu else ON_CPU)
    prepared = plays.manifest.folder
    fingerprint = read_head(prepared).get("fingerprint", "")[:8]
    wanted |= {"out": f"runs/{args.name}-{fingerprint}"}
    defaults = {field.name: field.default for field in dataclasses.fields(args)}
    changes = {k: v for k, v in wanted.items() if getattr(args, k) == defaults[k]}
    return dataclasses.replace(args, data="", cache=str(prepared), me=plays.person, **changes)


def _check_name(name: str, installed: Path, player: str) -> None:
    """UserError where a model of that name cannot be installed: there is one that is not of the
    same player."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name} can be no model's name: that has 1 to 40 of A-Z a-z 0-9 _ . -")
    if not installed.exists():
        return
    try:
        card = load_card(installed)
    except CheckpointError:
        card = {}
    if not str(card.get("about", "")).startswith(OF_PERSON):
        raise UserError(f"{installed} is another model: {OTHER_NAME}")
    if card.get("person") != person_digest(player):
        whose = "is somebody else's model" if "person" in card else "does not say whose model it is"
        raise UserError(f"{installed} {whose}: {OTHER_NAME}")


def _check_there(folders: list[str], player: str) -> None:
    """DataError, which lists who is there, where no replay with its map is of that player: before
    anything is prepared."""
    if next(each_pair(folders, Counter(), player), None) is None:
        raise nothing_found(folders)


def _found(plays: PlaySet) -> str:
    """Whose plays are learned from."""
    own, held = plays.own("train"), plays.own("val")
    songs = len({plays.plays[i].song for i in held})
    others = len(plays.where("train")) - len(own)
    mixed = f"half of each batch is of {others} plays of others" if others else (
        "nobody else's plays are here, so that all of each batch is theirs")  # fmt: skip
    name = shown(plays.person, 40)
    return f"{name}: {len(own)} plays to learn from, {len(held)} of {songs} songs held out; {mixed}"


def _draw(plays: PlaySet, path: Path) -> None:
    """The picture of all of the person's plays to learn from."""
    write_atomic(path, person_figure(facts_of(plays, plays.own("train"))))
    print(f"drawn: {shown(path)}")


def _estimate(args, played_s: float) -> str:
    """How long it will take, from what one small pass through the network takes here. `played_s` is
    the length of the plays that are compared."""
    if pick_device(args.device).type == "cuda":
        return f"{args.steps} steps: about a minute on a GPU, then the held-out plays"
    model, frames = load_model(args.init, Denoiser), args.length
    inputs = (
        torch.zeros(2, frames, len(Play)),
        torch.ones(2),
        torch.zeros(2, frames, len(Condition)),
    )
    embed = torch.zeros(2, model.config.embed)
    forward_s = []
    for _ in range(2):
        began = time.monotonic()
        with torch.no_grad():
            model(*inputs, embed)
        forward_s.append(time.monotonic() - began)
    window_s = min(forward_s) / 2
    # A step goes forward and back, and reads the code off another stretch.
    tuning = 3.3 * window_s * args.batch * args.steps
    playing = STEPS * window_s * played_s / (frames / FRAME_HZ)
    return (
        f"about {tuning / 60:.0f} minutes of tuning ({args.steps} steps) and "
        f"{playing / 60:.0f} of playing; stopped, the same command goes on"
    )


def _is_finished(out: Path) -> bool:
    """Whether the run's model was kept after its last state."""
    state, card = out / "last.pt", out / "model" / CARD
    return state.exists() and card.exists() and card.stat().st_mtime >= state.stat().st_mtime


def _has_run(args) -> bool:
    """Whether the run's folder is of a run of the same player with these options."""
    try:
        before = json.loads(read_file(Path(args.out) / "args.json", 1 << 20))
        wanted = dataclasses.asdict(args)
        return all(before[k] == v for k, v in wanted.items() if k not in MAY_DIFFER)
    except UNREADABLE:
        return False


def _install(model: Path, installed: Path, more: dict) -> None:
    """Copies a run's model below models/, with more in its card; the card last, without which there
    is no model."""
    installed.mkdir(parents=True, exist_ok=True)
    with replacing(installed / WEIGHTS) as temporary:
        shutil.copyfile(model / WEIGHTS, temporary)
    card = load_card(model) | more
    write_atomic(installed / CARD, (json.dumps(card, indent=1) + "\n").encode())
    print(f"installed: {shown(installed)}")
