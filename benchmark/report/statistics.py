"""The statistics that the claims of the scorecard ask for.

Each takes the scores and curves of an experiment, and returns a value for each unit, which is one data set, item, noise
and seed. A method's name stands for the answer that it returned; `method:average` names another iterate. What is said
of a trace is by the measure of the curves, which is the primary one of the task.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from benchmark.cuts import matching
from benchmark.metrics import METRICS
from benchmark.report.tables import OBSERVATION, shortened
from benchmark.settings import listing

FILTERS = ("dataset", "noise", "item")


class Missing(Exception):
    """A statistic lacks something; the message, the reason, stands beside the verdict `not run`."""


def difference(
    scores: pd.DataFrame, curves: pd.DataFrame, *, metric: str, of: str, to: Sequence[str] = ()
) -> pd.Series:
    """Return the metric of a method minus the best, on each unit, of the others; without `to`, the metric itself."""
    own, *others = paired(*(values_of(scores, name, metric) for name in (of, *to)))
    if not others:
        return own
    others = pd.concat(others, axis=1)
    return own - (others.max(axis=1) if METRICS[metric].higher_is_better else others.min(axis=1))


def ratio(scores: pd.DataFrame, curves: pd.DataFrame, *, metric: str, of: str, to: str) -> pd.Series:
    """Return the metric of the method `to` over that of `of` on each unit; infinite where the latter is 0."""
    own, other = paired(*(values_of(scores, name, metric) for name in (of, to)))
    return (other / own).where(own != 0, np.inf)


def time_ratio(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, to: str) -> pd.Series:
    """Return the seconds that the method `to` took over those of `of` on each unit."""
    own, other = (
        _runs_of(scores, name, "returned").groupby(OBSERVATION)["seconds"].first().rename(name) for name in (of, to)
    )
    own, other = paired(own, other)
    return other / own


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
        difference(narrowed(scores, {key: [name] for key, name in place.items()}), curves, metric=metric, of=of, to=to)
        .groupby(units)
        .mean()
        .rename(f"{of} at {text_of(place)}")
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


def spread_ratio(scores: pd.DataFrame, curves: pd.DataFrame, *, metric: str, over: str, of: Sequence[str]) -> pd.Series:
    """Return the spread of a metric over methods over that of the metric `over`; infinite where the latter is 0."""
    own, other = paired(*(spread(scores, curves, metric=name, of=of) for name in (metric, over)))
    return (own / other).where(other > 0, np.inf)


def error_reduction(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, to: str, after: int) -> pd.Series:
    """Return the mean squared error of the answer `to` over that of a method at the iteration `after`.

    To the constant that is the mean of the signal, it is the inverse of the share of variance left unexplained.
    """
    own = over_traces(scores, curves, of, lambda trace: _at(trace, after, trace["value"]))
    metric = _metric_of(curves)
    error = METRICS[metric].error
    if error is None:
        raise Missing(f"{metric}, by which the curves are, does not tell the squared error")
    own, other = paired(own, values_of(scores, to, metric))
    return error(other) / error(own)


def speed_up(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, to: str) -> pd.Series:
    """Return the seconds of the method `to` to its best value over those of `of` to the same; 0 if it never has it."""
    fast, slow = traces_of(scores, curves, of), traces_of(scores, curves, to)
    if fast.keys() != slow.keys():
        raise Missing(_unlike(of, to))
    goals = {unit: best_of(trace) for unit, trace in slow.items()}
    return _by_unit({unit: seconds_to(slow[unit], goal) / seconds_to(fast[unit], goal) for unit, goal in goals.items()})


def rank_correlation(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, levels: Mapping[str, float]) -> pd.Series:
    """Return Spearman's correlation of the noise level with the best iteration; 0 where all are equal."""
    scores = narrowed(scores, {"noise": list(levels)})
    best = over_traces(scores, curves, of, best_iteration).unstack("noise")
    if best.isna().any(axis=None):
        raise Missing(f"{of} did not run under every noise on the same signals")
    ranks = best[list(levels)].rank(axis=1).T
    return ranks.corrwith(pd.Series(levels).rank()).fillna(0.0)


