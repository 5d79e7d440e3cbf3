"""Volumes of least total variation at falling weights, from a share of the measurements, of which others are hidden."""

from collections.abc import Callable

import numpy as np

from benchmark.algorithms.total_variation import WEIGHTS, best_weight, minimise, scales_of, start
from benchmark.contract import Operator

# Of the best weight.
SHARES = (1.0, 0.5)

Path = Callable[[np.ndarray], np.ndarray]


def variation_path(observed: np.ndarray, operator: Operator, hidden: np.ndarray) -> Path:
    """Return a function from which measurements are kept to two volumes (2, *operator.shape) from these, X >= 0.

    Their weights are the one of `WEIGHTS` from whose volume, without the measurements that are `hidden`, these are
    predicted best, and a half of that. The variation is along all axes. It computes in single precision.
    """
    observed = observed.astype(np.float32, order="C")
    scales, axes = scales_of(operator), range(len(operator.shape))
    settings = {"operator": operator, "scales": scales, "non_negative": True}

    def scaled(weight: float, kept: np.ndarray) -> float:
        return weight * scales.column_energy * float(kept.mean())

    searched = {scaled(weight, ~hidden): weight for weight in WEIGHTS}
    best = searched[best_weight(observed, list(searched), axes, hidden, **settings)[0]]

    def volumes(kept: np.ndarray) -> np.ndarray:
        state, found = start(observed, kept, axes, operator), []
        for share in SHARES:
            state = minimise(observed, scaled(share * best, kept), axes, kept, state, **settings)
            found.append(state.signal)
        return np.stack(found)

    return volumes
