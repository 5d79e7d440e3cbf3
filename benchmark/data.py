"""The steps before a method runs: clean signals from a data set's files, and observations from clean signals."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.loading import load_module
from benchmark.measure import observe
from benchmark.plan import literals_of
from benchmark.seeds import seed_for
from benchmark.signals import validated
from benchmark.storage import load_arrays, save_arrays, save_json, sha256_of_array


def prepare(source: Path, folder: Path, params: Mapping, rank: int, clean_out: Path, facts_out: Path) -> None:
    """Load a data set; write its clean signals, and beside them the facts that a method may know.

    The facts are each item's name, shape, rank and digest; the rank must not exceed what any array of the shape can
    have as a sum of outer products of vectors, the product of all sizes but the largest.
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
    labels = {f"{item.name}/labels": item.labels for item in items if item.labels is not None}
    save_arrays(clean_out, {item.name: item.signal.astype(np.float32) for item in items} | labels)
    literals = literals_of(source)
    facts = {key.lower(): literals.get(key) for key in ("TITLE", "CITATION", "LICENCE", "STANDS_IN_FOR")}
    shown = literals.get("RGB", (literals["IMAGE"],) if "IMAGE" in literals else None)
    if shown and max(shown) >= min(item.signal.shape[-1] for item in items):  # a crop lacks them
        shown = None
    facts["shown"] = shown
    facts["items"] = [
        {
            "name": item.name,
            "shape": list(item.signal.shape),
            "rank": ranks[item.name],
            "sha256": sha256_of_array(item.signal.astype(np.float32)),
        }
        for item in items
    ]
    save_json(facts_out, facts)


def corrupt(clean: Path, facts: Mapping, noise: Mapping, dataset: str, noise_name: str, seed: int, out: Path) -> None:
    """Draw the noise and the operator of every item once, so that every method gets the same observation."""
    signals, arrays = load_arrays(clean), {}
    for item in facts["items"]:
        name = item["name"]
        rng = np.random.default_rng(seed_for(seed, dataset, noise_name, name))
        drawn = observe(noise, signals[name].astype(float), rng)
        arrays[name] = drawn.pop("observed").astype(np.float32)
        arrays |= {f"{name}/{key}": value for key, value in drawn.items()}
    save_arrays(out, arrays)
