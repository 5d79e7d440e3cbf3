"""How the items of a data set become problems: posed by the task, kept as files, and put together for a method."""

import math
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmark.contract import Item, Play, Problem
from benchmark.loading import load_module
from benchmark.observation import OPERATOR, Observation
from benchmark.seeds import seed_for
from benchmark.source import ROOT
from benchmark.storage import load_arrays, load_json, save_arrays, unpack_item

# Where the models are that a noise entry names. By computed import: a plan adds the code of those that are used.
HOMES = {"model": "benchmark.noise", "kind": "benchmark.operators"}


def pose(asked: Mapping, items: Path, facts: Path, given: Path, withheld: Path) -> None:
    """Pose the problems of all items, and write what methods get and what is withheld to files of their own.

    `asked` names the `task`'s file, the `params` of its `pose`, the `observation`, the `seed`, and as `place` the data
    set and the noise. The noise and the operator of an item are drawn once, so that every method gets the same problem.
    """
    task, arrays = load_module(ROOT / asked["task"]), load_arrays(items)
    own = (unpack_item(arrays, item) for item in load_json(facts)["items"])
    observation = observation_of(asked["observation"], task)
    posed = pose_items(task, own, observation, asked["seed"], asked["place"], asked["params"])
    for path, content in zip((given, withheld), posed, strict=True):
        save_arrays(path, content)


def pose_items(
    task: ModuleType, items: Iterable[Item], observation: Observation, seed: int, place: Iterable[str], params: Mapping
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the arrays that methods get of all items, and those that are withheld, under `<item>/<name>`.

    Each item is drawn from a seed of its own, which `seed`, the names in `place` and its name determine. Raises
    ValueError for an item that lacks an extra which the task reads.
    """
    given, withheld = {}, {}
    for item in items:
        rng = np.random.default_rng(seed_for(seed, *place, item.name))
        try:
            posed = task.pose(item, observation, rng, **params)
        except KeyError as error:
            if error.args and error.args[0] in item.extras:
                raise
            has = ", ".join(item.extras) or "none"
            raise ValueError(f"{item.name}: the task needs the extra {error}; the item has: {has}") from error
        given |= {f"{item.name}/{name}": values for name, values in posed.given.items()}
        withheld |= {f"{item.name}/{name}": values for name, values in posed.withheld.items()}
    return given, withheld


def observation_of(entry: Mapping, task: ModuleType) -> Observation:
    """Return the observation that a noise entry of an experiment describes.

    For example `{model: poisson, photons: 100, operator: {kind: radon, angles: 40}, noise_on: signal}`. The classes are
    those of `benchmark.noise`, `benchmark.operators` and the task's own file.
    """
    settings = dict(entry)
    operator = dict(settings.pop("operator", {}))
    where = settings.pop("noise_on", "measurements")
    return Observation(_made(settings, "model", task), _made(operator, "kind", task), where)


def problem_of(
    arrays: Mapping[str, np.ndarray],
    observation: Observation,
    rank: int | None = None,
    budget: int | None = None,
    *,
    sees_truth: bool = False,
    complete: bool = False,
    play: Play | None = None,
) -> Problem:
    """Return the problem that the arrays of an item, by name, pose to a method.

    The arrays are those that methods get; for a control that `sees_truth` those that are withheld, of which it observes
    the clean signal and is granted all else. The rank of a `complete` control is
    the number of features of a sample. `play` leads to the item's environment, where the task has one.
    """
    observed = arrays["signal" if sees_truth else "observed"]
    drawn = {name.removeprefix(OPERATOR): own for name, own in arrays.items() if name.startswith(OPERATOR)}
    others = {name: own for name, own in arrays.items() if not name.startswith(OPERATOR)}
    return Problem(
        observed=observed,
        rank=math.prod(observed.shape[1:]) if complete else rank,
        budget=budget,
        noise=observation.known_noise,
        operator=None if sees_truth else observation.operator_from(drawn),
        granted={name: own for name, own in others.items() if own is not observed},
        play=play,
    )


def _made(settings: Mapping, key: str, task: ModuleType) -> object | None:
    """Return the dataclass that the settings name by a key, made with all others; None where they name none."""
    if key not in settings:
        return None
    name = "".join(word.capitalize() for word in settings[key].split("_"))
    home = task if hasattr(task, name) else import_module(HOMES[key])
    return getattr(home, name)(**{setting: value for setting, value in settings.items() if setting != key})
