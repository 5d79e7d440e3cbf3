from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from benchmark.report.figures.sweep import draw
from benchmark.report.looks import PALE, SUBJECT, looks_of
from benchmark.scoring import CURVE_COLUMNS

NO_CURVES = pd.DataFrame(columns=CURVE_COLUMNS)
FAMILIES = {"a": "patch-based", "b": "own", "floor": "control"}


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
            ("Floor", -5, {"control": True}),
        )
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def described(entry):
    """Return a maker of the experiment of the scores, whose subject is B."""

    def make(scores, metric="psnr", changes=None, **asked):
        values = {"weak": 0.1, "strong": 0.4}
        asked = {"over": "noise", "label": "sigma", "values": values, "metrics": [metric]} | asked
        labels = {name.lower(): name for name in dict.fromkeys(scores["label"])}
        methods = {name: {"label": label, "family": FAMILIES.get(name, "own")} for name, label in labels.items()}
        noise = {name: {"model": "gaussian", "sigma": own} for name, own in values.items()}
        own = {"methods": methods, "noise": noise, "subject": ["b"], "reference": None}
        return entry(metric=metric, sweep=asked) | own | (changes or {})

    return make


@pytest.fixture
def sweep(described):
    """Return the figure of scores against the noise, or what else is asked for."""

    def drawn(scores, curves=NO_CURVES, metric="psnr", changes=None, **asked):
        return draw(described(scores, metric, changes, **asked), scores, curves)

    return drawn


def lines_of(axis):
    """Return the points of each line by colour and line style."""
    return {
        (container.lines[0].get_color(), container.lines[0].get_linestyle()): container.lines[0].get_xydata()
        for container in axis.containers
        if len(container.lines[0].get_xydata())
    }


def told(part):
    return {text.get_text() for text in part.legends[0].get_texts()}


def test_each_method_is_a_line_of_means_against_the_level(sweep, scores):
    [axis] = sweep(scores).axes
    assert axis.get_xlabel() == "sigma"
    lines = lines_of(axis)
    assert len(lines) == 4
    np.testing.assert_allclose(next(iter(lines.values())), [[0.1, 31], [0.4, 21]])  # A: of 30 and 32, of 20 and 22
    assert sorted(style for _, style in lines) == ["-", "-", "--", ":"]


def test_without_any_point_the_picture_says_so(sweep, scores):
    [axis] = sweep(scores[:0]).axes
    assert [text.get_text().replace("\n", " ") for text in axis.texts] == ["no value at any point of the axis"]
    [axis] = sweep(scores, over="noise", values={"other": 1.0}).axes
    assert axis.texts


def test_what_runs_took_is_a_line_of_one_value_a_run_on_a_logarithmic_axis(sweep, scores):
    took = np.where(scores["noise"] == "weak", 2.0, 20.0) * np.where(scores["method"] == "a", 1, 3)
    both = pd.concat([scores, scores.assign(metric="ssim")])  # other measures of the same runs
    [axis] = sweep(both.assign(seconds=[*took, *took]), metrics=["seconds"]).axes
    assert (axis.get_ylabel(), axis.get_yscale()) == ("Seconds", "log")
    np.testing.assert_allclose(next(iter(lines_of(axis).values())), [[0.1, 2], [0.4, 20]])
    assert len(lines_of(axis)) == 3


