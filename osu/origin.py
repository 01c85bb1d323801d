"""The origin of a play: what its files say of who made it.

The name of the player in a replay is the only field that the game shows to everyone, so a generated
play is named by its model there, and pictures of it show that name. (A live play is recorded by the
game itself, under the name that is logged in there: nothing here can name it.)
"""

_PREFIX = "osu-players/"


def origin(model: str) -> str:
    """The player's name in the replays that `model` makes. Every writer of generated ones asks
    here: tests/test_origin.py."""
    return _PREFIX + model


def model_named(player: str) -> str:
    """Which model `origin` has named so."""
    return player.removeprefix(_PREFIX)


def is_generated(player: str) -> bool:
    """Whether a replay with this player's name was made by this program."""
    return player.startswith(_PREFIX)
