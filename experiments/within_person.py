"""How much of how one person plays follows from the map?

    uv run -m experiments.within_person --cache CACHE      a cache of `uv run -m osu.data FOLDER`

Prints FOLLOWS_MAP of osu.players.person: how spread, aim and accuracy (osu.features.style.Style) of
one person change with what the maps ask, all people with two plays and more together, each with
their own mean. Then for each person left out: the error on further maps, a root mean square over
draws of plays that are known, by the mean of these, and by what osu.players.person expects.
"""

import argparse
from collections import Counter

import numpy as np

from osu.data.dataset import PlaySet
from osu.features.style import DEMAND_SCALE, MapDemand, demand_of
from osu.players.person import FOLLOWS_MAP, regress

PEOPLES_RIDGE = 20.0  # of the slopes of all people together
DRAWS, FURTHER = 200, 5  # draws of known plays, and plays that are expected at each


def slopes_of(
    numbers: np.ndarray, demands: np.ndarray, who: np.ndarray, without: list[str]
) -> np.ndarray:
    """(len(MapDemand), K) of the numbers (N, K) of plays by `who` (N,), about each person's mean. A
    person counts by the square root of their plays."""
    normal = PEOPLES_RIDGE * np.eye(demands.shape[1])
    moment = np.zeros((demands.shape[1], numbers.shape[1]))
    for player in set(who) - set(without):
        own = who == player
        x = (demands[own] - demands[own].mean(0)) / DEMAND_SCALE
        normal += x.T @ x / own.sum() ** 0.5
        moment += x.T @ (numbers[own] - numbers[own].mean(0)) / own.sum() ** 0.5
    return np.linalg.solve(normal, moment)


def errors(
    known: int, numbers: np.ndarray, demands: np.ndarray, slopes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squares (K,) for one person: by the mean of `known` plays, and by the map."""
    rng = np.random.default_rng(0)
    by_mean, by_map = [], []
    for _ in range(DRAWS):
        order = rng.permutation(len(numbers))
        seen = order[:known]
        for other in order[known : known + FURTHER]:
            by_mean.append(numbers[seen].mean(0) - numbers[other])
            expected = regress(demands[other], numbers[seen], demands[seen], slopes)
            by_map.append(expected - numbers[other])
    return tuple(np.sqrt(np.square(rows).mean(0)) for rows in (by_mean, by_map))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", required=True)
    parser.add_argument("--without", nargs="*", default=["p0077", "p0419"], metavar="PLAYER")
    args = parser.parse_args()
    plays = PlaySet(args.cache)
    columns = list(FOLLOWS_MAP)
    numbers = plays.styles().cpu().numpy()[:, columns].astype(float)
    demands = np.stack([demand_of(plays.chart(i)) for i in range(len(plays.plays))]).astype(float)
    who = np.array([play.player for play in plays.plays])
    whole = np.isfinite(numbers).all(1)
    numbers, demands, who = numbers[whole], demands[whole], who[whole]
    slopes = slopes_of(numbers, demands, who, args.without)
    several = [n for p, n in Counter(who).items() if n > 1 and p not in args.without]
    print(
        f"{len(several)} people with {sum(several)} plays; {', '.join(d.name for d in MapDemand)}"
    )
    for column, of_column in zip(columns, slopes.T, strict=True):
        print(f"  {column.name:9s} {', '.join(f'{slope:.2f}' for slope in of_column)}")
    names = ", ".join(column.name for column in columns)
    for player in args.without:
        own = who == player
        for known in (1, 2, 5, 20, 50):
            if known + FURTHER > own.sum():
                continue
            found = errors(known, numbers[own], demands[own], slopes)
            mean, by_map = (", ".join(f"{value:.2f}" for value in row) for row in found)
            print(f"{player}, {known} plays: {names}: mean {mean}; by the map {by_map}")


if __name__ == "__main__":
    main()
