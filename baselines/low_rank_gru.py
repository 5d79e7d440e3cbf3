"""Minimises the negative log-likelihood of the next frame, by a recurrent network whose matrices are products U V.

Plain low rank, as in Sainath et al., Low-rank matrix factorization for deep neural network training with
high-dimensional output targets, ICASSP 2013, DOI 10.1109/ICASSP.2013.6638949, the opponent that the paper on tensor
networks (arXiv:1802.10410) leaves out; sizes and training are the paper's, and the entries of the products start with
the same spread.
"""

from typing import Literal

from benchmark.algorithms.gated_recurrent import Product, Recipe, train
from benchmark.contract import Estimate, Problem

LABEL = "Low-rank GRU"
FAMILY = "low-rank network"
TASKS = {"sequence"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    embedding: int = 256,
    hidden: int = 512,
    rank: int = 1,
    learning_rate: float = 5e-3,
    dropout: float = 0.2,
    epochs: int = 50,
    batch: int = 16,
    start: Literal["plain", "marginals"] = "plain",
) -> Estimate:
    """Return the network of the epoch of lowest validation loss, with a snapshot of every epoch."""
    return train(
        problem,
        lambda: (Product(3 * hidden, embedding, rank), Product(3 * hidden, hidden, rank)),
        Recipe(learning_rate, dropout, epochs, batch, start),
        seed,
        device,
    )
