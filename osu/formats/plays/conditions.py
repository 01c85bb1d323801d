"""What mods make of a map: its speed, the flips of its field, its difficulty settings.

Stable's mods are bits of the header. Those of lazer have settings (any rate, any circle size) or
no bit at all (Mirror); they stand in the score details of its replays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osu.formats.mods import Mods, mods_str
from osu.formats.mods import rate as rate_of

if TYPE_CHECKING:
    from osu.formats.plays.lazer_details import LazerMod

# Setting of Difficulty Adjust -> the attribute of a Beatmap, and its bounds in lazer.
ADJUSTABLE = {
    "drain_rate": ("hp", 0.0, 11.0),
    "circle_size": ("cs", 0.0, 11.0),
    "overall_difficulty": ("od", 0.0, 11.0),
    "approach_rate": ("ar", -10.0, 11.0),
}
RATES = (0.5, 2.0)  # what lazer's sliders for DT and HT allow
_DEFAULT_RATES = {"DT": 1.5, "NC": 1.5, "HT": 0.75, "DC": 0.75}
_FLIPS = {"0": (True, False), "1": (False, True), "2": (True, True)}  # MirrorType -> x, y
_FLIPS |= {"Horizontal": _FLIPS["0"], "Vertical": _FLIPS["1"], "Both": _FLIPS["2"]}
# Lazer's mods that leave objects where and when the map has them: a play of them has its place.
_IN_PLACE = {
    *("NF", "SD", "PF", "AC", "EZ", "HR", "HD", "FL", "BL", "ST", "CL", "AL", "SG", "SO", "TD"),
    *("SV2", "TC", "AD", "MU", "NS", "GR", "DF", "SI", "FR", "BU", "SY", "BM"),
    *("AT", "CN", "RX", "AP"),  # played by the game, see osu.formats.plays.kind
}


@dataclass(frozen=True)
class Conditions:
    """The conditions under which a map is played. Hashable: equal ones make equal maps."""

    mods: Mods  # the header's bits
    rate: float = 1.0  # ms of map time in a real ms
    flip_x: bool = False  # left to right, beside what HR flips
    flip_y: bool = False
    settings: tuple[tuple[str, float], ...] = ()  # of hp, cs, od, ar: (name, value) set by hand

    @property
    def flips(self) -> tuple[bool, bool]:
        """Whether x and y are flipped, by HR or Mirror."""
        return self.flip_x, self.flip_y != bool(self.mods & Mods.HR)

    @property
    def ordinary(self) -> bool:
        """Whether the header's bits say it all, as they do for every play of stable."""
        return self == of_mods(self.mods)

    def __str__(self) -> str:
        """ "HDDT", "NM (CS 7.5)", "DT (1.2x)": letters, and what they don't say."""
        more = [] if self.rate == rate_of(self.mods) else [f"{self.rate:g}x"]
        more += ["mirrored"] * (self.flip_x or self.flip_y)
        more += [f"{name.upper()} {value:g}" for name, value in self.settings]
        return mods_str(self.mods) + (f" ({', '.join(more)})" if more else "")


def of_mods(mods: int) -> Conditions:
    """The conditions that a header's bits stand for."""
    return Conditions(Mods(mods), rate_of(mods))


def of_lazer_mods(mods: Mods, lazer_mods: tuple[LazerMod, ...]) -> tuple[Conditions, str]:
    """-> conditions of a lazer play, whose header has the bits `mods`; and a reason, "" where there
    is none, why the play has no place on the map even so: a mod moves objects or changes speed."""
    rate, flips, settings = 1.0, (False, False), {}
    reason = ""
    for mod in lazer_mods:
        if mod.acronym in _DEFAULT_RATES:
            rate = mod.number("speed_change", _DEFAULT_RATES[mod.acronym])
            if not RATES[0] <= rate <= RATES[1]:
                rate, reason = (
                    rate_of(mods),
                    f"its mod {mod.acronym} has a speed that lazer does not offer",
                )
        elif mod.acronym == "MR":
            chosen = str(mod.settings.get("reflection", 0))
            if chosen not in _FLIPS:
                reason = "its mod MR flips the field in a way that is not known"
            flips = _FLIPS.get(chosen, flips)
        elif mod.acronym == "DA":
            for name, (attribute, low, high) in ADJUSTABLE.items():
                if name in mod.settings:
                    value = mod.number(name, low)
                    settings[attribute] = min(max(value, low), high)
        elif mod.acronym not in _IN_PLACE:
            reason = f"its mod {mod.acronym} moves objects or changes the speed on the way"
    return Conditions(mods, rate, *flips, tuple(sorted(settings.items()))), reason
