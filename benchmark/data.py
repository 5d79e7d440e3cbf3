"""The steps before a method runs: clean signals from a data set's files, and observations from clean signals."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import validated
from benchmark.loading import load_module
from benchmark.measure import observe
from benchmark.plan import literals_of
from benchmark.seeds import seed_for
from benchmark.storage import load_arrays, parts_of, save_arrays, save_json, sha256_of_array

# The share of labelled samples that methods and classifiers learn from, as in the paper's Fig 2, and the draw of them.
TRAINING_SHARE = 0.25
SPLIT_SEED = 42


def prepare(source: Path, folder: Path, params: Mapping, rank: int, clean_out: Path, facts_out: Path) -> None:
    """Load a data set; write its clean signals, and beside them the facts that a method may know.

    The facts are each item's name, shape, rank and digest, and the bands that figures show. The rank must not exceed
    what any array of the shape can have as a sum of outer products of vectors: the product of all sizes but the
    largest.
    """
    items = validated(load_module(source).load(folder, **params))
    ranks = {item.name: rank if item.rank is None else item.rank for item in items}
    for item in items:
        limit = item.signal.size // max(item.signal.shape)
        if not 1 <= ranks[item.name] <= limit:
            raise ValueError(
                f"rank {ranks[item.name]} does not fit item {item.name!r} of shape {item.signal.shape}: "
                f"choose a rank from 1 to {limit}, the most that an array of this shape can have"
            )
    arrays = {}
    for item in items:
        arrays |= split(item)
    save_arrays(clean_out, arrays)
    literals = literals_of(source)
    shown = literals.get("RGB", (literals["IMAGE"],) if "IMAGE" in literals else None)
    if shown and max(shown) >= min(item.signal.shape[-1] for item in items):  # a crop lacks them
        shown = None
    facts = [
        {
            "name": item.name,
            "shape": list(arrays[item.name].shape),
            "rank": ranks[item.name],
            "sha256": sha256_of_array(arrays[item.name]),
        }
        for item in items
    ]
    save_json(facts_out, {"shown": shown, "items": facts})


def split(item: Item) -> dict[str, np.ndarray]:
    """Return the clean arrays of an item: under its name the signal, or of labelled samples the training samples.

    Beside them stand, as `<name>/labels`, `<name>/test` and `<name>/test_labels`, what only scoring may know.
    """
    signal = item.signal.astype(np.float32)
    if item.labels is None:
        return {item.name: signal}
    order = np.random.default_rng(SPLIT_SEED).permutation(len(signal))
    train, test = np.split(order, [round(TRAINING_SHARE * len(signal))])
    return {
        item.name: signal[train],
        f"{item.name}/labels": item.labels[train],
        f"{item.name}/test": signal[test],
        f"{item.name}/test_labels": item.labels[test],
    }


def corrupt(
    clean: Path,
    facts: Mapping,
    noise: Mapping,
    dataset: str,
    noise_name: str,
    seed: int,
    noisy_out: Path,
    withheld_out: Path,
) -> None:
    """Draw the noise and the operator of every item once, so that every method gets the same observation.

    To a file of its own goes what methods do not get: of labelled samples the labels, and the noisy test samples.
    """
    signals, arrays, withheld = load_arrays(clean), {}, {}
    for item in facts["items"]:
        name = item["name"]
        rng = np.random.default_rng(seed_for(seed, dataset, noise_name, name))
        drawn = observe(noise, signals[name].astype(float), rng)
        arrays[name] = drawn.pop("observed").astype(np.float32)
        arrays |= {f"{name}/{key}": value for key, value in drawn.items()}
        if parts := parts_of(signals, name):
            test = observe(noise, parts.pop("test").astype(float), rng)["observed"].astype(np.float32)
            withheld |= {f"{name}/{key}": value for key, value in parts.items()}
            withheld |= {f"{name}/observed": arrays[name], f"{name}/test": test}
    save_arrays(noisy_out, arrays)
    save_arrays(withheld_out, withheld)
