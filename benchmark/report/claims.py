"""The rule of the scorecard: the claims of sources as tests on the scores of their experiments, and their verdicts.

A claim has conditions, each a statistic and one test. The statistic has a value for each unit, which is one data set,
item, noise and seed, so that methods are compared on the same observation; what a statistic compares along is no part
of the unit, nor is what the condition takes the `mean_over`, such as levels of noise that somebody chose. The effect is
the mean over the units, with its 95 % bootstrap interval (percentile, from 9999 resamples of the paired values; of two
or three units it is their range). The test is on the mean: `at_least`, `at_most`, `above`, `below`, or `within` for its
magnitude. To be above or below a threshold it must be so by the smallest effect of interest, that of the measure or the
`smallest` of the condition; and where the condition says `beyond`, by so many standard errors, or standard deviations
over the units. The interval takes units as independent, and is too narrow where they share a signal.

The verdict, by this rule:

* `not run` where any condition lacks something: a method or a named setting that has no run, a run that did not end
  well, a trace that ends too early, a second unit where `beyond` needs a standard error. Conditions that could be
  judged do not make up for those that could not.
* else `reproduced` where every condition holds, `partly` where some do, `not reproduced` where none does. An effect
  that is undefined, such as infinity less infinity, passes no test.
* "uncertain" is added where the verdict would be another one with a mean elsewhere in its interval, or where it hangs
  on fewer than five units, of which an interval says little.
* "on other data" is added unless every data set comes from a file that the claim names as the source's own. Then the
  verdict is on what the claim says in general, and no evidence for or against the numbers that the source prints.

A method is judged by the answer that it returned unless the claim names another iterate. Two take the truth, and stand
in claims alone whose numbers in the source do so, too: `oracle`, the best of all, averages among them, and `best`, the
best that the method passed through.

Beside each verdict stands the strongest other method, which the source may have left out: the best mean of what the
methods returned that are neither controls, nor the experiment's subject, nor this suite's variant of it, and ran well
on all units of the claim's first condition, by its metric (the task's primary one where it has none). It is picked with
hindsight. The answer that it is compared with is the one that was returned, where the claim is on one by the truth.
"""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from benchmark.metrics import METRICS
from benchmark.report.statistics import (
    FILTERS,
    IN_UNITS,
    STATISTICS,
    Missing,
    narrowed,
    paired,
    text_of,
    values_of,
    with_best,
)
from benchmark.report.tables import OBSERVATION

TESTS = {
    "at_least": (operator.ge, "at least {:g}"),
    "at_most": (operator.le, "at most {:g}"),
    "above": (operator.gt, "above {:g}"),
    "below": (operator.lt, "below {:g}"),
    "within": (lambda mean, limit: abs(mean) <= limit, "within ±{:g}"),
}
# The family of this suite's own variant, no opponent of a source: its form was found by the truth of some scenes.
VARIANT = "taught by the noise"
# What claims are judged by, of the columns of scores.
JUDGED = [
    *OBSERVATION,
    *("method", "label", "family", "control", "status", "message", "iterate", "metric", "value", "seconds"),
]
# Units from which on a verdict can be firm.
FEWEST = 5
COLUMNS = [
    *("id", "experiment", "source", "where", "claim", "short", "why", "verdict", "uncertain", "other_data", "data"),
    *("effect", "statistic", "n", "mean", "sd", "low", "high", "test", "holds", "reason"),
    *("own_label", "other", "other_label", "other_metric", "other_difference"),
]


@dataclass(frozen=True)
class Effect:
    """The mean of a statistic over `n` units; `sd`, and `low` to `high`, its 95 % interval, are NaN for one unit.

    So is the interval where a value is not finite.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float


def scorecard(entries: Mapping[str, Mapping], results: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Return a row for each condition of each claim of the experiments, with the claim's verdict in all rows of it.

    `entries` are experiments as plain data by name, and `results` holds the scores and curves of each. The column
    `source` is the title of the claim's source, empty where there is none.
    """
    rows = []
    for name, entry in entries.items():
        scores, curves = results[name]
        scores = with_best(scores[JUDGED], curves)
        for claim in entry["claims"]:
            known = {
                "id": claim["id"],
                "experiment": name,
                "source": entry["source"]["title"] if entry["source"] else "",
                "where": claim["where"] or entry["place"] or entry["title"],
                "claim": claim["claim"],
                "short": claim.get("short", claim["claim"]),
                "why": claim["why"].get(entry["profile"], claim["why"].get("*", "")),
            }
            rows += [known | row for row in judge(claim, entry, scores, curves)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"holds": "boolean", "n": "Int64"})


