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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from scipy import stats

from benchmark.metrics import METRICS
from benchmark.plan import listing
from benchmark.report.tables import OBSERVATION

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "claims.schema.yaml"
FILTERS = ("dataset", "noise", "item")
TESTS = {
    "at_least": (operator.ge, "at least {:g}"),
    "at_most": (operator.le, "at most {:g}"),
    "above": (operator.gt, "above {:g}"),
    "below": (operator.lt, "below {:g}"),
    "within": (lambda mean, limit: abs(mean) <= limit, "within ±{:g}"),
}


class ClaimError(ValueError):
    """The file of claims cannot be used; the message says why and lists what there is."""


class Missing(Exception):
    """A claim cannot be judged; the message, the reason, stands beside the verdict `not run`."""


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
        scores = _narrowed(scores, condition)
        if "start" in condition:
            places = ({key: [name] for key, name in condition[place].items()} for place in ("start", "end"))
            scores = pd.concat(_narrowed(scores, place) for place in places)
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


# Statistics. Each takes the scores and curves of an experiment, and returns a value for each unit.


def difference(
    scores: pd.DataFrame, curves: pd.DataFrame, *, metric: str, of: str, to: Sequence[str] = ()
) -> pd.Series:
    """Return the metric of a method minus the best, on each unit, of the others; without `to`, the metric itself."""
    own, *others = paired(*(values_of(scores, name, metric) for name in (of, *to)))
    if not others:
        return own
    others = pd.concat(others, axis=1)
    return own - (others.max(axis=1) if METRICS[metric].higher_is_better else others.min(axis=1))


def change(
    scores: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    metric: str,
    of: str,
    start: Mapping[str, str],
    end: Mapping[str, str],
    to: Sequence[str] = (),
) -> pd.Series:
    """Return the difference at one item or noise minus that at another; without `to`, that of the metric itself.

    A place that names several, such as `rank-10-*`, stands for their mean.
    """
    along = {*start, *end}
    units = [column for column in OBSERVATION if column not in along]
    means = [
        difference(_narrowed(scores, {key: [name] for key, name in place.items()}), curves, metric=metric, of=of, to=to)
        .groupby(units)
        .mean()
        .rename(f"{of} at {_text(place)}")
        for place in (start, end)
    ]
    before, after = paired(*means)
    return after - before


def loss_ratio(
    scores: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    metric: str,
    of: str,
    to: str,
    start: Mapping[str, str],
    end: Mapping[str, str],
) -> pd.Series:
    """Return what a method loses from one item or noise to another, as a multiple of what the other method loses.

    Infinite where the other loses nothing; negative where the method gains while the other loses.
    """
    sign = -1 if METRICS[metric].higher_is_better else 1
    places = {"start": start, "end": end}
    own, other = paired(*(sign * change(scores, curves, metric=metric, of=name, **places) for name in (of, to)))
    return (own / other).where(other > 0, np.inf)


def spread(scores: pd.DataFrame, curves: pd.DataFrame, *, metric: str, of: Sequence[str]) -> pd.Series:
    """Return the largest minus the smallest value of the metric over methods, on each unit."""
    values = pd.concat(paired(*(values_of(scores, name, metric) for name in of)), axis=1)
    return values.max(axis=1) - values.min(axis=1)


def error_reduction(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, to: str, after: int) -> pd.Series:
    """Return the mean squared error of the answer `to` over that of a method at the iteration `after`.

    To the constant that is the mean of the signal, it is the inverse of the share of variance left unexplained.
    """
    own, other = paired(
        over_traces(scores, curves, of, lambda trace: _at(trace, after, trace["psnr"])), values_of(scores, to, "psnr")
    )
    return 10 ** ((own - other) / 10)


def speed_up(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, to: str) -> pd.Series:
    """Return the seconds of the method `to` to its best PSNR over those of `of` to the same; 0 where it never does."""
    fast, slow = traces_of(scores, curves, of), traces_of(scores, curves, to)
    if fast.keys() != slow.keys():
        raise Missing(_unlike(of, to))
    goals = {unit: trace["psnr"].max() for unit, trace in slow.items()}
    return _by_unit({unit: seconds_to(slow[unit], goal) / seconds_to(fast[unit], goal) for unit, goal in goals.items()})


def rank_correlation(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, levels: Mapping[str, float]) -> pd.Series:
    """Return Spearman's correlation of the noise level with the iteration of highest PSNR; 0 where all are equal."""
    scores = _narrowed(scores, {"noise": list(levels)})
    best = over_traces(scores, curves, of, best_iteration).unstack("noise")
    if best.isna().any(axis=None):
        raise Missing(f"{of} did not run under every noise on the same signals")
    ranks = best[list(levels)].rank(axis=1).T
    return ranks.corrwith(pd.Series(levels).rank()).fillna(0.0)


def lost_past_best(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, to: str, multiple: float = 3) -> pd.Series:
    """Return the PSNR that a method loses from its best iteration to a multiple of it, minus what the other loses."""

    def lost(trace: pd.DataFrame) -> float:
        return trace["psnr"].max() - _at(trace, multiple * best_iteration(trace), trace["psnr"])

    own, other = paired(*(over_traces(scores, curves, name, lost) for name in (of, to)))
    return own - other


STATISTICS: Mapping[str, Callable[..., pd.Series]] = {
    function.__name__: function
    for function in (
        *(difference, change, loss_ratio, spread),
        *(error_reduction, speed_up, rank_correlation, lost_past_best),
    )
}


