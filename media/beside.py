"""Make media/beside.png anew: a generated play beside a person's, as curves.

    uv run -m media.beside --data DIR

DIR holds replays and their maps; its test split is taken where it has one, so that the model has
not met the song. Nothing is picked by eye: the person's play is the one whose accuracy is nearest
the median of those that end, without mods, on a map of 200 objects and more; the model's is its
play of the same map with seed 0, asked for that accuracy; the six seconds are those with most
objects. Two and a half minutes of a core.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from osu.data.library import find_pairs
from osu.features.chart import Chart, chart_of
from osu.features.play import Play, encode_play
from osu.formats.beatmap import Beatmap, parse_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import Replay, clean_frames, load_replay
from osu.players.engine import DEFAULT, load_player
from osu.players.options import PlayOptions
from osu.rules.judge import judge
from osu.units import FRAME_MS, to_px

ROOT = Path(__file__).parents[1]
SECONDS = 6
FEWEST = 200  # objects of the map
PERSON, MODEL, INK = "#404040", "#d55e00", "#707070"
TITLE = "speed of the cursor in px per ms, the same six seconds of a map (grey: its objects)"
MAX_BYTES = 150_000


def typical_play(data: str) -> tuple[Beatmap, Replay]:
    """The person's play: of middling accuracy, no mods, to the end of a map that is long enough."""
    pairs = find_pairs([data])[0]
    pairs = [p for p in pairs if p.split == "test"] or pairs
    plays = []
    for pair in pairs:
        replay = load_replay(pair.replay)
        counted = replay.n300 + replay.n100 + replay.n50 + replay.nmiss
        if not replay.is_lazer and replay.mods == Mods(0) and counted >= FEWEST:
            plays.append((pair, replay, counted))
    median = np.median([replay.accuracy for _, replay, _ in plays])
    for pair, replay, counted in sorted(plays, key=lambda p: abs(p[1].accuracy - median)):
        beatmap = parse_beatmap(pair.read_map())
        if len(beatmap.kind) == counted:
            return beatmap, replay
    raise SystemExit("no such play there")


def speed_px_per_ms(replay: Replay, chart: Chart) -> np.ndarray:
    """(T - 1,) between the frames of the grid."""
    play = encode_play(*clean_frames(replay), chart.start_ms, chart.frames, chart.rate)
    xy = to_px(play[:, [Play.X, Play.Y]].astype(np.float64))
    return np.linalg.norm(np.diff(xy, axis=0), axis=1) / FRAME_MS


def busiest_ms(beatmap: Beatmap) -> float:
    """When the six seconds with most objects begin."""
    until = np.searchsorted(beatmap.start_ms, beatmap.start_ms + 1000 * SECONDS)
    return float(beatmap.start_ms[np.argmax(until - np.arange(len(until)))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True, metavar="DIR", help="replays and their maps")
    parser.add_argument("--out", type=Path, default=ROOT / "media" / "beside.png")
    args = parser.parse_args()
    beatmap, human = typical_play(args.data)
    options = PlayOptions(accuracy=human.accuracy)
    generated = load_player(DEFAULT).play(beatmap, seed=0, options=options)
    chart = chart_of(beatmap)
    begin_ms = busiest_ms(beatmap)
    at_s = (chart.start_ms + (np.arange(chart.frames - 1) + 0.5) * FRAME_MS - begin_ms) / 1000
    shown = (at_s >= 0) & (at_s <= SECONDS)
    hits_s = (beatmap.start_ms - begin_ms) / 1000
    hits_s = hits_s[(hits_s >= 0) & (hits_s <= SECONDS)]

    plt.rcParams.update({"font.size": 8, "axes.edgecolor": INK, "axes.linewidth": 0.6})
    figure = plt.figure(figsize=(10, 3.5), dpi=100, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(2.6, 1))
    speeds, errors = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[:, 1])
    below = figure.add_subplot(grid[1, 0], sharex=speeds, sharey=speeds)
    edges = np.arange(-60, 61, 5)
    plays = (("a person", human, PERSON, speeds), ("generated", generated, MODEL, below))
    for name, replay, colour, axis in plays:
        axis.plot(at_s[shown], speed_px_per_ms(replay, chart)[shown], color=colour, lw=1)
        across = axis.get_xaxis_transform()
        axis.vlines(hits_s, 0, 1, transform=across, color="#dddddd", lw=0.8, zorder=0)
        axis.set_ylabel(name, color=colour, fontsize=9)
        error_ms = judge(beatmap, replay).hit_error_ms
        error_ms = error_ms[np.isfinite(error_ms)]
        share = np.histogram(error_ms, edges)[0] / len(error_ms)
        label = f"{name}: unstable rate {10 * error_ms.std():.0f}, {100 * replay.accuracy:.1f} %"
        errors.stairs(share, edges, color=colour, lw=1.4, label=label)
    speeds.set(xlim=(0, SECONDS), ylim=(0, None), title=TITLE)
    speeds.tick_params(labelbottom=False)
    below.set_xlabel("seconds")
    errors.set(title="hit errors of the whole play", xlabel="ms (negative is early)", yticks=[])
    errors.set_ylim(0, errors.get_ylim()[1] * 1.3)
    errors.legend(loc="upper left", frameon=False)
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(args.out)
    assert args.out.stat().st_size <= MAX_BYTES, f"{args.out} has {args.out.stat().st_size} bytes"
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
