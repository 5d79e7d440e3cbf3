"""The reproduction scorecard: the paper's claims as tests on the scores of the experiments, and their verdicts.

A claim has conditions, each a statistic and one test. The statistic has a value for each unit, which is one data set,
item, noise and seed, so that methods are compared on the same observation; what a statistic compares along is no part
of the unit. The effect is the mean over the units, with its 95 % confidence interval (Student t), and the test is on
the mean: `at_least`, `at_most`, `above`, `below`, or `within` for its magnitude. `beyond` asks the mean to pass the
threshold by so many standard errors, or standard deviations over the units. The interval takes units as independent,
and is too narrow where they share a signal.

The verdict, by this rule:

* `not run` where any condition lacks something: an experiment that is not selected, a method or a named setting that
  has no run, a run that did not end well, a trace that ends too early, a second unit where `beyond` needs a standard
  error. Conditions that could be judged do not make up for those that could not.
* else `reproduced` where every condition holds, `partly` where some do, `not reproduced` where none does. An effect
  that is undefined, such as infinity less infinity, passes no test.
* "uncertain" is added where the verdict would be another one with a mean elsewhere in its interval, or where it hangs
  on a single unit, which has no interval.
* "on other data" is added unless every data set comes from a file that the claim names as the paper's own. Then the
  verdict is on what the claim says in general, and no evidence for or against the numbers that the paper prints.

A method is judged by the answer that it returned unless the claim names another iterate; `oracle` takes the truth and
stands in claims alone whose numbers in the paper do so, too.

Beside each verdict stands the strongest other method, which the paper may have left out: the best mean of what the
methods returned that are neither controls nor variants of DeepTensor and lost no run, on the units and by the metric of
the claim's first condition (PSNR where that has none). It is picked with hindsight. DeepTensor's answer is then never
the oracle.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from scipy import stats

from benchmark.metrics import METRICS
from benchmark.plan import listing
from benchmark.report.statistics import FILTERS, STATISTICS, Missing, narrowed, paired, text_of, values_of
from benchmark.report.tables import OBSERVATION

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "claims.schema.yaml"
TESTS = {
    "at_least": (operator.ge, "at least {:g}"),
    "at_most": (operator.le, "at most {:g}"),
    "above": (operator.gt, "above {:g}"),
    "below": (operator.lt, "below {:g}"),
    "within": (lambda mean, limit: abs(mean) <= limit, "within ±{:g}"),
}


class ClaimError(ValueError):
    """The file of claims cannot be used; the message says why and lists what there is."""


@dataclass(frozen=True)
class Effect:
    """The mean of a statistic over `n` units; `sd`, and `low` to `high`, its 95 % interval, are NaN for one unit."""

    n: int
    mean: float
    sd: float
    low: float
    high: float


def read_claims(path: Path, schema_path: Path = SCHEMA) -> list[dict]:
    """Return the claims of a file, checked; raise ClaimError for the first fault."""
    claims = yaml.safe_load(path.read_text(encoding="utf-8"))
    validator = Draft202012Validator(yaml.safe_load(schema_path.read_text(encoding="utf-8")))
    # Where a statistic lacks an argument, all others count as unevaluated: that says nothing.
    faults = sorted(validator.iter_errors(claims), key=lambda fault: fault.validator == "unevaluatedProperties")
    if faults:
        number, *where = [*faults[0].absolute_path, ""]
        name = claims[number].get("id", number) if isinstance(number, int) else "the list"
        raise ClaimError(f"{path.name}, {name}, {'.'.join(map(str, where))} {faults[0].message}")
    names = [claim["id"] for claim in claims]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ClaimError(f"{path.name}: more than one claim is called {listing(repeated)}")
    for claim in claims:
        for condition in claim["conditions"]:
            if fault := _fault(condition):
                raise ClaimError(f"{path.name}, {claim['id']}, {condition['effect']!r}: {fault}")
    return claims


def scorecard(
    claims: Sequence[Mapping],
    results: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    experiments: Iterable[str],
    sources: Mapping[str, str],
    profile: str,
) -> pd.DataFrame:
    """Return a row for each condition of each claim, with the claim's verdict in all rows of it.

    `results` holds the scores and curves of the selected experiments by name, `experiments` all names that the config
    has, and `sources` the file of each data set.
    """
    rows = []
    for claim in claims:
        name, why = claim["experiment"], claim.get("why", "")
        if name in results:
            scores, curves = results[name]
            judged = judge(claim, scores, curves, sources)
        elif name in experiments:
            judged = _unjudged(claim, f"the experiment {name!r} is not selected")
        else:
            judged = _unjudged(claim, f"the config has no experiment {name!r}; it has: {listing(experiments)}")
        known = {key: claim[key] for key in ("id", "experiment", "where", "claim")}
        known["why"] = why if isinstance(why, str) else why.get(profile, "")
        rows += [known | row for row in judged]
    return pd.DataFrame(rows).astype({"holds": "boolean", "n": "Int64"})


def judge(claim: Mapping, scores: pd.DataFrame, curves: pd.DataFrame, sources: Mapping[str, str]) -> list[dict]:
    """Return the verdict and effect of each condition of a claim, on the scores and curves of its experiment."""
    scores = scores.astype({"seed": "int64"})
    outcomes = [row for condition in claim["conditions"] for row in _outcomes(condition, scores, curves)]
    reasons = [row["reason"] for row in outcomes if row["reason"]]
    datasets = list(dict.fromkeys(name for row in outcomes for name in row.pop("datasets")))
    own = all(sources[name] in claim.get("own_data", ()) for name in datasets)
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
    rival = strongest_other(claim["conditions"][0], scores)
    return [verdict | row | rival for row in outcomes]


def entries_of(card: pd.DataFrame) -> list[dict]:
    """Return the claims of a scorecard in words, for a page: its columns, with `conditions`, a list of its rows.

    `summary` is the verdict with what qualifies it, `reason` says why the claim was not judged, and `other_text` is a
    sentence on the strongest other method; either is empty where there is none. A condition's `text` is its effect.
    """
    entries = []
    for _, rows in card.groupby("id", sort=False):
        entry = rows.iloc[0].to_dict()
        entry["summary"] = entry["verdict"]
        if entry["verdict"] != "not run":
            entry["summary"] += ", on other data" if entry["other_data"] else ""
            entry["summary"] += ", uncertain" if entry["uncertain"] else ""
        entry["reason"] = "; ".join(dict.fromkeys(filter(None, rows["reason"])))
        entry["other_text"] = _other_text(entry)
        entry["conditions"] = [row | {"text": _effect_text(row)} for row in rows.to_dict("records")]
        entries.append(entry)
    return entries


def as_markdown(card: pd.DataFrame) -> str:
    """Return the scorecard as a Markdown table: claim, verdict, effect, and what there is to say of it."""
    lines = ["| claim | verdict | effect, 95 % interval | |", "|---|---|---|---|"]
    for entry in entries_of(card):
        claim, effects = f"{entry['where']}: {entry['claim']}", "; ".join(effects_of(entry)) or "-"
        lines.append(markdown_row(claim, f"**{entry['summary']}**", effects, " ".join(sentences_of(entry))))
    return "\n".join([*lines, ""])


def sentences_of(entry: Mapping) -> list[str]:
    """Return what to say of an entry: why it was not judged, or how to read it and which other method is stronger."""
    said = (entry["reason"],) if entry["reason"] else (entry["why"], entry["other_text"])
    return [sentence for sentence in said if sentence]


def effects_of(entry: Mapping) -> list[str]:
    """Return the effects of an entry that are known, each with its interval and what was asked of it."""
    known = [condition for condition in entry["conditions"] if condition["n"] > 0]
    return [f"{condition['effect']}: {condition['text']} ({condition['test']})" for condition in known]


def markdown_row(*cells: str) -> str:
    """Return the row of a Markdown table with these cells."""
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def verdict_of(holds: Sequence[bool]) -> str:
    """Return the verdict on conditions that could all be judged."""
    return "reproduced" if all(holds) else "partly" if any(holds) else "not reproduced"


def strongest_other(condition: Mapping, scores: pd.DataFrame) -> dict:
    """Return the strongest method that is not DeepTensor, and DeepTensor's mean minus its mean, by the same metric.

    They are empty where DeepTensor has no score, or nothing to be compared with.
    """
    of, metric = condition["of"], condition.get("metric", "psnr")
    name = (of if isinstance(of, str) else of[0]).removesuffix(":oracle")
    nothing = {"other": "", "other_label": "", "other_metric": metric, "other_difference": np.nan}
    try:
        scores = narrowed(scores, condition)
        if "start" in condition:
            places = ({key: [name] for key, name in condition[place].items()} for place in ("start", "end"))
            scores = pd.concat(narrowed(scores, place) for place in places)
        own = values_of(scores, name, metric)
    except Missing:
        return nothing
    judged = scores.set_index(OBSERVATION).index.isin(own.index)
    rivals = scores[judged & ~scores["control"].astype(bool) & ~scores["file"].str.startswith("deeptensor")]
    means = {}
    for rival in rivals["method"].unique():
        try:
            means[rival] = paired(own, values_of(rivals, rival, metric))[1].mean()
        except Missing:
            continue
    if not means:
        return nothing
    best = (max if METRICS[metric].higher_is_better else min)(means, key=means.get)
    label = scores.loc[scores["method"] == best, "label"].iloc[0]
    return nothing | {"other": best, "other_label": label, "other_difference": own.mean() - means[best]}


def effect_of(values: pd.Series) -> Effect:
    """Return the mean of the values of the units with its confidence interval."""
    with np.errstate(invalid="ignore"):  # the spread of infinite values
        n, mean, sd = len(values), values.mean(), values.std(ddof=1)
    half = stats.t.ppf(0.975, n - 1) * sd / np.sqrt(n) if n > 1 else np.nan
    return Effect(n, mean, sd, mean - half, mean + half)


def is_firm(condition: Mapping, effect: Effect) -> bool:
    """Tell whether a condition's test gives the same answer wherever in its interval the mean is; never of one unit."""
    places = (effect.low, effect.mean, effect.high, np.clip(0, effect.low, effect.high))
    return effect.n > 1 and len({holds(condition, replace(effect, mean=mean)) for mean in places}) == 1


