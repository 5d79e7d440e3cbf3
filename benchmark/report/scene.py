"""What the figures of one cell of an experiment show: a data set under one noise, and of it the first item and seed."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmark.contract import compose
from benchmark.metrics import METRICS
from benchmark.report.scorecard import split_unit
from benchmark.report.tables import OBSERVATION, read_scores, read_table, rows_at
from benchmark.report.wording import data_in_words, noise_in_words
from benchmark.settings import listing
from benchmark.storage import load_arrays, load_json, parts_of, unpack

FIGURES = Path(__file__).parent / "figures"
# This one is of a whole experiment.
WHOLE = "sweep"
# Three rows of six.
PICTURES = 18
# Of a failed method's message, so that it fits into the place of a picture.
WORDS = 120

Answer = np.ndarray | Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Scene:
    """What a figure of a data set under one noise can show.

    `entry` is the experiment as plain data. `scores`, `curves` and `summary` hold the rows of the cell, all its items
    and seeds. The rest is of the first `item` and of the `seed` that is pictured: the arrays that methods were `given`
    and those that were `withheld`, by name, and by label the answers, the best one first, or a text where there is
    none. `shown` are the images of a stack that make its picture, or None for the mean of all. `energies` are the mean
    squares of the observations of all items.
    """

    entry: Mapping
    dataset: str
    noise: str
    seed: int
    item: str
    scores: pd.DataFrame
    curves: pd.DataFrame
    summary: pd.DataFrame
    given: Mapping[str, np.ndarray]
    withheld: Mapping[str, np.ndarray]
    estimates: Mapping[str, Answer | str]
    shown: Sequence[int] | None
    energies: Mapping[str, float]

    @property
    def metric(self) -> str:
        """The primary measure."""
        return self.entry["metric"]

    @property
    def higher_is_better(self) -> bool:
        """Whether more of the primary measure is better."""
        return METRICS[self.metric].higher_is_better

    @property
    def observed(self) -> np.ndarray:
        """What methods were given to observe."""
        return self.given["observed"]

    @property
    def truth(self) -> np.ndarray:
        """The signal that was observed."""
        return self.withheld["signal"]

    @property
    def subject(self) -> list[str]:
        """The labels of the methods whose claims these are."""
        return labels_of(self.entry, self.entry["subject"])

    @property
    def shown_by_source(self) -> list[str]:
        """The labels of the methods that stand in the source's figure, in its order."""
        return labels_of(self.entry, self.entry["shown"])

    @property
    def always(self) -> list[str]:
        """The labels of the methods that a figure shows however good they are, controls apart."""
        return labels_of(self.entry, always_of(self.entry))

    @property
    def reference(self) -> str | None:
        """The label of the method that gains are over."""
        return next(iter(labels_of(self.entry, [self.entry["reference"]])), None)

    @property
    def title(self) -> str:
        """The data set and the noise, in words."""
        return f"{data_in_words(self.entry, self.dataset)} · {noise_in_words(self.entry['noise'][self.noise])}"

    @property
    def title_of_one(self) -> str:
        """The title with the item and the seed that are pictured, where there are several."""
        item = [self.item] if len(self.energies) > 1 else []
        seed = [f"seed {self.seed}"] if len(self.entry["seeds"]) > 1 else []
        return " · ".join([self.title, *item, *seed])

    @property
    def controls(self) -> set[str]:
        """The labels of the controls."""
        return set(self.scores.loc[self.scores["control"].astype(bool), "label"])

    @property
    def values(self) -> dict[str, dict[str, float]]:
        """The measures of the answers that are pictured, by label, in the order of the scores."""
        rows = _returned(self.scores, self.item, self.seed).dropna(subset="value")
        return {label: dict(zip(own["metric"], own["value"], strict=True)) for label, own in rows.groupby("label")}


def always_of(entry: Mapping) -> list[str]:
    """Return the names of those of the source's methods, the subject and the reference that the experiment has."""
    named = [*entry["shown"], *entry["subject"], entry["reference"]]
    return [name for name in dict.fromkeys(named) if name in entry["methods"]]


def heading_of(entry: Mapping) -> str:
    """Return the heading of what the source's methods have for themselves, without the papers in brackets."""
    place = entry["place"].partition(" (")[0]
    return "The source's methods" + (f" ({place})" if place else "")


def leaders_of(entry: Mapping, scores: pd.DataFrame, number: int) -> list[str]:
    """Return the labels of the best methods that are neither controls nor always shown, the best first.

    They are ranked by the primary measure within each item, noise and seed, and then by the mean of their ranks, so
    that methods of which some are run on few data sets alone compare. Those that lack seeds have no rank.
    """
    rows = scores[(scores["iterate"] == "returned") & (scores["metric"] == entry["metric"])].dropna(subset="value")
    others = ~rows["label"].isin([*labels_of(entry, always_of(entry)), *fewer_seeds_of(entry)])
    rows = rows[~rows["control"].astype(bool) & others]
    higher = METRICS[entry["metric"]].higher_is_better
    ranks = rows.groupby(OBSERVATION)["value"].rank(ascending=not higher)
    return list(ranks.groupby(rows["label"]).mean().sort_values(kind="stable").index[:number])


