"""From a beatmap to a replay that looks as if a person had played it.

    uv run generate.py                                    plays a sample map
    uv run generate.py MAP.osz --difficulty Insane --mods HDDT --seed 7 --count 3 -o plays/
    uv run generate.py MAP.osu --like MINE.osr --maps ~/osu/Songs --accuracy 0.96 --gif
    uv run generate.py MAP.osu --like REPLAYS/ A.osr      like their person: up to 50 are read
    uv run generate.py SONGS/ A.osu B.osz --count 2 -o plays/     two plays of each map

Writes .osr files that the game opens, each as soon as it is played. The player's name in them says
that they are generated. Of several maps, what cannot be played is skipped and said.
"""

import argparse
import math
import sys
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from osu.data.library import map_files
from osu.devices import pick_device
from osu.errors import UserError, run_program, shown
from osu.files import file_beside, ready_folder
from osu.formats.archive import ARCHIVES, DifficultyError
from osu.formats.beatmap import Beatmap
from osu.formats.mods import PLAYABLE, Mods, ModsError, mods_str, parse_mods
from osu.formats.replay import save_replay
from osu.players import engine
from osu.players.generated import GeneratedPlay
from osu.players.likes.reading import read_likes, reason_without
from osu.players.many import ChosenMap, MadePlay, Opened, Skipped, play_maps
from osu.players.naming import play_file_names
from osu.players.options import (
    ACCURACY_RANGE,
    LAST_SEED,
    SKILLS,
    UNSTABLE_RATE_RANGE,
    LikedPlay,
    OnProgress,
    OptionError,
    PlayOptions,
    about_likes,
)
from osu.render.export import lively_window, save_gif
from osu.render.painter import RenderError
from osu.render.scene import Stage
from osu.render.video import NO_AV, can_write_video, save_mp4

SAMPLE = Path(__file__).parent / "data" / "sample" / "circuit.osu"
BAR = "{desc} {percentage:3.0f} % |{bar}| {elapsed}, {remaining} left"


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "map",
        nargs="*",
        default=[str(SAMPLE)],
        help=".osu, .osz, .olz or folders of such (default: a sample)",
    )
    parser.add_argument("--difficulty", help="which one of an .osz, .olz or folder")
    parser.add_argument("--model", default=engine.DEFAULT, help="a folder of models/ (%(default)s)")
    parser.add_argument("--mods", default="", help="such as HDDT")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another play")
    parser.add_argument("--count", type=int, default=1, help="plays a map, seeds from --seed on")
    parser.add_argument("-o", "--out", default=".", help="a file for one play, or a folder")
    parser.add_argument(
        "--like",
        nargs="+",
        default=(),
        metavar="REPLAY",
        help="play like whoever played these replays; folders of them, too",
    )
    parser.add_argument("--maps", nargs="+", default=(), metavar="DIR", help="with maps of --like")
    parser.add_argument("--accuracy", type=float, help=f"to aim for, {_range(ACCURACY_RANGE)}")
    parser.add_argument(
        "--ur", type=float, help=f"unstable rate to aim for, {_range(UNSTABLE_RATE_RANGE)}"
    )
    parser.add_argument("--skill", choices=list(SKILLS), help="instead of --accuracy")
    parser.add_argument("--steps", type=int, help="of the sampler: fewer are faster")
    parser.add_argument("--gif", action="store_true", help="draw each play as a gif beside it")
    parser.add_argument(
        "--mp4", action="store_true", help="each whole play with its song, beside it (extra: mp4)"
    )
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


def read_plays_of_like(args: argparse.Namespace) -> tuple[LikedPlay, ...]:
    """The plays of --like; their maps are below --maps or beside the maps that are played."""
    beside = [path if path.is_dir() else path.parent for path in map(Path, args.map)]
    if_lost = "--maps names folders to look in"
    read = read_likes(args.like, [*args.maps, *beside], if_lost=if_lost)
    for note in read.notes:
        print(shown(note), file=sys.stderr)
    for reason, count in read.skipped.most_common():
        print(f"skipped {count} of --like: {shown(reason)}", file=sys.stderr)
    return read.plays


def playable_mods(text: str) -> Mods:
    mods = parse_mods(text)
    if others := mods & ~PLAYABLE:
        playable = " ".join(mod.name for mod in PLAYABLE)
        raise ModsError(f"nobody plays under {mods_str(others)} here; the mods are {playable}")
    return mods


def check_names(args: argparse.Namespace, maps: int) -> None:
    """OptionError where one file was named for many plays, or a folder for one, or where
    --difficulty has nothing to choose from."""
    for path in map(Path, args.map if args.difficulty else ()):
        if path.suffix.lower() not in ARCHIVES and not path.is_dir():
            raise OptionError(f"--difficulty chooses from an archive; {path} is one difficulty")
    out = Path(args.out)
    if _is_replay(out):
        if maps > 1:
            raise OptionError(f"{out} is one file, but there are {maps} maps: name a folder")
        if args.count > 1:
            raise OptionError(f"{out} is one file, but --count is {args.count}: name a folder")
        if out.is_dir():
            raise OptionError(f"{out} is a folder with the name of a replay")


