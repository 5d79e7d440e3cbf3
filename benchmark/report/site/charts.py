"""The plots of the pages, as Vega-Lite: they are drawn by the browser, as wide as the page is.

A chart with lines that can be switched off has the parameter `hidden`, a list of labels; one that shows a panel at a
time has `panel`. The page has a box for each label, and a list of the panels.
"""

from collections.abc import Iterable, Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from benchmark.metrics import METRICS
from benchmark.report.looks import GREY, SUBJECT, looks_of
from benchmark.report.scorecard import needed, split_unit
from benchmark.report.site.results import Result
from benchmark.report.tables import rows_at, timed_per_item

VERDICTS = {"holds": "#0b6e4f", "does not hold": "#9a3412"}
ROW = 19
# The data are given last: Altair copies all that a chart holds at each step.
ROWS = alt.NamedData(name="rows")
# Pixels of a plot below which rows say no more than the place in the source.
NARROW = 420
# So many lines are on from the start.
LINES = 10


def colours_of(entry: Mapping) -> dict[str, str]:
    """Return the colour of each method by label: that of all figures, in a shade of its own."""
    groups: dict[str, list[str]] = {}
    for label, look in looks_of(entry).items():
        groups.setdefault(look.colour, []).append(label)
    return {
        label: _mixed(colour, place / len(labels))
        for colour, labels in groups.items()
        for place, label in enumerate(labels)
    }


def _mixed(colour: str, share: float) -> str:
    """Return a colour with a share of black: of several methods of one colour the first has it pure."""
    return "#" + "".join(f"{round(int(colour[at : at + 2], 16) * (1 - 0.75 * share)):02x}" for at in (1, 3, 5))


def forests(claims: Iterable[Mapping], folder: str) -> list[dict]:
    """Return for each unit a chart of all differences that claims are about, with intervals and what they need.

    `folder` is where the pages of the experiments lie. What is no difference of a measure, such as a ratio of times,
    has no axis in common with others, and is left out.
    """
    groups: dict[str, list[dict]] = {}
    for claim in claims:
        for row in claim["conditions"]:
            unit = split_unit(row["effect"])[1]
            if row["n"] > 0 and np.isfinite(row["mean"]) and row["statistic"].startswith("difference"):
                groups.setdefault(unit, []).append(_effect(claim, row, f"{folder}{claim['experiment']}.html"))
    return [
        {"title": f"Differences in {unit}" if unit else "Differences of measures without a unit", "spec": _forest(rows)}
        for unit, rows in sorted(groups.items(), key=lambda own: -len(own[1]))
    ]


def dumbbell(rows: Sequence[Mapping], measure: str) -> dict:
    """Return a chart of numbers as printed and as here, `rows` with `label`, `printed`, `here` and `role` in order."""
    values = [
        {key: row[key] for key in ("label", "printed", "here", "role")} for row in rows if row["here"] is not None
    ]
    base = alt.Chart(ROWS).encode(y=_names([row["label"] for row in values]))
    axis = alt.X("printed:Q", title=measure, scale=alt.Scale(zero=False))
    colour = alt.Color(
        "role:N",
        scale=alt.Scale(domain=["subject", "other", "strongest"], range=[SUBJECT, "#33506b", GREY]),
        legend=None,
    )
    tip = ["label:N", alt.Tooltip("printed:Q"), alt.Tooltip("here:Q", format=".4g")]
    known = base.transform_filter("isValid(datum.printed)")
    chart = alt.layer(
        known.mark_rule(color="#b8c0c8", strokeWidth=2).encode(x=axis, x2="here:Q"),
        known.mark_point(size=70, filled=False, fill="white", strokeWidth=1.6).encode(
            x=axis, stroke=colour, tooltip=tip
        ),
        base.mark_point(size=70, filled=True, opacity=1).encode(
            x="here:Q",
            color=colour,
            shape=alt.Shape("role:N", scale=alt.Scale(domain=["strongest"], range=["diamond"]), legend=None),
            tooltip=tip,
        ),
    )
    return _spec(chart, values, len(values) * ROW)


