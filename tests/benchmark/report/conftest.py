import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmark.report.overview import make_scorecard, make_summary
from benchmark.report.tables import summarise, with_printed, write
from benchmark.scoring import CURVE_COLUMNS

DATA = {
    "file": "toy",
    "kind": "stack",
    "rank": 4,
    "budget": None,
    "params": {},
    "title": "A toy cube",
    "citation": "Doe 2020",
    "licence": "CC0",
    "stands_in_for": "the source's scene",
}
SOURCE = {
    "id": "paper",
    "title": "A paper on <cubes>",
    "citation": "Doe, 2022.",
    "url": "https://example.org/paper",
    "code": None,
    "subject": "DeepTensor",
}


@pytest.fixture
def table(row):
    """Return a maker of scores from values by method: one for each seed."""

    def make(values, **changes):
        rows = []
        for name, numbers in values.items():
            method, _, iterate = name.partition(":")
            own = {"method": method, "file": method, "label": method.upper(), "iterate": iterate or "returned"}
            rows += [row(**own | {"seed": seed, "value": value} | changes) for seed, value in enumerate(numbers)]
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def scores(table):
    """Two seeds, on which SVD and BM3D are the best in turn."""
    return table({"deeptensor": [32.0, 33.0], "svd": [30.0, 31.0], "bm3d": [29.0, 32.0]})


@pytest.fixture
def entry():
    """Return a maker of experiments as plain data: one on `toy` with the given keys changed, and `methods` by name."""

    def make(methods=("deeptensor", "svd", "bm3d"), **changes):
        described = {
            name: {"file": name, "label": name.upper(), "family": "low rank", "params": {}, "data": None}
            for name in methods
        }
        return {
            "id": "fig9",
            "title": "Denoising of <cubes>",
            "source": SOURCE,
            "place": "Figure 9",
            "notes": "The paper & its script differ.",
            "departures": [{"setting": "deeptensor: iterations", "source": "5000", "here": "100"}],
            "task": "denoise",
            "metric": "psnr",
            "pose": {},
            "data": {"toy": DATA},
            "noise": {"gaussian": {"model": "gaussian", "sigma": 0.1}},
            "seeds": [0, 1],
            "methods": described,
            "subject": ["deeptensor"],
            "shown": [],
            "reference": "svd",
            "printed": [],
            "figures": [],
            "pictured": ["gaussian"],
            "sweep": None,
            "claims": [],
            "profile": "embedded",
        } | changes

    return make


@pytest.fixture
def bare(entry):
    """Return a maker of experiments without source, subject, reference, printed numbers and claims."""
    nothing = {"source": None, "place": "", "notes": "", "departures": [], "subject": [], "reference": None}
    return lambda **changes: entry(**nothing | changes)


@pytest.fixture
def leave(tmp_path):
    """Leave what a finished profile leaves of experiments, each with its scores and pictures; return the folder."""

    def write_of(*experiments, curves=None, pictures=(), folder="embedded"):
        home, entries = tmp_path / folder, {entry["id"]: entry for entry, _ in experiments}
        for entry, scores in experiments:
            own = home / entry["id"]
            own.mkdir(parents=True)
            summary = summarise(scores, entry["metric"], entry["reference"])
            write(scores.assign(experiment=entry["id"]), own / "scores.csv")
            write(with_printed(summary, entry["printed"], entry["metric"]), own / "summary.csv")
            write(pd.DataFrame(columns=CURVE_COLUMNS) if curves is None else curves, own / "curves.csv")
            for picture in pictures:
                (own / picture).parent.mkdir(parents=True, exist_ok=True)
                Figure(figsize=(2, 1)).savefig(own / picture)
        make_scorecard(home, entries)
        make_summary(home, entries, {"profile": folder})
        return home

    return write_of
