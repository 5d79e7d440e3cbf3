import numpy as np
import pandas as pd
import pytest

from benchmark.report.figures.sweep import draw
from benchmark.report.style import COLOURS
from benchmark.scoring import CURVE_COLUMNS

NO_CURVES = pd.DataFrame(columns=CURVE_COLUMNS)


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


@pytest.fixture
def sweep(entry):
    """Return the figure of scores against the noise, or what else is asked for."""

    def drawn(scores, curves=NO_CURVES, metric="psnr", **asked):
        values = {"weak": 0.1, "strong": 0.4}
        asked = {"over": "noise", "label": "sigma", "values": values, "metrics": [metric]} | asked
        described = {name: {"label": name.upper()} for name in "ab"}
        return draw(entry(metric=metric, sweep=asked, subject=["b"]) | {"methods": described}, scores, curves)

    return drawn


def lines_of(axis):
    return {
        (container.lines[0].get_color(), container.lines[0].get_linestyle()): container.lines[0].get_xydata()
        for container in axis.containers
    }


def test_each_method_is_a_line_of_means_against_the_level(sweep, scores):
    [axis] = sweep(scores).axes
    assert axis.get_xlabel() == "sigma"
    lines = list(lines_of(axis).values())
    assert len(lines) == 4
    np.testing.assert_allclose(lines[0], [[0.1, 31], [0.4, 21]])  # A: the mean of 30 and 32, and of 20 and 22
    styles = sorted(style for _, style in lines_of(axis))
    assert styles == ["-", "-", "-", "--"]


def test_without_any_point_the_picture_says_so(sweep, scores):
    [axis] = sweep(scores[:0]).axes
    assert [text.get_text().replace("\n", " ") for text in axis.texts] == ["no value at any point of the axis"]
    [axis] = sweep(scores, over="noise", values={"other": 1.0}).axes
    assert axis.texts


def test_bars_are_one_standard_deviation_over_items_and_seeds(sweep, scores):
    [axis] = sweep(scores).axes
    low, high = axis.containers[0].lines[2][0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(np.std([30, 32], ddof=1))


def test_a_control_far_above_all_methods_does_not_flatten_them(sweep, scores):
    ceiling = scores[scores["method"] == "floor"].assign(method="ceiling", label="Ceiling", value=100.0)
    more = pd.concat([scores, ceiling], ignore_index=True)
    [axis] = sweep(more).axes
    assert 37 < axis.get_ylim()[1] < 40  # the best method reaches 37
    assert axis.get_ylim()[0] < 12  # the floor, 11, is in view


def test_what_is_not_swept_over_gets_panels_of_its_own(sweep, scores):
    scores = scores.assign(rank=np.tile([2, 2, 2, 2, 8, 8, 8, 8], 2))
    figure = sweep(scores, over="rank", label="rank", values={})
    assert [axis.get_title(loc="left") for axis in figure.axes if axis.axison] == ["toy, weak", "toy, strong"]


def best_iterations(*traces, metric="psnr"):
    return pd.concat(
        pd.DataFrame({"iteration": [1, 10, 100], "value": values}).assign(
            dataset="toy", item=item, noise=noise, method="b", seed=int(item), iterate="last", metric=metric
        )
        for item, noise, values in traces
    )


def test_the_best_iteration_is_that_of_the_best_value_of_each_curve(sweep, scores):
    curves = best_iterations(
        ("0", "weak", [1, 2, 3]), ("2", "weak", [1, 3, 2]), ("0", "strong", [3, 2, 1]), ("2", "strong", [3, np.nan, 1])
    )
    [axis] = sweep(scores, curves, metrics=["best_iteration"]).axes
    assert axis.get_ylabel() == "best iteration, by the truth"
    [line] = lines_of(axis).values()
    np.testing.assert_allclose(line, [[0.1, 55], [0.4, 1]])
    lower = best_iterations(("0", "weak", [3, 1, 2]), ("0", "strong", [1, 2, 3]), metric="sam")
    [axis] = sweep(scores.assign(metric="sam"), lower, "sam", metrics=["best_iteration"]).axes
    [line] = lines_of(axis).values()
    np.testing.assert_allclose(line, [[0.1, 10], [0.4, 1]])


def test_the_oracle_is_drawn_in_panels_of_the_measure_that_it_was_picked_by_alone(sweep, scores):
    both = pd.concat([scores, scores.assign(metric="ssim", value=scores["value"] / 100)], ignore_index=True)
    for metric, dashed in (("psnr", [1, 0]), ("ssim", [0, 1])):
        figure = sweep(both, metric=metric, metrics=["psnr", "ssim"])
        assert [axis.get_ylabel() for axis in figure.axes] == ["PSNR [dB]", "SSIM"]
        styles = [[style for _, style in lines_of(axis)] for axis in figure.axes]
        assert [own.count("--") for own in styles] == dashed
    told = {text.get_text() for text in figure.legends[0].get_texts()}
    assert told == {"A", "B", "control", "oracle"}
    plain = sweep(scores[scores["iterate"] == "returned"])
    assert "oracle" not in {text.get_text() for text in plain.legends[0].get_texts()}


def test_the_subject_has_the_first_colour(sweep, scores):
    handles = {line.get_label(): line.get_color() for line in sweep(scores).legends[0].get_lines()}
    assert (handles["B"], handles["A"]) == COLOURS[:2]