def fewer_seeds_of(entry: Mapping) -> dict[str, str]:
    """Return what a legend says of the methods that run on some of an experiment's seeds alone, by label."""
    seeds = len(entry["seeds"])
    runs = {
        own["label"]: len({*own["seeds"]} & {*entry["seeds"]}) for own in entry["methods"].values() if own.get("seeds")
    }
    return {label: f"{label} ({number} of {seeds} seeds)" for label, number in runs.items() if number < seeds}


def number_of(metric: str, value: float) -> str:
    """Return a value as a caption has it: named, but for decibels, which are those of the signal-to-noise ratio."""
    name, unit = split_unit(METRICS[metric].label)
    number = f"{value:.1f} {unit}" if unit else f"{value:.3f}"
    return number if unit == "dB" else f"{name} {number}"


def labels_of(entry: Mapping, names: Iterable[str | None]) -> list[str]:
    """Return the labels of those of the named methods that the experiment has."""
    return [entry["methods"][name]["label"] for name in names if name in entry["methods"]]


def draw(figure: str, scene: Scene) -> Figure:
    """Return the figure of that name, which a file of `figures/` draws; raise ValueError if there is none."""
    known = {path.stem for path in FIGURES.glob("[!_.]*.py")} - {WHOLE}
    if figure not in known:
        raise ValueError(f"there is no figure {figure!r}; there are: {listing(known)}")
    return import_module(f"benchmark.report.figures.{figure}").draw(scene)


def scene_of_tables(
    entry: Mapping, dataset: str, noise: str, scores: pd.DataFrame, curves: pd.DataFrame, summary: pd.DataFrame
) -> Scene:
    """Return the scene of a data set under one noise for a figure that shows tables alone: it has no arrays."""
    frames = [table[rows_at(table, {"dataset": dataset, "noise": noise})] for table in (scores, curves, summary)]
    return Scene(entry, dataset, noise, entry["seeds"][0], "", *frames, {}, {}, {}, None, {})


def read_scene(
    entry: Mapping,
    dataset: str,
    noise: str,
    *,
    scores: Path,
    curves: Path,
    summary: Path,
    given: Path,
    withheld: Path,
    facts: Path,
    estimates: Mapping[str, Path],
) -> Scene:
    """Return the scene of a data set under one noise, of the experiment's first seed.

    Tables are those of the experiment, `given`, `withheld` and the `estimates` by method the files of the cell, `facts`
    that of the data set. Of the estimates stand those of the subject, of the source's methods, of the reference and of
    controls, and of the others as many of the best as fit into three rows of pictures.
    """
    place, seed, told = {"dataset": dataset, "noise": noise}, entry["seeds"][0], load_json(facts)
    item = told["items"][0]["name"]
    tables = read_scores(scores), read_table(curves), read_table(summary)
    frames = [table[rows_at(table, place)] for table in tables]
    rows = _pictured(_returned(frames[0], item, seed), entry)
    return Scene(
        entry,
        dataset,
        noise,
        seed,
        item,
        *frames,
        given=parts_of(load_arrays(given, f"{item}/"), item),
        withheld=parts_of(load_arrays(withheld, f"{item}/"), item),
        estimates={
            row.label: compose(unpack(load_arrays(estimates[row.method], f"{item}/answer"), item).answer)
            if row.status == "ok"
            # A message of what a method lacks begins with the name of its file, and the caption has its label.
            else _cut(f"{row.status}: {row.message.removeprefix(entry['methods'][row.method]['file'] + ' ')}")
            for row in rows[rows["method"].isin(list(estimates))].itertuples()
        },
        shown=told["shown"],
        energies={
            name.removesuffix("/observed"): float(np.mean(np.square(own, dtype=np.float64)))
            for name, own in load_arrays(given).items()
            if name.endswith("/observed")
        },
    )


def _pictured(rows: pd.DataFrame, entry: Mapping) -> pd.DataFrame:
    """Return those of the rows, one a method, whose answers are pictured, the best first."""
    rows = rows[rows["metric"] == entry["metric"]]
    rows = rows.sort_values("value", ascending=not METRICS[entry["metric"]].higher_is_better)
    always = rows["control"].astype(bool) | rows["method"].isin(always_of(entry))
    return rows[always | ((~always).cumsum() <= PICTURES - always.sum())]


def _returned(scores: pd.DataFrame, item: str, seed: int) -> pd.DataFrame:
    return scores[rows_at(scores, {"item": item, "seed": seed, "iterate": "returned"})]


def _cut(text: str) -> str:
    """Return a text, cut after a word if it is too long."""
    return textwrap.shorten(text, WORDS, placeholder=" …")