def lost_past_best(scores: pd.DataFrame, curves: pd.DataFrame, *, of: str, to: str, multiple: float = 3) -> pd.Series:
    """Return what a method loses from its best iteration to a multiple of it, minus what the other loses."""

    def lost(trace: pd.DataFrame) -> float:
        sign = 1 if METRICS[_metric_of(trace)].higher_is_better else -1
        return sign * (best_of(trace) - _at(trace, multiple * best_iteration(trace), trace["value"]))

    own, other = paired(*(over_traces(scores, curves, name, lost) for name in (of, to)))
    return own - other


STATISTICS: Mapping[str, Callable[..., pd.Series]] = {
    function.__name__: function
    for function in (
        *(difference, ratio, time_ratio, change, loss_ratio, spread, spread_ratio),
        *(error_reduction, speed_up, rank_correlation, lost_past_best),
    )
}
# Those whose values are in the unit of a measure.
IN_UNITS = ("difference", "change", "spread", "lost_past_best")


def with_best(scores: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Return the scores with the iterate `best`: by the truth, of those that a method passed through, averages apart.

    It has the measure of the curves alone.
    """
    own = curves[(curves["iterate"] == "last") & curves["value"].notna()]
    if own.empty:
        return scores
    metric = _metric_of(own)
    traces = own.groupby([*OBSERVATION, "method"])["value"]
    best = (traces.max() if METRICS[metric].higher_is_better else traces.min()).reset_index()
    rows = scores[(scores["iterate"] == "returned") & (scores["metric"] == metric)].drop(columns="value")
    return pd.concat([scores, rows.assign(iterate="best").merge(best, on=[*OBSERVATION, "method"])], ignore_index=True)


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
    own = curves[(curves["method"] == method) & (curves["iterate"] == iterate) & curves["value"].notna()]
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


def best_of(trace: pd.DataFrame) -> float:
    """Return the best value of a trace, by the direction of its measure."""
    return trace["value"].max() if METRICS[_metric_of(trace)].higher_is_better else trace["value"].min()


def best_iteration(trace: pd.DataFrame) -> int:
    """Return the first iteration of a trace that has its best value."""
    return trace.loc[trace["value"] == best_of(trace), "iteration"].iloc[0]


def seconds_to(trace: pd.DataFrame, goal: float) -> float:
    """Return the seconds to the first snapshot of a trace that is as good as the goal; infinite if none is."""
    reached = trace["value"] >= goal if METRICS[_metric_of(trace)].higher_is_better else trace["value"] <= goal
    return trace.loc[reached, "seconds"].min() if reached.any() else np.inf


def paired(*values: pd.Series) -> list[pd.Series]:
    """Return series of values by unit, all in the order of the first one; raise Missing where their units differ."""
    first = values[0]
    for other in values[1:]:
        if set(first.index) != set(other.index):
            raise Missing(_unlike(first.name, other.name))
    return [series.loc[first.index] for series in values]


def narrowed(scores: pd.DataFrame, filters: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the rows that the filters let pass; raise Missing where a name that they list has none.

    A filter lists names or patterns; one that starts with "!" leaves out what it fits, and lets the others pass.
    """
    for column in FILTERS:
        patterns = filters.get(column, ())
        left_out = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
        wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
        names = scores[column].unique()
        for pattern in wanted:
            if not matching(names, [pattern]):
                raise Missing(f"no run has the {column} {pattern!r}; there are: {listing(names)}")
        if patterns:
            passing = set(matching(names, wanted or ["*"])) - set(matching(names, left_out))
            scores = scores[scores[column].isin(passing)]
    return scores


def text_of(value: object) -> str:
    """Return names, or a place, or a number as a message shows it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {own}" for key, own in value.items())
    return value if isinstance(value, str) else ", ".join(value) if isinstance(value, Sequence) else str(value)


def _runs_of(scores: pd.DataFrame, method: str, iterate: str) -> pd.DataFrame:
    """Return the rows of a method; raise Missing where there are none, or where a run or the iterate is lost."""
    runs = scores[scores["method"] == method]
    if runs.empty:
        raise Missing(f"no run of the method {method!r}; there are: {listing(scores['method'].unique())}")
    lost = runs[(runs["status"] != "ok") & runs["iterate"].isin(["returned", iterate])]
    if not lost.empty:
        row = lost.iloc[0]
        place = f"{row['dataset']} ({row['item']}), {row['noise']}, seed {row['seed']}"
        raise Missing(f"{method} on {place}: {row['status']}: {shortened(row['message'])}")
    return runs


def _metric_of(curves: pd.DataFrame) -> str:
    """Return the measure that curves are by."""
    return curves["metric"].iloc[0]


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
