"""Minimises the negative log-likelihood of the next frame, by a gated recurrent network with dense matrices.

Cho et al., Learning phrase representations using RNN encoder-decoder for statistical machine translation, EMNLP 2014,
arXiv:1406.1078; sizes and training as in Tjandra, Sakti and Nakamura (2020), arXiv:1802.10410: an input of 256, a state
of 512, Adam at 2.5e-3, dropout 0.3, 100 epochs.
"""

from typing import Literal

from benchmark.algorithms.gated_recurrent import Dense, Recipe, train
from benchmark.contract import Estimate, Problem

LABEL = "GRU"
FAMILY = "trained network"
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
    learning_rate: float = 2.5e-3,
    dropout: float = 0.3,
    epochs: int = 100,
    batch: int = 16,
    start: Literal["plain", "marginals"] = "plain",
) -> Estimate:
    """Return the network of the epoch of lowest validation loss, with a snapshot of every epoch.

    `embedding` is the size of the unit's input, `hidden` of its state. The start `marginals` of a small network, which
    the paper does not have, sets the last bias to the log-odds of the notes.
    """
    return train(
        problem,
        lambda: (Dense(3 * hidden, embedding, hidden), Dense(3 * hidden, hidden, hidden)),
        Recipe(learning_rate, dropout, epochs, batch, start),
        seed,
        device,
    )
