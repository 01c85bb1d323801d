"""What is typed into the search field: words, and filters such as `stars>4 bpm<=200 length<3:00`.

Numbers are compared as the list shows them, so that `stars=4.53` finds what is listed as 4.53.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from osu.errors import UserError
from osu.gui.maps.measures import MapMeasures
from osu.gui.songs import Song

_FILTER = re.compile(r"([a-z]+)(<=|>=|==|=|<|>)(.*)")
_COMPARE = {
    **{"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge},
    **{"=": operator.eq, "==": operator.eq},
}
# Name -> a measure as it is listed; None where it is not known.
MEASURES: dict[str, Callable[[MapMeasures], float | None]] = {
    "stars": lambda measures: None if measures.stars is None else round(measures.stars, 2),
    "bpm": lambda measures: float(round(measures.bpm)) if measures.bpm else None,
    "length": lambda measures: float(round(measures.length_s)),
}
Known = Mapping[tuple[str, str], MapMeasures]  # by Song.key


class QueryError(UserError):
    """A search that cannot be understood, in one sentence."""


@dataclass(frozen=True)
class MapFilter:
    """One comparison."""

    measure: str  # a name of MEASURES
    compare: str
    value: float

    def keeps(self, measures: MapMeasures | None) -> bool:
        """Whether a map is left; one that is not measured is not."""
        value = None if measures is None else MEASURES[self.measure](measures)
        return value is not None and _COMPARE[self.compare](value, self.value)


@dataclass(frozen=True)
class MapQuery:
    words: tuple[str, ...]  # lower case
    filters: tuple[MapFilter, ...]

    @classmethod
    def parse(cls, text: str) -> "MapQuery":
        """Raises QueryError for a filter that is none."""
        words, filters = [], []
        for word in text.lower().split():
            match = _FILTER.fullmatch(word)
            if match is None:
                words.append(word)
            else:
                filters.append(_parse_filter(word, *match.groups()))
        return cls(tuple(words), tuple(filters))

    def find(self, songs: Sequence[Song], known: Known) -> list[Song]:
        """The songs that hold every word somewhere and pass every filter, in their order."""
        words, filters = self.words, self.filters
        found = [s for s in songs if all(w in s.searched for w in words)]
        if filters:
            found = [s for s in found if all(f.keeps(known.get(s.key)) for f in filters)]
        return found


def _parse_filter(word: str, name: str, compare: str, value: str) -> MapFilter:
    if name not in MEASURES:
        raise QueryError(f"{name} is no filter: stars, bpm and length are.")
    minutes, colon, seconds = value.partition(":")
    try:
        if colon and name == "length" and re.fullmatch(r"\d{1,4}:[0-5]\d", value):
            return MapFilter(name, compare, 60.0 * int(minutes) + int(seconds))
        if re.fullmatch(r"\d{1,6}([.,]\d{1,6})?", value):
            return MapFilter(name, compare, float(value.replace(",", ".")))
    except ValueError:  # digits of another writing system that no number is made of
        pass
    example = {"stars": "stars>4.5", "bpm": "bpm<200", "length": "length<180 or length<3:00"}[name]
    raise QueryError(f"{word} has no number to compare with: a filter is written {example}.")


def ordered(
    songs: Sequence[Song], known: Known, column: str | None, descending: bool = False
) -> list[Song]:
    """Songs by a column of the list; what has no value there comes last, equals keep their order.

    Without a column the order stays, but for the difficulties of a set: they come easiest first.
    """
    if column is None:
        return [song for group in _sets(songs) for song in _by_stars(group, known)]
    if column == "title":
        return sorted(songs, key=lambda s: (s.title.lower(), s.artist.lower()), reverse=descending)
    if column == "difficulty":
        return sorted(songs, key=lambda s: s.difficulty.lower(), reverse=descending)
    listed = MEASURES[column]
    values = {s.key: listed(known[s.key]) if s.key in known else None for s in songs}
    there = [s for s in songs if values[s.key] is not None]
    there.sort(key=lambda s: values[s.key], reverse=descending)
    return [*there, *(s for s in songs if values[s.key] is None)]


def are_of_a_set(one: Song | None, other: Song) -> bool:
    """Whether both are difficulties of one song by one mapper."""
    return (
        one is not None
        and one.title == other.title
        and one.artist == other.artist
        and one.creator == other.creator
    )


def _sets(songs: Sequence[Song]) -> list[list[Song]]:
    """Songs that follow one another and are of one set, together."""
    groups: list[list[Song]] = []
    for song in songs:
        if groups and are_of_a_set(groups[-1][-1], song):
            groups[-1].append(song)
        else:
            groups.append([song])
    return groups


def _by_stars(group: list[Song], known: Known) -> list[Song]:
    if len(group) == 1:
        return group
    return ordered(group, known, "stars")
