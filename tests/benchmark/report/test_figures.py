import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from matplotlib.legend import Legend
from matplotlib.text import Text

from benchmark.report.figures.reconstructions import detailed_window
from benchmark.report.figures.spectra import farthest_pixels
from benchmark.report.looks import PALE, SUBJECT
from benchmark.report.scene import Scene, draw
from benchmark.report.style import save

SIZE, BANDS = 32, 5


@pytest.fixture
def clean():
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 1, SIZE)[:, None, None] * np.linspace(0.5, 1, BANDS)
    cube = np.repeat(smooth, SIZE, axis=1)
    cube[17:25, 5:13] += rng.uniform(0, 1, (8, 8, BANDS))
    return cube / cube.max()


@pytest.fixture
def noisy(clean):
    return clean + 0.2 * np.random.default_rng(1).standard_normal(clean.shape)


@pytest.fixture
def scene(entry):
    """Return a maker of scenes: arrays, the measures of the answers by label, and what is given besides."""

    def make(truth=None, observed=None, estimates=(), values=(), controls=(), subject=(), reference=None, **more):
        frames = [more[name]["label"] for name in ("curves", "summary") if "label" in more.get(name, ())]
        labels = dict.fromkeys([*estimates, *subject, *(label for frame in frames for label in frame)])
        methods = {
            label.lower(): {"label": label, "family": "control" if label in controls else "own"} for label in labels
        }
        own = {"methods": methods, "subject": [label.lower() for label in subject], "reference": reference}
        own["shown"] = [label.lower() for label in more.pop("shown_by_source", ())]
        rows = [
            {"label": label, "metric": metric, "value": value, "control": label in controls}
            for label, numbers in dict(values).items()
            for metric, value in numbers.items()
        ] + [{"label": label, "metric": "psnr", "value": np.nan, "control": True} for label in controls]
        columns = ["label", "metric", "value", "control"]
        place = {"dataset": "toy", "noise": "gaussian", "item": "cube", "seed": 0}
        scores = pd.DataFrame(rows, columns=columns).assign(iterate="returned", seconds=10.0, **place)
        return Scene(
            entry=entry() | own | more.pop("entry", {}),
            dataset="toy",
            noise="gaussian",
            seed=0,
            item="cube",
            scores=scores,
            curves=more.pop("curves", pd.DataFrame()),
            summary=more.pop("summary", pd.DataFrame()),
            given={"observed": observed},
            withheld={"signal": truth} | more.pop("withheld", {}),
            estimates=dict(estimates),
            shown=more.pop("shown", None),
            energies=more.pop("energies", {}),
        )

    return make


def titled(figure, title):
    """Return the picture, crop and error panel of a label."""
    index = next(index for index, axis in enumerate(figure.axes) if axis.get_title().partition("\n")[0] == title)
    return figure.axes[index : index + 3]


def shown(axis):
    return np.asarray(axis.images[0].get_array())


def pixels_of(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=60)
    stream.seek(0)
    return imread(stream)


def test_an_error_stands_where_it_is_with_its_mean_over_bands(scene, clean, noisy):
    wrong = clean.copy()
    wrong[3:6, 20:24, :2] -= 0.5
    figure = draw("reconstructions", scene(clean, noisy, {"Wrong": wrong}))
    expected = np.zeros((SIZE, SIZE))
    expected[3:6, 20:24] = 0.5 * 2 / BANDS
    np.testing.assert_allclose(shown(titled(figure, "Wrong")[2]), expected, atol=1e-12)


def test_all_pictures_share_the_stretch_of_the_clean_one_and_all_errors_one_scale(scene, clean, noisy):
    estimates = {"Half": clean / 2, "Far": clean + 0.3}
    figure = draw("reconstructions", scene(clean, noisy, estimates, shown=(4, 2, 0)))
    low, high = np.percentile(clean[:, :, [4, 2, 0]], (1, 99), axis=(0, 1))
    for label, cube in {"Clean": clean, "Noisy": noisy, **estimates}.items():
        expected = np.clip((cube[:, :, [4, 2, 0]] - low) / (high - low), 0, 1)
        np.testing.assert_allclose(shown(titled(figure, label)[0]), expected)
    scales = {titled(figure, label)[2].images[0].get_clim() for label in ("Noisy", *estimates)}
    assert len(scales) == 1
    assert next(iter(scales))[1] == pytest.approx(0.3, rel=0.3)


@pytest.mark.parametrize("size", [32, 29])
def test_the_crop_is_the_window_with_most_detail(scene, clean, noisy, size):
    clean, noisy = clean[:size], noisy[:size]
    (row, column), side = detailed_window(clean.mean(axis=2))
    assert side == size // 4
    picture, crop, _ = titled(draw("reconstructions", scene(clean, noisy)), "Noisy")
    np.testing.assert_array_equal(shown(crop), shown(picture)[row : row + side, column : column + side])
    assert picture.patches[0].get_xy() == (column - 0.5, row - 0.5)
    # What is rough are the rows 17 to 25 and the columns 5 to 13.
    assert abs(row + side / 2 - 21) <= 4
    assert abs(column + side / 2 - 9) <= 4


