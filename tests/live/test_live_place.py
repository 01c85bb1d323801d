"""Where the command line lets a play take place: on the screen of an X server, in a playfield's
shape. References: the size that the server was started with, and rectangles just beyond it."""

import subprocess

import pytest

from osu.live.player import NOTICE
from tests.live.test_live_x11 import command, spiral
from tests.paths import ROOT
from tests.xserver import MISSING, SIZE, XServer

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@pytest.fixture(scope="module")
def server():
    with XServer() as server:
        yield server


WIDTH, HEIGHT = SIZE


@pytest.mark.parametrize(
    ("option", "rect", "said"),
    [
        ("--rect", "0,0,1,1", "too small"),
        ("--rect", "0,0,600,200", "four wide and three high"),
        ("--rect", f"{WIDTH - 300},0,400,300", "screen"),
        ("--rect", f"0,{HEIGHT},400,300", "screen"),
        ("--rect", "-1,0,400,300", "screen"),
        ("--window", f"{WIDTH},0,800,600", "screen"),
    ],
)
def test_a_rectangle_that_cannot_be_the_playfields_is_refused(server, tmp_path, option, rect, said):
    """In one sentence, as the window refuses it; nothing has moved."""
    run = subprocess.run(
        command(spiral(seconds=1), tmp_path, place=(option, rect)),
        env=server.env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    (sentence,) = run.stderr.splitlines()
    assert run.returncode == 2 and run.stdout.strip() in ("", NOTICE)
    assert sentence.startswith("osu.live: ") and said in sentence
