import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from numpy.lib.stride_tricks import sliding_window_view

from benchmark.report.figures.spectra import farthest_pixels
from benchmark.report.scene import Scene, draw
from benchmark.report.style import COLOURS, colours_of

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
        labels = [*estimates, *subject]
        methods = {label.lower(): {"label": label} for label in labels}
        own = {"methods": methods, "subject": [label.lower() for label in subject], "reference": reference}
        rows = [
            {"label": label, "metric": metric, "value": value, "control": label in controls}
            for label, numbers in dict(values).items()
            for metric, value in numbers.items()
        ] + [{"label": label, "metric": "psnr", "value": np.nan, "control": True} for label in controls]
        columns = ["label", "metric", "value", "control"]
        scores = pd.DataFrame(rows, columns=columns).assign(item="cube", seed=0, iterate="returned")
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
            withheld={"signal": truth},
            estimates=dict(estimates),
            shown=more.pop("shown", None),
            energies=more.pop("energies", {}),
        )

    return make


def titled(figure, title):
    """Return the picture, crop and error panel of a label."""
    index = next(index for index, axis in enumerate(figure.axes) if axis.get_title().startswith(title))
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
def test_the_crop_is_the_window_of_largest_variance(scene, clean, noisy, size):
    clean, noisy = clean[:size], noisy[:size]
    figure = draw("reconstructions", scene(clean, noisy))
    side = size // 4
    windows = sliding_window_view(clean.mean(axis=2), (side, side))
    row, column = np.unravel_index(windows.var(axis=(2, 3)).argmax(), windows.shape[:2])
    picture, crop, _ = titled(figure, "Noisy")
    np.testing.assert_array_equal(shown(crop), shown(picture)[row : row + side, column : column + side])
    assert picture.patches[0].get_xy() == (column - 0.5, row - 0.5)


def test_a_failed_method_shows_its_text_and_no_picture(scene, clean, noisy):
    figure = draw("reconstructions", scene(clean, noisy, {"BM3D": "timeout: no estimate"}))
    panels = titled(figure, "BM3D")
    assert panels[0].texts[0].get_text().replace("\n", " ") == "timeout: no estimate"
    assert not any(panel.images for panel in panels)


def test_titles_carry_the_primary_measure_and_the_next(scene, clean, noisy):
    values = {
        "SVD": {"psnr": 31.84, "ssim": 0.9, "sam": 4.0},
        "Input": {"psnr": 14.0, "sam": 9.0},
        "Perfect": {"psnr": np.inf, "ssim": 1.0},
    }
    estimates = {"Perfect": clean.astype(np.float32), "SVD": clean / 2, "Input": noisy}
    given = scene(clean, noisy, estimates, values)
    titles = [axis.get_title() for axis in draw("reconstructions", given).axes]
    assert "SVD\n31.8 dB · 0.900" in titles
    assert "Perfect" in titles
    by_angle = scene(clean, noisy, estimates, values, entry={"metric": "sam"})
    titles = [axis.get_title() for axis in draw("reconstructions", by_angle).axes]
    assert "SVD\n4.0 ° · 31.8 dB" in titles


def test_controls_that_return_the_clean_or_the_observed_signal_stand_there_alone(scene, clean, noisy):
    clean, noisy = clean.astype(np.float32), noisy.astype(np.float32)
    estimates = {"Limit": clean.copy(), "Half": clean / 2, "Input": noisy.copy(), "Lazy": noisy.copy()}
    values = {"Input": {"psnr": 14.0}, "Lazy": {"psnr": 14.0}}
    given = scene(clean, noisy, estimates, values, controls=("Limit", "Half", "Input"))
    titles = [title for axis in draw("reconstructions", given).axes if (title := axis.get_title())]
    assert titles == ["Clean", "Noisy\n14.0 dB", "Half\n", "Lazy\n14.0 dB"]


