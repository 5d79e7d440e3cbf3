"""Minimises the negative log-likelihood of the next frame, by a recurrent network of Tucker matrices.

Tjandra, Sakti and Nakamura, Recurrent neural network compression based on low-rank tensor representation, IEICE
Transactions on Information and Systems E103-D (2020), arXiv:1802.10410.

Each matrix has a core and a factor for each mode of its rows, the gates fused into the last, and of its columns.
The paper takes the best on the test of learning rates 5e-3 and 1e-2 and dropouts 0.2 and 0.5, 50 epochs each; here are
one of each, and the network is chosen on validation sequences.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from benchmark.algorithms.gated_recurrent import Recipe, Tucker, tensor_matrices, train
from benchmark.contract import Estimate, Problem

LABEL = "Tucker-GRU"
FAMILY = "tensor decomposition"
TASKS = {"sequence"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    inputs: Sequence[int] = (4, 4, 4, 4),
    outputs: Sequence[int] = (8, 4, 4, 4),
    ranks: Sequence[int] = (2, 3, 2, 3),
    learning_rate: float = 5e-3,
    dropout: float = 0.2,
    epochs: int = 50,
    batch: int = 16,
    start: Literal["plain", "marginals"] = "plain",
) -> Estimate:
    """Return the network of the epoch of lowest validation loss, with a snapshot of every epoch.

    `inputs` and `outputs` are the modes of the unit's input and state. Raises ValueError for modes or ranks that do
    not fit each other.
    """
    return train(
        problem,
        partial(tensor_matrices, Tucker, inputs, outputs, ranks),
        Recipe(learning_rate, dropout, epochs, batch, start),
        seed,
        device,
    )