def _is_replay(path: Path) -> bool:
    return path.suffix.lower() == ".osr"


def save_play(play: GeneratedPlay, path: Path, map_path: Path, gif: bool, mp4: bool) -> None:
    replay = play.replay
    save_replay(replay, path)
    print(
        f"{shown(path)}: {100 * replay.accuracy:.2f} %, {play.judgement.misses_in_words}, "
        f"{replay.max_combo}x, {replay.n300}/{replay.n100}/{replay.n50}"
    )
    stage = Stage(play.beatmap, replay, play.judgement) if gif or mp4 else None
    if gif:
        save_gif([stage], path.with_suffix(".gif"), *lively_window(play.beatmap))
        print(shown(path.with_suffix(".gif")))
    if mp4:
        song = file_beside(map_path, play.beatmap.audio_filename)
        save_mp4([stage], path.with_suffix(".mp4"), stage.start_ms, stage.end_ms, song)
        print(shown(path.with_suffix(".mp4")) + ("" if song else " (its song was not found)"))


class Outcome:
    """What becomes of the maps: their plays are saved as they are made, and what is skipped is
    said."""

    def __init__(self, args: argparse.Namespace, files: list[Path]) -> None:
        self.args = args
        self.seeds = range(args.seed, args.seed + args.count)
        self.named = set(map(Path, args.map))
        self.alone = len(args.map) == 1 and files[0] in self.named
        self.files = len(files)
        self.wanted = len(files) * args.count  # plays
        self.plays = self.skipped = self.others = 0
        self.taken: set[str] = set()  # names for the maps so far
        self.map_path = Path()  # of the map that is open
        self.paths: list[Path] = []  # of plays that are to come of the map that is open

    def take(self, event: Opened | MadePlay | Skipped) -> None:
        """A map that was named alone has to be playable: its error is raised."""
        match event:
            case Opened(path, beatmap):
                if beatmap.left_out:
                    print(f"{shown(path)}: {beatmap.left_out}")
                names = play_file_names(self.args.model, self.seeds, beatmap, self.taken)
                self.map_path = path
                out = Path(self.args.out)
                self.paths = [out] if _is_replay(out) else [out / name for name in names]
                ready_folder(self.paths[0].parent)  # before the playing
            case MadePlay(_, play):
                save_play(play, self.paths.pop(0), self.map_path, self.args.gif, self.args.mp4)
                self.plays += 1
            case Skipped(_, error) if self.alone:
                raise error
            case Skipped(path, error, missing):
                self.wanted -= missing
                if isinstance(error, DifficultyError) and path not in self.named:
                    self.others += 1
                else:
                    self.skipped += 1
                    reason = f"{path}: {reason_without(error, path)}"
                    print(f"skipped {shown(reason)}", file=sys.stderr)

    def end(self) -> None:
        """Says how many were skipped."""
        counts = [f"skipped {self.skipped} of {self.files} maps"] * bool(self.skipped)
        others = f"{self.others} of {self.files} maps are not of that difficulty"
        counts += [others] * bool(self.others)
        if counts:
            print("; ".join(counts), file=sys.stderr)


def generate(args: argparse.Namespace) -> None:
    if args.mp4 and not can_write_video():
        raise RenderError(NO_AV)
    mods = playable_mods(args.mods)
    unread: Counter = Counter()
    files = map_files(args.map, unread)
    check_names(args, len(files))
    for reason, count in unread.items():
        print(f"not searched: {shown(reason)} ({count})", file=sys.stderr)
    player = engine.load_player(args.model, str(pick_device(args.device)))
    likes = read_plays_of_like(args) if args.like else ()
    if likes:
        print(about_likes(likes))
    options = PlayOptions(
        like=likes,
        accuracy=args.accuracy,
        unstable_rate=args.ur,
        skill=args.skill,
        steps=args.steps,
    )
    outcome = Outcome(args, files)
    try:
        # None: no bar where nobody watches, so that a file of stderr holds sentences only.
        bar_options = dict(bar_format=BAR, delay=1.0, leave=False, disable=None)
        with tqdm(total=100 * outcome.wanted, **bar_options) as bar:

            def on_progress(share: float) -> None:
                bar.desc = f"play {outcome.plays + 1} of {outcome.wanted}"
                bar.total = 100 * outcome.wanted  # without those of skipped maps
                bar.update(math.floor(bar.total * share) - bar.n)

            def play_one(beatmap: Beatmap, seed: int, on_share: OnProgress) -> GeneratedPlay:
                return player.generate(beatmap, seed, options, on_share)

            maps = [ChosenMap(path, args.difficulty) for path in files]
            for event in play_maps(play_one, maps, mods, outcome.seeds, on_progress):
                bar.clear()
                outcome.take(event)
    finally:
        outcome.end()
    if not outcome.plays:
        raise UserError("nothing was played")


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    return run_program("generate.py", lambda: generate(args))


if __name__ == "__main__":
    sys.exit(main())
