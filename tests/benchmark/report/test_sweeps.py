import numpy as np
import pandas as pd
import pytest

from benchmark.report.sweeps import sweep

NO_CURVES = pd.DataFrame(columns="dataset item noise method seed iterate iteration psnr".split())


@pytest.fixture
def scores(row):
    levels = {"weak": 30.0, "strong": 20.0}
    rows = [
        row(method=name.lower(), label=name, noise=noise, item=str(item), seed=item, value=level + gain + item, **more)
        for noise, level in levels.items()
        for item in (0, 2)
        for name, gain, more in (
            ("A", 0, {}),
            ("B", 5, {"iterate": "oracle"}),
            ("B", 1, {}),
            ("Floor", -9, {"control": True}),
        )
    ]
    return pd.DataFrame(rows)


def lines_of(axis):
    return {
        (container.lines[0].get_color(), container.lines[0].get_linestyle()): container.lines[0].get_xydata()
        for container in axis.containers
    }


def test_each_method_is_a_line_of_means_against_the_level(scores):
    figure = sweep(scores, NO_CURVES, "noise", "sigma", {"weak": 0.1, "strong": 0.4}, ["psnr"])
    [axis] = figure.axes
    assert axis.get_xlabel() == "sigma"
    lines = list(lines_of(axis).values())
    assert len(lines) == 4
    np.testing.assert_allclose(lines[0], [[0.1, 31], [0.4, 21]])  # A: the mean of 30 and 32, and of 20 and 22
    styles = sorted(style for _, style in lines_of(axis))
    assert styles == ["-", "-", "-", "--"]


def test_bars_are_one_standard_deviation_over_items_and_seeds(scores):
    [axis] = sweep(scores, NO_CURVES, "noise", "sigma", {"weak": 0.1, "strong": 0.4}, ["psnr"]).axes
    low, high = axis.containers[0].lines[2][0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(np.std([30, 32], ddof=1))


def test_a_control_far_above_all_methods_does_not_flatten_them(scores):
    ceiling = scores[scores["method"] == "floor"].assign(method="ceiling", label="Ceiling", value=100.0)
    more = pd.concat([scores, ceiling], ignore_index=True)
    [axis] = sweep(more, NO_CURVES, "noise", "sigma", {"weak": 0.1, "strong": 0.4}, ["psnr"]).axes
    assert 37 < axis.get_ylim()[1] < 40  # the best method reaches 37
    assert axis.get_ylim()[0] < 12  # the floor, 11, is in view


def test_what_is_not_swept_over_gets_panels_of_its_own(scores):
    scores = scores.assign(rank=np.tile([2, 2, 2, 2, 8, 8, 8, 8], 2))
    figure = sweep(scores, NO_CURVES, "rank", "rank", {}, ["psnr"])
    assert [axis.get_title(loc="left") for axis in figure.axes if axis.axison] == ["toy, weak", "toy, strong"]


def test_the_best_iteration_is_that_of_the_highest_psnr_of_each_curve(scores):
    curves = pd.concat(
        pd.DataFrame({"iteration": [1, 10, 100], "psnr": psnr}).assign(
            dataset="toy", item=item, noise=noise, method="b", seed=int(item), iterate="last"
        )
        for item, noise, psnr in (
            ("0", "weak", [1, 2, 3]),
            ("2", "weak", [1, 3, 2]),
            ("0", "strong", [3, 2, 1]),
            ("2", "strong", [3, np.nan, 1]),
        )
    )
    [axis] = sweep(scores, curves, "noise", "sigma", {"weak": 0.1, "strong": 0.4}, ["best_iteration"]).axes
    assert axis.get_ylabel() == "best iteration, by the truth"
    [line] = lines_of(axis).values()
    np.testing.assert_allclose(line, [[0.1, 55], [0.4, 1]])