def judge(claim: Mapping, entry: Mapping, scores: pd.DataFrame, curves: pd.DataFrame) -> list[dict]:
    """Return the verdict and effect of each condition of a claim, on the scores and curves of its experiment."""
    conditions = [
        {"smallest": smallest_of(condition, entry["metric"])} | condition for condition in claim["conditions"]
    ]
    outcomes = [row for condition in conditions for row in _outcomes(condition, scores, curves)]
    reasons = [row["reason"] for row in outcomes if row["reason"]]
    datasets = list(dict.fromkeys(name for row in outcomes for name in row.pop("datasets")))
    own = all(entry["data"][name]["file"] in claim.get("own_data", ()) for name in datasets)
    firm = [row.pop("firm") for row in outcomes]
    # The verdicts with all that is not firm turned against the claim, and in its favour.
    turned = [
        [row["holds"] if sure else turn for row, sure in zip(outcomes, firm, strict=True)] for turn in (False, True)
    ]
    verdict = {
        "verdict": "not run" if reasons else verdict_of([row["holds"] for row in outcomes]),
        "uncertain": not reasons and len({*map(verdict_of, turned)}) > 1,
        "other_data": bool(datasets) and not own,
        "data": ", ".join(datasets),
    }
    rival = strongest_other(claim["conditions"][0], entry, scores)
    return [verdict | row | rival for row in outcomes]


def verdict_of(holds: Sequence[bool]) -> str:
    """Return the verdict on conditions that could all be judged."""
    return "reproduced" if all(holds) else "partly" if any(holds) else "not reproduced"


def strongest_other(condition: Mapping, entry: Mapping, scores: pd.DataFrame) -> dict:
    """Return the strongest method that is not the experiment's subject, and the own method's mean minus its mean.

    The own method is the one that the condition is on; its label is what the source calls its subject, where it is one.
    All is empty where the own method has no score, or nothing to be compared with.
    """
    of, metric = condition["of"], condition.get("metric", entry["metric"])
    name = (of if isinstance(of, str) else of[0]).removesuffix(":oracle").removesuffix(":best")
    nothing = {"own_label": "", "other": "", "other_label": "", "other_metric": metric, "other_difference": np.nan}
    try:
        scores = _rows_of(condition, scores)
        own = values_of(scores, name, metric)
    except Missing:
        return nothing
    method = name.partition(":")[0]
    judged = scores.set_index(OBSERVATION).index.isin(own.index)
    others = ~scores["control"].astype(bool) & ~scores["method"].isin([*entry["subject"], method])
    others &= scores["family"] != VARIANT
    rivals = scores[judged & others]
    means = {}
    for rival in rivals["method"].unique():
        try:
            means[rival] = paired(own, values_of(rivals, rival, metric))[1].mean()
        except Missing:
            continue
    if not means:
        return nothing
    best = (max if METRICS[metric].higher_is_better else min)(means, key=means.get)
    labels = scores.groupby("method")["label"].first()
    named = entry["source"] and entry["source"]["subject"] if method in entry["subject"] else None
    return nothing | {
        "own_label": named or labels[method],
        "other": best,
        "other_label": labels[best],
        "other_difference": own.mean() - means[best],
    }


def smallest_of(condition: Mapping, metric: str) -> float:
    """Return the smallest effect of interest of a condition that sets none; `metric` is the primary measure."""
    return METRICS[condition.get("metric", metric)].smallest if condition["statistic"] in IN_UNITS else 0.0


def effect_of(values: pd.Series) -> Effect:
    """Return the mean of the values of the units with its bootstrap interval."""
    with np.errstate(invalid="ignore"):  # the spread of infinite values
        n, mean, sd = len(values), values.mean(), values.std(ddof=1)
    if n == 1 or not np.isfinite(values).all():
        return Effect(n, mean, sd, np.nan, np.nan)
    interval = stats.bootstrap((values,), np.mean, method="percentile", rng=0).confidence_interval
    return Effect(n, mean, sd, float(interval.low), float(interval.high))


