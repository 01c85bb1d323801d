"""How late live playback is, by its own count and by a recorder that is not ours.

    uv run -m bench.live [--seconds 20] [--hz 500] [--starts 10]

Starts Xvfb and xev, plays a fast spiral with taps of both keys, and prints lateness against the
deadlines (own clock), pointer path and key times against the plan (xev, the X server's own times in
whole ms), and how long after the start key's press the play begins. Wanted: p99 lateness
of at most 4 ms at 500 Hz, a path error under 1 px and key times within 3 ms in the median.
Needs Xvfb, xev, xdotool and xinput. Half a minute.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from osu.formats.mods import Mods
from osu.formats.replay import build_replay
from osu.live.plan import Rect, make_plan, playfield_rect
from osu.live.player import LivePlayer
from osu.live.protocol import LiveSettings
from osu.origin import origin
from tests.xserver import MISSING, SIZE, Recorder, XServer, path_error_px, wait_for


def spiral(seconds: float):
    t_ms = np.cumsum(np.tile([16, 17, 17], int(seconds * 20)))
    angle, radius = t_ms / 250, 60 + 120 * np.sin(t_ms / 1300) ** 2
    xy = np.stack([256 + radius * np.cos(angle), 192 + radius * np.sin(angle)], axis=1)
    keys = np.array([0, 1, 1, 0, 2, 2, 3, 1])[np.arange(t_ms.size) // 4 % 8]
    replay = build_replay("a" * 32, origin("spiral"), Mods(0), t_ms, xy, keys, 0, 0)
    return make_plan(replay, playfield_rect(Rect(0, 0, *SIZE)))


def play(server: XServer, plan, hz: float):
    """-> (the recorder, the last event of the play)."""
    with tempfile.TemporaryDirectory() as folder:
        with Recorder(server, Path(folder) / "xev.log") as recorder:
            settings = LiveSettings(start_at_ms=0, motion_hz=hz)
            with LivePlayer(plan, settings) as player:
                wait_for(lambda: player.state == "armed", "armed")
                server.tap("F8")
                *_, last = player.events()
        return recorder, last


def start_ms(recorder: Recorder) -> tuple[float, float]:
    """-> (server time of the start key's press, of the first move after it)."""
    pressed = next(t for t, key, down in recorder.keys if (key, down) == ("F8", True))
    return pressed, recorder.moves[recorder.moves[:, 0] >= pressed][0, 0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--hz", type=float, default=500)
    parser.add_argument("--starts", type=int, default=10)
    args = parser.parse_args()
    if MISSING:
        parser.error(f"not installed: {', '.join(MISSING)}")
    load = os.getloadavg()[0]
    print(f"{args.seconds:g} s at {args.hz:g} Hz, {os.cpu_count()} cores, load {load:.1f}")
    with XServer() as server:
        os.environ.pop("WAYLAND_DISPLAY", None)
        os.environ["DISPLAY"] = server.display  # where LivePlayer's process goes
        plan = spiral(args.seconds)
        recorder, last = play(server, plan, args.hz)
        zero_ms = start_ms(recorder)[1]
        delays = []
        for _ in range(args.starts):
            pressed, first = start_ms(play(server, spiral(0.2), args.hz)[0])
            delays.append(first - pressed)

    print("| lateness, own clock | count | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|")
    for name, late in (("motion", last.motion), ("keys", last.keys)):
        print(
            f"| {name} | {late.count} | {late.p50_ms:.3f} | {late.p99_ms:.3f} | {late.max_ms:.3f} |"
        )
    real_ms = np.array([t for t, key, _ in recorder.keys if key in "zx"][: len(plan.event_ms)])
    key_ms = real_ms - zero_ms - plan.event_ms
    moves = recorder.moves[recorder.moves[:, 0] >= zero_ms]
    moves[:, 0] -= zero_ms
    near, around = (path_error_px(moves, plan.t_ms, plan.xy, slack) for slack in (1.5, 60))
    on_time = (near < 1).mean()
    print(f"\nxev: {len(moves)} moves, {len(real_ms)} of {len(plan.event_ms)} key events")
    print(
        f"distance from the planned path: median {np.median(around):.2f} px, max {around.max():.2f}"
    )
    print(f"positions that are the plan's within 1 px and 1.5 ms: {100 * on_time:.1f} %")
    print(
        f"key times against the plan: median {np.median(key_ms):+.2f} ms, "
        f"p99 of the absolute error {np.percentile(abs(key_ms), 99):.2f} ms"
    )
    print(f"start key to first move: median {np.median(delays):.1f} ms, max {max(delays):.0f} ms")


if __name__ == "__main__":
    main()
