"""Play a replay live: the real pointer, the real keys, in the game that is open beside this.

    uv run -m osu.live REPLAY.osr --map MAP.osu --rect X,Y,W,H [--keys z,x] [--lazer]
                       [--start-key F8] [--start-at MS] [--offset MS]

For offline, unranked use only: automated play on an account breaks the game's rules.

--rect is the playfield's rectangle on the screen, in pixels. It follows from the game's window with
--window X,Y,W,H (its inside) or --window TITLE (found by the start of its title, such as 'osu!').
--keys names two keys by what they type; lazer asks where a key lies and not what it types, so that
with --lazer they are named by what they type on a US keyboard (on a French one, z is marked W).
With --start-key the play waits for that key: press it when the map reaches --start-at (the first
object by default). Escape stops it, F6 and F7 shift it by 2 ms.
Exit status: 0 played to the end, 1 stopped or failed, 2 nothing could be started.
"""

import argparse
import hashlib
import re
import signal
import sys
from pathlib import Path

from osu.errors import shown
from osu.formats.beatmap import BeatmapError, load_beatmap
from osu.formats.osu_file import with_crlf
from osu.formats.plays.kind import kind_of, remark_on
from osu.formats.replay import ReplayError, load_replay
from osu.live.game_window import find_window
from osu.live.plan import (
    FIRST,
    LiveError,
    Rect,
    check_playfield,
    make_plan,
    parse_ms,
    playfield_rect,
)
from osu.live.player import NOTICE, LivePlayer
from osu.live.protocol import (
    Armed,
    LiveFailed,
    LiveSettings,
    Nudged,
    Stopped,
)
from osu.live.sinks.base import SinkError


def main(argv: list[str] | None = None) -> int:
    args = _arguments(argv)
    try:
        replay = load_replay(args.replay)
        beatmap = load_beatmap(args.map)
        if replay.beatmap_md5 != beatmap.md5:
            if replay.beatmap_md5 != hashlib.md5(with_crlf(args.map.read_bytes())).hexdigest():
                raise LiveError(f"{args.replay} is not a play of {args.map}: the map's MD5 differs")
            _remark(args.map, "a tool has changed its line ends since it was played")
        playfield = playfield_rect(args.window) if args.window else args.rect
        check_playfield(playfield)
        settings = LiveSettings(
            start_at_ms=beatmap.start_ms[0] if args.start_at is None else args.start_at,
            keys=tuple(args.keys.split(",")),
            by_place=args.lazer,
            offset_ms=args.offset,
            **({"start_key": args.start_key} if args.start_key else {}),
        )
        player = LivePlayer(make_plan(replay, playfield), settings)
        if not kind_of(replay).own:  # as most plays here are
            _remark(args.replay, remark_on(replay))
        for part in replay.left_out:
            _remark(args.replay, f"left out: {part}")
        _remark(args.map, beatmap.left_out)
    except (ReplayError, BeatmapError, LiveError, SinkError) as error:
        print(f"osu.live: {shown(error)}", file=sys.stderr)
        return 2
    print(NOTICE)
    with player:
        try:
            return _follow(player, settings, playfield, starts_at_once=not args.start_key)
        except LiveError as error:
            print(f"osu.live: {shown(error)}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("osu.live: stopped", file=sys.stderr)
            return 128 + signal.SIGINT


def _remark(path: Path, said: str) -> None:
    if said:
        print(f"{shown(path)}: {said}", file=sys.stderr)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    lines = __doc__.splitlines()
    parser = argparse.ArgumentParser(prog="osu.live", description=lines[0], epilog=NOTICE)
    parser.add_argument("replay", type=Path, metavar="REPLAY.osr")
    parser.add_argument("--map", type=Path, required=True, metavar="MAP.osu")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--rect", type=_rect, metavar="X,Y,W,H", help="the playfield, in pixels")
    where.add_argument(
        "--window", type=_window, metavar="X,Y,W,H|TITLE", help="the game's window, its inside"
    )
    parser.add_argument("--keys", default="z,x", help="the game's two keys (default z,x)")
    parser.add_argument(
        "--lazer", action="store_true", help="keys by their place on a US keyboard, as lazer's are"
    )
    parser.add_argument("--start-key", help="wait for this key; without it the play starts at once")
    parser.add_argument(
        "--start-at", type=_start, metavar="MS", help=f"map time of the start (default: {FIRST})"
    )
    parser.add_argument(
        "--offset", type=_ms, default=0.0, metavar="MS", help="real ms, above 0 plays later"
    )
    return parser.parse_args(_joined(sys.argv[1:] if argv is None else argv))


def _joined(argv: list[str]) -> list[str]:
    """The arguments with a value that begins with a minus tied to its option: argparse would take
    "-1920,0,1920,1080", a place on the screen to the left, for an option."""
    joined: list[str] = []
    for argument in argv:
        if re.match(r"-[\d.]", argument) and joined and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _rect(text: str) -> Rect:
    try:
        return Rect.parse(text)
    except LiveError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _window(text: str) -> Rect:
    try:
        return Rect.parse(text) if text.count(",") == 3 else find_window(text)
    except (LiveError, SinkError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _ms(text: str) -> float:
    try:
        return parse_ms(text)
    except LiveError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _start(text: str) -> float | None:
    return None if text == FIRST else _ms(text)


def _follow(
    player: LivePlayer, settings: LiveSettings, playfield: Rect, starts_at_once: bool
) -> int:
    """Prints the events of the play; -> the exit status. LiveError, and nothing has moved, where
    the playfield is not on the screen."""
    armed = False
    for event in player.events():
        if isinstance(event, Armed):
            armed = True
            if event.screen is not None:
                check_playfield(playfield, Rect(*event.screen))
        match event:
            case Armed(sink=sink) if starts_at_once:
                print(
                    f"{sink}: playing from {settings.start_at_ms:g} ms, {settings.stop_key} stops"
                )
                player.start()
            case Armed(sink=sink):
                print(
                    f"{sink}: press {settings.start_key} when the map is at "
                    f"{settings.start_at_ms:g} ms; {settings.stop_key} stops, "
                    f"{settings.earlier_key} and {settings.later_key} shift it"
                )
            case Nudged(offset_ms):
                print(f"offset {offset_ms:+g} ms")
            case LiveFailed(sentence):
                print(f"osu.live: {sentence}", file=sys.stderr)
                return 1 if armed else 2
            case Stopped(reason, completed):
                print("played to the end" if completed else f"stopped: {reason}")
                for what, late in (("moves", event.motion), ("keys", event.keys)):
                    if late:
                        print(late.sentence(what))
                return 0 if completed else 1
    raise AssertionError("the last event is Stopped or Failed")


if __name__ == "__main__":
    sys.exit(main())
