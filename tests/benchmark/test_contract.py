from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import tensorly as tl

from benchmark.contract import Estimate, Problem, compose


def test_signal_composes_to_itself():
    signal = np.arange(6.0).reshape(2, 3)
    assert compose(signal) is signal


def test_factors_of_a_cube_compose_to_the_sum_of_outer_products():
    rng = np.random.default_rng(0)
    maps, spectra = rng.random((4, 3, 2)), rng.random((5, 2))
    expected = sum(np.multiply.outer(maps[..., r], spectra[:, r]) for r in range(2))
    np.testing.assert_allclose(compose((maps, spectra)), expected)


def test_a_single_factor_composes_to_its_sum_over_the_rank():
    factor = np.arange(12.0, dtype=np.float32).reshape(3, 2, 2)
    np.testing.assert_array_equal(compose((factor,)), factor.sum(axis=-1))
    assert compose((factor,)).dtype == np.float32


def test_three_factors_compose_to_the_cp_tensor_of_tensorly():
    rng = np.random.default_rng(1)
    factors = tuple(rng.standard_normal((size, 4)) for size in (6, 5, 3))
    np.testing.assert_allclose(compose(factors), tl.cp_to_tensor((None, list(factors))))


def test_parts_are_signals_by_name_and_stay_as_they_are():
    parts = {"low": np.ones((2, 3)), "sparse": np.zeros((2, 3))}
    assert compose(parts) == parts


@pytest.mark.parametrize(
    "field", [{"signal": np.zeros(1)}, {"factors": (np.ones((2, 1)),)}, {"parts": {"low": np.ones(2)}}]
)
def test_the_answer_of_an_estimate_is_the_one_field_that_it_has(field):
    [value] = field.values()
    assert Estimate(**field).answer is value


def test_method_cannot_exchange_its_observation():
    problem = Problem(observed=np.ones(3), rank=1)
    with pytest.raises(FrozenInstanceError):
        problem.observed = np.zeros(3)
