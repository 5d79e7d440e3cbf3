import numpy as np

from benchmark.algorithms.salt_and_pepper import suspects, with_hidden_entries
from benchmark.noise import SaltAndPepper


def observation() -> tuple[np.ndarray, np.ndarray]:
    clean = np.random.default_rng(0).uniform(0.1, 0.9, (40, 30, 5))
    return clean, SaltAndPepper(0.3).sample(clean, np.random.default_rng(1))


def test_suspects_are_the_corrupted_entries_where_none_is_0_or_1_by_itself():
    clean, observed = observation()
    np.testing.assert_array_equal(suspects(observed), observed != clean)


def test_hidden_entries_are_intact_ones_turned_into_suspects():
    clean, observed = observation()
    before = observed.copy()
    harder, hidden = with_hidden_entries(observed)
    np.testing.assert_array_equal(observed, before)
    np.testing.assert_array_equal(observed[hidden], clean[hidden])
    assert suspects(harder)[hidden].all()
    np.testing.assert_array_equal(harder[~hidden], observed[~hidden])
    # A fiftieth of the 70 % that are intact, and salt as often as pepper: five standard deviations.
    assert abs(hidden.mean() - 0.014) < 0.008
    assert abs(harder[hidden].mean() - 0.5) < 0.28


def test_draw_of_the_hidden_entries_is_always_the_same():
    _, observed = observation()
    first, again = with_hidden_entries(observed), with_hidden_entries(observed)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
