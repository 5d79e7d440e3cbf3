"""Trained networks as items of data sets: from a seed, or from a checkpoint that holds plain tensors alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmark.algorithms.networks import Recipe, initial, tensors_of, train
from benchmark.contract import Item


@dataclass(frozen=True)
class Images:
    """Images (n x channels x height x width, float32) and their labels (n,)."""

    images: np.ndarray
    labels: np.ndarray


def trained(
    program: Sequence[str], shapes: Mapping[str, tuple[int, ...]], data: Images, recipe: Recipe
) -> dict[str, np.ndarray]:
    """Return the parameters of a network after training from its seed; the same on a machine, not between machines."""
    parameters = tensors_of(initial(shapes, recipe.seed))
    train(program, parameters, torch.tensor(data.images), torch.tensor(data.labels), recipe)
    return {name: own.numpy() for name, own in parameters.items()}


def trained_items(
    program: Sequence[str],
    shapes: Mapping[str, tuple[int, ...]],
    recipes: Sequence[Recipe],
    layers: Sequence[str],
    reduction: float,
    train: Images,
    test: Images,
    tuning: Recipe,
    disturbed: float,
) -> list[Item]:
    """Return an item, named by the seed, for each recipe by which the network is trained; see `network_item`."""
    items = []
    for recipe in recipes:
        network = trained(program, shapes, train, recipe)
        items.append(
            network_item(f"seed-{recipe.seed}", program, network, layers, reduction, train, test, tuning, disturbed)
        )
    return items


def network_item(
    name: str,
    program: Sequence[str],
    network: Mapping[str, np.ndarray],
    layers: Sequence[str],
    reduction: float,
    train: Images,
    test: Images,
    tuning: Recipe,
    disturbed: float = 0,
    calibration: int = 256,
) -> Item:
    """Return the weights of layers as the signal, and all that the judge needs as extras.

    What may be stored is the number of weights over `reduction`; `calibration` training images show methods what the
    layers get. Raises ValueError for a layer that the network lacks, and a reduction below 1.
    """
    known = [key.removesuffix(".weight") for key, own in network.items() if key.endswith(".weight") and own.ndim > 1]
    if unknown := [own for own in layers if own not in known]:
        raise ValueError(f"{name}: the network has no layer {unknown[0]!r}; there are: {', '.join(known)}")
    if not reduction >= 1:
        raise ValueError(f"{name}: a reduction of {reduction:g}: give 1 or more")
    rng = np.random.default_rng(0)
    weights = np.concatenate([noisy(network[f"{own}.weight"], disturbed, rng).ravel() for own in layers])
    scale = float(np.abs(weights).max())
    extras = {
        "program": np.array(program),
        "layers": np.array(layers),
        "scale": np.array(scale),
        "recipe": np.array([tuning.epochs, tuning.rate, tuning.batch]),
        "calibration": np.array(calibration),
        "train": train.images,
        "train_labels": train.labels,
        "test": test.images,
        "test_labels": test.labels,
    }
    extras |= {f"network.{key}": own for key, own in network.items()}
    budget = int(len(weights) / reduction)
    return Item(name, (weights / scale).astype(np.float32), budget=budget, signed=True, extras=extras)


def noisy(weights: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return weights with white noise of a share of their root mean square."""
    return weights + share * np.sqrt(np.mean(weights**2)) * rng.standard_normal(weights.shape)


def read_checkpoint(path: Path, allowed: Sequence[object] = ()) -> dict:
    """Return what a file of `torch.save` holds, if these are plain tensors, numbers and texts in lists and mappings.

    Nothing in the file is executed: torch's restricted unpickler reads it, which also knows what is `allowed`. Raises
    ValueError for any other file.
    """
    try:
        with torch.serialization.safe_globals(list(allowed)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of what is no such file the unpickler has many
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise ValueError(
            f"{path.name} is no file of plain tensors, and nothing else is read: save a `state_dict` ({reason})"
        ) from error
