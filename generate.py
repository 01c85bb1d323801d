"""From a beatmap to a replay that looks as if a person had played it.

    uv run generate.py                                    plays a sample map
    uv run generate.py MAP.osz --difficulty Insane --mods HDDT --seed 7 --count 3 -o plays/
    uv run generate.py MAP.osu --like MINE.osr --maps ~/osu/Songs --accuracy 0.96 --gif

Writes .osr files that the game opens. The player's name in them says that they are generated.
"""

import argparse
import math
import sys
from pathlib import Path

from tqdm import tqdm

from osu.data.library import CHANGED_LINE_ENDS, DataError, find_maps
from osu.errors import run_program, shown
from osu.features.chart import check_length
from osu.files import ready_folder
from osu.formats.archive import ARCHIVES
from osu.formats.beatmap import Beatmap, load_beatmap
from osu.formats.mods import PLAYABLE, ModsError, mods_str, parse_mods
from osu.formats.replay import load_replay, save_replay
from osu.players import engine
from osu.players.generated import play_file_name
from osu.players.options import (
    ACCURACY_RANGE,
    LAST_SEED,
    SKILLS,
    UNSTABLE_RATE_RANGE,
    LikedPlay,
    OptionError,
    PlayOptions,
    liked_play,
)
from osu.render.export import lively_window, save_gif
from osu.render.scene import Stage
from osu.training.run import pick_device

SAMPLE = Path(__file__).parent / "data" / "sample" / "circuit.osu"
BAR = "{desc} {percentage:3.0f} % |{bar}| {elapsed}, {remaining} left"


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "map", nargs="?", default=str(SAMPLE), help=".osu, .osz or .olz (default: a sample)"
    )
    parser.add_argument("--difficulty", help="which one of an .osz or .olz")
    parser.add_argument("--model", default=engine.DEFAULT, help="a folder of models/ (%(default)s)")
    parser.add_argument("--mods", default="", help="such as HDDT")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another play")
    parser.add_argument("--count", type=int, default=1, help="plays, with seeds from --seed on")
    parser.add_argument("-o", "--out", default=".", help="a file for one play, or a folder")
    parser.add_argument("--like", nargs="+", default=(), metavar="REPLAY", help="play like these")
    parser.add_argument("--maps", nargs="+", default=(), metavar="DIR", help="with maps of --like")
    parser.add_argument("--accuracy", type=float, help=f"to aim for, {_range(ACCURACY_RANGE)}")
    parser.add_argument(
        "--ur", type=float, help=f"unstable rate to aim for, {_range(UNSTABLE_RATE_RANGE)}"
    )
    parser.add_argument("--skill", choices=list(SKILLS), help="instead of --accuracy")
    parser.add_argument("--steps", type=int, help="of the sampler: fewer are faster")
    parser.add_argument("--gif", action="store_true", help="draw each play as a gif beside it")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto (%(default)s)")
    args = parser.parse_args(argv)
    if args.count < 1:
        parser.error("--count must be at least 1")
    if not 0 <= args.seed <= args.seed + args.count - 1 <= LAST_SEED:
        parser.error(f"--seed must be 0 to {LAST_SEED}, the last of --count included")
    if args.steps is not None and not 2 <= args.steps <= 1000:
        parser.error("--steps must be 2 to 1000")
    for option, value, (least, most) in (
        ("--accuracy", args.accuracy, ACCURACY_RANGE),
        ("--ur", args.ur, UNSTABLE_RATE_RANGE),
    ):
        if value is not None and not least <= value <= most:
            parser.error(f"{option} must be {_range((least, most))}")
    return args


def _range(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}"


def read_likes(args: argparse.Namespace) -> tuple[LikedPlay, ...]:
    """The replays of --like with their maps."""
    replays = tuple(load_replay(path) for path in args.like)
    maps = find_maps([*args.maps, Path(args.map).parent], {r.beatmap_md5 for r in replays})
    likes = []
    for path, replay in zip(args.like, replays, strict=True):
        if replay.beatmap_md5 not in maps:
            raise DataError(f"{path}: its map was not found; --maps names folders to look in")
        pair = maps[replay.beatmap_md5]
        likes.append(liked_play(path, replay, pair.load_map(replay.beatmap_md5)))
        notes = [f"{pair.beatmap}: {CHANGED_LINE_ENDS}"] * pair.crlf
        notes += [f"{path}: left out: {part}" for part in replay.left_out]
        for note in notes:
            print(shown(note), file=sys.stderr)
    return tuple(likes)


def targets(args: argparse.Namespace, beatmap: Beatmap) -> list[Path]:
    """Where each play goes. OptionError where one file was named for many, or a folder for one."""
    out = Path(args.out)
    if out.suffix.lower() == ".osr":
        if args.count > 1:
            raise OptionError(f"{out} is one file, but --count is {args.count}: name a folder")
        if out.is_dir():
            raise OptionError(f"{out} is a folder with the name of a replay")
        return [out]
    seeds = range(args.seed, args.seed + args.count)
    return [out / play_file_name(f"{args.model} {seed}", beatmap) for seed in seeds]


def generate(args: argparse.Namespace) -> None:
    mods = parse_mods(args.mods)
    if others := mods & ~PLAYABLE:
        playable = " ".join(mod.name for mod in PLAYABLE)
        raise ModsError(f"nobody plays under {mods_str(others)} here; the mods are {playable}")
    if args.difficulty and Path(args.map).suffix.lower() not in ARCHIVES:
        raise OptionError(f"--difficulty chooses from an archive; {args.map} is one difficulty")
    beatmap = load_beatmap(args.map, args.difficulty).with_mods(mods)
    if beatmap.left_out:
        print(f"{shown(args.map)}: {beatmap.left_out}")
    check_length(beatmap.start_ms[0], beatmap.end_ms.max(), beatmap.rate)
    player = engine.load_player(args.model, str(pick_device(args.device)))
    options = PlayOptions(
        like=read_likes(args),
        accuracy=args.accuracy,
        unstable_rate=args.ur,
        skill=args.skill,
        steps=args.steps,
    )
    paths = targets(args, beatmap)
    ready_folder(paths[0].parent)  # before the playing
    for number, path in enumerate(paths):
        name = f"play {number + 1} of {args.count}"
        with tqdm(total=100, desc=name, bar_format=BAR, delay=1.0, leave=False) as bar:
            play = player.generate(
                beatmap,
                args.seed + number,
                options,
                lambda share: bar.update(math.floor(100 * share) - bar.n),
            )
        replay = play.replay
        save_replay(replay, path)
        print(
            f"{shown(path)}: {100 * replay.accuracy:.2f} %, {replay.nmiss} misses, "
            f"{replay.max_combo}x, {replay.n300}/{replay.n100}/{replay.n50}"
        )
        if args.gif:
            stage = Stage(play.beatmap, replay, play.judgement)
            save_gif([stage], path.with_suffix(".gif"), *lively_window(beatmap))
            print(shown(path.with_suffix(".gif")))


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    return run_program("generate.py", lambda: generate(args))


if __name__ == "__main__":
    sys.exit(main())
