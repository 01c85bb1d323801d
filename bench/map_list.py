"""How long a search of the list of maps takes, in CPU time: what is typed, and the rows with it.

uv run -m bench.map_list [--maps 6000]              needs a display
"""

import argparse
import random
import statistics
import time
import tkinter as tk

from osu.gui.maps.measures import MapMeasures
from osu.gui.maps.query import MapQuery, ordered
from osu.gui.songs import Song
from osu.gui.widgets.maps import MapList

QUERIES = ("", "title 12", "stars>4 bpm<200 length<180", "artist stars>8", "nothing")
REPEAT = 7


def main(count: int) -> None:
    draw = random.Random(1)
    songs = [
        Song(f"Artist {n % 700}", f"A title {n // 5}", f"Difficulty {n % 5}", "me", f"{n}.osu")
        for n in range(count)
    ]
    known = {
        s.key: MapMeasures(draw.uniform(1, 9), draw.uniform(60, 300), draw.uniform(10, 600))
        for s in songs
    }
    root = tk.Tk()
    maps = MapList(root, lambda songs: None)
    maps.pack(fill="both", expand=True)
    maps.show(songs)
    maps.learn(known)
    root.update()
    print(f"{count} maps, medians of {REPEAT} in ms: found, found and sorted, with the rows")
    for query in QUERIES:
        maps.query.set(query)
        took = []
        for work in (
            lambda query=query: MapQuery.parse(query).find(songs, known),
            lambda query=query: ordered(MapQuery.parse(query).find(songs, known), known, "stars"),
            lambda: (maps.refresh(), root.update()),
        ):
            took.append(statistics.median(_ms(work) for _ in range(REPEAT)))
        print(f"{query or '(all)':30}", *(f"{ms:7.1f}" for ms in took))
    maps.close()
    root.destroy()


def _ms(work) -> float:
    started_s = time.process_time()
    work()
    return (time.process_time() - started_s) * 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=int, default=6000)
    main(parser.parse_args().maps)
