"""Iterative reconstruction that stops where it predicts best the measurements that it did not see."""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from benchmark.algorithms.held_out import best_iteration, hold_out
from benchmark.contract import Estimate

# From the measurements kept, as a boolean array, to the iterates X and what is measured of each, A X.
Iterates = Callable[[np.ndarray], Iterator[tuple[np.ndarray, np.ndarray]]]

# Iterates after the best one that end the search.
PATIENCE = 5


def stopped_by_held_out(iterates: Iterates, observed: np.ndarray, seed: int, iterations: int) -> Estimate:
    """Return the iterate of a method that sees all measurements after as many iterations as held-out ones recommend.

    A random twentieth of the measurements is held out, which `seed` draws. The iterate that predicts them best, of
    `iterations` at most, gives the number; the search ends `PATIENCE` iterates after the best one.
    """
    held = hold_out(observed.shape, seed)
    predictions = (prediction for _, prediction in islice(iterates(~held), iterations))
    number = best_iteration(predictions, observed, held, PATIENCE)
    signal, _ = next(islice(iterates(np.ones_like(held)), number - 1, None))
    return Estimate(signal=signal, iterations=number)