def holds(condition: Mapping, effect: Effect) -> bool:
    """Tell whether an effect passes a condition's test; raise Missing where one unit cannot show by how much."""
    test, threshold = _test_of(condition)
    passes = TESTS[test][0]
    if "beyond" not in condition or not passes(effect.mean, threshold):
        return bool(passes(effect.mean, threshold))
    if effect.n == 1:
        raise Missing(f"a single unit has no {condition['beyond'].split(maxsplit=1)[1]}: run more seeds")
    count, _, kind = condition["beyond"].split()
    margin = int(count) * effect.sd / (np.sqrt(effect.n) if kind.startswith("error") else 1)
    return bool(passes(effect.mean - margin if test == "above" else effect.mean + margin, threshold))


def _outcomes(condition: Mapping, scores: pd.DataFrame, curves: pd.DataFrame) -> list[dict]:
    try:
        parts = _parts(condition, narrowed(scores, condition))
    except Missing as missing:
        return [_outcome(condition) | {"reason": str(missing), "datasets": [], "firm": False}]
    rows = []
    for title, part in parts:
        row = _outcome(condition) | {"effect": title, "datasets": part["dataset"].unique(), "firm": False}
        try:
            effect = effect_of(STATISTICS[condition["statistic"]](part, curves, **_arguments_of(condition)))
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


