"""The first step: the items of a data set, from its files, and the facts on them that a method may know."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.contract import Item
from benchmark.loaders.signals import validated
from benchmark.loading import load_module
from benchmark.source import ROOT, literals_of
from benchmark.storage import pack_item, save_arrays, save_json, sha256_of_array


def prepare(told: Mapping, folder: Path, items_out: Path, facts_out: Path) -> None:
    """Load a data set, whose downloads lie in `folder`; write its items, and the facts that a method may know of them.

    `told` names its `file`, the parameters `params` of the file's `load`, and the `rank` and `budget` that methods are
    told (or None), where an item says no other. The facts are each item's name, shape, rank, budget, sign and digest,
    and the bands that figures show. Raises ValueError for a rank that an item's signal cannot have.
    """
    source = ROOT / told["file"]
    literals = literals_of(source)
    items = validated(load_module(source).load(folder, **told["params"]), literals["KIND"])
    facts = [_facts(item, told["rank"], told["budget"]) for item in items]
    arrays = {}
    for item in items:
        arrays |= pack_item(item)
    save_arrays(items_out, arrays)
    shown = (literals["IMAGE"],) if "IMAGE" in literals else None
    if "RGB" in literals:  # bands of the whole cube, of which `load` may take every second, third, ...
        shown = [band // told["params"].get("every", 1) for band in literals["RGB"]]
    if shown and max(shown) >= min(item.signal.shape[-1] for item in items):  # a crop lacks them
        shown = None
    save_json(facts_out, {"shown": shown, "items": facts})


def _facts(item: Item, rank: int | None, budget: int | None) -> dict:
    """Return the facts on an item; its rank is at most what an array of its shape can be a sum of.

    That is, of outer products of vectors, the product of all sizes but the largest.
    """
    told, shape = rank if item.rank is None else item.rank, item.signal.shape
    limit = item.signal.size // max(shape)
    if told is not None and not 1 <= told <= limit:
        raise ValueError(
            f"rank {told} does not fit item {item.name!r} of shape {shape}: "
            f"choose a rank from 1 to {limit}, the most that an array of this shape can have"
        )
    return {
        "name": item.name,
        "shape": list(shape),
        "rank": told,
        "budget": budget if item.budget is None else item.budget,
        "signed": item.signed,
        "sha256": sha256_of_array(pack_item(item)[f"{item.name}/signal"]),
    }
