"""Neural networks that learn from human osu! replays and play like humans: their files, features,
networks and players, the rules of osu!stable and lazer, and the report on how human plays look.

    import osu  # costs no torch; names load when they are first used

    beatmap = osu.load_beatmap("data/sample/circuit.osu").with_mods(osu.parse_mods("HD"))
    player = osu.load_player("diffusion")
    replay = player.play(beatmap, seed=7)
    print(replay.accuracy, osu.judge(beatmap, replay).max_combo)
    osu.save_replay(replay, "play.osr")

What a user can mend is raised as a `ValueError` whose text is one sentence. Types of slider and
osrparse go in and out through osu.formats.interop.

Rooms, each a package that imports only what tests/test_layers.py allows it:

    formats      the game's files <-> plain arrays: maps, replays, archives, databases
    rules        a beatmap and a replay -> what osu!stable or lazer counts
    features     beatmaps and replays <-> named channels on a grid of 60 frames a second
    data         folders of maps and replays -> a prepared cache -> batches
    nets         the networks, layers only, and how their weights are kept
    players      a network, or a machine, plays a map
    person       what is typical of one person, and a model of them: train_diffusion.py --me
    likeness     how human plays look: the report and all that it measures
    classifiers  tell generated plays from people's: networks, trees, and their controls
    blind        a blind test for people: which of two clips is the human? A page, answers, shares
    training     what stands around a training loop; the loops are in train_*.py
    render       a replay over its map: the window's preview, png, gif, mp4
    sound        the song at any speed, the sounds of hits; samples only, no sound card
    live         live playback, a process of its own; offline and unranked only
    gui          the window; all Tk is in gui.widgets

and leaves that every room may import: units (playfield and grid), files (atomic writes, reads that
never wait), devices (cpu or GPU), distributed (torchrun), errors (the one-sentence error, what
foreign bytes can raise, foreign names as they are shown, how programs end), figures (plots as PNG),
origin (who made a play, in its files).

Glossary:

    beatmap            one difficulty of a song; a Beatmap has its mods applied (formats.beatmap)
    mods               modifiers: HR flips and hardens, DT is faster, ... (formats.mods)
    lead-in            a replay's first two frames, at (256, -500): a skipped intro (formats.replay)
    map ms, real ms    song time and clock time: under DT, 1.5 map ms are 1 real ms (units)
    osu!px, unit       the field is 512 x 384 osu!px; a unit is 256 of them, from its middle (units)
    stack              objects in one place, each drawn a little up and left (formats.stacking)
    chart              a beatmap under its mods on the grid of 60 frames a real s (features.chart)
    play               (T, 4): cursor x, y and how much of a frame each key is down (features.play)
    condition          (T, F): what a player sees at each frame; nets read it (features.condition)
    baseline path      a plain cursor from object to object, computed from those (features.baseline)
    residual           cursor less baseline path (and centred keys): what is drawn (nets.denoiser)
    critic             the net that tells people's cursors from generated ones (nets.cursor_gan)
    press table        a row an object: its press's offset, release and finger (features.presses)
    style              what is constant in a play: spread, holds, alternation, ... (features.style)
    style bank         styles of training plays, kept with a net's weights (nets.denoiser)
    map demand         how dense, fast and small a map is; picks from the bank (features.style)
    target             an accuracy or unstable rate that a play is to have (players.target)
    dead zone          how far a hand moves before a resting cursor follows (players.hand)
    cache, shard       prepared plays on disk, and one file of a few hundred (data.shards)
    split              train, val or test; a song is in one of them only (data.library)
    window             T frames cut from a play and its chart, a batch's row (data.tensors)
    mask               1 on a window's frames that the play has, 0 past its end (data.tensors)
    hit window         how early or late a press may be for 300, 100 or 50 (rules.hits)
    conditions         what mods make of a map: rate, flips, settings (formats.plays.conditions)
    details            the JSON behind a lazer replay's frames (formats.plays.lazer_details)
    note lock          a press on an object does nothing while an earlier one is open (rules.hits)
    order key          3 x frame + phase: what comes first within a play (rules.frames)
    unstable rate      10 x the standard deviation of the hit errors in real ms (rules.judge)
    geki, katu         a combo hit all 300, or without a 50 or miss (rules.score)
    contestant         who plays against people in the likeness report (likeness.contestants)
    two-sample test    can a classifier tell generated from human? AUC .5: no (likeness.two_sample)
    clip, clip pair    six seconds of a play; a person's and a generated one on a map (blind.pairs)
    fault              a human play corrupted on purpose, which must be noticed (likeness.faults)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers; at run time `__getattr__` finds them
    from osu.formats.beatmap import load_beatmap
    from osu.formats.mods import parse_mods
    from osu.formats.replay import load_replay, save_replay
    from osu.players.engine import load_player
    from osu.rules.judge import judge

__all__ = [
    "judge",
    "load_beatmap",
    "load_player",
    "load_replay",
    "parse_mods",
    "save_replay",
]

_MODULE_OF = {
    "judge": "osu.rules.judge",
    "load_beatmap": "osu.formats.beatmap",
    "load_player": "osu.players.engine",
    "load_replay": "osu.formats.replay",
    "parse_mods": "osu.formats.mods",
    "save_replay": "osu.formats.replay",
}


def __getattr__(name: str) -> object:
    """A name of `__all__`, from its module at the first use (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