def test_measurements_that_are_no_picture_are_not_shown(scene, clean):
    figure = draw("reconstructions", scene(clean, clean[:, :3], {"SVD": clean / 2}))
    assert [title for axis in figure.axes if (title := axis.get_title())] == ["Clean", "SVD\n"]


def test_an_image_in_colour_is_shown_in_colour(scene, clean, noisy):
    coloured = {"data": {"toy": {"kind": "images"}}}
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
    drawn = {line.get_color(): np.asarray(line.get_ydata()) for line in error.lines[1:]}
    labels = {line.get_color(): line.get_label() for line in figure.legends[0].get_lines()[2:]}
    levels = {labels[colour]: values.mean() for colour, values in drawn.items()}
    assert levels == pytest.approx({"SVD": 0.5, "Deep": 0.3, "Method 0": 0.01, "Method 1": 0.02})
    assert labels[COLOURS[0]] == "Deep"
    assert figure.legends[0].get_title().get_text() == "no estimate: Broken"
    assert pixels_of(figure).std() > 0.05


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
    return frame.assign(dataset="toy", noise="gaussian", control=False, seconds=2.0, method=frame["label"].str.lower())


@pytest.fixture
def converging(scene, curves, summary):
    """Return the figure of the curves and the summary, with rows added."""

    def drawn(*more, curves=curves, **given):
        return draw("convergence", scene(curves=curves, summary=pd.concat([summary, *more]), **given))

    return drawn


def crowd(names, levels):
    rows = pd.DataFrame({"label": names, "method": names, "psnr_mean": levels, "n": 1})
    return rows.assign(iterate="returned", dataset="toy", noise="gaussian", control=False, seconds=2.0)


def test_convergence_draws_the_mean_over_seeds_and_marks_rising_curves_only(converging):
    figure = converging()
    assert figure.axes[0].get_ylabel() == "PSNR [dB]"
    for axis, scale in zip(figure.axes, (1, 0.1), strict=True):
        lines = {line.get_label(): line for line in axis.lines}
        np.testing.assert_allclose(lines["Deep, last"].get_xdata(), scale * np.array([1, 10, 100]))
        np.testing.assert_allclose(lines["Deep, last"].get_ydata(), [21, 31, 26])
        np.testing.assert_allclose(lines["Deep, average"].get_ydata(), [19, 27, 32])
        marked = [label for label in lines if "still rising" in label]
        assert marked == ["Deep, average, still rising"]
        diamonds = [line.get_ydata()[0] for line in axis.lines if line.get_marker() == "D"]
        assert set(diamonds) == {27.0}
    assert pixels_of(figure).std() > 0.05


def test_convergence_of_a_measure_of_which_less_is_better_marks_falling_curves(scene, curves, summary):
    falling = curves.assign(metric="sam", value=-curves["value"])
    names = [f"m{index:02d}" for index in range(11)]
    levels = pd.concat([summary, crowd(names, 30.0 + np.arange(11))]).rename(columns={"psnr_mean": "sam_mean"})
    figure = draw("convergence", scene(curves=falling, summary=levels, entry={"metric": "sam"}))
    assert figure.axes[0].get_ylabel() == "SAM [°]"
    marked = [line for line in figure.axes[0].lines if "still" in line.get_label()]
    assert [(line.get_label(), line.get_marker()) for line in marked] == [("Deep, average, still falling", "v")]
    labels = {text.get_text() for text in figure.axes[1].texts}
    assert {"SVD", *names[:8]} == labels  # SVD has 29, which is less


def test_convergence_has_a_line_for_a_method_without_a_curve_and_names_those_without_an_estimate(converging, curves):
    for given in (curves, curves[:0]):
        by_seconds = converging(curves=given).axes[1]
        line = next(line for line in by_seconds.lines if list(line.get_ydata()) == [29.0, 29.0])
        assert line.get_xdata()[0] == 2.0
        assert "SVD" in [text.get_text() for text in by_seconds.texts]
        assert by_seconds.get_title(loc="left") == "no estimate: Broken"


