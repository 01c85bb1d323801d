"""Replays and their maps from osu!, into a folder to learn from.

    uv run --extra download -m osu.data.download --user NAME --best 100 --recent 50 --out DIR
    uv run --extra download -m osu.data.download --map ID --top 50 --out DIR
    uv run --extra download -m osu.data.download --everyone 1000 --out DIR

needs an OAuth client of one's own: its ID and secret are taken from OSU_CLIENT_ID and
OSU_CLIENT_SECRET or asked for, and stored nowhere. Stopped at any moment, the same command goes
on: what lies in DIR is not loaded again. osu! gives 10 replays a minute (see osu.data.osu_api).

DIR gets replays/SCORE.osr and maps/MD5.osu. osu! serves a map only as it is now: where a replay was
made on another version (its MD5 differs), the map has to come from elsewhere, from one's own Songs
or a beatmap set, named as a further folder when the plays are prepared.
"""

import argparse
import getpass
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from osu.data.osu_api import CLIENTS_PAGE, Api, ApiError, ApiScore, NotThereError
from osu.errors import run_program
from osu.files import ready_folder, write_atomic
from osu.formats.binary import is_md5
from osu.formats.replay import Replay, ReplayError, load_replay, parse_replay

ID_NAME, SECRET_NAME = "OSU_CLIENT_ID", "OSU_CLIENT_SECRET"
STOPPED = "stopped; the same command goes on from here"
LOADED, KEPT = "replays loaded", "replays that were there already"
NOT_KEPT = "scores of which osu! keeps no replay"
DAMAGED = "replays that cannot be read"
OTHER_MAP = "replays on a map that has changed since"
MAP_NOT_FOUND = "replays on a map that osu! has no file of"


def credentials() -> tuple[str, str]:
    """(client ID, secret) from the environment, or asked for at the terminal."""
    client_id, secret = os.environ.get(ID_NAME, ""), os.environ.get(SECRET_NAME, "")
    if client_id and secret:
        return client_id, secret
    if not sys.stdin.isatty():
        raise ApiError(
            f"{ID_NAME} and {SECRET_NAME} are not set: make an OAuth client at {CLIENTS_PAGE}"
        )
    print(f"An OAuth client of your own is needed ({CLIENTS_PAGE}); nothing is stored.")
    client_id = client_id or input("Client ID: ").strip()
    return client_id, secret or getpass.getpass("Client secret: ")


def wanted_scores(api: Api, args: argparse.Namespace) -> Iterable[ApiScore]:
    """The scores that the command line asks for, each once."""
    if args.everyone is not None:
        return new_scores(api, args.everyone, args.out / "replays")
    if args.map is not None:
        return api.map_scores(args.map, args.top)
    user_id = api.user_id(args.user)
    scores: dict[int, ApiScore] = {}
    for kind, count in (("best", args.best), ("recent", args.recent)):
        scores |= {score.id: score for score in api.user_scores(user_id, kind, count)}
    return list(scores.values())


def new_scores(api: Api, count: int, replays: Path) -> Iterator[ApiScore]:
    """Recent scores of everybody of which osu! keeps a replay and the folder has none, until the
    folder has `count` replays."""
    lacking = count - len(list(replays.glob("*.osr")))
    if lacking <= 0:
        return
    for score in api.everyones_scores():
        path = replays / f"{score.id}.osr"
        if score.has_replay and not path.exists():
            yield score
            lacking -= path.exists()  # osu! may keep none of it after all
            if lacking <= 0:
                return


def load(api: Api, scores: Iterable[ApiScore], out: Path) -> Counter:
    """Loads the replays and maps that `out` lacks, and counts the scores by their outcome.

    Files appear whole or not at all. Raises ApiError and OSError; what was loaded stays.
    """
    (out / "replays").mkdir(parents=True, exist_ok=True)
    (out / "maps").mkdir(exist_ok=True)
    counts: Counter = Counter()
    served: dict[int, str] = {}
    for score in tqdm(scores, desc="replays", unit="replay"):
        path = out / "replays" / f"{score.id}.osr"
        try:
            if path.exists():
                md5 = _map_md5(load_replay(path))
                counts[KEPT] += 1
            elif not score.has_replay:
                raise NotThereError("there is no replay")
            else:
                data = api.replay(score.id)
                md5 = _map_md5(parse_replay(data))
                write_atomic(path, data)
                counts[LOADED] += 1
        except NotThereError:
            counts[NOT_KEPT] += 1
        except ReplayError:
            counts[DAMAGED] += 1
        else:
            counts += _load_map(api, score.beatmap_id, md5, out / "maps", served)
    return counts


def _map_md5(replay: Replay) -> str:
    """The MD5 of a replay's map, which becomes a file's name. ReplayError where it is none."""
    if not is_md5(replay.beatmap_md5):
        raise ReplayError("what the replay says of its map is no MD5")
    return replay.beatmap_md5


def _load_map(api: Api, beatmap_id: int, md5: str, maps: Path, served: dict[int, str]) -> Counter:
    """Loads a replay's map unless it is there; `served` is the MD5 of each map asked for before,
    so that one which has changed is asked for once a run."""
    path = maps / f"{md5}.osu"
    if path.exists():
        return Counter()
    if beatmap_id not in served:
        try:
            data = api.beatmap(beatmap_id)
        except NotThereError:
            data = b""
        served[beatmap_id] = hashlib.md5(data).hexdigest() if data else ""
        if data:
            write_atomic(maps / f"{served[beatmap_id]}.osu", data)
    if served[beatmap_id] == md5:
        return Counter()
    return Counter([OTHER_MAP if served[beatmap_id] else MAP_NOT_FOUND])


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="osu.data.download",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--user", metavar="NAME", help="a player's scores")
    whose.add_argument("--map", type=int, metavar="ID", help="the best scores of a map")
    whose.add_argument(
        "--everyone", type=int, metavar="N", help="recent passes of anybody, until DIR has N"
    )
    parser.add_argument("--best", type=int, default=0, metavar="N", help="of --user (100)")
    parser.add_argument("--recent", type=int, default=0, metavar="N", help="of the last 24 hours")
    parser.add_argument("--top", type=int, default=50, metavar="N", help="of --map, 1 to 100")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    args = parser.parse_args(argv)
    if min(args.best, args.recent) < 0 or not 1 <= args.top <= 100:
        parser.error("--best and --recent cannot be negative, --top is 1 to 100")
    if args.everyone is not None and args.everyone < 1:
        parser.error("--everyone is 1 or more")
    if args.user is not None and not (args.best or args.recent):
        args.best = 100
    return args


def main(argv: list[str] | None = None, **connection) -> int:
    """`connection` are further arguments of Api."""
    args = parse_args(argv)
    return run_program("osu.data.download", lambda: download(args, **connection), stopped=STOPPED)


def download(args: argparse.Namespace, **connection) -> None:
    """What `main` does. ApiError, and UserError where nothing can be written to --out."""
    ready_folder(args.out)
    api = Api(*credentials(), **connection)
    scores = wanted_scores(api, args)
    if scores == []:
        raise ApiError("osu! has no such scores")
    counts = load(api, scores, args.out)
    for what, count in counts.items():
        print(f"{count:6d}  {what}")
    if counts[OTHER_MAP] or counts[MAP_NOT_FOUND]:
        print("Maps that are missing may be in your Songs: name it as a further folder below.")
    print(f"prepare them with: uv run -m osu.data {args.out}")


if __name__ == "__main__":
    sys.exit(main())