def values_of(scores: pd.DataFrame, name: str, metric: str) -> pd.Series:
    """Return a metric of a method's answers (`method`, or `method:iterate`) by unit; raise Missing if a run is lost."""
    method, iterate = _split(name, "returned")
    runs = _runs_of(scores, method, iterate)
    own = runs[(runs["metric"] == metric) & (runs["iterate"] == iterate)]
    if len(own) < len(runs.drop_duplicates(OBSERVATION)):
        raise Missing(
            f"{method} has no {metric} of its {iterate} iterate on some signals; "
            f"it has: {listing(runs['metric'].unique())} of: {listing(runs['iterate'].unique())}"
        )
    return own.set_index(OBSERVATION)["value"].rename(name)


def traces_of(scores: pd.DataFrame, curves: pd.DataFrame, name: str) -> dict[tuple, pd.DataFrame]:
    """Return by unit the trace of a method (its last iterate, or `method:average`); raise Missing if one lacks."""
    method, iterate = _split(name, "last")
    units = _runs_of(scores, method, "returned")[OBSERVATION].drop_duplicates().itertuples(index=False, name=None)
    own = curves[(curves["method"] == method) & (curves["iterate"] == iterate) & curves["psnr"].notna()]
    kept = {unit: trace.sort_values("iteration") for unit, trace in own.groupby(OBSERVATION)}
    traces = {unit: kept.get(unit) for unit in units}
    for unit, trace in traces.items():
        if trace is None:
            raise Missing(f"{method} kept no trace of its {iterate} iterate on {', '.join(map(str, unit))}")
    return traces


def over_traces(
    scores: pd.DataFrame, curves: pd.DataFrame, name: str, function: Callable[[pd.DataFrame], float]
) -> pd.Series:
    """Return by unit what a function makes of the trace of a method."""
    traces = traces_of(scores, curves, name)
    return _by_unit({unit: function(trace) for unit, trace in traces.items()}).rename(name)


def best_iteration(trace: pd.DataFrame) -> int:
    """Return the iteration of a trace with the highest PSNR."""
    return trace.loc[trace["psnr"].idxmax(), "iteration"]


def seconds_to(trace: pd.DataFrame, psnr: float) -> float:
    """Return the seconds to the first snapshot of a trace with that PSNR; infinite if none has it."""
    return trace.loc[trace["psnr"] >= psnr, "seconds"].min() if (trace["psnr"] >= psnr).any() else np.inf


def paired(*values: pd.Series) -> list[pd.Series]:
    """Return series of values by unit, all in the order of the first one; raise Missing where their units differ."""
    first = values[0]
    for other in values[1:]:
        if set(first.index) != set(other.index):
            raise Missing(_unlike(first.name, other.name))
    return [series.loc[first.index] for series in values]


def _outcomes(condition: Mapping, scores: pd.DataFrame, curves: pd.DataFrame) -> list[dict]:
    try:
        parts = _parts(condition, _narrowed(scores, condition))
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
    texts = [f"{key} {_text(value)}" for key, value in arguments.items()]
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


def _narrowed(scores: pd.DataFrame, filters: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the rows that the filters let pass; raise Missing where a name that they list has none."""
    for column in FILTERS:
        for pattern in filters.get(column, ()):
            if not any(fnmatchcase(name, pattern) for name in scores[column].unique()):
                raise Missing(f"no run has the {column} {pattern!r}; there are: {listing(scores[column].unique())}")
        if column in filters:
            passing = [name for name in scores[column].unique() if any(fnmatchcase(name, p) for p in filters[column])]
            scores = scores[scores[column].isin(passing)]
    return scores


def _runs_of(scores: pd.DataFrame, method: str, iterate: str) -> pd.DataFrame:
    """Return the rows of a method; raise Missing where there are none, or where a run or the iterate is lost."""
    runs = scores[scores["method"] == method]
    if runs.empty:
        raise Missing(f"no run of the method {method!r}; there are: {listing(scores['method'].unique())}")
    lost = runs[(runs["status"] != "ok") & runs["iterate"].isin(["returned", iterate])]
    if not lost.empty:
        row = lost.iloc[0]
        place = f"{row['dataset']} ({row['item']}), {row['noise']}, seed {row['seed']}"
        raise Missing(f"{method} on {place}: {row['status']}: {row['message']}")
    return runs


def _at(trace: pd.DataFrame, iteration: float, values: pd.Series) -> float:
    """Return a trace's value at an iteration, between snapshots along the logarithm of their iterations."""
    first, last = trace["iteration"].iloc[[0, -1]]
    if not first <= iteration <= last:
        raise Missing(
            f"the trace of {trace['method'].iloc[0]} goes from iteration {first} to {last}, not to {iteration:g}"
        )
    return float(np.interp(np.log(iteration), np.log(trace["iteration"]), values))


def _split(name: str, default: str) -> tuple[str, str]:
    method, _, iterate = name.partition(":")
    return method, iterate or default


def _unlike(name: str, other: str) -> str:
    return f"{name} and {other} did not run on the same signals"


def _by_unit(values: Mapping[tuple, float]) -> pd.Series:
    return pd.Series(list(values.values()), pd.MultiIndex.from_tuples(values, names=OBSERVATION), dtype=float)


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


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {own}" for key, own in value.items())
    return value if isinstance(value, str) else ", ".join(value) if isinstance(value, Sequence) else str(value)
