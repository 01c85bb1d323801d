"""Game modifiers as the game stores them: the bit field of a .osr header, and its letters."""

from enum import IntFlag

from osu.errors import UserError


class ModsError(UserError):
    """A mods text that the game has no such combination for."""


class Mods(IntFlag):
    """The bits of the .osr header's mods field, named by the game's two letters."""

    NF = 1 << 0  # no fail
    EZ = 1 << 1  # easy
    TD = 1 << 2  # touch device
    HD = 1 << 3  # hidden
    HR = 1 << 4  # hard rock
    SD = 1 << 5  # sudden death
    DT = 1 << 6  # double time
    RX = 1 << 7  # relax
    HT = 1 << 8  # half time
    NC = 1 << 9  # nightcore, always stored together with DT
    FL = 1 << 10  # flashlight
    AT = 1 << 11  # autoplay
    SO = 1 << 12  # spun out
    AP = 1 << 13  # autopilot
    PF = 1 << 14  # perfect, always stored together with SD
    K4 = 1 << 15
    K5 = 1 << 16
    K6 = 1 << 17
    K7 = 1 << 18
    K8 = 1 << 19
    FI = 1 << 20  # fade in
    RD = 1 << 21  # random
    CN = 1 << 22  # cinema
    TP = 1 << 23  # target practice
    K9 = 1 << 24
    CP = 1 << 25  # co-op
    K1 = 1 << 26
    K3 = 1 << 27
    K2 = 1 << 28
    SV2 = 1 << 29  # score v2
    V2 = SV2
    MR = 1 << 30  # mirror


# What plays are generated under; others play for the player or count by rules of their own.
PLAYABLE = Mods.EZ | Mods.NF | Mods.HT | Mods.HD | Mods.HR
PLAYABLE |= Mods.NC | Mods.DT | Mods.PF | Mods.SD | Mods.FL

# The order in which players write them.
_ORDER = (
    *("EZ", "NF", "HT", "HD", "HR", "NC", "DT", "PF", "SD", "FL"),
    *("RX", "AP", "SO", "AT", "CN", "TD", "TP", "V2", "MR"),
)
_IMPLIED = {Mods.NC: Mods.DT, Mods.PF: Mods.SD}
_CONTRADICTIONS = (
    (Mods.EZ, Mods.HR),
    (Mods.HT, Mods.DT),
    (Mods.NF, Mods.SD),
    (Mods.NF, Mods.RX),
    (Mods.NF, Mods.AP),
    (Mods.SD, Mods.RX),
    (Mods.SD, Mods.AP),
    (Mods.RX, Mods.AP),
    (Mods.SO, Mods.AP),
)


def parse_mods(text: str) -> Mods:
    """Letters in any order and case ("HDDT", "+hd,dt", "NM", "") -> bits as the game stores them.

    NC brings DT and PF brings SD. Raises ModsError for unknown letters, for mods of the other game
    modes and for pairs that the game does not allow together.
    """
    letters = text.upper().replace(" ", "").replace(",", "").replace("+", "")
    letters = letters.replace("SV2", "V2")
    mods = Mods(0)
    if letters in ("", "NM"):
        return mods
    for at in range(0, len(letters), 2):
        name = letters[at : at + 2]
        if name not in _ORDER:
            raise ModsError(f"unknown mod {name!r} in {text!r}; known are {' '.join(_ORDER)}")
        mods |= Mods[name] | _IMPLIED.get(Mods[name], 0)
    for one, other in _CONTRADICTIONS:
        if one in mods and other in mods:
            raise ModsError(f"mods {one.name} and {other.name} exclude each other in {text!r}")
    return mods


def mods_str(mods: int) -> str:
    """Bits -> letters, "NM" for none; DT is not repeated beside NC, nor SD beside PF."""
    mods = Mods(mods)
    for more, less in _IMPLIED.items():
        if more in mods:
            mods &= ~less
    known = [name for name in _ORDER if Mods[name] in mods]
    others = [mod.name for mod in mods if mod.name not in (*_ORDER, "SV2")]
    return "".join(known + others) or "NM"


def rate(mods: int) -> float:
    """How many ms of map time pass in one real ms."""
    if mods & (Mods.DT | Mods.NC):
        return 1.5
    if mods & Mods.HT:
        return 0.75
    return 1.0
