"""A tensor and the factors that made it, from a noisy observation or a part of its entries.

The model and its ranks are told, since the question is whether a decomposition finds what it could have made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.kinds import NotNegative, Share
from benchmark.loaders.planted import plant
from benchmark.metrics import (
    affinity,
    area_under_curve,
    average_precision,
    component_angle,
    component_match,
    correlation,
    misfit,
)
from benchmark.observation import Observation

KINDS = {"stack"}
MEASURES = [
    "relative_error",
    "misfit",
    "match",
    "recovered",
    "concentrations",
    "angle",
    "average_precision",
    "area_under_curve",
]
FIGURES = {"convergence"}
FLOOR, CEILING = None, None
OPTIONAL = {"A", "B", "C", "terms"}

# What methods are told of an item, where it is known; all other extras are withheld.
TOLD = ("model", "ranks", "multilinear", "heights", "basis_a", "basis_b", "basis_c")
# The factors whose columns belong together, by model. What else makes the tensor follows from these.
COLUMNS = {
    "cp": ["ABC"],
    "candelinc": ["ABC"],
    "indscal": ["AC"],
    "parafac2": ["BC"],
    "dedicom": ["AC"],
    "paratuck2": ["A", "B"],
}
# The factor that holds what is known of real data.
FACTOR_OF = {"concentrations": "A", "spectra": "C"}
# A match from which on the factors count as recovered.
RECOVERED = 0.99


@dataclass(frozen=True)
class RelativeGaussian:
    """Additive white noise whose norm is a share `level` of the signal's."""

    level: NotNegative

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of `clean`."""
        noise = rng.standard_normal(clean.shape)
        return clean + self.level * np.linalg.norm(clean) / np.linalg.norm(noise) * noise


def pose(item: Item, observation: Observation, rng: np.random.Generator, *, held_out: Share = 0.1) -> Posed:
    """Give the noisy tensor I x J x K and what is told of its model; withhold the clean one, its factors or labels.

    Told are the `model` by name, its `ranks`, the `multilinear` ranks of the unfoldings, the `heights` of slices that
    stand one above the other, and bases that factors lie in. Of an item with the extra `links`, a share `held_out` of
    all entries is hidden: set to 0, and False in the `mask` that is given. Raises ValueError for a tensor that is zero
    or not finite, and where what is hidden is all there is, or tells nothing.
    """
    check_signal(item)
    extras = dict(item.extras)
    given = observation.draw(item.signal, rng) | {"model": extras["model"]}
    given |= {name: extras[name] for name in TOLD if name in extras}
    withheld = {name: extras[name] for name in extras if name not in (*TOLD, "links")}
    if "links" in extras:
        hidden = np.zeros(item.signal.size, bool)
        hidden[rng.choice(hidden.size, round(held_out * hidden.size), replace=False)] = True
        hidden = hidden.reshape(item.signal.shape)
        if not (0 < item.signal[hidden].sum() < hidden.sum()):
            raise ValueError(f"{item.name}: the held-out entries are all links, or none is: hold out more")
        if hidden.all() or not given["observed"][~hidden].any():
            raise ValueError(f"{item.name}: no link is left that is not held out: hold out less")
        given |= {"observed": np.where(hidden, 0, given["observed"]), "mask": ~hidden}
        withheld["hidden"] = hidden
    return Posed(given, {"signal": item.signal} | withheld)


def answer_shape(problem: Problem) -> dict[str, tuple[int, ...] | None]:
    """Ask for the signal; a decomposition also returns what its model has: factors A, B and C, or its terms.

    A, B and C are n x r along the axes, terms are r x I x J x K; of no more columns or terms than the rank that is told
    or the truth has, as among enough columns some match by chance. What is left out has a match of 0.
    """
    return {"signal": problem.observed.shape} | dict.fromkeys(sorted(OPTIONAL))


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return the relative error, the misfit to the observation, and what else is known.

    That is the match of factors, concentrations, spectra or links, of which the held-out entries alone count. Raises
    ValueError for factors or terms of other sizes than were asked for.
    """
    clean, observed = truth["signal"].astype(np.float64), problem.observed.astype(np.float64)
    seen = problem.granted.get("mask", True)
    found: dict[str, Callable[[Mapping], float]] = {
        "relative_error": lambda answer: 100 * float(np.linalg.norm(answer["signal"] - clean) / np.linalg.norm(clean)),
        "misfit": lambda answer: misfit(observed, seen * answer["signal"]),
    }
    references = {FACTOR_OF.get(name, name): own for name, own in truth.items() if name in {*OPTIONAL, *FACTOR_OF}}

    def sized(answer: Mapping) -> Mapping:
        for name in references.keys() & answer.keys():
            check_size(name, answer[name], references[name], problem.rank)
        return answer

    if "A" in truth or "B" in truth or "terms" in truth:
        matched = partial(match_of, str(problem.granted["model"]), truth)
        found["match"] = lambda answer: matched(sized(answer))
        found["recovered"] = lambda answer: 100.0 * (matched(sized(answer)) > RECOVERED)
    if "concentrations" in truth:
        amounts = truth["concentrations"]
        found["concentrations"] = lambda answer: correlation(amounts, sized(answer)["A"]) if "A" in answer else 0.0
    if "spectra" in truth:
        found["angle"] = lambda answer: component_angle(truth["spectra"], sized(answer)["C"]) if "C" in answer else 90.0
    if "hidden" in truth:
        hidden = truth["hidden"]
        links = clean[hidden] > 0
        found["average_precision"] = lambda answer: average_precision(links, answer["signal"][hidden])
        found["area_under_curve"] = lambda answer: area_under_curve(links, answer["signal"][hidden])
    return found