def is_firm(condition: Mapping, effect: Effect) -> bool:
    """Tell whether a test gives the same answer wherever in its interval the mean is; never of few units."""
    places = (effect.low, effect.mean, effect.high, np.clip(0, effect.low, effect.high))
    return effect.n >= FEWEST and len({holds(condition, replace(effect, mean=mean)) for mean in places}) == 1


def holds(condition: Mapping, effect: Effect) -> bool:
    """Tell whether an effect passes a condition's test; raise Missing where one unit cannot show by how much."""
    test, threshold = _test_of(condition)
    passes = TESTS[test][0]
    if test not in ("above", "below"):
        return bool(passes(effect.mean, threshold))
    excess = (effect.mean - threshold) * (1 if test == "above" else -1)
    if not (excess > 0 and excess >= condition.get("smallest", 0.0)):
        return False
    if "beyond" not in condition:
        return True
    if effect.n == 1:
        raise Missing(f"a single unit has no {condition['beyond'].split(maxsplit=1)[1]}: run more seeds")
    count, _, kind = condition["beyond"].split()
    return bool(excess > int(count) * effect.sd / (np.sqrt(effect.n) if kind.startswith("error") else 1))


def _outcomes(condition: Mapping, scores: pd.DataFrame, curves: pd.DataFrame) -> list[dict]:
    try:
        parts = _parts(condition, narrowed(scores, condition))
    except Missing as missing:
        return [_outcome(condition) | {"reason": str(missing), "datasets": [], "firm": False}]
    rows = []
    for title, part in parts:
        row = _outcome(condition) | {"effect": title, "datasets": part["dataset"].unique(), "firm": False}
        try:
            values = STATISTICS[condition["statistic"]](part, curves, **_arguments_of(condition))
            effect = effect_of(_averaged(values, condition.get("mean_over")))
            row |= vars(effect)
            row["holds"] = holds(condition, effect)
            row["firm"] = is_firm(condition, effect)
        except Missing as missing:
            row["reason"] = str(missing)
        rows.append(row)
    return rows


def _parts(condition: Mapping, scores: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the title and the rows of each part that a condition must hold for, by its key `each`."""
    if "each" not in condition:
        return [(condition["effect"], scores)]
    groups = scores.groupby(condition["each"], sort=False)
    return [(f"{condition['effect']}, {name}", part) for name, part in groups]


def _averaged(values: pd.Series, column: str | None) -> pd.Series:
    """Return the means of values over a column of their units."""
    return values if column is None else values.groupby(values.index.names.difference([column])).mean()


def _rows_of(condition: Mapping, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of all that a condition names, by its filters or as what its statistic compares along."""
    scores = narrowed(scores, condition)
    places = [{key: [name] for key, name in condition.get(place, {}).items()} for place in ("start", "end")]
    places.append({"noise": list(condition.get("levels", ()))})
    return pd.concat([narrowed(scores, place) for place in places if any(place.values())] or [scores])


def _outcome(condition: Mapping) -> dict:
    """Return the row of a condition that was not judged."""
    test, threshold = _test_of(condition)
    margins = [f"{condition['smallest']:g}"] * bool(condition.get("smallest")) + [condition.get("beyond", "")]
    asked = TESTS[test][1].format(threshold)
    if test in ("above", "below") and any(margins):
        asked += f" by {' and '.join(filter(None, margins))}"
    arguments = _arguments_of(condition) | {key: condition[key] for key in (*FILTERS, "mean_over") if key in condition}
    texts = [f"{key} {text_of(value)}" for key, value in arguments.items()]
    unknown = dict.fromkeys(("mean", "sd", "low", "high"), np.nan)
    return {
        "effect": condition["effect"],
        "statistic": f"{condition['statistic']}: {', '.join(texts)}",
        "n": 0,
        **unknown,
        "test": asked,
        "holds": None,
        "reason": "",
    }


def _arguments_of(condition: Mapping) -> dict:
    others = {"effect", "statistic", "each", "mean_over", "beyond", "smallest", *FILTERS, *TESTS}
    return {name: value for name, value in condition.items() if name not in others}


def _test_of(condition: Mapping) -> tuple[str, float]:
    return next((name, condition[name]) for name in TESTS if name in condition)