def test_bars_are_one_standard_deviation_over_items_and_seeds(sweep, scores):
    [axis] = sweep(scores).axes
    low, high = axis.containers[0].lines[2][0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(np.std([30, 32], ddof=1))


def test_controls_far_from_all_methods_do_not_flatten_them(sweep, scores):
    floor = scores[scores["method"] == "floor"]
    more = [
        scores,
        floor.assign(method="ceiling", label="Ceiling", value=100.0),
        floor.assign(method="cellar", label="Cellar", value=-100.0),
    ]
    [axis] = sweep(pd.concat(more, ignore_index=True)).axes
    low, high = axis.get_ylim()
    assert 36 < high < 40  # the best method reaches 36
    assert 10 < low < 16  # the floor, 16, is in view, and the cellar is not
    [plain] = sweep(scores).axes
    assert plain.get_ylim()[1] == high


def test_what_is_not_swept_over_gets_panels_of_its_own(sweep, scores):
    scores = scores.assign(rank=np.tile([2, 2, 2, 2, 8, 8, 8, 8], 2))
    noise = {"noise": {"weak": {"model": "gaussian", "sigma": 0.1}, "strong": {"model": "poisson", "photons": 3}}}
    figure = sweep(scores, over="rank", label="rank", values={}, changes=noise)
    titles = [axis.get_title(loc="left").replace("\n", " ") for axis in figure.axes if axis.axison]
    assert titles == ["A toy cube, Gaussian noise, sigma 0.1", "A toy cube, Poisson noise, photons 3"]


def test_data_sets_of_one_title_are_told_apart_by_their_parameters(sweep, scores, entry):
    toy = entry()["data"]["toy"]
    data = {name: toy | {"params": {"numbers": [n], "size": 4}} for name, n in (("toy", 8), ("more", 16))}
    both = pd.concat([scores, scores.assign(dataset="more")])
    titles = [axis.get_title(loc="left") for axis in sweep(both, changes={"data": data}).axes]
    assert titles == ["A toy cube, numbers 8", "A toy cube, numbers 16"]


def test_a_level_that_is_a_text_is_a_tick_beyond_a_break_that_no_line_crosses(sweep, scores):
    both = pd.concat([scores, scores[scores["noise"] == "weak"].assign(noise="none")], ignore_index=True)
    values = {"weak": 3, "strong": 9, "none": "no noise"}
    [axis] = sweep(both, values=values).axes
    ticks = dict(zip([text.get_text() for text in axis.get_xticklabels()], axis.get_xticks(), strict=True))
    assert list(ticks) == ["3", "9", "no noise"]
    assert ticks["no noise"] > ticks["9"]
    for container in axis.containers:
        places = set(container.lines[0].get_xdata())
        assert places in ({3.0, 9.0}, {ticks["no noise"]})
    marks = [line.get_xdata()[0] for line in axis.lines if not line.get_clip_on()]
    assert marks
    assert all(9 < mark < ticks["no noise"] for mark in marks)


def test_an_axis_that_spans_much_is_logarithmic(sweep, scores):
    for factor, scale in ((4, "linear"), (400, "log")):
        own = scores.assign(rank=np.where(scores["noise"] == "weak", 10, 10 * factor))
        for axis in sweep(own, over="rank", label="rank", values={}).axes[:1]:
            assert axis.get_xscale() == "linear"  # one rank a panel
        own = pd.concat([own, own.assign(rank=10 * factor + 10 - own["rank"])])
        assert sweep(own, over="rank", label="rank", values={}).axes[0].get_xscale() == scale


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
    oracle = "oracle: best iterate, by the truth"
    assert told(figure.subfigs[0]) == {"A", "B", "Floor", oracle}
    plain = sweep(scores[scores["iterate"] == "returned"])
    assert oracle not in told(plain.subfigs[0])


def test_lines_have_the_looks_of_their_methods(sweep, described, scores):
    looks = looks_of(described(scores))
    handles = {line.get_label(): line for line in sweep(scores).subfigs[0].legends[0].get_lines()}
    for label in ("A", "B", "Floor"):
        assert (handles[label].get_color(), handles[label].get_marker()) == (looks[label].colour, looks[label].marker)
    assert handles["B"].get_color() == SUBJECT


def test_the_source_s_methods_come_first_and_alone(sweep, scores):
    shown = {"shown": ["a", "b"]}
    alone, everything = sweep(scores, changes=shown).subfigs
    assert [part.get_suptitle() for part in (alone, everything)] == ["The source's methods (Figure 9)", "All methods"]
    assert {"A", "B"} <= told(alone)
    assert "Floor" not in told(alone)
    assert {"A", "B", "Floor"} <= told(everything)
    assert len(sweep(scores[scores["method"] != "floor"], changes=shown).subfigs) == 1  # which are all methods


def crowded(scores, number=9):
    a = scores[scores["method"] == "a"]
    return pd.concat(
        [
            scores,
            *(a.assign(method=f"m{i}", label=f"M{i}", value=a["value"] + 3 - i) for i in range(number)),
        ],
        ignore_index=True,
    )


def test_the_legend_has_the_oracle_only_where_one_is_drawn(sweep, scores):
    crowd = [scores[scores["label"] == "A"].assign(method=f"m{n}", label=f"M{n}") for n in range(3)]
    better = pd.concat([own.assign(value=own["value"] + 9) for own in crowd])
    for subject, drawn in (("b", True), ("a", False)):  # B, which alone has an oracle, is pale beside A and the crowd
        figure = sweep(pd.concat([scores, better], ignore_index=True), changes={"subject": [subject]})
        assert ("oracle: best iterate, by the truth" in told(figure.subfigs[0])) == drawn


def test_of_many_methods_the_weaker_ones_are_pale_and_subject_and_reference_are_not(sweep, scores):
    figure = sweep(crowded(scores), changes={"reference": "m8"})
    lines = [container.lines[0] for container in figure.axes[0].containers]
    ends = {line.get_ydata()[0]: line for line in lines}
    pale = {value for value, line in ends.items() if line.get_color() == PALE}
    assert pale == {31.0 + 3 - number for number in (3, 4, 5, 6, 7)}  # A is worth as much as M3
    assert {"M0", "M1", "M2", "M8", "B", "6 other methods"} <= told(figure.subfigs[0])


def test_the_reference_lies_on_top_and_the_subject_shows_below_it(sweep, scores):
    same = scores[(scores["method"] == "b") & (scores["iterate"] == "returned")].assign(method="c", label="C")
    figure = sweep(pd.concat([scores, same], ignore_index=True), changes={"reference": "c"})
    lines = [container.lines[0] for container in figure.axes[0].containers]
    top = max(lines, key=lambda line: line.get_zorder())
    subject = next(line for line in lines if line.get_color() == SUBJECT and line.get_linestyle() == "-")
    np.testing.assert_array_equal(top.get_xydata(), subject.get_xydata())
    assert top.get_color() != SUBJECT
    assert subject.get_linewidth() > top.get_linewidth()


def extents_of(figure, texts):
    """Return the ends (left, right) of texts on a page, and of the page."""
    figure.draw_without_rendering()
    return [(own.get_window_extent().x0, own.get_window_extent().x1) for own in texts], figure.bbox.width


@pytest.mark.parametrize("length", [10, 40, 60])
def test_the_legend_has_as_many_columns_as_fit_onto_the_page(sweep, scores, length):
    for method in ("a", "b", "floor"):
        own = scores["method"] == method
        scores.loc[own, "label"] = scores.loc[own, "label"] + " method" * (length // 7)
    figure = sweep(scores)
    [(left, right)], width = extents_of(figure, [figure.subfigs[0].legends[0]])
    assert left >= 0
    assert right <= width
    assert (right - left > width / 2) or length == 10


def test_the_legend_names_no_oracle_that_is_drawn_nowhere(sweep, scores):
    weak = scores[scores["method"] == "b"].assign(method="last", label="Last", value=-50.0)
    alone = crowded(scores[(scores["method"] != "b") | (scores["iterate"] == "returned")])
    figure = sweep(pd.concat([alone, weak], ignore_index=True))
    assert "oracle: best iterate, by the truth" not in told(figure.subfigs[0])
    assert {"B", "M0"} <= told(figure.subfigs[0])


def test_titles_stay_on_the_page(sweep, scores, entry):
    toy = entry()["data"]["toy"] | {"title": "Random matrices of low rank, piecewise constant and shuffled"}
    many = pd.concat([scores.assign(dataset=name) for name in ("toy", "two", "three")])
    figure = sweep(many, changes={"data": dict.fromkeys(("toy", "two", "three"), toy)})
    titles, width = extents_of(figure, [axis._left_title for axis in figure.axes])
    assert len(titles) == 3
    assert max(right for _, right in titles) <= width


def test_ticks_that_would_lie_on_each_other_are_left_out(sweep, scores):
    shares = {"a": 0.0667, "b": 0.1, "c": 0.13333, "d": 0.2, "e": 0.3333}
    many = [scores.assign(noise=name, dataset=dataset) for name in shares for dataset in ("toy", "two", "three")]
    toy = {"title": "Toy", "params": {}, "kind": "stack"}
    figure = sweep(pd.concat(many), values=shares, changes={"data": dict.fromkeys(("toy", "two", "three"), toy)})
    labels = [label for label in figure.axes[0].get_xticklabels() if label.get_text()]
    assert [labels[0].get_text(), labels[-1].get_text()] == ["0.0667", "0.333"]
    ticks, _ = extents_of(figure, labels)
    assert all(right < left for (_, right), (left, _) in pairwise(ticks))
    assert len(ticks) >= 3


def test_errors_that_are_far_apart_have_a_logarithmic_axis_and_bars_above_zero(sweep, scores):
    returned = scores[scores["iterate"] == "returned"]
    for least, scale in ((0.01, "log"), (5.0, "linear"), (-1.0, "linear")):
        small = returned["method"] == "b"
        values = np.where(small, least, np.where(returned["item"] == "0", 1.0, 200.0))
        own = returned.assign(metric="relative_error", higher_is_better=False, value=values)
        [axis] = sweep(own, metric="relative_error").axes
        assert axis.get_yscale() == scale
        ends = [end for own in axis.containers for bar in own.lines[2] for end in bar.get_segments()[0][:, 1]]
        assert (min(ends) > 0) == (scale == "log")
        assert max(ends) < axis.get_ylim()[1]


def test_bars_of_methods_are_within_the_panel(sweep, scores):
    wide = scores.assign(value=scores["value"] + 20 * (scores["item"] == "2"))
    [axis] = sweep(wide[wide["method"] != "floor"]).axes
    low, high = axis.get_ylim()
    ends = [end for own in axis.containers for bar in own.lines[2] for end in bar.get_segments()[0][:, 1]]
    assert low < min(ends)
    assert max(ends) < high
