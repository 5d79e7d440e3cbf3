"""How much faster than a layer is what stands in for it, in seconds, beside numbers and multiplications counted.

The judge runs the convolutions that a method returns and the layer itself by turns, in one process and on one thread.
Seconds are those that the thread had a processor, so that it does not count when it waits for one; but what else runs
still takes from caches and clocks, and the experiment is best left alone on a machine: `snakemake --cores 1`. Two runs
of one convolution, which a method that only rounds the weights makes of it, tell how far the seconds can be trusted.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmark.algorithms.layers import chain, layers_of
from benchmark.algorithms.timing import by_turns
from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import Taken
from benchmark.noise import Gaussian
from benchmark.observation import Observation

KINDS = {"layers"}
MEASURES = ["speedup", "speedup_least", "mac_reduction", "reduction", "weight_error"]
FIGURES = set()
FLOOR, CEILING = None, None


def pose(
    item: Item, observation: Observation, rng: np.random.Generator, *, batch: int = 64, repetitions: int = 15
) -> Posed:
    """Give the weights of a layer, N x C x h x h by its `shape`; withhold how it is timed.

    It has no stride, and as many pixels of padding as leave images of `side` x `side` pixels their size. `batch` images
    are run at a time, `repetitions` times. Raises ValueError without a budget, for counts that are below 1, and for a
    shape that is not that of the weights, or of which no padding leaves images their size.
    """
    check_signal(item)
    if item.budget is None or min(item.budget, batch, repetitions) < 1:
        raise ValueError(
            f"{item.name}: the budget {item.budget}, {batch} images, {repetitions} repetitions: give 1 or more of each"
        )
    shape, side = np.asarray(item.extras["shape"]), int(item.extras["side"])
    if shape.shape != (4,) or shape.prod() != item.signal.size or shape[2] != shape[3] or shape[2] % 2 == 0 or side < 1:
        raise ValueError(
            f"{item.name}: the shape {shape.tolist()} of {item.signal.size} weights, for images of {side} x {side} "
            "pixels: give outputs, inputs, and twice an odd number of pixels, and images of 1 or more"
        )
    given = observation.draw(item.signal, rng) | {
        "scale": np.array(1.0),
        "shapes": shape[None],
        "strides": np.array([1]),
        "paddings": np.array([shape[2] // 2]),
        "bias0": np.zeros(shape[0], np.float32),
        "inputs0": np.ones((1, shape[1], side, side), np.float32),
        "gradients0": np.zeros((1, shape[0], side, side), np.float32),
    }
    return Posed(given, {"signal": item.signal, "batch": np.array(batch), "repetitions": np.array(repetitions)})


def answer_shape(problem: Problem) -> None:
    """Leave the parts open: as many convolutions as a method likes, see `benchmark.algorithms.layers`."""


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return the measures of an answer; one that stores more than the budget has none.

    The layer's seconds over those of what stands in for it, by the median of all repetitions and by the least, after
    one that does not count; the reductions of multiplications and of numbers; and the relative error of the weights,
    as what leaves everything out is fast.
    """
    taken = Taken(partial(values_of, problem, truth))
    return {name: partial(taken.of, name) for name in MEASURES}


def values_of(problem: Problem, truth: Mapping[str, np.ndarray], answer: Mapping) -> dict[str, float]:
    """Return all measures of an answer; raise ValueError for one that cannot be run, or stores too much."""
    import torch

    from benchmark.algorithms.execution import Executed, checked, factored_of, multiplications, stored

    torch.set_num_threads(1)
    (layer,), (factored,) = layers_of(problem), factored_of(answer, 1)
    both = [chain(layer.kernel), checked(factored, layer)]
    whole, own = ((stored(one, layer), multiplications(one, layer)) for one in both)
    if own[0] > problem.budget:
        raise ValueError(f"the answer stores {own[0]:g} numbers, and the budget is {problem.budget}")
    draw = torch.Generator().manual_seed(0)
    images = torch.randn((int(truth["batch"]), *layer.inputs.shape[1:]), generator=draw)
    with torch.no_grad():
        runs = [partial(Executed(own, layer), images) for own in both]
        seconds = by_turns(runs, int(truth["repetitions"]))
    return {
        "speedup": float(np.divide(*np.median(seconds, axis=1))),
        "speedup_least": float(np.divide(*np.min(seconds, axis=1))),
        "reduction": whole[0] / own[0],
        "mac_reduction": whole[1] / own[1],
        "weight_error": float(
            np.linalg.norm(Executed(both[1], layer).composed() - layer.kernel) / np.linalg.norm(layer.kernel)
        ),
    }


def tiny() -> dict[str, Tiny]:
    """Return a layer that may store half, and a smaller one."""
    noisy = Observation(Gaussian(0.001))
    return {"layer": Tiny(tiny_item(8, 6), noisy, "weight_error", 0.97), "small": Tiny(tiny_item(6, 4), noisy)}


def tiny_item(outputs: int, inputs: int) -> Item:
    """Return a random layer of 3 x 3 pixels."""
    weights = np.random.default_rng(0).standard_normal(outputs * inputs * 9)
    extras = {"shape": np.array([outputs, inputs, 3, 3]), "side": np.array(5)}
    return Item("tiny", weights / np.abs(weights).max(), rank=1, budget=len(weights) // 2, signed=True, extras=extras)