def test_the_crop_prefers_fine_texture_to_one_strong_edge_and_the_centre_to_the_border():
    texture = 0.1 * np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((4, 4)))
    picture = np.zeros((64, 64))
    picture[24:40, 24:40] = texture
    picture[:, 60:] = 1.0  # a wall, ten times as strong
    (row, column), side = detailed_window(picture)
    assert side == 16
    assert abs(row - 24) <= 4
    assert abs(column - 24) <= 4
    twice = np.zeros((64, 64))
    twice[24:40, 24:40] = twice[24:40, :16] = texture
    assert abs(detailed_window(twice)[0][1] - 24) <= 8


def test_a_failed_method_shows_its_text_and_no_picture(scene, clean, noisy):
    figure = draw("reconstructions", scene(clean, noisy, {"BM3D": "timeout: no estimate"}))
    panels = titled(figure, "BM3D")
    assert panels[0].texts[0].get_text().replace("\n", " ") == "timeout: no estimate"
    assert not any(panel.images for panel in panels)


def test_a_row_of_failed_methods_alone_is_low(scene, clean, noisy):
    heights = {}
    for name, own in {"Works": noisy / 2, "Fails": "skipped: no weights"}.items():
        first = {f"Method {index}": noisy / 2 for index in range(4)}  # which fill a row with the clean and the noisy
        figure = draw("reconstructions", scene(clean, noisy, first | {name: own}))
        heights[name] = figure.get_figheight() / figure.get_figwidth()
    assert heights["Fails"] < heights["Works"] - 0.3


def test_one_estimate_that_is_far_off_leaves_the_others_their_error_maps(scene, clean, noisy):
    estimates = {"Good": clean + 0.05, "Fair": clean + 0.06, "Diverged": clean + 20}
    figure = draw("reconstructions", scene(clean, noisy, estimates))
    assert titled(figure, "Good")[2].images[0].get_clim() == pytest.approx((0, 0.06))


@pytest.mark.parametrize(
    ("bands", "data", "picture", "words"),
    [
        (1, {}, None, "|estimate - clean|"),
        (3, {"kind": "images"}, None, "|estimate - clean|,\nmean of 3 channels"),
        (5, {"wavelengths": [400, 10]}, None, "|estimate - clean|,\nmean of 5 bands"),
        (5, {}, (4, 2, 0), "|estimate - clean|,\nmean of 5 bands"),
        (5, {}, None, "|estimate - clean|,\nmean of 5 images"),
    ],
)
def test_the_scale_of_errors_says_what_they_are_the_mean_of(scene, clean, noisy, entry, bands, data, picture, words):
    entry = {"data": {"toy": entry()["data"]["toy"] | data}}
    figure = draw("reconstructions", scene(clean[..., :bands], noisy[..., :bands], entry=entry, shown=picture))
    assert words in [axis.get_title(loc="left") for own in figure.axes for axis in (own, *own.child_axes)]


def test_captions_of_methods_that_differ_at_the_end_of_a_long_name_differ(scene, clean, noisy):
    names = ("DeepTensor taught (ours), noise estimated", "DeepTensor taught (ours), noise known")
    figure = draw("reconstructions", scene(clean, noisy, dict.fromkeys(names, clean / 2)))
    titles = [axis.get_title().replace("\n", " ") for axis in figure.axes]
    assert set(names) <= set(titles)


def test_titles_carry_the_primary_measure_and_the_next(scene, clean, noisy):
    values = {
        "SVD": {"psnr": 31.84, "ssim": 0.9, "sam": 4.0},
        "Input": {"psnr": 14.0, "sam": 9.0},
        "Perfect": {"psnr": np.inf, "ssim": 1.0},
    }
    estimates = {"Perfect": clean.astype(np.float32), "SVD": clean / 2, "Input": noisy}
    given = scene(clean, noisy, estimates, values)
    titles = [axis.get_title() for axis in draw("reconstructions", given).axes]
    assert "SVD\n31.8 dB, SSIM 0.900" in titles
    assert "Perfect" in titles
    by_angle = scene(clean, noisy, estimates, values, entry={"metric": "sam"})
    titles = [axis.get_title() for axis in draw("reconstructions", by_angle).axes]
    assert "SVD\nSAM 4.0 °, 31.8 dB" in titles


