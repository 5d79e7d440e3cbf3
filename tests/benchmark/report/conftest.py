import pandas as pd
import pytest


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
