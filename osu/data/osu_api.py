"""The osu! API v2 as far as replays need it: ossapi, paced, retried, its troubles in sentences.

What holds there (github.com/ppy/osu-web: config/osu.php, docs/info, pull request 11615):
- An OAuth client of one's own is enough (osu.ppy.sh/home/account/edit#oauth). Since November 2024
  the client credentials grant is given replays; before, a user had to log in.
- 10 replays a minute are allowed. Of other requests its terms want no more than 60 a minute.
- Restricted users do not exist for it, and it keeps replays of some scores only.
- Beatmap sets are for the game itself. A single .osu is at osu.ppy.sh/osu/ID, where osu!'s own
  difficulty server gets it (BEATMAP_DOWNLOAD_PATH), in its present version only.

The token is asked for here and handed to ossapi, which then neither reads nor writes a token file
(left to itself it pickles tokens into its own folder). Nothing is stored anywhere, no sentence
repeats the ID, the secret or an answer, and no redirect is followed: osu! answers these requests
itself, and with some redirects the secret would be sent along.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from osu.errors import UserError

SERVER = "https://osu.ppy.sh"
CLIENTS_PAGE = f"{SERVER}/home/account/edit#oauth"
REQUEST_S = 1.0  # between requests
DOWNLOAD_S = 6.0  # between replays
TIMEOUT_S = 30.0  # without a byte
ATTEMPTS = 6
MAX_WAIT_S = 300.0
MAX_ANSWER_BYTES = 32 << 20  # of an answer, unpacked
CHUNK_BYTES = 64 << 10
PAGE = 100  # scores in one answer, at most
RETRIED = {429, 500, 502, 503, 504}

_USER_NAME = re.compile(r"[A-Za-z0-9_\-\[\] ]{1,32}")  # it becomes part of an address

T = TypeVar("T")


class ApiError(UserError):
    """A request that the API did not answer, with the reason in one sentence."""


class NotThereError(ApiError):
    """A thing that the API does not have (404)."""


class RefusedError(ApiError):
    """A request that the API refuses for good."""

    def __init__(self, status: int) -> None:
        super().__init__(f"osu! refuses the request with status {status}")
        self.status = status


@dataclass(frozen=True)
class ApiScore:
    """One score of osu!standard."""

    id: int
    beatmap_id: int
    has_replay: bool


class Api:
    """Asks the API with the credentials of an OAuth client. Every method raises ApiError.

    `sleep` and `now` are the clock that paces the requests.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        server: str = SERVER,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            import ossapi
            import requests
        except ImportError:
            raise ApiError("ossapi is not installed: run `uv sync --extra download`") from None
        if not client_id.isdecimal():
            # Which is not repeated: it may be the secret.
            raise ApiError(f"the client ID is not a number: see {CLIENTS_PAGE}")
        self._ossapi, self._requests = ossapi, requests
        self._id, self._secret, self._server = int(client_id), client_secret, server
        self._sleep, self._now = sleep, now
        self._ready_s = {"request": now(), "replay": now()}
        self._web = self._prepare(requests.Session())
        self._client = self._authorised()

    def user_id(self, name: str) -> int:
        if not _USER_NAME.fullmatch(name):
            raise ApiError(f"{name!r} is no name that osu! allows")
        try:
            return self._api(lambda: self._client.user(name, key="username").id)
        except NotThereError:
            raise ApiError(f"osu! shows no user {name!r}: unknown, renamed or restricted") from None

    def user_scores(self, user_id: int, kind: str, count: int) -> list[ApiScore]:
        """Up to `count` scores: the "best", or the "recent" of the last 24 hours."""
        scores: list[ApiScore] = []
        while len(scores) < count:
            limit, offset = min(PAGE, count - len(scores)), len(scores)
            page = self._api(
                lambda limit=limit, offset=offset: _scores(
                    self._client.user_scores(
                        user_id, kind, mode="osu", limit=limit, offset=offset, include_fails=False
                    )
                )
            )
            scores += page
            if len(page) < limit:
                break
        return scores

    def map_scores(self, beatmap_id: int, count: int) -> list[ApiScore]:
        """The map's best scores, at most 100 of them."""
        limit = min(PAGE, count)
        try:
            return self._api(
                lambda: _scores(
                    self._client.beatmap_scores(beatmap_id, mode="osu", limit=limit).scores
                )
            )
        except NotThereError:
            raise ApiError(f"osu! has no map with the ID {beatmap_id}") from None

    def everyones_scores(self) -> Iterator[ApiScore]:
        """The passes that anybody sets, a thousand of the latest first, then those that follow;
        it ends where there are no more yet."""
        cursor = None
        while True:
            page = self._api(lambda cursor=cursor: self._client.scores("osu", cursor_string=cursor))
            yield from _scores(page.scores)
            if not page.scores or page.cursor_string in (None, cursor):
                return
            cursor = page.cursor_string

    def replay(self, score_id: int) -> bytes:
        """A score's .osr file. NotThereError where none is kept."""
        return self._api(lambda: self._client.download_score(score_id, raw=True), "replay")

    def beatmap(self, beatmap_id: int) -> bytes:
        """The map's present .osu file. NotThereError where there is none (or an empty answer)."""
        data = self._ask(lambda: self._web.get(f"{self._server}/osu/{beatmap_id}").content)
        if not data.strip():
            raise NotThereError(f"osu! has no file of the map {beatmap_id}")
        return data

    def _api(self, call: Callable[[], T], kind: str = "request") -> T:
        """The answer of a call of the client; a token that has expired (in a day) is renewed."""
        try:
            return self._ask(call, kind)
        except RefusedError as error:
            if error.status != 401:
                raise
        self._client = self._authorised()
        return self._ask(call, kind)

    def _authorised(self):
        """An ossapi client with a token that lives nowhere else."""
        request = {
            "grant_type": "client_credentials",
            "client_id": self._id,
            "client_secret": self._secret,
            "scope": "public",
        }
        url = f"{self._server}/oauth/token"
        try:
            token = self._ask(lambda: self._web.post(url, data=request).json()["access_token"])
        except RefusedError as error:
            if error.status not in (400, 401):
                raise
            raise ApiError(
                f"osu! does not accept this client ID and secret: see {CLIENTS_PAGE}"
            ) from None
        client = self._ossapi.Ossapi(self._id, "", access_token=token)
        client.base_url = f"{self._server}/api/v2"
        self._prepare(client.session)
        return client

    def _ask(self, call: Callable[[], T], kind: str = "request") -> T:
        """The answer of `call`, made in its turn and again where the server or the line fails.

        Retries are here and not in urllib3, because they keep the pace of the requests and cover
        answers that are cut in their body.
        """
        trouble, wait_s = "", 0.0
        for attempt in range(ATTEMPTS):
            if wait_s > MAX_WAIT_S:
                raise ApiError(f"osu! wants to be left alone for {wait_s:.0f} s")
            self._sleep(wait_s)
            self._take_turn(kind)
            wait_s = 2.0**attempt
            try:
                return call()
            except self._requests.HTTPError as error:
                status = error.response.status_code
                if status == 404:
                    raise NotThereError("osu! has no such thing") from None
                if status not in RETRIED:
                    raise RefusedError(status) from None
                trouble = f"it answers with status {status}"
                wait_s = _retry_after_s(error.response.headers, wait_s)
            except self._requests.RequestException as error:  # cut, silent, no JSON
                trouble = f"the connection fails ({type(error).__name__})"
            except ApiError:
                raise
            except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
                name = type(error).__name__
                raise ApiError(f"osu! answers in a way ossapi does not know ({name})") from None
        raise ApiError(f"{self._server} does not help, {ATTEMPTS} times asked: {trouble}")

    def _take_turn(self, kind: str) -> None:
        """Waits until a request of this kind may be made; a replay is a request too."""
        ready_s = max(self._ready_s["request"], self._ready_s[kind])
        self._sleep(max(0.0, ready_s - self._now()))
        self._ready_s["request"] = self._now() + REQUEST_S
        if kind == "replay":
            self._ready_s["replay"] = self._now() + DOWNLOAD_S

    def _prepare(self, session):
        """Gives a session what ossapi's own lacks: a time limit, errors for bad answers and for
        redirects, and a bound on what is read."""
        adapters = self._requests.adapters

        class Timed(adapters.HTTPAdapter):
            def send(self, request, **options):
                return super().send(request, **(options | {"timeout": TIMEOUT_S}))

        def check(response, **_):
            response.raise_for_status()
            if response.is_redirect:
                raise ApiError("osu! sends this request elsewhere, where it is not repeated")
            # Read here, before requests would read all of it.
            response._content = _bounded(response.iter_content(CHUNK_BYTES))

        session.mount(self._server, Timed())
        session.hooks["response"].append(check)
        return session


def _bounded(chunks: Iterator[bytes]) -> bytes:
    """An answer's body. ApiError where it is too large, whatever its headers say."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ApiError(f"osu! answers with more than {MAX_ANSWER_BYTES >> 20} MB")
    return bytes(body)


def _scores(theirs: list) -> list[ApiScore]:
    return [ApiScore(int(s.id), int(s.beatmap_id), bool(s.has_replay)) for s in theirs]


def _retry_after_s(headers, otherwise_s: float) -> float:
    """The seconds of a Retry-After header; its other form, a date, is not used by osu!."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else otherwise_s