def check_size(name: str, answer: np.ndarray, truth: np.ndarray, rank: int | None) -> None:
    """Raise ValueError for a factor (n, r), or terms (r, ...), that cannot be compared, or of more columns or terms.

    More than the rank that is told and the truth has: among enough columns some match by chance.
    """
    axis = 0 if name == "terms" else -1
    most = max(rank or 0, truth.shape[axis])
    one = np.delete(truth.shape, axis).tolist()
    if answer.ndim != truth.ndim or np.delete(answer.shape, axis).tolist() != one or answer.shape[axis] > most:
        raise ValueError(
            f"{name} has the shape {answer.shape}, of {answer.ndim} axes, where up to {most} of the size "
            f"{' x '.join(map(str, one))} were asked for"
        )


def match_of(model: str, truth: Mapping[str, np.ndarray], answer: Mapping[str, np.ndarray]) -> float:
    """Return how well the factors of an answer match the true ones of a model, from 0 to 1; 0 of an answer without.

    Components are matched one to one. Of columns it is the mean product of cosines over the factors, of block terms the
    mean cosine of the terms, which no mixing within a block changes, of Tucker's factors the overlap of their spans.
    """
    names = ["terms"] if "terms" in truth else list("ABC") if model == "tucker" else [*"".join(COLUMNS[model])]
    if not set(names) <= set(answer):
        return 0.0
    if "terms" in truth:
        return component_match([_columns(truth["terms"])], [_columns(answer["terms"])])
    if model == "tucker":
        return float(np.mean([overlap(truth[name], answer[name]) for name in names]))
    groups = COLUMNS[model]
    return float(
        np.mean([component_match([truth[own] for own in group], [answer[own] for own in group]) for group in groups])
    )


def overlap(truth: np.ndarray, answer: np.ndarray) -> float:
    """Return the affinity of the spans of two factors, as a share of the columns of the one that has more."""
    return affinity(truth.T, answer.T) * truth.shape[1] / max(truth.shape[1], answer.shape[1])


def _columns(terms: np.ndarray) -> np.ndarray:
    return terms.reshape(len(terms), -1).T


def tiny() -> dict[str, Tiny]:
    """Return a small tensor of each model with 5 % of noise, and two of which something is asked.

    One of these has slices of unequal heights.
    """
    noisy = Observation(RelativeGaussian(0.05))
    settings = {
        "cp": {"size": 8, "rank": 2},
        "tucker": {"size": 8, "ranks": (2, 2, 2)},
        "indscal": {"size": 8, "slices": 6, "rank": 2},
        "candelinc": {"size": 12, "rank": 2, "number": 4},
        "parafac2": {"heights": (6, 5, 7, 8), "width": 7, "rank": 2},
        "dedicom": {"size": 8, "slices": 7, "rank": 2},
        "paratuck2": {"shape": (8, 7, 6), "ranks": (2, 2)},
        "ll1": {"shape": (8, 7, 6), "ranks": (2, 1)},
        "btd": {"shape": (7, 7, 7), "ranks": ((3, 3, 3), (3, 3, 3))},
    }
    items = {model: plant(model, model, np.random.default_rng(0), **own) for model, own in settings.items()}
    asked = {"cp": ("relative_error", 60), "parafac2": ("relative_error", 60)}
    return {model: Tiny(item, noisy, *asked.get(model, ())) for model, item in items.items()}