def against_seconds(result: Result) -> dict | None:
    """Return the chart of the primary measure against the time, of the first item and seed of each cell.

    Points are answers; lines are the iterates of the methods that keep some.
    """
    values = []
    for dataset in result.entry["data"]:
        for noise in result.entry["noise"]:
            values += _of_cell(result, {"dataset": dataset, "noise": noise})
    if not values:
        return None
    metric = METRICS[result.metric]
    x = alt.X("seconds:Q", title="seconds", scale=alt.Scale(type="log"), axis=_log_axis())
    y = alt.Y("value:Q", title=metric.label, scale=alt.Scale(zero=False))
    base, labels = _switched(values, result)
    tip = ["label:N", "iterate:N", alt.Tooltip("seconds:Q", format=".3g"), alt.Tooltip("value:Q", format=".4g")]
    dash = alt.StrokeDash("iterate:N", scale=alt.Scale(domain=["last", "average"], range=[[1, 0], [4, 3]]), legend=None)
    answers = base.transform_filter("datum.iterate === 'returned'")
    layers = [answers.mark_point(filled=True, size=60, opacity=0.95).encode(x=x, y=y, tooltip=tip)]
    if any(value["iterate"] != "returned" for value in values):
        iterates = base.transform_filter("datum.iterate !== 'returned'").mark_line(strokeWidth=1.6)
        layers.insert(0, iterates.encode(x=x, y=y, strokeDash=dash, order="seconds:Q", tooltip=tip))
    chart = alt.layer(*layers)
    return _chart(chart, values, labels, "Solid: the last iterate; dashed: the running average; points: answers.")


def over_sweep(result: Result) -> dict | None:
    """Return the chart of what an experiment sweeps over: means of what methods returned, over items and seeds."""
    sweep = result.entry["sweep"]
    if not sweep:
        return None
    rows = result.scores[
        (result.scores["iterate"] == "returned")
        & result.scores["metric"].isin([name for name in sweep["metrics"] if name in METRICS])
        & ~result.scores["control"].astype(bool)
    ]
    over = sweep["over"]
    rows = rows.assign(place=rows[over] if over == "rank" else rows[over].map(sweep["values"])).dropna(subset=["place"])
    rows = rows[np.isfinite(rows["value"])]
    if rows.empty:
        return None
    fixed = [name for name in ("dataset", "noise") if name != over]
    means = rows.groupby([*fixed, "metric", "label", "place"], sort=False)["value"].mean().reset_index()
    values = [
        {
            "panel": ", ".join(
                [*(str(row[name]) for name in fixed if rows[name].nunique() > 1), METRICS[row["metric"]].label]
            ),
            "label": row["label"],
            "place": row["place"] if isinstance(row["place"], str) else float(row["place"]),
            "value": _rounded(row["value"]),
        }
        for row in means.to_dict("records")
    ]
    texts = any(isinstance(value["place"], str) for value in values)
    order = list(dict.fromkeys(sweep["values"].values()))
    x = (
        alt.X("place:O", title=sweep["label"], sort=order, axis=alt.Axis(labelAngle=0))
        if texts
        else alt.X("place:Q", title=sweep["label"], scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=10))
    )
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False))
    base, labels = _switched(values, result)
    tip = ["label:N", alt.Tooltip("place:N", title=over), alt.Tooltip("value:Q", format=".4g")]
    lines = base.encode(x=x, y=y, tooltip=tip)
    chart = alt.layer(lines.mark_line(strokeWidth=1.6), lines.mark_point(filled=True, size=45, opacity=1))
    return _chart(chart, values, labels, "Means over items and seeds of what methods returned.")


def _of_cell(result: Result, cell: Mapping) -> list[dict]:
    """Return the points and lines of a cell, without controls and without times of zero, which no axis has."""
    scores = result.scores[rows_at(result.scores, cell)]
    if scores.empty:
        return []
    first = scores.iloc[0]
    own = {**cell, "item": first["item"], "seed": first["seed"]}
    panel = ", ".join(cell.values())
    answers = scores[rows_at(scores, own) & (scores["iterate"] == "returned") & (scores["metric"] == result.metric)]
    frames = [answers[~answers["control"].astype(bool)]]
    if not result.curves.empty:
        curves = timed_per_item(result.curves[rows_at(result.curves, own)], scores)
        frames.append(curves[(curves["metric"] == result.metric) & curves["iterate"].isin(["last", "average"])])
    rows = pd.concat(
        [frame[["label", "iterate", "seconds", "value"]] for frame in frames if not frame.empty] or [answers]
    )
    rows = rows[np.isfinite(rows["value"]) & (rows["seconds"] > 0)]
    return [
        {
            "panel": panel,
            "label": row.label,
            "iterate": row.iterate,
            "seconds": _rounded(row.seconds),
            "value": _rounded(row.value),
        }
        for row in rows.itertuples()
    ]


