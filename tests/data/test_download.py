"""Replays from the API: everything once, every error one sentence, nothing left of the secret.

The server is tests/api_server.py on 127.0.0.1; the clock is made up, so nobody waits.
"""

import dataclasses
import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from osu.data import download, osu_api
from osu.data.download import (
    ID_NAME,
    KEPT,
    LOADED,
    MAP_NOT_FOUND,
    NOT_KEPT,
    OTHER_MAP,
    SECRET_NAME,
    main,
)
from osu.data.library import find_pairs
from osu.data.osu_api import Api, ApiError
from osu.formats.replay import dump_replay, load_replay
from tests.api_server import CLIENT_ID, PLAYER, RETRY_AFTER_S, SECRET, ApiServer, score
from tests.paths import SAMPLE

NAMES = ("circuit", "sprint", "first-steps")


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time_s += seconds


@pytest.fixture
def server(monkeypatch):
    """Two plays on each of the three sample maps: scores 100 to 105, maps 10 to 12."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the tests' server has no TLS
    monkeypatch.setenv(ID_NAME, CLIENT_ID)
    monkeypatch.setenv(SECRET_NAME, SECRET)
    running = ApiServer()
    scores = []
    for i, name in enumerate(NAMES):
        running.maps[10 + i] = (SAMPLE / f"{name}.osu").read_bytes()
        for j, model in enumerate(("rnn", "diffusion")):
            number = 100 + 2 * i + j
            running.replays[number] = (SAMPLE / f"{name}-{model}.osr").read_bytes()
            scores.append(score(number, 10 + i))
    running.lists = {"best": scores, "recent": scores[4:], 10: scores[:2]}
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(server, clock, tmp_path, capsys):
    """Runs the command; gives its status and what it printed."""

    def go(*argv: str) -> tuple[int, str]:
        options = {"server": server.url, "sleep": clock.sleep, "now": clock.now}
        status = main([*argv, "--out", str(tmp_path / "out")], **options)
        printed = capsys.readouterr()
        return status, printed.out + printed.err.split("\r")[-1]

    return go


def test_a_players_best_and_recent(run, server, tmp_path):
    status, printed = run("--user", PLAYER, "--best", "4", "--recent", "10")
    assert status == 0 and f"6  {LOADED}" in printed
    pairs, skipped = find_pairs([tmp_path / "out"])
    assert len(pairs) == 6 and not skipped
    for number, data in server.replays.items():
        assert (tmp_path / "out" / "replays" / f"{number}.osr").read_bytes() == data


def test_a_maps_best(run, tmp_path):
    status, printed = run("--map", "10", "--top", "1")
    assert status == 0 and f"1  {LOADED}" in printed
    assert [p.name for p in tmp_path.glob("out/replays/*")] == ["100.osr"]


def test_everyones_recent_passes_until_there_are_enough(run, server, clock, tmp_path):
    scores = server.lists["best"]
    scores[1]["has_replay"] = scores[1]["replay"] = False
    del server.replays[102]  # osu! says that it has a replay, and has none
    server.lists["everyone"] = [scores[:3], scores[3:]]
    started_s = clock.time_s
    status, printed = run("--everyone", "3")
    assert status == 0 and f"3  {LOADED}" in printed and f"1  {NOT_KEPT}" in printed
    names = {path.stem for path in (tmp_path / "out" / "replays").iterdir()}
    assert names == {"100", "103", "104"}
    assert clock.time_s - started_s >= 3 * osu_api.DOWNLOAD_S  # of four asked for
    # Again: nothing is lacking; with one more, only that one is asked for.
    before = server.seen.copy()
    assert (
        run("--everyone", "3")[0] == 0 and server.seen["/api/v2/scores"] == before["/api/v2/scores"]
    )
    assert f"1  {LOADED}" in run("--everyone", "4")[1]
    assert server.seen["/api/v2/scores/103/download"] == 1


def test_more_than_a_page(run, server):
    server.lists["best"] = [score(i, 10, has_replay=False) for i in range(150)]
    assert f"150  {NOT_KEPT}" in run("--user", PLAYER, "--best", "200")[1]
    assert server.seen["/api/v2/users/99/scores/best"] == 2


def test_a_second_run_loads_nothing(run, server):
    run("--user", PLAYER, "--best", "6")
    before = dict(server.seen)
    assert f"6  {KEPT}" in run("--user", PLAYER, "--best", "6")[1]
    again = {path for path in before if server.seen[path] > before[path]}
    assert again == {"/oauth/token", "/api/v2/users/Made Up", "/api/v2/users/99/scores/best"}


def test_a_stopped_run_goes_on(run, server, tmp_path, monkeypatch):
    """Stopped by the user while the third replay is written: two are there, nothing is half, and in
    the end every file was sent once, but the one that was lost."""
    written = []

    def stopping(path, data):
        written.append(path)
        if len([p for p in written if p.suffix == ".osr"]) == 3:
            raise KeyboardInterrupt
        return write(path, data)

    write = download.write_atomic
    monkeypatch.setattr(download, "write_atomic", stopping)
    status, printed = run("--user", PLAYER)
    assert status == 130 and "goes on" in printed
    assert len(list(tmp_path.glob("out/replays/*"))) == 2
    monkeypatch.setattr(download, "write_atomic", write)
    status, printed = run("--user", PLAYER)
    assert status == 0 and f"2  {KEPT}" in printed and f"4  {LOADED}" in printed
    sent = {path: n for path, n in server.seen.items() if "download" in path or "/osu/" in path}
    assert {path for path, n in sent.items() if n > 1} == {"/api/v2/scores/102/download"}


def test_requests_are_paced(run, server, clock):
    """Ten replays a minute, sixty requests a minute. Ten replays on one map: nine gaps of 6 s, and
    a second each between the other requests."""
    server.lists["best"] = [score(200 + i, 10) for i in range(10)]
    server.replays |= {200 + i: server.replays[100] for i in range(10)}
    run("--user", PLAYER)
    assert 9 * osu_api.DOWNLOAD_S <= clock.time_s <= 9 * osu_api.DOWNLOAD_S + 4 * osu_api.REQUEST_S
    assert sum(server.seen.values()) == 3 + 10 + 1


@pytest.mark.parametrize(
    "path",
    [
        "/oauth/token",
        "/api/v2/users/Made Up",
        "/api/v2/users/99/scores/best",
        "/api/v2/scores/100/download",
        "/osu/10",
    ],
)
def test_what_fails_is_asked_again(run, server, clock, path):
    server.troubles[path] = [429, 503, "cut", "half", 500]
    status, printed = run("--user", PLAYER, "--best", "1")
    assert status == 0 and f"1  {LOADED}" in printed
    assert server.seen[path] == 6
    # As long as the server says, twice; the other three times 4, 8 and 16 s.
    assert clock.slept.count(RETRY_AFTER_S) == 2
    assert [s for s in clock.slept if s in (4.0, 8.0, 16.0)] == [4.0, 8.0, 16.0]


def test_a_server_that_never_helps_is_one_sentence(run, server, tmp_path):
    server.troubles["/api/v2/scores/101/download"] = [502] * 20
    status, printed = run("--user", PLAYER)
    assert status == 2
    assert printed.strip().endswith("does not help, 6 times asked: it answers with status 502")
    assert [p.name for p in tmp_path.glob("out/replays/*")] == ["100.osr"]


def test_a_server_that_wants_rest_is_left_alone(run, server, clock, monkeypatch):
    monkeypatch.setattr("tests.api_server.RETRY_AFTER_S", 3600)
    server.troubles["/api/v2/scores/101/download"] = [429]
    status, printed = run("--user", PLAYER)
    assert status == 2 and printed.strip().endswith("osu! wants to be left alone for 3600 s")
    assert max(clock.slept) <= osu_api.DOWNLOAD_S


def test_an_expired_token_is_renewed(run, server):
    server.troubles["/api/v2/scores/103/download"] = ["expired"]
    assert f"6  {LOADED}" in run("--user", PLAYER)[1]
    assert server.issued == 2


@pytest.mark.parametrize("name, value", [(ID_NAME, "999"), (SECRET_NAME, "wrong")])
def test_wrong_credentials(run, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    status, printed = run("--user", PLAYER)
    assert status == 2 and "does not accept this client ID and secret" in printed
    assert SECRET not in printed and "wrong" not in printed


@pytest.mark.parametrize(
    "argv, sentence",
    [
        (("--user", "nobody"), "osu! shows no user 'nobody': unknown, renamed or restricted"),
        (("--user", "a/../b"), "'a/../b' is no name that osu! allows"),
        (("--map", "77"), "osu! has no map with the ID 77"),
    ],
)
def test_what_is_not_there_is_one_sentence(run, argv, sentence):
    assert run(*argv) == (2, f"osu.data.download: {sentence}\n")


def test_a_refusal_and_a_strange_answer(run, server):
    server.troubles["/api/v2/users/Made Up"] = [403, b'{"id": "many"}', b"[1, 2]"]
    assert run("--user", PLAYER) == (
        2,
        "osu.data.download: osu! refuses the request with status 403\n",
    )
    for _ in range(2):
        status, printed = run("--user", PLAYER)
        assert status == 2 and "answers in a way ossapi does not know" in printed
        assert printed.count("\n") == 1


def test_no_scores(run, server):
    server.lists["best"] = []
    assert run("--user", PLAYER) == (2, "osu.data.download: osu! has no such scores\n")


def test_missing_replays_and_maps_are_counted(run, server, tmp_path):
    """A score without a replay, a replay that is gone, one that is damaged, a map that is gone, an
    empty map, and a map that has changed: whatever its MD5, it is not taken for the old one."""
    server.lists["best"][0]["has_replay"] = False
    del server.replays[101]
    server.replays[102] = server.replays[102][:1000]
    server.maps[11] = b""
    server.maps[12] += b"\n"
    status, printed = run("--user", PLAYER)
    assert status == 0
    expected = {NOT_KEPT: 2, download.DAMAGED: 1, LOADED: 3, MAP_NOT_FOUND: 1, OTHER_MAP: 2}
    for what, count in expected.items():
        assert f"{count}  {what}" in printed
    assert "name it as a further folder" in printed
    assert server.seen["/osu/12"] == 1
    for path in tmp_path.glob("out/maps/*.osu"):
        assert hashlib.md5(path.read_bytes()).hexdigest() == path.stem


def test_two_versions_of_a_map(run, server):
    """The first replay is on an old version, the second on the present one."""
    old = dataclasses.replace(load_replay(SAMPLE / "circuit-rnn.osr"), beatmap_md5="0" * 32)
    server.replays[100] = dump_replay(old)
    printed = run("--map", "10")[1]
    assert f"2  {LOADED}" in printed and f"1  {OTHER_MAP}" in printed


PATHS = ["/oauth/token", "/api/v2/users/Made Up", "/api/v2/scores/100/download", "/osu/10"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(run, server, path, status):
    """A 307 has the form sent again, with the secret: here to another server, which must not hear
    of any request."""
    other = ApiServer()
    try:
        server.troubles[path] = [(status, {"Location": other.url + path}, b"")]
        done, printed = run("--user", PLAYER, "--best", "1")
    finally:
        other.shutdown()
        other.server_close()
    assert done == 2 and printed.strip().endswith(
        "sends this request elsewhere, where it is not repeated"
    )
    assert not other.seen and not other.forms
    assert server.seen[path] == 1


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_that_is_too_large_is_refused(run, server, monkeypatch, path):
    """Whether its length is said, said smaller than what it unpacks to, or not said: what is read
    is counted. The bound is lowered to a megabyte, two pieces are read ahead, and the sockets'
    buffers hold some more: an answer without an end is over within 16 MB."""
    monkeypatch.setattr(osu_api, "MAX_ANSWER_BYTES", 1 << 20)
    big = bytes(2 << 20)
    packed = gzip.compress(big)
    assert len(packed) < 10_000
    for trouble in ((200, {}, big), (200, {"Content-Encoding": "gzip"}, packed), "endless"):
        server.troubles[path] = [trouble]
        assert "more than 1 MB" in run("--user", PLAYER, "--best", "1")[1]
    assert server.sent_bytes < 16 << 20


def test_an_answer_of_lists_in_lists_is_one_sentence(run, server):
    server.troubles["/api/v2/users/Made Up"] = [b"[" * 100_000]
    status, printed = run("--user", PLAYER)
    assert status == 2 and printed.count("\n") == 1


@pytest.mark.parametrize(
    "md5", ["../../../etc/passwd", "/etc/passwd", "a" * 31, "A" * 32, "\0" * 32]
)
def test_a_map_s_md5_that_is_none_becomes_no_path(run, server, tmp_path, md5):
    server.lists["best"] = server.lists["best"][:1]
    named = dataclasses.replace(load_replay(SAMPLE / "circuit-rnn.osr"), beatmap_md5=md5)
    server.replays[100] = dump_replay(named)
    status, printed = run("--user", PLAYER)
    assert status == 0 and f"1  {download.DAMAGED}" in printed
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_nothing_is_left_of_the_secret(server, tmp_path):
    """A run in a process of its own, with its own home and folder for temporary files: no file has
    the secret or the token, and beside ossapi's code, where it pickles tokens, nothing is new."""
    import ossapi

    beside = Path(ossapi.__file__).parent
    before = sorted(beside.rglob("*.pickle"))
    home = tmp_path / "home"
    home.mkdir()
    code = f"import sys, osu.data.download; sys.exit(osu.data.download.main(server={server.url!r}))"
    argv = ["--user", PLAYER, "--best", "1", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *argv],
        cwd=home,
        env=os.environ
        | {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(SAMPLE.parent.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr and "token-" not in done.stdout + done.stderr
    assert sorted(beside.rglob("*.pickle")) == before
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(p.suffix for p in files) == [".osr", ".osu"]
    assert not any(s in p.read_bytes() for p in files for s in (SECRET.encode(), b"token-"))


def test_credentials_are_asked_for_at_a_terminal(monkeypatch):
    monkeypatch.delenv(ID_NAME, raising=False)
    monkeypatch.setenv(SECRET_NAME, "")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(ApiError, match="OSU_CLIENT_ID and OSU_CLIENT_SECRET are not set"):
        download.credentials()
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr("builtins.input", lambda _: " 12 ")
    monkeypatch.setattr("getpass.getpass", lambda _: "typed")
    assert download.credentials() == ("12", "typed")


def test_without_ossapi(monkeypatch):
    monkeypatch.setitem(sys.modules, "ossapi", None)
    with pytest.raises(ApiError, match="uv sync --extra download"):
        Api("1", "x")


def test_a_client_id_is_a_number_and_is_not_repeated():
    """The secret is easily pasted in its place."""
    with pytest.raises(ApiError, match="the client ID is not a number") as caught:
        Api(SECRET, "x")
    assert SECRET not in str(caught.value)


def test_an_answer_that_repeats_the_secret_is_not_printed(run, server):
    echo = json.dumps({"id": SECRET, "access_token": {SECRET: 1}}).encode()
    server.troubles["/api/v2/users/Made Up"] = [echo]
    assert SECRET not in run("--user", PLAYER)[1]
    server.troubles["/oauth/token"] = [echo]
    assert SECRET not in run("--user", PLAYER)[1]


@pytest.mark.parametrize("argv", [["--user", "a", "--map", "1"], [], ["--map", "1", "--top", "0"]])
def test_contradictions_exit_with_2(argv, capsys):
    with pytest.raises(SystemExit) as exit:
        main([*argv, "--out", "x"])
    assert exit.value.code == 2
