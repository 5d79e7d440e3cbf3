"""Signals that are of low rank exactly, made from ones that are not, and told to methods at several ranks.

Photon noise asks for values that are not negative, and a truncated signal has some that are. Clipping them would raise
the rank. So one term is spent on a constant, which moves the minimum to 0: the rank is what was asked for, up to
rounding.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tensorly import cp_to_tensor
from tensorly.decomposition import parafac

from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Item, compose

ITERATIONS = 20
ROUNDING = 1e-9  # far below that of float32, in which signals are kept


def truncated_cube(cube: np.ndarray, rank: int) -> np.ndarray:
    """Return a cube (height x width x bands) whose unfolding to pixels x bands has rank `rank`.

    It is the best approximation; if that has negative values beyond rounding, the best of rank - 1 less its minimum.
    """
    nearest = compose(truncated_svd(cube, rank))
    if nearest.min() > -ROUNDING * nearest.max():
        return nearest.clip(0)
    lesser = compose(truncated_svd(cube, rank - 1))
    return lesser - lesser.min()


def truncated_stack(stack: np.ndarray, rank: int) -> np.ndarray:
    """Return a stack (height x width x images) that is a sum of `rank` outer products of vectors, one of them constant.

    The others are what 20 iterations of alternating least squares fit from random factors, always the same; a ridge of
    1e-6 of the mean power of a term keeps the systems regular at ranks beyond the sizes of the axes.
    """
    if rank < 2:
        raise ValueError(f"rank {rank}: one term is a constant, so give at least 2")
    values, terms = stack.astype(np.float64), rank - 1
    ridge = 1e-6 * np.sum(values**2) / terms
    fit = cp_to_tensor(
        parafac(values, terms, n_iter_max=ITERATIONS, init="random", random_state=0, tol=0, l2_reg=ridge)
    )
    return fit - fit.min()


def at_ranks(item: Item, ranks: Sequence[int]) -> list[Item]:
    """Return an item once for each of the `ranks` that methods are told, or as it is if there are none."""
    return [replace(item, name=f"rank-{rank}", rank=rank) for rank in ranks] or [item]
