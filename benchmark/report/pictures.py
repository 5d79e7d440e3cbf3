"""Brings the arrays and rows of a scene together for its figures."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmark.contract import compose
from benchmark.report import figures
from benchmark.report.tables import REFERENCE, read_scores, read_summary
from benchmark.stacks import as_stack
from benchmark.storage import load_arrays, unpack

# With the clean and the noisy signal, three rows of six.
PICTURES = 16


def draw(
    figure: str,
    scores_file: Path,
    curves_file: Path,
    summary_file: Path,
    clean: Path,
    noisy: Path,
    estimates: Mapping[str, Path],
    facts: Mapping,
    scene: Mapping,
) -> Figure:
    """Return the named figure of a scene: a data set (its first item) under one noise and seed.

    `estimates` gives the file of raw estimates by method; `scene` the values of `dataset`, `noise` and `seed`.
    """
    scores = read_scores(scores_file)
    place = {key: scene[key] for key in ("dataset", "noise")}
    if figure == "losses":
        return figures.losses(_rows(pd.read_csv(curves_file), place))
    if figure == "convergence":
        return figures.convergence(_rows(pd.read_csv(curves_file), place), _rows(read_summary(summary_file), place))
    item = facts["items"][0]["name"]
    returned = _rows(scores, {**scene, "item": item, "iterate": "returned"})
    first = returned[returned["metric"] == returned["metric"].iloc[0]].sort_values("value", ascending=False)
    shown = first[first["method"].isin(list(estimates))]
    if figure == "reconstructions":
        shown = shown[_worth_a_picture(shown)]
    signals = {
        row.label: compose(unpack(load_arrays(estimates[row.method]), item).answer)
        if row.status == "ok"
        else f"{row.status}: {row.message}"
        for row in shown.itertuples()
    }
    truth, observed = load_arrays(clean)[item], load_arrays(noisy)[item]
    if figure == "bases":
        return figures.bases(signals)
    if figure == "spectra":
        competitors = {label: signals[label] for label in shown.loc[~shown["control"], "label"]}
        always = shown.loc[(shown["method"] == REFERENCE) | shown["file"].str.startswith("deeptensor"), "label"]
        return figures.spectra(truth, observed, competitors, always=list(always))
    values = returned.pivot_table(index="label", columns="metric", values="value", aggfunc="first").to_dict("index")
    stacks = {label: as_stack(value) if isinstance(value, np.ndarray) else value for label, value in signals.items()}
    picture = as_stack(observed) if observed.shape == truth.shape else None
    return figures.reconstructions(as_stack(truth), picture, stacks, facts["shown"], values)


def _worth_a_picture(rows: pd.DataFrame) -> pd.Series:
    """Return which of the rows, best first, are shown: DeepTensor, SVD, the controls, and as many others as fit."""
    always = rows["control"] | (rows["method"] == REFERENCE) | rows["file"].str.startswith("deeptensor")
    return always | ((~always).cumsum() <= PICTURES - always.sum())


def _rows(frame: pd.DataFrame, values: Mapping) -> pd.DataFrame:
    keep = np.logical_and.reduce([frame[name] == value for name, value in values.items()])
    return frame[keep]
