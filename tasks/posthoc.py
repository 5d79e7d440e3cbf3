"""The two matrices of a trained recurrent network as factors that store no more than a budget of numbers.

The judge composes the matrices out of the factors that a method returns, counts these, puts them into the network and
tests it on withheld sequences: as they are, and after one recipe of fine-tuning for all methods. It also measures how
long a step takes by the factors, one after the other, and by the matrices themselves.

An answer has the arrays of both matrices, `input.*` (3h x e) and `state.*` (3h x h), each of a format of
`benchmark.algorithms.factored_matrices`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from benchmark.algorithms.posthoc import NAMES, matrices_of
from benchmark.algorithms.timing import by_turns
from benchmark.answers import named_parts
from benchmark.checks import SEQUENCES, check_sequences, check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import Taken, frame_accuracy
from benchmark.noise import Gaussian
from benchmark.observation import Observation

if TYPE_CHECKING:
    import torch

    from benchmark.algorithms.gated_recurrent import Network

KINDS = {"layers"}
MEASURES = [
    "nll_increase",
    "nll_increase_tuned",
    "nll",
    "nll_tuned",
    "accuracy",
    "accuracy_tuned",
    "weight_error",
    "count",
    "speedup",
]
FIGURES = set()
FLOOR, CEILING = None, None
NETWORK = "network."
GIVEN = ("scale", "rows", "inputs", "outputs")
# Steps of one vector that are timed, by turns, after one that is not.
STEPS = 200

Parts = Mapping[str, np.ndarray]


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the two matrices, one after the other, and the modes of their rows and columns.

    `scale` brings them to those of the network; `rows`, `inputs` and `outputs` are the modes of the rows of both, the
    columns of the first and of the second. Withheld are the rest of the network and all sequences. Raises ValueError
    without a budget, for modes that do not make the matrices, for sequences that cannot be split or predicted, and for
    a network that makes no finite loss of them.
    """
    check_signal(item)
    if item.budget is None or item.budget < 1:
        raise ValueError(f"{item.name}: the budget of numbers to store is {item.budget}: tell 1 or more")
    rows, inputs, outputs = (tuple(item.extras[name].tolist()) for name in ("rows", "inputs", "outputs"))
    asked = prod(rows) * (prod(inputs) + prod(outputs))
    if asked != item.signal.size or not len(rows) == len(inputs) == len(outputs):
        raise ValueError(
            f"{item.name}: modes {rows} of rows, {inputs} and {outputs} of columns make matrices of {asked} numbers, "
            f"where there are {item.signal.size}: give as many of each, whose products are the sizes"
        )
    frames, notes = np.asarray(item.extras["frames"]), item.extras[f"{NETWORK}after.bias"].size
    if frames.ndim != 2 or frames.shape[1] != notes:
        raise ValueError(
            f"{item.name}: frames of shape {frames.shape} for a network of {notes} notes: give T x {notes}"
        )
    check_sequences(item, frames)
    given = observation.draw(item.signal, rng) | {name: np.asarray(item.extras[name]) for name in GIVEN}
    kept = {name: own for name, own in item.extras.items() if name.startswith(NETWORK)}
    kept |= {f"sequence_{name}": item.extras[name] for name in ("frames", "lengths", "split")}
    withheld = {"signal": item.signal, "recipe": item.extras["recipe"]} | kept
    clean = matrices_of(Problem(item.signal, granted=given))
    whole = {name: {"matrix": own.values} for name, own in zip(NAMES, clean, strict=True)}
    losses = np.array([loss for loss, _ in tested(withheld, whole)])
    if not np.isfinite(losses).all():
        raise ValueError(
            f"{item.name}: the network itself has the losses {losses.tolist()}, before fine-tuning and after it: give "
            "frames, a scale and arrays that are finite"
        )
    return Posed(given, withheld | {"losses": losses})


def answer_shape(problem: Problem) -> None:
    """Leave the parts of an answer open: formats differ in them."""


def measures(problem: Problem, truth: Parts) -> dict[str, Callable[[Parts], float]]:
    """Return the measures of an answer; one that stores more than the budget has none.

    The negative log-likelihood in nats a frame, its increase over that of the network itself (after fine-tuning, over
    that of the network after the same), and the accuracy in percent, as in the task `sequence`; the relative error of
    both matrices; the numbers of both and of one bias; and the seconds of a step of one vector by the matrices over
    those by the factors, the median of each.
    """
    taken = Taken(partial(values_of, problem, truth))
    return {name: partial(taken.of, name) for name in MEASURES}


