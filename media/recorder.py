"""Draws media/recorder.png: what a recorder makes of a hand, at pixel scale.

    uv run -m media.recorder

One generated play of the sample map, as the network draws it and as files of three recorders of the
bank hold it. No person's play is shown: positions of real replays are not published.
"""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from osu.features.chart import chart_of
from osu.features.play import Play, key_events
from osu.features.recorder import Recorder, judged_ms, record
from osu.formats.beatmap import load_beatmap
from osu.players.diffusion import sample_play
from osu.players.engine import load_player
from osu.players.options import PlayOptions
from osu.units import to_px

ROOT = Path(__file__).parents[1]
SHOWN_MS, WAY_PX = 500, 60.0  # the half second in which the hand goes about so far


def main() -> None:
    beatmap = load_beatmap(ROOT / "data" / "sample" / "circuit.osu")
    chart = chart_of(beatmap)
    model = load_player("diffusion").implementation.model
    play, _ = sample_play(model, chart, 7, PlayOptions(), lambda share: None)
    path_px = to_px(play[:, : Play.K1].astype(np.float64))
    spans = key_events(play, chart.start_ms, chart.rate)
    bank = model.bank_recorder.numpy()
    count = bank[:, Recorder.COUNT_X_PX]
    chosen = {
        "a tablet: no lattice": np.flatnonzero(count < 0.03)[0],
        "pixels of a 1080p screen": np.flatnonzero(np.abs(count - 480 / 1080) < 1e-4)[0],
        "a mouse with coarse counts": np.flatnonzero(count > 0.9)[0],
    }
    # While notes go on.
    during = (chart.t_ms > beatmap.start_ms[5]) & (chart.t_ms < beatmap.end_ms[-5] - SHOWN_MS)
    step = np.linalg.norm(np.diff(path_px, axis=0, prepend=path_px[:1]), axis=1)
    way_px = np.convolve(step, np.ones(30), "same") + 1e6 * ~during
    middle = chart.t_ms[np.abs(way_px - WAY_PX).argmin()]
    first, last = middle - SHOWN_MS / 2, middle + SHOWN_MS / 2
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), sharey=True)
    for axis, (name, row) in zip(axes, chosen.items(), strict=True):
        t_ms, xy, keys = record(
            path_px, chart.t_ms, chart.rate, spans, judged_ms(beatmap, spans),
            bank[row].astype(float), np.random.default_rng(0),
        )  # fmt: skip
        grid = (chart.t_ms >= first) & (chart.t_ms <= last)
        some = (t_ms >= first) & (t_ms <= last)
        axis.plot(chart.t_ms[grid], path_px[grid, 0], color="0.75", lw=3, label="the hand")
        axis.plot(t_ms[some], xy[some, 0], ".-", ms=4, lw=0.8, label="frames of the file")
        pressed = some & (np.diff(keys, prepend=keys[:1]) != 0)
        axis.plot(t_ms[pressed], xy[pressed, 0], "o", mfc="none", color="C3", label="key changes")
        axis.set(title=name, xlabel="ms")
    axes[0].set_ylabel("x, osu!px")
    axes[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(ROOT / "media" / "recorder.png", dpi=80)


if __name__ == "__main__":
    main()
