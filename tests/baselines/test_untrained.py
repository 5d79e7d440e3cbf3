"""Networks whose output is the signal: deep image prior in two and three dimensions, deep decoder, low-rank input."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.algorithms.held_out import hold_out
from benchmark.algorithms.untrained import fit_network
from benchmark.contract import Estimate, Problem
from benchmark.loading import load_module
from deeptensor import Network
from deeptensor.operators import Radon
from deeptensor.products import product

BASELINES = Path(__file__).parents[2] / "baselines"


def solve(name: str, observed: np.ndarray, operator: Radon | None = None, rank: int = 1, **params) -> Estimate:
    problem = Problem(observed=observed, rank=rank, operator=operator)
    return load_module(BASELINES / f"{name}.py").solve(problem, seed=0, device="cpu", **params)


def waves(*shape: int) -> np.ndarray:
    """Return a smooth image with values from 0.1 to 0.9."""
    rows, columns = (np.linspace(0, 3, size) for size in shape)
    return 0.5 + 0.4 * np.multiply.outer(np.sin(2 * rows), np.cos(3 * columns))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("dip", {"channels": 16, "scales": 2, "iterations": 50}),
        ("deep_decoder", {"channels": 12, "scales": 2, "iterations": 120}),
    ],
)
def test_network_fits_a_smooth_image_long_before_noise(name, params):
    smooth = waves(17, 20)
    noise = np.random.default_rng(0).permutation(smooth.ravel()).reshape(smooth.shape)
    errors = [solve(name, image, **params).trace[-1].loss / image.var() for image in (smooth, noise)]
    assert errors[0] < 0.1 * errors[1]


def test_deep_image_prior_does_not_see_the_entries_held_out():
    observed = np.random.default_rng(1).random((12, 11, 2))
    hidden = np.where(hold_out(observed.shape, seed=0), 5.0, observed)
    first, second = (solve("dip", image, channels=4, scales=2, iterations=15) for image in (observed, hidden))
    np.testing.assert_array_equal(first.trace[-1].last, second.trace[-1].last)
    assert first.signal.std() > 0


@pytest.mark.parametrize("name", ["dip", "deep_decoder"])
def test_signal_stays_between_zero_and_the_peak(name):
    observed = 4 * np.random.default_rng(2).standard_normal((9, 8))
    signal = solve(name, observed, channels=4, iterations=30).signal
    assert 0 <= signal.min() < signal.max() <= 1


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("dip3d", {"channels": 8, "scales": 2, "iterations": 70, "learning_rate": 0.01}),
        ("low_rank_input", {"channels": 16, "scales": 2, "iterations": 70, "learning_rate": 0.01}),
    ],
)
def test_slices_are_recovered_through_the_projections(name, params):
    rows, columns = np.meshgrid(np.linspace(-1, 1, 15), np.linspace(-1, 1, 14), indexing="ij")
    disc = np.clip(4 * (0.7 - np.hypot(rows, columns + 0.2)), 0, 1)
    slices = np.multiply.outer(disc, [0.4, 0.7, 1.0])
    radon = Radon(slices.shape, np.linspace(0, 180, 9, endpoint=False))
    sinogram = radon(slices)
    signal = solve(name, sinogram, radon, rank=3, **params).signal
    assert np.sum((radon(signal) - sinogram) ** 2) < 0.05 * np.sum(sinogram**2)
    assert np.corrcoef(signal.ravel(), slices.ravel())[0, 1] > 0.85


def test_low_rank_input_starts_with_unit_variance_and_is_learned():
    module = load_module(BASELINES / "low_rank_input.py")
    network = module.LowRankInputNetwork((20, 21, 22), 50, Network(channels=4, scales=2), seed=0)
    Z = product(list(network.factors))
    assert Z.shape == (1, 22, 20 * 21)
    assert Z.std().item() == pytest.approx(1, abs=0.1)  # three factors of 20 x 50 normal numbers scatter by that
    network().square().mean().backward()
    assert all(factor.grad.abs().max() > 0 for factor in network.factors)


class Number(nn.Module):
    """The simplest network: its one weight, zero at the start, is its output."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self) -> torch.Tensor:
        return 1 * self.weight


def test_fit_returns_the_iterate_of_lowest_misfit():
    seen = []

    def misfit(signal: torch.Tensor) -> torch.Tensor:
        seen.append((abs(signal.item() - 1), signal.item()))
        return (signal - 1).square().mean()

    # Steps of this size jump to and fro about the minimum.
    estimate = fit_network(Number(), misfit, (1,), iterations=20, learning_rate=0.7)
    assert estimate.signal.item() == pytest.approx(min(seen)[1])
    assert estimate.signal.item() != pytest.approx(seen[-1][1])
    assert estimate.iterations == len(seen) == estimate.trace[-1].iteration == 20


def test_fit_with_a_score_returns_the_average_of_lowest_score_and_ends_after_the_patience():
    scores = []

    def score(average: torch.Tensor) -> torch.Tensor:
        scores.append((average - 0.5).square().sum())
        return scores[-1]

    def misfit(signal: torch.Tensor) -> torch.Tensor:
        return (signal - 2).square().mean()

    estimate = fit_network(Number(), misfit, (1,), 500, learning_rate=0.05, score=score, patience=7)
    best = int(np.argmin(scores))
    assert estimate.signal.item() == pytest.approx(0.5, abs=0.02)  # half of a step of the average
    assert (estimate.signal.item() - 0.5) ** 2 == pytest.approx(scores[best].item())
    assert estimate.iterations == len(scores) == best + 1 + 7 == estimate.trace[-1].iteration


def test_misfit_that_is_never_finite_says_what_to_do():
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        fit_network(Number(), lambda signal: (signal / 0).sum(), (1,), 3, learning_rate=0.1)