def test_controls_that_return_the_clean_or_the_observed_signal_stand_there_alone(scene, clean, noisy):
    clean, noisy = clean.astype(np.float32), noisy.astype(np.float32)
    estimates = {"Limit": clean.copy(), "Half": clean / 2, "Input": noisy.copy(), "Lazy": noisy.copy()}
    values = {"Input": {"psnr": 14.0}, "Lazy": {"psnr": 14.0}}
    given = scene(clean, noisy, estimates, values, controls=("Limit", "Half", "Input"))
    titles = [title for axis in draw("reconstructions", given).axes if (title := axis.get_title())]
    assert titles == ["Clean", "Noisy\n14.0 dB", "Half", "Lazy\n14.0 dB"]


def test_measurements_that_are_no_picture_are_not_shown(scene, clean):
    figure = draw("reconstructions", scene(clean, clean[:, :3], {"SVD": clean / 2}))
    assert [title for axis in figure.axes if (title := axis.get_title())] == ["Clean", "SVD"]


def test_an_image_in_colour_is_shown_in_colour(scene, clean, noisy):
    coloured = {"data": {"toy": {"kind": "images", "title": "Toy", "params": {}}}}
    for entry, shape in ((coloured, (SIZE, SIZE, 3)), ({}, (SIZE, SIZE))):
        figure = draw("reconstructions", scene(clean[..., :3], noisy[..., :3], entry=entry))
        assert shown(titled(figure, "Noisy")[0]).shape == shape


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("bands", [1, BANDS])
def test_reconstructions_render_for_few_and_many_methods(scene, clean, noisy, count, bands):
    estimates = {f"Method {index}": noisy[:, :, :bands] / 2 for index in range(count)}
    image = pixels_of(draw("reconstructions", scene(clean[:, :, :bands], noisy[:, :, :bands], estimates)))
    assert image.shape[1] <= 8 * 60
    assert image.std() > 0.05


def test_spectra_show_the_errors_of_subject_and_reference_and_of_the_best_others(scene, clean, noisy):
    estimates = {"SVD": clean + 0.5, "Deep": clean + 0.3, "Broken": "failed: singular matrix", "Control": clean}
    estimates |= {f"Method {index}": clean + 0.01 * (index + 1) for index in range(6)}
    figure = draw("spectra", scene(clean, noisy, estimates, subject=["Deep"], reference="svd", controls=["Control"]))
    row, column = farthest_pixels(clean)[1]
    spectrum, error = figure.axes[4:6]
    np.testing.assert_array_equal(spectrum.lines[1].get_ydata(), clean[row, column])
    levels = {line.get_label(): np.mean(line.get_ydata()) for line in error.lines[1:]}
    assert levels == pytest.approx({"SVD": 0.5, "Deep": 0.3, "Method 0": 0.01, "Method 1": 0.02})
    looks = [
        {line.get_label(): (line.get_color(), line.get_marker()) for line in lines}
        for lines in (error.lines[1:], figure.legends[0].get_lines()[2:])
    ]
    assert looks[0] == looks[1]
    assert looks[0]["Deep"][0] == SUBJECT
    order = {line.get_label(): place for place, line in enumerate(error.lines)}
    assert order["SVD"] == max(order.values())
    assert figure.legends[0].get_title().get_text() == "no estimate: Broken"
    assert pixels_of(figure).std() > 0.05


def test_spectra_of_what_is_no_cube_are_a_sentence(scene):
    figure = draw("spectra", scene(np.ones((6, 7)), np.ones((6, 7)), {"SVD": np.ones((6, 7))}))
    assert [text.get_text() for axis in figure.axes for text in axis.texts] == ["no cube: no spectra"]


def test_spectra_pick_a_typical_pixel_and_then_the_farthest_ones(scene):
    clean = np.full((6, 7, 3), 0.5)
    clean[1, 2], clean[4, 6], clean[5, 0] = (1, 1, 1), (0, 0, 0), (1, 0, 0)
    figure = draw("spectra", scene(clean, clean, {"SVD": clean}))
    places = [axis.get_xlabel() for axis in figure.axes[::3]]
    assert set(places[1:]) == {"row 1, column 2", "row 4, column 6", "row 5, column 0"}
    assert places[0] == "row 0, column 0"


