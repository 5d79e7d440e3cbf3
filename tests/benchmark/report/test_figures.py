import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from numpy.lib.stride_tricks import sliding_window_view

from benchmark.report.figures import COLOURS, bases, colours_of, convergence, losses, reconstructions, spectra

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


def test_an_error_stands_where_it_is_with_its_mean_over_bands(clean, noisy):
    wrong = clean.copy()
    wrong[3:6, 20:24, :2] -= 0.5
    figure = reconstructions(clean, noisy, {"Wrong": wrong}, None, {})
    expected = np.zeros((SIZE, SIZE))
    expected[3:6, 20:24] = 0.5 * 2 / BANDS
    np.testing.assert_allclose(shown(titled(figure, "Wrong")[2]), expected, atol=1e-12)


def test_all_pictures_share_the_stretch_of_the_clean_one_and_all_errors_one_scale(clean, noisy):
    estimates = {"Half": clean / 2, "Far": clean + 0.3}
    figure = reconstructions(clean, noisy, estimates, (4, 2, 0), {})
    low, high = np.percentile(clean[:, :, [4, 2, 0]], (1, 99), axis=(0, 1))
    for label, cube in {"Clean": clean, "Noisy": noisy, **estimates}.items():
        expected = np.clip((cube[:, :, [4, 2, 0]] - low) / (high - low), 0, 1)
        np.testing.assert_allclose(shown(titled(figure, label)[0]), expected)
    scales = {titled(figure, label)[2].images[0].get_clim() for label in ("Noisy", *estimates)}
    assert len(scales) == 1
    assert next(iter(scales))[1] == pytest.approx(0.3, rel=0.3)


@pytest.mark.parametrize("size", [32, 29])
def test_the_crop_is_the_window_of_largest_variance(clean, noisy, size):
    clean, noisy = clean[:size], noisy[:size]
    figure = reconstructions(clean, noisy, {}, None, {})
    side = size // 4
    windows = sliding_window_view(clean.mean(axis=2), (side, side))
    row, column = np.unravel_index(windows.var(axis=(2, 3)).argmax(), windows.shape[:2])
    picture, crop, _ = titled(figure, "Noisy")
    np.testing.assert_array_equal(shown(crop), shown(picture)[row : row + side, column : column + side])
    assert picture.patches[0].get_xy() == (column - 0.5, row - 0.5)


def test_a_failed_method_shows_its_text_and_no_picture(clean, noisy):
    figure = reconstructions(clean, noisy, {"BM3D": "timeout: no estimate"}, None, {})
    panels = titled(figure, "BM3D")
    assert panels[0].texts[0].get_text().replace("\n", " ") == "timeout: no estimate"
    assert not any(panel.images for panel in panels)


def test_titles_carry_the_scores(clean, noisy):
    scores = {"SVD": {"psnr": 31.84, "ssim": 0.9}, "Noisy": {"psnr": 14.0}}
    figure = reconstructions(clean, noisy, {"SVD": clean}, None, scores)
    titles = [axis.get_title() for axis in figure.axes]
    assert "SVD\n31.8 dB · 0.900" in titles
    assert "Noisy\n14.0 dB" in titles


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("bands", [1, BANDS])
def test_reconstructions_render_for_few_and_many_methods(clean, noisy, count, bands):
    estimates = {f"Method {index}": noisy[:, :, :bands] / 2 for index in range(count)}
    image = pixels_of(reconstructions(clean[:, :, :bands], noisy[:, :, :bands], estimates, None, {}))
    assert image.shape[1] <= 8 * 60
    assert image.std() > 0.05


def test_spectra_show_the_pixels_and_the_error_of_the_best_methods_and_those_asked_for(clean, noisy):
    estimates = {"SVD": clean + 0.5, "Broken": "failed: singular matrix"}
    estimates |= {f"Method {index}": clean + 0.01 * (index + 1) for index in range(6)}
    figure = spectra(clean, noisy, estimates, pixels=[(2, 3), (20, 7)], always=["SVD"])
    spectrum, error = figure.axes[4:6]
    np.testing.assert_array_equal(spectrum.lines[1].get_ydata(), clean[20, 7])
    drawn = {line.get_color(): np.asarray(line.get_ydata()) for line in error.lines[1:]}
    labels = {line.get_color(): line.get_label() for line in figure.legends[0].get_lines()[2:]}
    assert {labels[colour] for colour in drawn} == {"SVD", "Method 0", "Method 1"}
    levels = {labels[colour]: values.mean() for colour, values in drawn.items()}
    assert levels == pytest.approx({"SVD": 0.5, "Method 0": 0.01, "Method 1": 0.02})
    assert "Broken" in figure.legends[0].get_title().get_text()
    assert pixels_of(figure).std() > 0.05


