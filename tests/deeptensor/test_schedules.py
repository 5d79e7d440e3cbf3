import numpy as np
import pytest

from deeptensor import Model, Network, factorise
from deeptensor.schedules import SCHEDULES


def test_factors_by_hand():
    times = (0, 49, 50, 150, 250, 1999, 2000, 4000)
    at = {name: [schedule(t, 5000) for t in times] for name, schedule in SCHEDULES.items()}
    assert at["linear"] == pytest.approx([1 / 50, 0.9902, 0.99, 0.97, 0.95, 0.6002, 0.6, 0.2])
    assert at["fixed"] == [1] * 8
    assert at["step"] == pytest.approx([1, 1, 1, 1, 1, 1, 0.99, 0.99**2])
    assert at["exponential"] == pytest.approx([0.9999**t for t in (0, 49, 50, 150, 250, 1999, 2000, 4000)])
    assert at["cosine"][:5] == pytest.approx([1 / 50, 1, 1, 0.5, 1])


def test_a_rate_that_rises_slowly_leaves_the_start_more_slowly():
    Y = np.random.default_rng(0).random((16, 12))
    network = Network(channels=8, perturbation=0)
    loss = {
        name: factorise(Y, Model(2, network=network), iterations=20, learning_rate=0.01, schedule=name).loss
        for name in ("fixed", "cosine")
    }
    assert loss["fixed"][0] == loss["cosine"][0]
    assert loss["fixed"][-1] < 0.8 * loss["cosine"][-1]


def test_an_unknown_schedule_names_the_known_ones():
    with pytest.raises(ValueError, match="linear, fixed, step, exponential, cosine"):
        factorise(np.ones((8, 8)), Model(1), schedule="quadratic")
