"""The entries of a matrix that were not observed, from those that were.

Which entries are observed, and which are scored, belongs to the data or is drawn. No method sees an entry that is
scored: what is not observed is zero in what it gets.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.kinds import Share
from benchmark.loaders.masks import random_mask
from benchmark.metrics import numerical_rank, rmse, snr
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.tiny import smooth_stack

KINDS = {"images", "matrices"}
MEASURES = ["rmse", "snr", "rank"]
FIGURES = {"convergence", "losses"}
FLOOR, CEILING = None, None

# Of entries, so that some can be held out of those observed.
LEAST = 2


def pose(item: Item, observation: Observation, rng: np.random.Generator, *, share: Share = 0.5) -> Posed:
    """Give the observed entries and their mask; withhold the signal and the mask of the entries that are scored.

    Extras of an item, all optional: the masks `observed`, else a random `share` of the entries, and `scored`, else all
    others; `measured`, what is observed where that is not the signal itself; `unit`, in which errors are told, else 1;
    `bounds`, the least and the largest value that there can be, to which answers are clipped before they are scored.
    Raises ValueError for a signal that is no matrix, masks of other shapes or that overlap, fewer than two
    entries, values that are not finite or beyond the bounds, scored ones that are all zero where errors are relative to
    them, and a unit or bounds that are none.
    """
    if item.signal.ndim != 2:
        raise ValueError(f"{item.name}: a signal of shape {item.signal.shape}; a matrix, or a grey image, is completed")
    observed = np.asarray(item.extras.get("observed", random_mask(item.signal.shape, share, rng)), bool)
    scored = np.asarray(item.extras.get("scored", ~observed), bool)
    measured = np.asarray(item.extras.get("measured", item.signal))
    for name, own in {"observed": observed, "scored": scored, "measured": measured}.items():
        if own.shape != item.signal.shape:
            raise ValueError(f"{item.name}: {name!r} of shape {own.shape} for a signal of shape {item.signal.shape}")
        if np.count_nonzero(own) < LEAST:
            raise ValueError(f"{item.name}: {name!r} has {np.count_nonzero(own)} entries: give {LEAST} at least")
    if both := np.count_nonzero(observed & scored):
        raise ValueError(f"{item.name}: {both} entries are observed and scored: score others than are observed")
    values = np.concatenate([measured[observed], item.signal[scored]])
    if bad := np.count_nonzero(~np.isfinite(values)):
        raise ValueError(f"{item.name}: {bad} values that are observed or scored are NaN or infinite: mask them out")
    unit = np.asarray(item.extras.get("unit", 1.0), float)
    if unit.shape or not 0 < unit < np.inf:
        raise ValueError(f"{item.name}: the extra `unit` is {unit}: give a positive number, in which errors are told")
    given = observation.draw(measured, rng)
    told = {}
    if "bounds" in item.extras:
        told["bounds"] = np.asarray(item.extras["bounds"], float)
        if told["bounds"].shape != (2,) or not told["bounds"][0] < told["bounds"][1]:
            raise ValueError(
                f"{item.name}: the extra `bounds` is {told['bounds']}: give the least and the largest value"
            )
        low, high = told["bounds"]
        if beyond := np.count_nonzero((values < low - 1e-6) | (values > high + 1e-6)):
            raise ValueError(f"{item.name}: {beyond} values are beyond the scale from {low:g} to {high:g}: drop them")
    elif not item.signal[scored].any():
        raise ValueError(f"{item.name}: all scored values are zero, and errors relative to them none: score others")
    given["observed"] = np.where(observed, given["observed"], 0).astype(np.float32)
    told |= {"signal": item.signal, "scored": scored, "unit": unit}
    return Posed(given | {"mask": observed}, told)


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for the whole matrix."""
    return problem.observed.shape


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return the error at the scored entries, in their unit and, where values have no bounds, relative to them.

    The rank is that of the answer, what it adds for rows and columns included.
    """
    scored, target = truth["scored"], truth["signal"][truth["scored"]].astype(np.float64)
    low, high = truth.get("bounds", (-np.inf, np.inf))

    def at_scored(answer: np.ndarray) -> np.ndarray:
        return np.clip(answer[scored].astype(np.float64), low, high)

    relative = {} if "bounds" in truth else {"snr": lambda answer: snr(target, at_scored(answer))}
    error = partial(rmse, float(truth["unit"]) * target)
    return {"rmse": lambda answer: error(float(truth["unit"]) * at_scored(answer)), **relative, "rank": numerical_rank}


def tiny() -> dict[str, Tiny]:
    """Return half the entries of effects of rows and columns and a product of rank 2; and more of an image."""
    rng, image = np.random.default_rng(3), smooth_stack(24, 20, 1)[..., 0]
    matrix = rng.standard_normal((40, 2)) @ rng.standard_normal((2, 30))
    matrix += 1.5 * (rng.standard_normal((40, 1)) + rng.standard_normal(30))
    matrix = Item("matrix", matrix / np.abs(matrix).max(), rank=2, signed=True)
    few = Item("image", image, rank=1, extras={"observed": random_mask(image.shape, 0.7, rng)})
    return {"matrix": Tiny(matrix, Observation(), "snr", 1.5), "image": Tiny(few, Observation(Gaussian(0.01)))}
