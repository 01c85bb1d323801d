"""Live playback into Chromium, and the score of what the browser got.

Reference: Chromium's own pointer and key events with its own times, judged by the game's rules: a
play that is all 300 in the file has to be all 300 in the browser, with every slider and spinner
followed. The page only writes down what a browser game would be given.
"""

import http.server
import json
import queue
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from osu.formats.beatmap import parse_beatmap
from osu.live.plan import Rect, make_plan, playfield_rect
from osu.live.player import LivePlayer
from osu.live.protocol import LiveSettings
from osu.players.auto import auto_play
from osu.rules.judge import judge_frames
from osu.units import FRAME_MS, HEIGHT_PX, WIDTH_PX
from tests.paths import SAMPLE as SAMPLES
from tests.xserver import MISSING, SIZE, XServer, path_error_px, wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
HERE = Path(__file__).parent
SAMPLE = SAMPLES / "sprint.osu"
LAST_MS = 15_000


def first_seconds():
    """The sample's streams and jumps, a slider and a spinner of its own kind, up to LAST_MS."""
    head, _, objects = SAMPLE.read_text().partition("[HitObjects]\n")
    kept = [line for line in objects.splitlines() if line and int(line.split(",")[2]) < LAST_MS]
    kept.append(f"256,192,{LAST_MS + 500},12,0,{LAST_MS + 3000}")
    return parse_beatmap((head + "[HitObjects]\n" + "\n".join(kept)).encode())


@pytest.fixture
def posts():
    """-> (the page's address, a queue of what it posts)."""
    received: queue.Queue = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write((HERE / "recorder.html").read_bytes())

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(204)
            self.end_headers()
            received.put((self.path, body))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    server.server_close()


@pytest.fixture
def browser(posts, tmp_path, monkeypatch):
    """-> (the X server, what the page posts), with the page over the whole screen."""
    address, received = posts
    with XServer() as server:
        monkeypatch.setenv("DISPLAY", server.display)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        options = [
            *("--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-extensions", "--kiosk"),
            *(f"--window-size={SIZE[0]},{SIZE[1]}", "--window-position=0,0"),
            f"--user-data-dir={tmp_path / 'profile'}",
        ]
        process = subprocess.Popen(
            [CHROMIUM, *options, address],
            env=server.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert received.get(timeout=60)[0] == "/ready"
            # Without a window manager nobody gives a window the focus but a click into it.
            server.run("xdotool", "mousemove", "640", "480", "click", "1")
            yield server, received
        finally:
            process.terminate()
            process.wait()


def test_the_browser_gets_a_perfect_play(browser):
    server, received = browser
    beatmap = first_seconds()
    replay = auto_play(beatmap)
    assert (replay.n300, replay.nmiss) == (len(beatmap.start_ms), 0)
    playfield = playfield_rect(Rect(0, 0, *SIZE))
    plan = make_plan(replay, playfield)
    with LivePlayer(plan, LiveSettings(start_at_ms=0)) as player:
        wait_for(lambda: player.state == "armed", "armed")
        server.tap("F8")
        *_, last = player.events()
    assert last.completed
    server.tap("F9")
    got = json.loads(received.get(timeout=60)[1])

    keys = [(t, key, down) for t, key, down in got["keys"] if key in "zx"]
    planned = zip(plan.event_key.tolist(), plan.event_down.tolist(), strict=True)
    assert [(key, down) for _, key, down in keys] == [("zx"[key], down) for key, down in planned]
    # The time base is the keys' own, since Chromium may stamp the first move a frame late; how
    # soon after the start key a play begins is measured in test_live_x11.py, by xev.
    key_ms = np.array([t for t, _, _ in keys]) - plan.event_ms
    zero_ms = np.median(key_ms)
    assert np.median(np.abs(key_ms - zero_ms)) < 3
    f8_ms = next(t for t, key, down in got["keys"] if key == "F8" and down)
    moves = np.array([move for move in got["moves"] if move[0] >= f8_ms], float)
    assert abs(moves[0, 0] - zero_ms) < 2 * FRAME_MS
    key_ms = np.array([t for t, _, _ in keys]) - zero_ms
    moves[:, 0] -= zero_ms
    # The browser, like any program, gets whole pixels; a busy one gets them up to 60 ms late.
    assert path_error_px(moves, plan.t_ms, plan.xy, 60).max() < 1

    # The score, by the game's rules. A game looks at the pointer once a picture and at each key.
    state, states = 0, [0]
    for _, key, down in keys:
        bit = 1 + "zx".index(key)
        state = state | bit if down else state & ~bit
        states.append(state)
    t_ms = np.sort(np.concatenate([np.arange(0, moves[-1, 0], FRAME_MS), key_ms]))
    last_move = np.searchsorted(moves[:, 0], t_ms, side="right") - 1
    pressed = np.array(states)[np.searchsorted(key_ms, t_ms, side="right")]
    xy = (moves[last_move, 1:] - [playfield.left, playfield.top]) * [
        WIDTH_PX / playfield.width,
        HEIGHT_PX / playfield.height,
    ]
    judged = judge_frames(beatmap, np.rint(t_ms), xy, pressed)
    assert (judged.n300, judged.nmiss) == (len(beatmap.start_ms), 0)
    assert judged.max_combo == replay.max_combo
