"""The benchmark of speed: both sides are the same method, and the program measures and writes what it says."""

import numpy as np
import pandas as pd
import pytest
import torch

from bench import defaults, reference, roofline
from bench.cases import CASES, Case, draw, tiny
from bench.meters import SHORT, Meter, gflop_an_iteration, peak_mib
from bench.run import main
from bench.sides import by_library, by_reference, observations, radon_of
from benchmark.metrics import psnr
from deeptensor.layers import Convolution, Normalisation
from deeptensor.networks import Network, make_network, number_of_scales


def pair(sizes, rank, channels, scales):
    """Return the reference's network and the library's, a stack of one, with the same random weights."""
    plain = reference.skip_network(len(sizes), rank, channels, scales)
    ours = make_network(Network(channels=channels, scales=scales), 1, sizes, rank)
    own = [layer for layer in ours.modules() if isinstance(layer, Convolution | Normalisation)]
    kinds = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)
    layers = [layer for layer in plain.modules() if isinstance(layer, kinds)]
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.normal_(std=0.3)
        for layer, source in zip(own, layers, strict=True):
            layer.weight[0] = source.weight
            layer.bias[0] = source.bias
    return plain, ours


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("sizes", "scales"), [((33,), 5), ((20,), 2), ((17, 21), 4), ((9, 14), 1), ((6, 7), 0)])
def test_the_reference_and_the_library_have_one_network(sizes, scales):
    plain, ours = pair(sizes, rank=3, channels=8, scales=scales)
    assert number_of_scales(sizes, scales) == scales
    assert count(plain) == count(ours)
    x = torch.rand(1, 3, *sizes)
    expected = plain(x)
    assert expected.std() > 0.01
    torch.testing.assert_close(ours(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("dimensions", "rank", "number"), [(1, 10, 794006), (1, 32, 805380), (2, 20, 2206152)])
def test_the_network_has_as_many_parameters_as_the_authors(dimensions, rank, number):
    assert count(reference.skip_network(dimensions, rank, channels=128, scales=5)) == number


@pytest.mark.parametrize("name", ["matrix", "cube", "radon"])
def test_the_cases_have_the_shapes_that_they_say(name):
    case = tiny(CASES[name])
    clean, noisy = draw(case, seed=0)
    assert clean.shape == noisy.shape == case.shape
    assert clean.min() >= 0
    assert clean.max() == 1
    assert 5 < psnr(clean, noisy, 1.0) < 60
    assert np.array_equal(draw(case, seed=0)[1], noisy)
    assert not np.array_equal(draw(case, seed=1)[1], noisy)


def test_the_reference_comes_closer_to_a_smooth_matrix_and_keeps_the_lowest_loss():
    case = Case(shape=(20, 18), modes=((0,), (1,)), rank=2, channels=16, scales=2)
    Y = np.outer(np.linspace(0, 1, 20), np.linspace(1, 0.2, 18)).astype(np.float32)
    [fit] = by_reference(case, [Y], iterations=200, device="cpu")
    assert len(fit.loss) == 200
    assert np.square(fit.product.numpy() - Y).mean() == pytest.approx(min(fit.loss), rel=1e-4)
    assert min(fit.loss) < 0.02 * Y.var()


@pytest.mark.parametrize("name", ["matrix", "cube", "cube, bfloat16", "radon"])
def test_both_sides_lower_the_loss_alike(name):
    case = tiny(CASES[name])
    Ys = observations(case, 6)
    mean, variance = np.array(
        [
            (logs.mean(axis=0), logs.var(axis=0, ddof=1) / len(Ys))
            for side in (by_reference, by_library)
            for logs in [np.log([fit.loss for fit in side(case, Ys, iterations=40, device="cpu")])]
        ]
    ).swapaxes(0, 1)
    # In standard errors: the sides draw other weights.
    assert np.all(np.abs(mean[0] - mean[1]) < 4 * np.sqrt(variance.sum(axis=0)))
    assert np.all(mean[:, -1] < mean[:, 0] - 0.3)


@pytest.mark.parametrize("shape", [(12, 12, 3), (11, 14, 2), (9, 9, 1)])
def test_projections_of_the_reference_and_the_library_agree(shape):
    case = Case(shape=shape, modes=((0,), (1,), (2,)), rank=2, angles=5)
    volume = torch.rand(shape)
    expected = reference.project(volume, case.projection_angles)
    torch.testing.assert_close(radon_of(case)(volume), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(expected[0], volume.sum(0), rtol=1e-5, atol=1e-5)


def test_the_time_of_an_iteration_leaves_out_the_set_up(monkeypatch):
    clock = 0.0

    def fit(iterations, device):
        nonlocal clock
        clock += 3.0 + 0.25 * iterations

    monkeypatch.setattr("bench.meters._now", lambda device: clock)
    meter = Meter(fit, seconds=5.0, device="cpu")
    assert meter.read() == pytest.approx(0.25)
    assert 1.0 < 0.25 * (meter.long - SHORT) < 5.1


def test_operations_are_counted_forward_and_backward():
    case = Case(shape=(20, 18), modes=((0,), (1,)), rank=2, scales=0)
    # Each network is its last layer alone, 2 x 2 for each sample, and the product 20 x 2 times 2 x 18; each costs as
    # much again for either gradient. One operation is an addition or a multiplication.
    operations = 3 * 2 * (20 * 2 * 2 + 18 * 2 * 2 + 20 * 2 * 18)
    assert gflop_an_iteration(case, np.ones((20, 18), np.float32), "cpu") == pytest.approx(operations / 1e9)


@pytest.mark.parametrize("side", ["reference", "library"])
def test_peak_memory_covers_the_features_that_the_gradient_needs(side):
    case = Case(shape=(160, 160, 8), modes=((0, 1), (2,)), rank=4, channels=16, scales=2)
    # Eight features of the finest scale at the least, 16 channels in single precision.
    assert 8 * 4 * 16 * 160**2 / 2**20 < peak_mib(side, case, 1, "cpu") < 500


def test_the_program_writes_a_row_for_each_case_and_batch(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("bench.run.peak_mib", lambda *arguments: 1.0)  # each would start a process
    options = "--tiny --rounds 2 --seconds 0.1 --threads 1 --device cpu --quality --output".split()
    assert main([*options, str(tmp_path)]) == 0
    table = pd.read_csv(tmp_path / "table.csv")
    assert list(zip(table["case"], table["batch"], strict=True)) == [
        ("matrix", 2),
        ("matrix", 1),
        ("cube", 1),
        ("cube, bfloat16", 1),
        ("radon", 1),
        ("stopping", 2),
    ]
    assert (table["ratio_min"] <= table["ratio_median"]).all()
    assert (table["ratio_median"] <= table["ratio_max"]).all()
    assert table[["baseline_seconds", "candidate_seconds", "ratio_median"]].notna().all(axis=None)
    assert (table[["gflop", "sgemm_gflops"]] > 0).all(axis=None)
    assert {"cpu", "threads", "torch", "device", "date", "git_commit"} <= set(table)
    quality = pd.read_csv(tmp_path / "quality.csv")
    assert list(quality["case"]) == ["matrix", "cube", "cube, bfloat16"]
    assert quality[["reference_mean", "library_mean"]].notna().all(axis=None)
    page = (tmp_path / "table.md").read_text()
    assert page in capsys.readouterr().out
    assert page.count("| radon |") == 1
    assert "## Quality" in page


def test_the_roofline_has_a_row_for_each_batch_and_a_page_with_every_part(tmp_path):
    assert roofline.main(["--tiny", "--cases", "matrix", "--output", str(tmp_path)]) == 0
    table = pd.read_csv(tmp_path / "roofline.csv")
    assert list(table["batch"]) == [2, 1]
    assert (table[["matrix products", "normalisation", "optimiser", "gflop", "product_bfloat16"]] > 0).all(axis=None)
    assert (table["convolution"] == 0).all()  # those of one dimension are products
    page = (tmp_path / "roofline.md").read_text()
    assert "| matrix, batch of 2 |" in page
    assert "| upsampling |" in page


def test_the_table_of_the_defaults_has_every_setting_and_library(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.defaults.SEEDS", range(1))
    assert defaults.main(["--iterations", "2", "--output", str(tmp_path)]) == 0
    noisy, exact = (pd.read_csv(tmp_path / f"defaults_{name}.csv") for name in ("noisy", "exact"))
    assert noisy.groupby(["data", "settings"]).size().eq(1).all()
    assert set(noisy["settings"]) == {"defaults", "paper", "classical"}
    classical = noisy[noisy["settings"] == "classical"].groupby("data")["error"].mean()
    assert classical.between(0.01, 0.5).all()
    # Every other library finds an exact rank.
    assert (exact.loc[~exact["by"].str.startswith("deeptensor"), "error"] < 1e-3).all()
    assert exact["data"].nunique() == 3
    assert "| camera, 512 x 512 |" in (tmp_path / "defaults.md").read_text()


def test_rows_of_the_paper_are_kept_with_the_commit_that_they_were_measured_at(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.defaults.SEEDS", range(1))
    exact = {"data": "exact", "by": "numpy", "error": 1.0, "cpu_seconds": 1.0}
    monkeypatch.setattr("bench.defaults.exact_rows", lambda short: [exact])
    kept = [
        {"data": name, "seed": 0, "settings": "paper", "error": 0.5, "cpu_seconds": 9.0, "git_commit": "earlier"}
        for name in defaults.NOISY
    ]
    pd.DataFrame(kept).to_csv(tmp_path / "earlier.csv", index=False)
    options = ["--iterations", "2", "--output", str(tmp_path), "--paper", str(tmp_path / "earlier.csv")]
    assert defaults.main(options) == 0
    noisy = pd.read_csv(tmp_path / "defaults_noisy.csv", index_col="settings")
    assert (noisy.loc["paper", ["error", "cpu_seconds", "git_commit"]] == [0.5, 9.0, "earlier"]).all(axis=None)
    assert (noisy.loc["defaults", "git_commit"] != "earlier").all()
    assert "of the paper's settings: earlier" in (tmp_path / "defaults.md").read_text()
