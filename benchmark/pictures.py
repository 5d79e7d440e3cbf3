"""Brings the arrays and rows of a scene together for its figures."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmark import figures
from benchmark.contract import compose
from benchmark.storage import load_arrays, unpack
from benchmark.tables import read_scores, read_summary


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
    colours = figures.colours_of(scores["label"].unique())
    if figure == "convergence":
        place = {key: scene[key] for key in ("dataset", "noise")}
        return figures.convergence(
            _rows(pd.read_csv(curves_file), place), _rows(read_summary(summary_file), place), colours
        )
    item = facts["items"][0]["name"]
    returned = _rows(scores, {**scene, "item": item, "iterate": "returned"}).set_index("label")
    by_method = returned.drop_duplicates("method").reset_index().set_index("method")
    signals = {
        by_method.at[method, "label"]: _signal(path, item)
        if by_method.at[method, "status"] == "ok"
        else f"{by_method.at[method, 'status']}: {by_method.at[method, 'message']}"
        for method, path in estimates.items()
    }
    truth, observed = load_arrays(clean)[item], load_arrays(noisy)[item]
    if figure == "spectra":
        return figures.spectra(truth, observed, signals, colours)
    values = returned.pivot_table(index="label", columns="metric", values="value", aggfunc="first").to_dict("index")
    rgb = facts["rgb"]
    return figures.reconstructions(truth, observed, signals, tuple(rgb) if rgb else None, values)


def _rows(frame: pd.DataFrame, values: Mapping) -> pd.DataFrame:
    keep = np.logical_and.reduce([frame[name] == value for name, value in values.items()])
    return frame[keep]


def _signal(path: Path, item: str) -> np.ndarray:
    prefix = f"{item}/"
    arrays = {key.removeprefix(prefix): array for key, array in load_arrays(path).items() if key.startswith(prefix)}
    estimate = unpack(arrays)
    return compose(estimate.factors if estimate.signal is None else estimate.signal)