def test_spectra_pick_a_typical_pixel_and_then_the_farthest_ones(noisy):
    clean = np.full((6, 7, 3), 0.5)
    clean[1, 2], clean[4, 6], clean[5, 0] = (1, 1, 1), (0, 0, 0), (1, 0, 0)
    figure = spectra(clean, clean, {"SVD": clean})
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
            "psnr": psnr + seed,
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


def test_convergence_draws_the_mean_over_seeds_and_marks_rising_curves_only(curves, summary):
    figure = convergence(curves, summary)
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


def test_convergence_has_a_line_for_a_method_without_a_curve_and_names_those_without_an_estimate(curves, summary):
    for given in (curves, curves[:0]):
        figure = convergence(given, summary)
        by_seconds = figure.axes[1]
        line = next(line for line in by_seconds.lines if list(line.get_ydata()) == [29.0, 29.0])
        assert line.get_xdata()[0] == 2.0
        assert "SVD" in [text.get_text() for text in by_seconds.texts]
        assert by_seconds.get_title(loc="left") == "no estimate: Broken"


def test_labels_at_the_edge_keep_their_distance(curves, summary):
    crowd = pd.DataFrame(
        {"label": [f"Method {index}" for index in range(8)], "psnr_mean": 29 + 0.01 * np.arange(8), "n": 1}
    ).assign(iterate="returned", dataset="toy", noise="gaussian", control=False, seconds=1.0)
    figure = convergence(curves, pd.concat([summary, crowd]))
    heights = sorted(text.xyann[1] for text in figure.axes[1].texts)
    low, high = figure.axes[1].get_ylim()
    assert len(heights) == 9
    assert np.diff(heights).min() >= (high - low) / 26 - 1e-9


def test_lines_of_a_figure_differ_in_colour_where_the_palette_allows(curves, summary):
    names = [f"m{index}" for index in range(12)]
    many = pd.DataFrame({"label": names, "method": names, "psnr_mean": 30.0 + np.arange(12), "n": 1})
    many = many.assign(iterate="returned", dataset="toy", noise="gaussian", control=False, seconds=2.0)
    figure = convergence(curves, pd.concat([summary, many]))
    drawn = [text.get_color() for text in figure.axes[1].texts] + [figure.legends[0].get_lines()[0].get_color()]
    assert len(drawn) == len(set(drawn)) == 11  # the best nine, SVD, and the one with a curve


def test_a_label_has_one_colour_whichever_methods_repeat():
    assert colours_of(["a", "b", "a"]) == {"a": COLOURS[0], "b": COLOURS[1]}


def test_losses_are_a_line_for_each_item_of_the_last_iterate():
    rows = [
        {"label": "A", "item": item, "iterate": iterate, "seed": seed, "iteration": n, "loss": (seed + scale) / n}
        for item, scale in (("signal", 1), ("noise", 3))
        for iterate in ("last", "average")
        for seed in (0, 2)
        for n in (1, 10)
    ]
    [axis] = losses(pd.DataFrame(rows)).axes
    assert [line.get_label() for line in axis.lines] == ["A, signal", "A, noise"]
    np.testing.assert_allclose(axis.lines[0].get_xydata(), [[1, 2], [10, 0.2]])  # the mean over the seeds


def test_bases_show_their_first_vectors_and_a_failed_one_its_text():
    basis = np.random.default_rng(0).standard_normal((15, 6, 5))
    figure = bases({"PCA": basis, "Broken": "failed: no estimate"})
    panels = [axis for axis in figure.axes if axis.images]
    assert len(panels) == 12
    np.testing.assert_array_equal(shown(panels[3]), basis[3])
    assert "failed" in "".join(text.get_text() for axis in figure.axes for text in axis.texts)


def test_of_many_methods_without_a_curve_the_best_svd_and_the_controls_are_drawn(curves, summary):
    names = [f"m{index:02d}" for index in range(20)]
    many = pd.DataFrame({"label": names, "method": names, "psnr_mean": 30.0 + np.arange(20), "n": 1})
    many = many.assign(iterate="returned", dataset="toy", noise="gaussian", control=False, seconds=2.0)
    many.loc[0, "control"] = True
    figure = convergence(curves, pd.concat([summary, many]))
    labels = {text.get_text() for axis in figure.axes for text in axis.texts}
    assert {"m00", "SVD", *names[-9:]} <= labels
    assert not set(names[1:-9]) & labels
    assert "without 10 lower methods that have no curve" in labels
