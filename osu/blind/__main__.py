"""Makes a page of "Which one is the human?", a blind test that can be sent to friends.

    uv run -m osu.blind REPLAYS_FOLDER --maps DIR --model diffusion --pairs 12 --out blind.html
    uv run -m osu.blind ~/osu --me "Your Name" --model me --out me.html       "Which one is me?"

See docs/blind.md.
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from osu.blind.page import WHAT_IS_IN_IT, blind_page
from osu.blind.pairs import MOST_PAIRS, draw_pairs
from osu.blind.question import WHICH_IS_HUMAN, WHICH_IS_ME
from osu.blind.rival import model_of
from osu.errors import run_program, shown
from osu.files import ready_file, write_atomic
from osu.players.engine import DEFAULT, load_player
from osu.players.options import LAST_SEED

BAR = "{desc} {percentage:3.0f} % |{bar}| {elapsed}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("replays", help="a folder with people's replays (.osr) anywhere below")
    parser.add_argument("--maps", nargs="+", default=[], metavar="DIR", help="with their maps")
    parser.add_argument("--model", default=DEFAULT, help="a folder of models/ (%(default)s)")
    parser.add_argument("--me", default="", metavar="NAME", help="ask which one is this player")
    parser.add_argument("--pairs", type=int, default=12, help="of clips (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another page")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (%(default)s)")
    parser.add_argument("--out", default="blind.html", metavar="FILE", help="(%(default)s)")
    args = parser.parse_args(argv)
    if not 1 <= args.pairs <= MOST_PAIRS:
        parser.error(f"--pairs must be 1 to {MOST_PAIRS}")
    if not 0 <= args.seed <= LAST_SEED:
        parser.error(f"--seed must be 0 to {LAST_SEED}")
    return run_program("osu.blind", lambda: make(args))


def make(args: argparse.Namespace) -> None:
    ready_file(args.out)
    player = load_player(args.model, args.device)
    with tqdm(total=100, desc="pairs", bar_format=BAR, disable=None) as bar:
        pairs, skipped = draw_pairs(
            args.replays,
            args.maps,
            player,
            args.pairs,
            args.seed,
            lambda share: bar.update(int(100 * share) - bar.n),
            me=args.me,
        )
    page = blind_page(
        pairs, model_of(player.card, args.me), args.seed, WHICH_IS_ME if args.me else WHICH_IS_HUMAN
    )
    write_atomic(args.out, page.encode())
    for reason, count in skipped.most_common():
        print(f"{count:6d} passed over: {shown(reason)}")
    size_mb = Path(args.out).stat().st_size / 1e6
    print(f"{shown(args.out)}: {len(pairs)} of {args.pairs} pairs, {size_mb:.2f} MB")
    print(WHAT_IS_IN_IT)


if __name__ == "__main__":
    sys.exit(main())