def _outcome(condition: Mapping) -> dict:
    """Return the row of a condition that was not judged."""
    test, threshold = _test_of(condition)
    asked = TESTS[test][1].format(threshold) + (f" by {condition['beyond']}" if "beyond" in condition else "")
    arguments = _arguments_of(condition) | {key: condition[key] for key in FILTERS if key in condition}
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


def _unjudged(claim: Mapping, reason: str) -> list[dict]:
    nothing = {"other": "", "other_label": "", "other_metric": "", "other_difference": np.nan}
    verdict = {"verdict": "not run", "uncertain": False, "other_data": False, "data": ""}
    return [verdict | _outcome(condition) | {"reason": reason} | nothing for condition in claim["conditions"]]


def _arguments_of(condition: Mapping) -> dict:
    others = {"effect", "statistic", "each", "beyond", *FILTERS, *TESTS}
    return {name: value for name, value in condition.items() if name not in others}


def _test_of(condition: Mapping) -> tuple[str, float]:
    return next((name, condition[name]) for name in TESTS if name in condition)


def _effect_text(row: Mapping) -> str:
    """Return the mean with its interval, or `-` where there is none."""
    if row["n"] == 0:
        return "-"
    if row["n"] == 1:
        return f"{_number(row['mean'])}, one unit: no interval"
    return f"{_number(row['mean'])} [{_number(row['low'])}, {_number(row['high'])}], {row['n']} units"


def _other_text(row: Mapping) -> str:
    if not row["other"]:
        return ""
    metric = METRICS[row["other_metric"]]
    difference = f"{row['other_difference']:+.{metric.decimals}f}".replace("inf", "∞")
    return f"{row['other_label']} is the strongest other method: DeepTensor's {metric.label} minus its is {difference}."


def _number(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:#.3g}".rstrip(".").replace("inf", "∞")


def _fault(condition: Mapping) -> str | None:
    """Return what is wrong with a condition that the schema lets pass."""
    tests = [name for name in TESTS if name in condition]
    if len(tests) != 1:
        return f"a condition has one test of: {listing(TESTS)}; this has: {listing(tests) or 'none'}"
    if "beyond" in condition and tests[0] not in ("above", "below"):
        return f"'beyond' goes with 'above' or 'below', not with {tests[0]!r}"
    metric = condition.get("metric", "psnr")
    return None if metric in METRICS else f"unknown metric {metric!r}; there are: {listing(METRICS)}"