def values_of(problem: Problem, truth: Parts, answer: Parts) -> dict[str, float]:
    """Return all measures of an answer; raise ValueError for one that makes other matrices, or stores too much."""
    from benchmark.algorithms.factored_matrices import factors_of, tensors, weight_of

    matrices = [own.values for own in matrices_of(replace(problem, observed=truth["signal"]))]
    if strays := [name for name in named_parts(answer) if not name.startswith(tuple(f"{own}." for own in NAMES))]:
        raise ValueError(f"the answer has the array `{strays[0]}`: give those of {' and '.join(NAMES)} alone")
    if (numbers := sum(own.size for own in answer.values())) > problem.budget:
        raise ValueError(f"the answer stores {numbers} numbers, and the budget is {problem.budget}")
    factors = {name: factors_of(answer, name) for name in NAMES}
    composed = [weight_of(tensors(own, np.float64)).numpy() for own in factors.values()]
    for name, found, wanted in zip(NAMES, composed, matrices, strict=True):
        if found.shape != wanted.shape:
            raise ValueError(f"the factors of `{name}` make a matrix {found.shape}, where {wanted.shape} is asked for")
    (nll, accuracy), (tuned, tuned_accuracy) = tested(truth, factors)
    before, after = truth["losses"]
    difference = sum(np.sum((found - wanted) ** 2) for found, wanted in zip(composed, matrices, strict=True))
    return {
        "nll_increase": nll - float(before),
        "nll_increase_tuned": tuned - float(after),
        "nll": nll,
        "nll_tuned": tuned,
        "accuracy": accuracy,
        "accuracy_tuned": tuned_accuracy,
        "weight_error": float(np.sqrt(difference / sum(np.sum(own**2) for own in matrices))),
        "count": numbers + len(matrices[0]),
        "speedup": speedup(factors, matrices),
    }


def tested(truth: Parts, factors: Mapping[str, Parts]) -> list[tuple[float, float]]:
    """Return loss and accuracy on the test sequences of the network with such factors, as it is and fine-tuned."""
    from benchmark.algorithms.factored_matrices import tensors
    from benchmark.algorithms.gated_recurrent import split
    from benchmark.algorithms.retraining import retrained, standing

    network = standing({name: tensors(own) for name, own in factors.items()}, network_of(truth))
    sequences = split(truth["sequence_frames"], truth["sequence_lengths"], "cpu")
    training, validation, test = (
        [own for own, part in zip(sequences, truth["sequence_split"], strict=True) if part == number]
        for number in range(len(SEQUENCES))
    )
    epochs, rate, batch = truth["recipe"]
    values = [said_of(network, test)]
    retrained(network, training, validation, int(epochs), float(rate), int(batch))
    return [*values, said_of(network, test)]


def network_of(truth: Parts) -> dict[str, np.ndarray]:
    """Return the arrays of the network without its two matrices."""
    return {name.removeprefix(NETWORK): own for name, own in truth.items() if name.startswith(NETWORK)}


def said_of(network: "Network", sequences: list["torch.Tensor"]) -> tuple[float, float]:
    """Return the loss of a network and its accuracy in percent, over all frames but the first of each sequence."""
    import torch

    from benchmark.algorithms.gated_recurrent import mean_loss

    loss = mean_loss(network, sequences, len(sequences))
    with torch.no_grad():
        odds = torch.cat([network(own[None, :-1])[0] for own in sequences])
    return loss, frame_accuracy(torch.cat([own[1:] for own in sequences]).numpy(), odds.numpy())


def speedup(factors: Mapping[str, Parts], matrices: list[np.ndarray]) -> float:
    """Return how much less time both products of a step take by factors than by the matrices, for one sequence."""
    import torch

    from benchmark.algorithms.factored_matrices import applied, tensors

    draw = torch.Generator().manual_seed(0)
    vectors = [torch.randn((1, own.shape[1]), generator=draw) for own in matrices]
    whole = [applied(tensors({"matrix": own})) for own in matrices]
    parts = [applied(tensors(own)) for own in factors.values()]

    def step(products: Sequence[Callable]) -> None:
        for product, vector in zip(products, vectors, strict=True):
            product(vector)

    with torch.no_grad():
        seconds = by_turns([partial(step, own) for own in (whole, parts)], STEPS)
    return float(np.divide(*np.median(seconds, axis=1)))


def tiny() -> dict[str, Tiny]:
    """Return two matrices of rank two in noise, of a network that ignores most; and of other modes ones of no rank."""
    noisy = Observation(Gaussian(0.001))
    return {
        "low": Tiny(tiny_item((2, 2), (2, 4), rank=2), noisy, "weight_error", 0.97),
        "full": Tiny(tiny_item((2, 2), (2, 2), rank=4), noisy),
    }


def tiny_item(inputs: tuple[int, ...], outputs: tuple[int, ...], rank: int) -> Item:
    """Return the matrices of a network of four notes, which may store three quarters of their numbers."""
    rng, notes = np.random.default_rng(0), 4
    embedding, hidden = prod(inputs), prod(outputs)
    matrices = [
        rng.standard_normal((3 * hidden, rank)) @ rng.standard_normal((rank, size)) for size in (embedding, hidden)
    ]
    weights = np.concatenate([own.ravel() for own in matrices]).astype(np.float32)
    shapes = {"before.weight": (embedding, notes), "before.bias": (embedding,), "bias_ih": (3 * hidden,)}
    shapes |= {"bias_hh": (3 * hidden,), "after.weight": (notes, hidden), "after.bias": (notes,)}
    lengths = np.array([5, 6, 4, 5])
    extras = {
        "scale": np.abs(weights).max(),
        "rows": np.array([*outputs[:-1], 3 * outputs[-1]]),
        "inputs": np.array(inputs),
        "outputs": np.array(outputs),
        "frames": (rng.random((lengths.sum(), notes)) < 0.4).astype(np.float32),
        "lengths": lengths,
        "split": np.array([0, 0, 1, 2]),
        "recipe": np.array([1, 1e-3, 2]),
    }
    extras |= {
        f"{NETWORK}{name}": 0.5 * rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()
    }
    budget = len(weights) * 3 // 4
    return Item("tiny", weights / extras["scale"], rank=1, budget=budget, signed=True, extras=extras)
