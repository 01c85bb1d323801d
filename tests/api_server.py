"""A server on 127.0.0.1 that speaks what osu.data.download needs of osu!'s web: the token, users,
scores, replays, maps, with the answers and the errors of osu.ppy.sh/docs.

Requests are recorded in `seen`. `troubles` says how a path fails before it works: for each request
to it one entry is taken and played, a status (429 and 503 with Retry-After: 7), "cut" (the
connection is closed without an answer), "half" (within the answer), "expired" (the token is),
"endless" (an answer without a length or an end), bytes (an answer) or (status, headers, bytes).
"""

import contextlib
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

CLIENT_ID, SECRET = "1234", "a secret"
RETRY_AFTER_S = 7
PLAYER_ID, PLAYER = 99, "Made Up"


def score(number: int, beatmap_id: int, has_replay: bool = True) -> dict:
    """A score as API version 20220705 and later gives it."""
    return {
        "id": number,
        "best_id": None,
        "user_id": PLAYER_ID,
        "accuracy": 0.97,
        "max_combo": 300,
        "statistics": {"great": 340, "ok": 10},
        "maximum_statistics": {"great": 350},
        "pp": 123.4,
        "rank": "A",
        "passed": True,
        "current_user_attributes": {"pin": None},
        "classic_total_score": 1000000,
        "processed": True,
        "replay": has_replay,
        "has_replay": has_replay,
        "mods": [{"acronym": "CL"}],
        "ruleset_id": 0,
        "started_at": None,
        "ended_at": "2025-01-02T03:04:05Z",
        "ranked": True,
        "preserve": True,
        "beatmap_id": beatmap_id,
        "build_id": None,
        "is_perfect_combo": False,
        "total_score": 900000,
        "total_score_without_mods": 900000,
        "legacy_perfect": False,
        "legacy_score_id": None,
        "legacy_total_score": 0,
        "type": "solo_score",
    }


class ApiServer(ThreadingHTTPServer):
    """`replays` and `maps` are files by score and map ID, `lists` scores by "best", "recent" and
    map ID, and pages of them by "everyone"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replays: dict[int, bytes] = {}
        self.maps: dict[int, bytes] = {}
        self.lists: dict[str | int, list[dict]] = {}
        self.troubles: dict[str, list[int | str | bytes | tuple]] = {}
        self.seen: Counter = Counter()
        self.tokens: set[str] = set()
        self.issued = 0
        self.sent_bytes = 0  # of endless answers
        self.forms: list[dict] = []  # of requests for a token
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def log_message(self, *_) -> None:
        pass

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.forms.append(form)
        if self._fails("/oauth/token"):
            return
        known = (form["client_id"], form["client_secret"]) == ([CLIENT_ID], [SECRET])
        if not known or form["grant_type"] != ["client_credentials"]:
            self._json({"error": "invalid_client", "message": "Client authentication failed"}, 401)
            return
        self.server.issued += 1
        token = f"token-{self.server.issued}"
        self.server.tokens.add(token)
        self._json({"token_type": "Bearer", "expires_in": 86400, "access_token": token})

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path).rstrip("/")
        if self._fails(path):
            return
        parts = path.strip("/").split("/")
        if parts[0] == "osu":
            self._file(self.server.maps.get(int(parts[1])))
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        query = {key: value[-1] for key, value in parse_qs(address.query).items()}
        if token not in self.server.tokens:
            self._json({"authentication": "basic"}, 401)
        else:
            self._api(parts[2:], query)

    def _api(self, parts: list[str], query: dict[str, str]) -> None:
        first, last = int(query.get("offset", 0)), int(query.get("limit", 50))
        match parts:
            case ["users", name] if query.get("key") == "username" and name == PLAYER:
                self._json({"id": PLAYER_ID, "username": PLAYER})
            case ["users", number, "scores", kind] if int(number) == PLAYER_ID:
                assert query["mode"] == "osu" and query["include_fails"] == "0" and last <= 100
                self._json(self.server.lists.get(kind, [])[first : first + last])
            case ["beatmaps", number, "scores"] if int(number) in self.server.lists:
                found = self.server.lists[int(number)]
                self._json({"scores": found[:last], "score_count": len(found)})
            case ["scores"]:
                assert query["ruleset"] == "osu"
                pages = self.server.lists.get("everyone", [])
                at = int(query.get("cursor_string", 0))
                page = pages[at] if at < len(pages) else []
                cursor = {"cursor": {"id": at + 1}, "cursor_string": str(at + 1)}
                self._json({"scores": page} | cursor)
            case ["scores", number, "download"]:
                self._file(self.server.replays.get(int(number)))
            case _:
                self._json({"error": None}, 404)

    def _fails(self, path: str) -> bool:
        self.server.seen[path] += 1
        trouble = self.server.troubles.get(path)
        if not trouble:
            return False
        kind = trouble.pop(0)
        if kind == "expired":
            self.server.tokens.clear()
            return False
        if kind == "cut":
            self.close_connection = True
        elif kind == "half":
            self._send(b"half of it", 200, "application/octet-stream", {"Content-Length": "1000"})
            self.close_connection = True
        elif kind == "endless":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(bytes(1 << 16))
                    self.server.sent_bytes += 1 << 16
        elif isinstance(kind, tuple):
            status, headers, body = kind
            self._send(body, status, "text/html", headers)
        elif isinstance(kind, bytes):
            self._send(kind, 200, "text/html")
        else:
            retry = {"Retry-After": str(RETRY_AFTER_S)} if kind in (429, 503) else {}
            self._send(b"<html>no</html>", kind, "text/html", retry)
        return True

    def _file(self, data: bytes | None) -> None:
        if data is None:
            self._json({"error": "Specified replay couldn't be found."}, 404)
        else:
            self._send(data, 200, "application/octet-stream")

    def _json(self, value, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), status, "application/json")

    def _send(self, data: bytes, status: int, kind: str, headers: dict | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in ({"Content-Length": str(len(data))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
