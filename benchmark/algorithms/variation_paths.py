"""Volumes of least total variation at falling weights, from a share of the measurements, of which others are hidden."""

from collections.abc import Callable

import numpy as np

from benchmark.algorithms.held_out import error_at
from benchmark.algorithms.total_variation import minimise, scales_of, start
from benchmark.contract import Operator

# In units of the peak and of the mean squared norm of the columns of the operator; the best one and a half.
WEIGHTS = tuple(0.32 * 0.5**power for power in range(8))
PATIENCE = 2
SHARES = (1.0, 0.5)

Path = Callable[[np.ndarray], np.ndarray]


def variation_path(observed: np.ndarray, operator: Operator, peak: float, hidden: np.ndarray) -> Path:
    """Return a function from which measurements are kept to two volumes (2, *operator.shape) from these, X >= 0.

    Their weights are the one of `WEIGHTS` from whose volume, without the measurements that are `hidden`, these are
    predicted best, and a half of that. The variation is along all axes. It computes in single precision.
    """
    observed = observed.astype(np.float32, order="C")
    scales, axes = scales_of(operator), range(len(operator.shape))

    def volumes(kept: np.ndarray, weights: tuple[float, ...]):
        state = start(observed, kept, axes, operator)
        for weight in weights:
            weight *= peak * scales.column_energy * float(kept.mean())
            state = minimise(observed, weight, axes, kept, state, operator=operator, scales=scales, non_negative=True)
            yield state.signal

    errors = []
    for volume in volumes(~hidden, WEIGHTS):
        errors.append(error_at(hidden, observed, operator(volume)))
        if len(errors) - 1 - np.argmin(errors) == PATIENCE:
            break
    best = WEIGHTS[np.argmin(errors)]
    return lambda kept: np.stack(list(volumes(kept, tuple(share * best for share in SHARES))))