def _effect(claim: Mapping, row: Mapping, link: str) -> dict:
    low, high = (row[name] if np.isfinite(row[name]) else row["mean"] for name in ("low", "high"))
    return {
        "name": f"{claim['where'].partition(',')[0]}: {split_unit(row['effect'])[0]}",
        "mean": _rounded(row["mean"]),
        "low": _rounded(low),
        "high": _rounded(high),
        "needed": [_rounded(place) for place, _ in needed(row)],
        "test": row["test"],
        "text": row["text"],
        "verdict": "holds" if pd.notna(row["holds"]) and row["holds"] else "does not hold",
        "link": link,
    }


def _forest(rows: list[dict]) -> dict:
    rows = [row | {"row": f"{number}|{row['name']}"} for number, row in enumerate(rows)]
    short = "split(datum.label, '|')[1]"
    base = alt.Chart(ROWS).encode(
        y=_names([row["row"] for row in rows], "row", f"width < {NARROW} ? split({short}, ':')[0] : {short}"),
        href="link:N",
        tooltip=[alt.Tooltip("name:N"), alt.Tooltip("text:N", title="here"), alt.Tooltip("test:N", title="asked")],
    )
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=list(VERDICTS), range=list(VERDICTS.values())), legend=None)
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color="#9aa4ae").encode(x="zero:Q")
    chart = alt.layer(
        zero,
        base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=None), x2="high:Q", color=colour),
        base.transform_flatten(["needed"]).mark_tick(color="#1b1f24", thickness=1.6, height=12).encode(x="needed:Q"),
        base.mark_point(filled=True, size=55, opacity=1).encode(x="mean:Q", color=colour),
    )
    return _spec(chart, rows, len(rows) * ROW)


def _names(names: Sequence[str], field: str = "label", text: str = "datum.label") -> alt.Y:
    axis = alt.Axis(grid=True, ticks=False, labelExpr=text)
    return alt.Y(f"{field}:N", sort=list(dict.fromkeys(names)), title=None, axis=axis)


def _switched(values: Sequence[Mapping], result: Result) -> tuple[alt.Chart, list[dict]]:
    """Return a chart of the values whose lines can be switched off, and its labels: the strongest lines are on."""
    colours = colours_of(result.entry)
    there = {value["label"] for value in values}
    own = {result.entry["methods"][name]["label"] for name in result.entry["subject"]}
    ranked = [label for label in dict.fromkeys(result.competitors["label"]) if label in there]
    ranked += sorted(there - set(ranked))
    on = {*[label for label in ranked if label in own][:LINES], *ranked[:LINES]} if len(there) > LINES + 4 else there
    order = sorted(ranked, key=lambda label: label not in own)
    labels = [{"label": label, "colour": colours.get(label, GREY), "on": label in on} for label in order]
    scale = alt.Scale(domain=order, range=[own["colour"] for own in labels])
    base = (
        alt.Chart(ROWS)
        .transform_filter("datum.panel === panel && indexof(hidden, datum.label) < 0")
        .encode(color=alt.Color("label:N", scale=scale, legend=None))
    )
    return base, labels


def _chart(chart: alt.LayerChart, values: Sequence[Mapping], labels: list[dict], note: str) -> dict:
    """Return a chart with its switches: its `spec`, `labels`, `panels` and a `note`."""
    panels = list(dict.fromkeys(value["panel"] for value in values))
    hidden = [own["label"] for own in labels if not own["on"]]
    chart = chart.add_params(alt.param(name="hidden", value=hidden), alt.param(name="panel", value=panels[0]))
    return {"spec": _spec(chart, values, 340), "labels": labels, "panels": panels, "note": note}


def _log_axis() -> alt.Axis:
    return alt.Axis(format="~g", tickCount=6, labelOverlap=True)


def _spec(chart: alt.LayerChart, values: Sequence[Mapping], height: int) -> dict:
    """Return a chart of these rows as Vega-Lite, as wide as what holds it."""
    spec = chart.properties(width="container", height=height).configure_view(stroke=None).to_dict(validate=False)
    return {key: own for key, own in spec.items() if key != "$schema"} | {"datasets": {ROWS.name: list(values)}}


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
