"""The running average against its definition, and its rule for outliers."""

import numpy as np
import torch

from deeptensor.averaging import RunningAverage


def average_of(losses: list[float], values: list[float], running: list[bool] | None = None) -> float:
    """Return the running average of scalar iterates, beside another problem that must not matter."""
    running = running or [True] * len(values)
    first, *rest = zip(losses, values, running, strict=True)
    average = RunningAverage([torch.tensor([[first[1]], [7]], dtype=torch.float64)], pair(first[0]))
    for loss, value, runs in rest:
        iterate = torch.tensor([[value], [7]], dtype=torch.float64)
        average.update([iterate], pair(loss), torch.tensor([runs, True]))
    assert average.averages[0][1].item() == 7
    return average.averages[0][0].item()


def pair(loss: float) -> torch.Tensor:
    return torch.tensor([loss, 1], dtype=torch.float64)


def exponential_average(values: list[float]) -> float:
    """Return sum(0.99^(n - i) values[i]) / sum(0.99^(n - i))."""
    return float(np.average(values, weights=0.99 ** np.arange(len(values))[::-1]))


def settled_losses(count: int) -> list[float]:
    """Return losses that fall to 1 and fluctuate there by a few per cent."""
    noise = np.random.default_rng(0).uniform(-0.02, 0.02, count)
    return list(1 + 3 * np.exp(-np.arange(count) / 50) + noise)


def test_average_is_the_exponential_one_corrected_for_its_start():
    expected = (0.99**2 * 1 + 0.99 * 5 + 2) / (0.99**2 + 0.99 + 1)
    np.testing.assert_allclose(average_of([4, 3, 2], [1, 5, 2]), expected)


def test_no_iterate_of_a_settling_fit_is_left_out():
    values = list(np.random.default_rng(1).random(2000))
    np.testing.assert_allclose(average_of(settled_losses(2000), values), exponential_average(values), rtol=1e-5)


def test_iterates_of_a_spike_are_left_out_even_if_infinite():
    losses, values = settled_losses(2000), list(np.random.default_rng(1).random(2000))
    spiked = [*losses[:1990], 1.5, np.inf, np.nan, *losses[1993:]]
    expected = exponential_average(values[:1990] + values[1993:])
    values[1990:1993] = [1e6, np.inf, np.nan]
    np.testing.assert_allclose(average_of(spiked, values), expected, rtol=1e-5)


def test_iterates_after_a_problem_has_stopped_are_left_out():
    running = [True, True, True, False, False]
    expected = (0.99**2 * 1 + 0.99 * 5 + 2) / (0.99**2 + 0.99 + 1)
    np.testing.assert_allclose(average_of([4, 3, 2, 1, 1], [1, 5, 2, 100, 100], running), expected)


def test_iterates_count_again_after_a_lasting_rise():
    losses = settled_losses(1000) + [2.0] * 600
    np.testing.assert_allclose(average_of(losses, [0.0] * 1000 + [1.0] * 600), 1, atol=0.02)
