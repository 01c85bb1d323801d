"""The pipe between osu.live.player and osu.live.process: a job one way, events the other.

Both sides import this file and nothing of each other. It holds no arrays: the playing process
starts without NumPy.
"""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from osu.live.sinks.base import SinkError, key_name

if TYPE_CHECKING:  # its file imports NumPy
    from osu.live.plan import Plan


@dataclass(frozen=True)
class LiveSettings:
    """The settings of a live play. `offset_ms` is real time; above 0 everything comes later."""

    start_at_ms: float  # map time at the moment the start key goes down
    keys: tuple[str, str] = ("z", "x")
    by_place: bool = False  # the keys that lie where a US keyboard has `keys`, whatever they type
    start_key: str = "F8"
    stop_key: str = "Escape"
    earlier_key: str = "F6"
    later_key: str = "F7"
    offset_ms: float = 0.0
    nudge_ms: float = 2.0
    motion_hz: float = 500.0

    def checked(self) -> "LiveSettings":
        """The settings with every key by its proper name. SinkError where two are the same."""
        names = {
            field: key_name(getattr(self, field))
            for field in ("start_key", "stop_key", "earlier_key", "later_key")
        }
        keys = tuple(key_name(key) for key in self.keys)
        if len(keys) != 2:
            raise SinkError("osu! is played with two keys")
        if len({*names.values(), *keys}) != 6:
            raise SinkError(
                "a key is asked to do two things: " + ", ".join([*keys, *names.values()])
            )
        return LiveSettings(**{**asdict(self), **names, "keys": keys})


@dataclass(frozen=True)
class Job:
    """A plan in plain lists, as it goes through the pipe."""

    settings: LiveSettings
    rate: float
    t_ms: list[float]
    x: list[float]
    y: list[float]
    event_ms: list[float]
    event_key: list[int]
    event_down: list[bool]


def job_to_json(plan: "Plan", settings: LiveSettings) -> str:
    return json.dumps(
        {
            "settings": asdict(settings),
            "rate": plan.rate,
            "t_ms": plan.t_ms.tolist(),
            "x": plan.xy[:, 0].tolist(),
            "y": plan.xy[:, 1].tolist(),
            "event_ms": plan.event_ms.tolist(),
            "event_key": plan.event_key.tolist(),
            "event_down": plan.event_down.tolist(),
        }
    )


def job_from_json(line: bytes) -> Job:
    fields = json.loads(line)
    return Job(**{**fields, "settings": LiveSettings(**fields["settings"])})


# ---- events, in the order in which they come


@dataclass(frozen=True)
class Armed:
    """Ready: the start key or `start` begins the play."""

    sink: str
    # Left, top, width, height of what the pointer can reach; None where the system does not say.
    screen: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Started:
    at_ms: float


@dataclass(frozen=True)
class LiveProgress:
    map_ms: float


@dataclass(frozen=True)
class Nudged:
    offset_ms: float


@dataclass(frozen=True)
class Lateness:
    """The delays of a kind of action behind its deadlines, real ms; skipped deadlines count."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    def sentence(self, what: str) -> str:
        return (
            f"{what}: {self.count}, late by {self.p50_ms:.2f} ms in the median, "
            f"{self.p99_ms:.2f} at p99, {self.max_ms:.2f} at most"
        )


@dataclass(frozen=True)
class Stopped:
    """The last event of a play that began or was armed."""

    reason: str
    completed: bool
    offset_ms: float
    motion: Lateness | None = None
    keys: Lateness | None = None


@dataclass(frozen=True)
class LiveFailed:
    """The last event where something broke; one sentence."""

    sentence: str


LiveEvent = Armed | Started | LiveProgress | Nudged | Stopped | LiveFailed
_EVENTS = {
    kind.__name__: kind for kind in (Armed, Started, LiveProgress, Nudged, Stopped, LiveFailed)
}


def event_to_json(event: LiveEvent) -> str:
    return json.dumps({"event": type(event).__name__, **asdict(event)})


def event_from_json(line: bytes | str) -> LiveEvent:
    fields = json.loads(line)
    kind = _EVENTS[fields.pop("event")]
    for name in ("motion", "keys"):
        if fields.get(name):
            fields[name] = Lateness(**fields[name])
    if fields.get("screen"):
        fields["screen"] = tuple(fields["screen"])
    return kind(**fields)
