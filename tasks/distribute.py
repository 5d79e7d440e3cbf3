"""One subspace for the columns of a matrix that the nodes of a network hold, each a part of them.

A node sees its own columns and what others send. Methods run in one process, which keeps this rule by itself; they
declare what a node sends, and the judge counts it.
"""

from collections.abc import Callable, Mapping

import numpy as np

from benchmark.answers import declared
from benchmark.checks import check_signal, told_rank
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.kinds import Count
from benchmark.loaders.graphs import check_weights, ring, shares
from benchmark.loaders.planted import exact_product
from benchmark.metrics import Taken, disagreement, orthonormal
from benchmark.noise import Gaussian
from benchmark.observation import Observation

KINDS = {"matrices", "stack"}
MEASURES = ["relative_error", "consensus", "excess", "own_excess", "kilobytes"]
FIGURES = {"costs"}
FLOOR, CEILING = None, None

BYTES = 8  # of a number
# Of the energy of a matrix, what rounding leaves: no more than that is no error.
ROUNDING = 1e-11
# Nodes whose bases differ by less have one basis.
ONE = 1e-3


def pose(item: Item, observation: Observation, rng: np.random.Generator, *, nodes: Count = 8) -> Posed:
    """Give the noisy matrix n x N and the `weights` J x J of the network; withhold the clean matrix.

    Node j holds the j-th of J blocks of columns (`benchmark.loaders.graphs.shares`), and weighs what node i sends by
    the entry (j, i). Of a stack H x W x B the columns are its H W spectra of length B. The extra `weights` of an item
    is its network, else it is a ring of `nodes`. Raises ValueError for weights that do not lead to consensus, for fewer
    columns than nodes, for a signal that is zero or not finite, and without a rank that its columns can have.
    """
    check_signal(item)
    signal = item.signal if item.signal.ndim == 2 else item.signal.reshape(-1, item.signal.shape[-1]).T
    told_rank(item, min(signal.shape))
    weights = np.asarray(item.extras["weights"] if "weights" in item.extras else ring(nodes), float)
    check_weights(item.name, weights)
    if signal.shape[1] < len(weights):
        raise ValueError(f"{item.name}: {signal.shape[1]} columns for {len(weights)} nodes: each has to hold one")
    return Posed(observation.draw(signal, rng) | {"weights": weights}, {"signal": signal})


def answer_shape(problem: Problem) -> dict[str, tuple[int, ...]]:
    """Ask for a basis of each node, J x n x r, and how many numbers a node sent.

    That is `to_each`, to each of its neighbours, and `to_one`, to a single other node; in all rounds together, by the
    node that sends most. What nodes agree on beforehand, and the scale of the data, counts nothing. Where no node
    can have the subspace by itself, as no r dimensions hold all of the data, nodes that have one basis have sent
    r (n - r) numbers, of which an r-dimensional subspace of n dimensions takes so many.
    """
    return {
        "bases": (len(problem.granted["weights"]), len(problem.observed), problem.rank),
        "to_each": (),
        "to_one": (),
    }


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return what a basis is worth, how far the nodes agree, and what a node sent.

    With Q an orthonormal basis of the mean of the bases U_j, and Q_j of each, of the observation Y:

    * `relative_error` of Q Q^T Y, to the clean signal;
    * `consensus`, the disagreement of the U_j (`benchmark.metrics.disagreement`). Answers are in single precision;
    * `excess`, 100 (||Y - Q Q^T Y||_F / ||Y - Y_r||_F - 1), Y_r the truncated singular value decomposition;
    * `own_excess`, the same of each node's columns in its own basis; without consensus it can be negative.
    * `kilobytes` that a node sent, one with the mean number of neighbours, in double precision.

    There is no excess over an error of zero. Raises ValueError for numbers sent that are no whole numbers, or too few.
    """
    clean, observed = truth["signal"].astype(np.float64), problem.observed.astype(np.float64)
    weights = problem.granted["weights"]
    nodes, size = len(weights), observed.shape[1]
    neighbours = np.count_nonzero(weights - np.diag(np.diag(weights))) / nodes
    squares = np.linalg.eigvalsh(observed @ observed.T)
    least = squares[: -problem.rank].sum()
    inexact = least > ROUNDING * squares.sum()
    subspace = problem.rank * (len(observed) - problem.rank)

    def take(answer: Mapping) -> dict[str, float]:
        bases = answer["bases"].astype(np.float64)
        mean = bases.mean(axis=0)
        common = projected(mean, observed)
        own = np.hstack(
            [projected(basis, observed[:, part]) for basis, part in zip(bases, shares(size, nodes), strict=True)]
        )
        found = {
            "relative_error": 100 * float(np.linalg.norm(common - clean) / np.linalg.norm(clean)),
            "consensus": disagreement(bases),
        }
        if inexact:
            found["excess"] = 100 * float(np.linalg.norm(observed - common) / np.sqrt(least) - 1)
            found["own_excess"] = 100 * float(np.linalg.norm(observed - own) / np.sqrt(least) - 1)
        sent = neighbours * declared(answer, "to_each") + declared(answer, "to_one")
        if inexact and nodes > 1 and found["consensus"] < ONE and sent < subspace:
            raise ValueError(
                f"`to_each` and `to_one` declare {sent:g} numbers sent by a node, and {nodes} nodes have one basis: "
                f"a subspace of {problem.rank} of {len(observed)} dimensions takes {subspace}"
            )
        return found | {"kilobytes": BYTES * sent / 1000}

    taken = Taken(take)
    names = MEASURES if inexact else ["relative_error", "consensus", "kilobytes"]
    return {name: lambda answer, name=name: taken.of(name, answer) for name in names}


def projected(basis: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return a matrix n x N projected onto the span of a basis n x r."""
    span = orthonormal(basis.T)
    return span @ (span.T @ matrix)


def tiny() -> dict[str, Tiny]:
    """Return a noisy matrix of rank 2 on a ring of four nodes, whose blocks are not equal."""
    matrix = exact_product(12, 30, 2, np.random.default_rng(3))
    item = Item("matrix", matrix, rank=2, signed=True, extras={"weights": ring(4)})
    return {"matrix": Tiny(item, Observation(Gaussian(0.002)), "relative_error", 6)}
