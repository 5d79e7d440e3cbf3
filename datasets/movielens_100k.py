"""MovieLens-100K: 100 000 ratings, from 1 to 5 stars, that 943 people gave to 1682 films, in its five folds.

The files are the test sets of the folds, disjoint fifths that make up all ratings. A line has user, film, rating and
time. The registry's copy is a third party's; the terms forbid to pass the ratings on, and no result holds them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.contract import Item

KIND = "matrices"
TITLE = "MovieLens-100K"
LICENCE = "for research; not to be redistributed without permission, no commercial use"
CITATION = (
    "Harper, Konstan: The MovieLens Datasets: History and Context. ACM Transactions on Interactive Intelligent Systems "
    "5, 2015, article 19"
)
STANDS_IN_FOR = None

USERS, FILMS, STARS = 943, 1682, 5
FOLDS = 5


def load(folder: Path, *, folds: Sequence[int] = (1, 2, 3, 4, 5)) -> list[Item]:
    """Return the ratings (943 x 1682) over 5, zero where there is none, once for each fold, which is scored.

    The other folds are observed. Errors are told in stars. Raises ValueError for a fold that there is not, and for a
    rating that is none of 1 to 5 stars.
    """
    if other := set(folds) - set(range(1, FOLDS + 1)):
        raise ValueError(f"{TITLE} has no fold {min(other)}: give some of 1 to {FOLDS}")
    parts = [ratings(folder / f"u{fold}.test") for fold in range(1, FOLDS + 1)]
    stars = np.sum(parts, axis=0)
    extras = {"unit": np.array(STARS), "bounds": np.array([1, STARS]) / STARS}
    items = []
    for fold in folds:
        scored = parts[fold - 1] > 0
        masks = {"observed": (stars > 0) & ~scored, "scored": scored}
        items.append(Item(f"u{fold}", (stars / STARS).astype(np.float32), extras=extras | masks))
    return items


def ratings(path: Path) -> np.ndarray:
    """Return the ratings of a file as a matrix of users x films, zero where there is none."""
    user, film, rating, _ = np.loadtxt(path, dtype=int, delimiter="\t", unpack=True)
    if wrong := sorted(set(rating.tolist()) - set(range(1, STARS + 1))):
        raise ValueError(f"{path.name}: a rating of {wrong[0]} stars; ratings are whole numbers from 1 to {STARS}")
    matrix = np.zeros((USERS, FILMS))
    matrix[user - 1, film - 1] = rating
    return matrix
