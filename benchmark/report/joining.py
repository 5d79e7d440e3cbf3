"""Joins the results of a part of an experiment, such as a data set or seed more, with what is published of the rest."""

import itertools
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from benchmark.report.figures import convergence, sweep
from benchmark.report.scene import scene_of_tables
from benchmark.report.style import save
from benchmark.report.tables import file_of, read_scores, read_table, summarise, write
from benchmark.storage import copy_folder

CELL = ["dataset", "noise", "method", "seed"]


class Incomplete(Exception):
    """A part and the rest together are no whole experiment; the message says what is missing."""


def join(partial: Path, published: Path | None, entry: Mapping, runs: Sequence, unchanged: set[str]) -> None:
    """Complete the tables and pictures of a part of an experiment with those of the rest, where any is `published`.

    `entry` is the experiment, and `runs` are data set, noise, method and seed of all that it has. Of what is published
    those runs are kept that the part does not have, and of which task, pose, data set, noise and method are among the
    settings that are `unchanged`, such as "data: samson". Pictures of a data set and noise are the part's where it has
    all methods there. Raises Incomplete if a run is missing.
    """
    new = read_scores(partial / "scores.csv")
    old = read_scores(file_of(published / "scores.csv")) if published else new.head(0)
    here = set(new[CELL].itertuples(index=False, name=None))
    rest = {cell for cell in set(old[CELL].itertuples(index=False, name=None)) - here if _may_stay(cell, unchanged)}
    known = {*new["method"], *old["method"]}  # others have come since
    wanted = {cell: place for place, cell in enumerate(map(tuple, runs)) if cell[2] in known}
    if missing := sorted(set(wanted) - here - rest):
        names = "/".join(map(str, missing[0]))
        raise Incomplete(f"{len(missing)} runs are neither in the part nor published, such as {names}")
    if published is None:
        return
    scores = _in_order(pd.concat([new, _of(old, rest)]), wanted)
    curves = [read_table(partial / "curves.csv"), _of(read_table(file_of(published / "curves.csv")), rest)]
    curves = _in_order(pd.concat([own for own in curves if len(own)] or curves[:1]), wanted)
    write(scores, partial / "scores.csv")
    write(curves, partial / "curves.csv")
    for dataset, noise in itertools.product(entry["data"], entry["pictured"]):
        shown = {cell for cell in wanted if cell[:2] == (dataset, noise) and cell[3] == entry["seeds"][0]}
        own, before = partial / dataset / noise, published / dataset / noise
        if not shown <= here and before.is_dir():
            shutil.rmtree(own, ignore_errors=True)
            copy_folder(before, own)
    _draw_again(partial, entry, scores, curves)


def _draw_again(folder: Path, entry: Mapping, scores: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Draw those figures of an experiment again that show tables alone, so that they have all runs."""
    summary = summarise(scores, entry["metric"], entry["reference"])
    figures = {picture: sweep.draw(entry, scores, curves) for picture in folder.glob("sweep.*")}
    for picture in folder.glob("*/*/convergence.*"):
        scene = scene_of_tables(entry, *picture.parts[-3:-1], scores, curves, summary)
        figures[picture] = convergence.draw(scene)
    for picture, figure in figures.items():
        picture.unlink()  # it may be of another format
        save(figure, picture.with_suffix(".svg"))


def _may_stay(cell: tuple, unchanged: set[str]) -> bool:
    dataset, noise, method, _ = cell
    return unchanged >= {"task", "pose", f"data: {dataset}", f"noise: {noise}", f"methods: {method}"}


def _of(table: pd.DataFrame, cells: set[tuple]) -> pd.DataFrame:
    return table[[cell in cells for cell in table[CELL].itertuples(index=False, name=None)]]


def _in_order(table: pd.DataFrame, wanted: Mapping[tuple, int]) -> pd.DataFrame:
    """Return the rows of the runs that are wanted, in the order of the runs."""
    places = pd.Series([wanted.get(cell) for cell in table[CELL].itertuples(index=False, name=None)], table.index)
    table = table.assign(_place=places.to_numpy()).dropna(subset="_place")
    return table.sort_values("_place", kind="stable").drop(columns="_place").reset_index(drop=True)