def test_labels_at_the_edge_keep_their_distance(converging):
    figure = converging(crowd([f"Method {index}" for index in range(8)], 29 + 0.01 * np.arange(8)))
    heights = sorted(text.xyann[1] for text in figure.axes[1].texts)
    low, high = figure.axes[1].get_ylim()
    assert len(heights) == 9
    assert np.diff(heights).min() >= (high - low) / 26 - 1e-9


def test_lines_of_a_figure_differ_in_colour_where_the_palette_allows(converging):
    many = crowd([f"m{index}" for index in range(12)], 30.0 + np.arange(12))
    figure = converging(many, estimates={"SVD": ""}, reference="svd", subject=["Deep"])
    drawn = [text.get_color() for text in figure.axes[1].texts] + [figure.legends[0].get_lines()[0].get_color()]
    assert len(drawn) == len(set(drawn)) == 11  # the best nine, SVD, and the one with a curve
    assert drawn[-1] == COLOURS[0]


def test_of_many_methods_without_a_curve_the_best_the_reference_and_the_controls_are_drawn(converging):
    names = [f"m{index:02d}" for index in range(20)]
    many = crowd(names, 30.0 + np.arange(20))
    many.loc[0, "control"] = True
    figure = converging(many, estimates={"SVD": ""}, reference="svd")
    labels = {text.get_text() for axis in figure.axes for text in axis.texts}
    assert {"m00", "SVD", *names[-9:]} <= labels
    assert not set(names[1:-9]) & labels
    assert "without 10 weaker methods that have no curve" in labels


def test_the_subject_has_the_first_colours_whatever_stands_beside_it():
    assert colours_of(["a", "b", "a"]) == {"a": COLOURS[0], "b": COLOURS[1]}
    assert colours_of(["a", "s"], ["s"]) == {"s": COLOURS[0], "a": COLOURS[1]}
    many = colours_of([f"m{index}" for index in range(30)], ["s", "t"])
    assert [label for label, colour in many.items() if colour in COLOURS[:2]] == ["s", "t"]
    assert len(set(colours_of([], [f"s{index}" for index in range(16)]).values())) == 12


def test_losses_are_a_line_for_each_item_relative_to_its_energy(scene):
    rows = [
        {"label": "A", "item": item, "iterate": iterate, "seed": seed, "iteration": n, "loss": (seed + scale) / n}
        for item, scale in (("signal", 1), ("noise", 3))
        for iterate in ("last", "average")
        for seed in (0, 2)
        for n in (1, 10)
    ]
    energies = {"signal": 0.5, "noise": 0.001}
    [axis] = draw("losses", scene(curves=pd.DataFrame(rows), energies=energies)).axes
    lines = {line.get_label(): line.get_xydata() for line in axis.lines}
    np.testing.assert_allclose(lines["A, signal"], [[1, 4], [10, 0.4]])  # the mean over the seeds is 2
    np.testing.assert_allclose(lines["A, noise"], [[1, 4000], [10, 400]])
    assert "energy of the item" in axis.get_ylabel()
    assert [1.0, 1.0] in [list(line.get_ydata()) for line in axis.lines]  # nothing learnt


def test_bases_show_their_first_vectors_and_a_failed_one_its_text(scene):
    basis = np.random.default_rng(0).standard_normal((15, 6, 5))
    figure = draw("bases", scene(estimates={"PCA": basis, "Broken": "failed: no estimate"}))
    panels = [axis for axis in figure.axes if axis.images]
    assert len(panels) == 12
    np.testing.assert_array_equal(shown(panels[3]), basis[3])
    assert "failed" in "".join(text.get_text() for axis in figure.axes for text in axis.texts)


def test_a_figure_that_no_file_draws_is_an_error_that_lists_what_there_is(scene):
    for name in ("pictures", "sweep", "../scene", ""):
        with pytest.raises(ValueError, match=r"there are: bases, convergence, losses, reconstructions, spectra$"):
            draw(name, scene())
