"""Trained gated recurrent networks as items of data sets."""

from collections.abc import Sequence
from math import prod

import numpy as np

from benchmark.algorithms.gated_recurrent import Dense, Recipe, gates, train
from benchmark.contract import Item, Problem


def trained_gru(
    name: str,
    frames: np.ndarray,
    lengths: np.ndarray,
    split: np.ndarray,
    inputs: Sequence[int],
    outputs: Sequence[int],
    recipe: Recipe,
    tuning: tuple[int, float, int],
    reduction: float,
    seed: int,
) -> Item:
    """Return the input and the state matrix of a network as the signal, and all that the judge needs as extras.

    It is trained on the sequences (frames x notes, with their `lengths` and the part of each, 0, 1 or 2, in `split`)
    from a seed, the same on a machine, not between machines. `inputs` and `outputs` are the modes of the unit's input
    and state; both matrices may store the number of their entries over `reduction`, which is 1 or more. The judge tunes
    by `tuning`: epochs, learning rate, sequences in a batch.
    """
    if not reduction >= 1 or recipe.epochs < 1:
        raise ValueError(f"{name}: a reduction of {reduction:g} and {recipe.epochs} epochs: give 1 or more of both")
    owner = np.repeat(split, lengths)
    problem = Problem(
        frames[owner == 0],
        granted={
            "lengths": lengths[split == 0],
            "validation": frames[owner == 1],
            "validation_lengths": lengths[split == 1],
        },
    )
    embedding, hidden = prod(inputs), prod(outputs)
    network = train(
        problem, lambda: (Dense(3 * hidden, embedding, hidden), Dense(3 * hidden, hidden, hidden)), recipe, seed, "cpu"
    ).parts
    weights = np.concatenate([network.pop(f"{own}.matrix").ravel() for own in ("input", "state")])
    scale = np.abs(weights).max()
    extras = {
        "scale": scale,
        "rows": np.array(gates(outputs)),
        "inputs": np.array(inputs),
        "outputs": np.array(outputs),
        "frames": frames,
        "lengths": lengths,
        "split": split,
        "recipe": np.array(tuning),
    }
    extras |= {f"network.{key}": own for key, own in network.items()}
    return Item(name, weights / scale, budget=int(len(weights) / reduction), signed=True, extras=extras)