@pytest.fixture
def curves():
    iterations = np.array([1, 10, 100])
    rows = [
        {
            "dataset": "toy",
            "item": "cube",
            "noise": "gaussian",
            "method": "deep",
            "label": "Deep",
            "iterate": iterate,
            "seed": seed,
            "iteration": iteration,
            "seconds": iteration / 10,
            "loss": 1.0,
            "metric": "psnr",
            "value": psnr + seed,
        }
        for iterate, levels in {"last": (20, 30, 25), "average": (18, 26, 31)}.items()
        for seed in (0, 2)
        for iteration, psnr in zip(iterations, levels, strict=True)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def summary():
    rows = [("Deep", "returned", 27.0, 1), ("Deep", "oracle", 33.0, 1), ("SVD", "returned", 29.0, 1)]
    rows += [("Broken", "returned", np.nan, 0)]
    frame = pd.DataFrame(rows, columns=["label", "iterate", "psnr_mean", "n"])
    own = {"method": frame["label"].str.lower(), "iterations": 80.0, "seconds": 2.0}
    return frame.assign(dataset="toy", noise="gaussian", control=False, **own)


@pytest.fixture
def converging(scene, curves, summary):
    """Return the figure of the curves and the summary, with rows added."""

    def drawn(*more, curves=curves, summary=summary, **given):
        given = {"subject": ["Deep"]} | given
        return draw("convergence", scene(curves=curves, summary=pd.concat([summary, *more]), **given))

    return drawn


def crowd(names, levels):
    rows = pd.DataFrame({"label": names, "method": names, "psnr_mean": levels, "n": 1})
    return rows.assign(
        iterate="returned", dataset="toy", noise="gaussian", control=False, iterations=np.nan, seconds=2.0
    )


def test_convergence_draws_the_mean_over_seeds_and_marks_what_was_returned(converging):
    figure = converging()
    assert figure.axes[0].get_ylabel() == "PSNR [dB]"
    assert figure.get_suptitle() == "A toy cube · Gaussian noise, sigma 0.1"
    for axis, scale in zip(figure.axes, (1, 0.1), strict=True):
        lines = {line.get_label(): line for line in axis.lines}
        np.testing.assert_allclose(lines["Deep, last"].get_xdata(), scale * np.array([1, 10, 100]))
        np.testing.assert_allclose(lines["Deep, last"].get_ydata(), [21, 31, 26])
        np.testing.assert_allclose(lines["Deep, average"].get_ydata(), [19, 27, 32])
        [marked] = [line.get_xydata() for line in axis.lines if line.get_marker() == "o" and len(line.get_xdata()) == 1]
        np.testing.assert_allclose(marked, [[{1: 80, 0.1: 2}[scale], 27]])
    assert pixels_of(figure).std() > 0.05


def test_runs_that_ended_keep_their_last_point_in_the_mean_and_what_was_returned_is_at_the_mean_of_the_runs(
    converging, curves, summary
):
    # At 10 iterations the first run ends; at 40, of which the third has no point, the second.
    runs = {0: {1: 20, 10: 24}, 1: {1: 22, 10: 26, 40: 30}, 2: {1: 24, 10: 28, 100: 36}}
    points = [{"seed": seed, "iteration": n, "value": own} for seed, run in runs.items() for n, own in run.items()]
    place = {"dataset": "toy", "noise": "gaussian", "item": "cube"}
    stopped = pd.DataFrame(points).assign(label="Deep", iterate="last", **place)
    for counted, end in ((50.0, 50), (np.nan, 100)):
        own = summary.assign(iterations=counted)
        axes = converging(curves=stopped.assign(seconds=stopped["iteration"] / 10), summary=own).axes
        lines = [{line.get_label(): line.get_xydata() for line in axis.lines} for axis in axes]
        np.testing.assert_allclose(lines[0]["Deep, last"], [[1, 22], [10, 26], [100, (24 + 30 + 36) / 3]])
        np.testing.assert_allclose(lines[1]["Deep, last"], [[0.1, 22], [1, 26], [(1 + 4 + 10) / 3, 30]])
        marked = [own.get_xydata() for axis in axes for own in axis.lines if own.get_label().startswith("_child")]
        np.testing.assert_allclose(marked, [[[end, 27]], [[2, 27]]])


def test_the_clock_of_items_that_are_solved_at_once_is_divided_among_them(scene, curves, summary):
    values = {"Deep": {"psnr": 27.0}}
    given = scene(values=values, subject=["Deep"], curves=curves, summary=summary)
    runs = [given.scores.assign(item=item, seed=seed) for seed in (0, 2) for item in ("cube", "other")]
    for seconds, end in (((10.0, 10.1), 10), ((5.0, 5.0), 5)):  # a clock of each, and one that both share
        scores = pd.concat(own.assign(seconds=seconds[number % 2]) for number, own in enumerate(runs))
        figure = draw("convergence", replace(given, scores=scores))
        lines = {line.get_label(): line.get_xdata() for line in figure.axes[1].lines}
        np.testing.assert_allclose(lines["Deep, last"], end * np.array([0.01, 0.1, 1]))


def test_a_pale_curve_that_diverged_does_not_stretch_the_panel(converging, curves):
    names = [f"m{index}" for index in range(4)]
    values = {name: {"psnr": 30.0 - 10 * index} for index, name in enumerate(names)}
    far = curves.assign(label="m3", method="m3", value=-200.0)
    figure = converging(crowd(names, [30.0, 30.0, 30.0, -200.0]), curves=pd.concat([curves, far]), values=values)
    assert figure.axes[0].get_ylim()[0] > 20


def test_convergence_of_a_measure_of_which_less_is_better_keeps_the_lowest(scene, curves, summary):
    falling = curves.assign(metric="sam", value=-curves["value"])
    names = [f"m{index:02d}" for index in range(11)]
    levels = pd.concat([summary, crowd(names, 30.0 + np.arange(11))]).rename(columns={"psnr_mean": "sam_mean"})
    figure = draw("convergence", scene(curves=falling, summary=levels, subject=["Deep"], entry={"metric": "sam"}))
    assert figure.axes[0].get_ylabel() == "SAM [°]"
    labels = {text.get_text() for text in figure.axes[1].texts}
    assert {"SVD", *names[:8]} == labels  # SVD has 29, which is less


def test_convergence_has_a_line_for_a_method_without_a_curve_and_names_those_without_an_estimate(converging, curves):
    for given in (curves, curves[:0]):
        *by_iteration, by_seconds = converging(curves=given).axes
        assert len(by_iteration) == (not given.empty)
        line = next(line for line in by_seconds.lines if list(line.get_ydata()) == [29.0, 29.0])
        assert line.get_xdata()[0] == 2.0
        assert "SVD" in [text.get_text() for text in by_seconds.texts]
        said = "no estimate: Broken" if by_iteration else "no method has a curve; no estimate: Broken"
        assert by_seconds.get_title(loc="right") == said


def test_without_curves_the_levels_of_controls_are_drawn_however_far(converging, curves):
    far = crowd(["Input"], [10.0]).assign(control=True)
    for given, labels in ((curves, {"SVD"}), (curves[:0], {"SVD", "Deep", "Input"})):
        axis = converging(far, curves=given).axes[-1]
        assert {text.get_text() for text in axis.texts} == labels


def test_a_legend_has_the_kinds_of_lines_that_are_drawn(converging, curves):
    kinds = ["last iterate", "average of iterates", "returned"]
    for given, drawn in ((curves, kinds), (curves[curves["iterate"] == "last"], kinds[::2]), (curves[:0], [])):
        texts = [text.get_text() for text in converging(curves=given).subfigs[0].legends[0].get_texts()]
        assert [text for text in texts if text in kinds] == drawn


def test_lines_to_the_labels_at_the_edge_end_left_of_them(converging):
    figure = converging(crowd([f"Method {index}" for index in range(8)], 29 + 0.01 * np.arange(8)))
    figure.draw_without_rendering()
    for text in figure.axes[1].texts:
        right = text.arrow_patch.get_window_extent().x1
        assert right <= Text.get_window_extent(text).x0 + 1  # in pixels: the patch is as wide as its line


def test_labels_at_the_edge_keep_their_distance(converging):
    figure = converging(crowd([f"Method {index}" for index in range(8)], 29 + 0.01 * np.arange(8)))
    heights = sorted(text.xyann[1] for text in figure.axes[1].texts)
    low, high = figure.axes[1].get_ylim()
    assert len(heights) == 9
    assert np.diff(heights).min() >= (high - low) / 22 - 1e-9


def test_the_reference_s_line_is_on_top_of_those_at_its_level(converging):
    figure = converging(crowd(["twin"], [29.0]), reference="svd")
    same = [line for line in figure.axes[0].lines if list(line.get_ydata()) == [29.0, 29.0]]
    assert sorted(line.get_label() for line in same) == ["SVD", "twin"]
    assert max(same, key=lambda line: line.get_zorder()).get_label() == "SVD"


def test_curves_of_the_weaker_methods_are_pale_and_the_legend_counts_them(converging, curves):
    names = [f"m{index}" for index in range(5)]
    more = pd.concat([curves, *(curves.assign(label=name, method=name) for name in names)])
    figure = converging(curves=more, values={name: {"psnr": 30.0 - n} for n, name in enumerate(names)})
    colours = {line.get_label(): line.get_color() for line in figure.axes[0].lines}
    assert [name for name in names if colours[f"{name}, last"] == PALE] == ["m3", "m4"]
    assert colours["Deep, last"] == SUBJECT
    assert "2 other methods" in {text.get_text() for text in figure.subfigs[0].legends[0].get_texts()}


def test_curves_of_one_colour_are_told_apart_by_markers_as_in_the_legend(converging, curves):
    more = pd.concat([curves, curves.assign(label="Deeper", method="deeper")])
    part = converging(curves=more, subject=["Deep", "Deeper"]).subfigs[0]
    lines = {line.get_label().removesuffix(", last"): line for line in part.axes[0].lines}
    handles = {line.get_label(): line for line in part.legends[0].get_lines()}
    for drawn in (lines, handles):
        assert drawn["Deep"].get_color() == drawn["Deeper"].get_color() == SUBJECT
        assert (drawn["Deep"].get_marker(), drawn["Deeper"].get_marker()) == ("o", "s")
    assert lines["Deep"].get_markevery() != lines["Deeper"].get_markevery()


def test_the_source_s_methods_converge_in_panels_of_their_own(converging):
    figure = converging(crowd(["m0"], [30.0]), shown_by_source=["SVD", "Deep"])
    assert [part.get_suptitle() for part in figure.subfigs] == ["The source's methods (Figure 9)", "All methods"]
    alone, everything = ({text.get_text() for text in part.axes[1].texts} for part in figure.subfigs)
    assert (alone, everything) == ({"SVD"}, {"SVD", "m0"})


def test_one_method_of_the_source_converges_among_all(converging):
    assert len(converging(shown_by_source=["Deep"]).subfigs) == 1


def test_of_many_methods_without_a_curve_the_best_the_reference_and_the_controls_are_drawn(converging):
    names = [f"m{index:02d}" for index in range(20)]
    many = crowd(names, 30.0 + np.arange(20))
    many.loc[0, "control"] = True
    figure = converging(many, estimates={"SVD": ""}, reference="svd")
    labels = {text.get_text() for axis in figure.axes for text in axis.texts}
    assert {"m00", "SVD", *names[-9:]} <= labels
    assert not set(names[1:-9]) & labels
    assert figure.axes[1].get_title(loc="right").endswith("without 10 weaker methods that have no curve")


def losses(labels=("A",)):
    return pd.DataFrame(
        [
            {"label": label, "item": item, "iterate": iterate, "seed": seed, "iteration": n, "loss": (seed + scale) / n}
            for label in labels
            for item, scale in (("signal", 1), ("noise", 3))
            for iterate in ("last", "average")
            for seed in (0, 2)
            for n in (1, 10)
        ]
    )


ENERGIES = {"signal": 0.5, "noise": 0.001}


def test_losses_are_a_line_for_each_item_relative_to_its_energy(scene):
    [axis] = draw("losses", scene(curves=losses(), energies=ENERGIES)).axes
    lines = {line.get_label(): line.get_xydata() for line in axis.lines}
    np.testing.assert_allclose(lines["A, signal"], [[1, 4], [10, 0.4]])  # the mean over the seeds is 2
    np.testing.assert_allclose(lines["A, noise"], [[1, 4000], [10, 400]])
    assert "energy of the item" in axis.get_ylabel()
    assert [1.0, 1.0] in [list(line.get_ydata()) for line in axis.lines]  # nothing learnt


def test_noise_that_is_learnt_slower_lies_above_the_signal_and_is_told_from_it_by_dashes(scene):
    [axis] = draw("losses", scene(curves=losses(), energies=ENERGIES, subject=["A"])).axes
    lines = {line.get_label(): line for line in axis.lines}
    assert (lines["A, noise"].get_ydata() > lines["A, signal"].get_ydata()).all()
    assert lines["A, noise"].get_color() == lines["A, signal"].get_color() == SUBJECT
    assert lines["A, noise"].get_linestyle() != lines["A, signal"].get_linestyle()
    assert [text.get_text() for text in axis.texts] == ["signal", "noise"]  # from the lowest
    [axis] = draw("losses", scene(curves=losses("AB"), energies=ENERGIES)).axes
    assert [text.get_text() for text in axis.texts] == ["A, signal", "B, signal", "A, noise", "B, noise"]
    heights = np.log([text.xy[1] for text in axis.texts])
    assert (np.diff(heights) > 0).all()  # also of lines that end at one place


def test_costs_are_points_of_each_method_against_each_measure_and_zeros_have_a_place(scene):
    values = {
        "Central": {"relative_error": 2.0, "consensus": 0.0, "excess": 0.0, "kilobytes": 9280.0},
        "Gossip": {"relative_error": 3.0, "consensus": 0.01, "excess": 5.0, "kilobytes": 2.6},
        "Broken": {"relative_error": np.nan, "consensus": np.nan, "excess": np.nan, "kilobytes": np.nan},
    }
    own = {"subject": list(values), "entry": {"metric": "relative_error"}}
    axes = draw("costs", scene(values=values, **own)).axes
    assert [axis.get_ylabel() for axis in axes] == ["Relative error [%]", "Disagreement of nodes"]
    points = [{line.get_label(): tuple(line.get_xydata()[0]) for line in axis.lines} for axis in axes]
    assert points[0] == {"Central": (9280, 2), "Gossip": (2.6, 3)}
    assert points[1] == {"Central": (9280, 0), "Gossip": (2.6, 0.01)}
    assert {axis.get_xscale() for axis in axes} == {"symlog"}
    assert axes[1].get_yscale() == "symlog"
    assert {axis.get_xlabel() for axis in axes} == {"Sent by a node [kB]"}


def test_without_a_cost_the_figure_says_so(scene):
    figure = draw("costs", scene(values={"A": {"psnr": 30.0}}))
    assert "no cost was measured" in " ".join(figure.axes[0].texts[0].get_text().split())


def test_bases_show_the_source_s_first_with_their_measures_and_no_unit_vectors(scene):
    basis = np.random.default_rng(0).standard_normal((15, 6, 5))
    estimates = {"Own": basis, "Pixels": np.eye(15, 30).reshape(15, 6, 5), "PCA": basis}
    values = {"PCA": {"accuracy_linear": 81.25, "accuracy_rbf": 77.0, "affinity": 0.5}}
    figure = draw("bases", scene(estimates=estimates, values=values, shown_by_source=["PCA"]))
    rows = [axis.get_ylabel() for axis in figure.axes if axis.get_ylabel()]
    assert rows == ["PCA\nAccuracy, linear 81.2 %\nAccuracy, RBF 77.0 %", "Own"]
    assert figure.get_suptitle() == "A toy cube · Gaussian noise, sigma 0.1 · seed 0"


def test_bases_of_what_is_no_image_are_words(scene):
    basis = np.random.default_rng(0).standard_normal((6, 30))
    figure = draw("bases", scene(estimates={"PCA": basis}))
    assert [text.get_text() for axis in figure.axes for text in axis.texts] == ["no images"]


def test_bases_show_their_first_vectors_and_a_failed_one_its_text(scene):
    basis = np.random.default_rng(0).standard_normal((15, 6, 5))
    figure = draw("bases", scene(estimates={"PCA": basis, "Broken": "failed: no estimate"}))
    panels = [axis for axis in figure.axes if axis.images]
    assert len(panels) == 12
    np.testing.assert_array_equal(shown(panels[3]), basis[3])
    assert "failed" in "".join(text.get_text() for axis in figure.axes for text in axis.texts)


@pytest.fixture
def video():
    """Return a video of a black scene in which a square moves, its masks, and an answer that finds it."""
    video, masks = np.zeros((20, 24, 3)), np.zeros((20, 24, 3), np.uint8)
    for frame in range(3):
        video[5:15, 6 * frame : 6 * frame + 10, frame] = 0.8
        masks[5:15, 6 * frame : 6 * frame + 10, frame] = 1
    masks[:2] = 2
    return video, masks, {"background": np.zeros_like(video)}


def test_backgrounds_show_a_frame_its_truth_and_of_each_method_its_background_and_mask(scene, video):
    observed, masks, good = video
    blind = {"background": observed, "illumination": 0.1 * observed}
    figure = draw(
        "backgrounds",
        scene(
            observed=observed,
            withheld={"masks": masks},
            estimates={"Good": good, "Blind": blind, "Broken": "failed: no estimate"},
            values={"Good": {"psnr": 30.0}},
        ),
    )
    captions = [axis.get_title() for axis in figure.axes if axis.get_title()]
    assert captions == ["Frame", "Truth", "Good\n30.0 dB", "Blind", "Broken"]
    panels = [shown(axis) for axis in figure.axes if axis.images]
    np.testing.assert_array_equal(panels[0], observed[..., 1])
    np.testing.assert_array_equal(panels[2], 0)
    right, missed, unknown = ((1, 1, 1), (0x56 / 255, 0xB4 / 255, 0xE9 / 255), (0x77 / 255,) * 3)
    np.testing.assert_allclose(panels[3][10, 10], right)
    np.testing.assert_allclose(panels[5][10, 10], missed)
    np.testing.assert_allclose(panels[3][0, 0], unknown)
    np.testing.assert_array_equal(panels[3][18, 2], 0)
    np.testing.assert_array_equal(panels[6], 0.1 * observed[..., 1])
    assert "failed" in "".join(text.get_text() for axis in figure.axes for text in axis.texts)


def test_a_strip_has_the_best_of_each_kind_between_the_noisy_and_the_clean(scene, clean, noisy):
    names = ("Ceiling", "First", "Second", "Mine", "Mine, plain", "Source", "Source, worse")
    estimates = {name: clean * (1 - 0.1 * number) for number, name in enumerate(names)}  # the best one first
    estimates = {"Lost": "timeout: no estimate"} | estimates
    values = {name: {"psnr": 30.0 - number} for number, name in enumerate(names)}
    given = scene(
        *(clean, noisy, estimates, values),
        controls={"Ceiling"},
        subject=["Mine, plain", "Mine"],
        shown_by_source=["Mine", "Source, worse", "Source", "Lost"],
    )
    axes = draw("strip", given).axes
    assert [axis.get_title().partition("\n")[0] for axis in axes] == ["Noisy", "Source", "Mine", "First", "Clean"]
    assert axes[1].get_title() == "Source\n25.0 dB"
    low, high = np.percentile(clean.mean(axis=2), (1, 99))
    for axis, own in zip(axes, (noisy, 0.5 * clean, 0.7 * clean, 0.9 * clean, clean), strict=True):
        np.testing.assert_allclose(shown(axis), np.clip((own.mean(axis=2) - low) / (high - low), 0, 1))


def test_a_method_that_lacks_seeds_is_no_best_other_and_its_legend_says_so(scene, clean, noisy, curves, summary):
    estimates = {"Once": 0.95 * clean, "Other": 0.9 * clean, "Deep": 0.7 * clean}
    values = {name: {"psnr": 30.0 - number} for number, name in enumerate(estimates)}
    given = scene(*(clean, noisy, estimates, values), subject=["Deep"], curves=curves, summary=summary)
    once = {"label": "Once", "family": "own", "seeds": [0]}
    given = replace(given, entry=given.entry | {"methods": given.entry["methods"] | {"once": once}, "seeds": [0, 1, 2]})
    titles = [axis.get_title().partition("\n")[0] for axis in draw("strip", given).axes]
    assert titles == ["Noisy", "Deep", "Other", "Clean"]
    both = pd.concat([curves, curves.assign(label="Once", method="once")])
    figure = draw("convergence", replace(given, curves=both, entry=given.entry | {"subject": ["deep", "once"]}))
    assert {"Once (1 of 3 seeds)", "Deep"} <= {text.get_text() for own in figure.findobj(Legend) for text in own.texts}


def test_a_strip_of_a_source_that_names_no_methods_has_the_reference(scene, clean, noisy):
    estimates = {"Other": 0.9 * clean, "Weak": 0.8 * clean, "Mine": 0.7 * clean}
    axes = draw("strip", scene(clean, noisy, estimates, subject=["Mine"], reference="weak")).axes
    assert [axis.get_title().partition("\n")[0] for axis in axes] == ["Noisy", "Weak", "Mine", "Other", "Clean"]


def test_a_figure_that_no_file_draws_is_an_error_that_lists_what_there_is(scene):
    for name in ("pictures", "sweep", "../scene", ""):
        with pytest.raises(
            ValueError,
            match=r"there are: backgrounds, bases, convergence, costs, losses, reconstructions, spectra, strip$",
        ):
            draw(name, scene())


def test_the_source_s_methods_stand_first_in_its_order_and_the_others_below_them(scene, clean, noisy):
    estimates = dict.fromkeys(("Best", "Good", "Fair", "Poor"), clean / 2)
    figure = draw("reconstructions", scene(clean, noisy, estimates, shown_by_source=["Poor", "Good"], subject=["Poor"]))
    titles = [axis.get_title().strip() for axis in figure.axes if axis.get_title()]
    assert titles == ["Clean", "Noisy", "Poor", "Good", "Best", "Fair"]
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert texts[0] == "A toy cube · Gaussian noise, sigma 0.1 · seed 0"
    assert texts[1:] == ["The source's methods (Figure 9)", "Other methods, the best first"]
    first, second = (titled(figure, label)[0].get_position().y0 for label in ("Poor", "Best"))
    assert first > second
    colours = {axis.get_title().strip(): axis.title.get_color() for axis in figure.axes}
    assert (colours["Poor"], colours["Good"]) == (SUBJECT, "black")


def test_spectra_are_against_wavelengths_where_the_data_set_states_them(scene, clean, noisy, entry):
    toy = entry()["data"]["toy"]
    for stated, name, ends in ((None, "band", (1, BANDS)), ([400, 10], "wavelength [nm]", (400, 440))):
        data = {"data": {"toy": toy | {"wavelengths": stated}}}
        spectrum = draw("spectra", scene(clean, noisy, {"SVD": clean}, entry=data)).axes[-2]
        assert spectrum.get_xlabel() == name
        assert tuple(spectrum.lines[1].get_xdata()[[0, -1]]) == ends


def test_one_method_has_one_colour_in_all_figures(scene, clean, noisy, curves, summary):
    given = {"curves": curves, "summary": summary, "subject": ["Deep"], "reference": "svd"}
    own = scene(clean, noisy, {"SVD": clean + 0.1, "Deep": clean + 0.2}, **given)
    spectra, convergence = draw("spectra", own), draw("convergence", own)
    colours = {line.get_label(): line.get_color() for line in spectra.legends[0].get_lines()}
    [of_level] = {text.get_color() for text in convergence.axes[1].texts if text.get_text() == "SVD"}
    [of_curve] = {line.get_color() for line in convergence.axes[0].lines if line.get_label().startswith("Deep")}
    assert (colours["SVD"], colours["Deep"]) == (of_level, of_curve)
    assert of_curve == SUBJECT != of_level


@pytest.mark.parametrize(("name", "start"), [("spectra.svg", b"<?xml"), ("reconstructions.webp", b"RIFF")])
def test_a_figure_is_written_in_its_format_with_the_same_bytes_each_time(scene, clean, noisy, tmp_path, name, start):
    given = scene(clean, noisy, {"SVD": clean / 2}, subject=["SVD"])
    files = [tmp_path / number / name for number in "12"]
    for path in files:
        path.parent.mkdir()
        save(draw(path.stem, given), path)
    first, second = (path.read_bytes() for path in files)
    assert first.startswith(start)
    assert first == second
    if path.suffix == ".svg":
        assert b">SVD</text>" in first  # text is text, and can be read and searched
