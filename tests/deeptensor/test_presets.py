"""The paper's settings by name, and the defaults that stand for a person's time."""

from dataclasses import replace

import numpy as np
import pytest

from deeptensor import PAPER, DeepPCA, HeldOut, Model, Network, cp, factorise, svd
from deeptensor.__main__ import main

X = np.random.default_rng(0).standard_normal((12, 3)) @ np.random.default_rng(1).standard_normal((3, 10))
BRIEF = {**PAPER, "iterations": 3}


def test_paper_has_the_common_settings_of_the_paper():
    assert dict(PAPER) == {
        "network": Network("skip", 128, 5, 3, "random", None, optimise_input=True, perturbation=1 / 30),
        "iterations": 5000,
        "learning_rate": 1e-3,
        "schedule": "fixed",
    }


def test_paper_is_taken_by_the_decompositions_and_the_estimators():
    U, s, Vh = svd(X, 2, **BRIEF)
    settings = {"scale": 2 * np.sqrt(np.mean(X**2)), "iterations": 3, "learning_rate": 1e-3, "schedule": "fixed"}
    fit = factorise(X, Model(2, network=PAPER["network"]), **settings)
    np.testing.assert_allclose((U * s) @ Vh, fit.decomposition.reconstruct(), atol=1e-5)
    assert cp(X, 2, **BRIEF).factors[0].shape == (12, 2)
    assert DeepPCA(2, **BRIEF).fit(X).n_iter_ == 3


def test_preset_of_the_command_line_is_the_papers_except_where_an_option_differs(tmp_path):
    np.save(tmp_path / "data.npy", X)
    command = [str(tmp_path / "data.npy"), *"--rank 2 --preset paper --iterations 3 --channels 8".split()]
    assert main(command) == 0
    U, s, Vh = svd(X, 2, **{**BRIEF, "network": replace(PAPER["network"], channels=8)})
    with np.load(tmp_path / "data.deeptensor.npz") as output:
        np.testing.assert_allclose(output["reconstruction"], (U * s) @ Vh, atol=1e-5)


@pytest.mark.parametrize("shape", [(40, 30), (20, 20, 20)], ids=str)
def test_defaults_fit_an_array_of_exact_rank_in_a_part_of_their_iterations(shape):
    rng = np.random.default_rng(2)
    factors = [rng.standard_normal((size, 3)) for size in shape]
    Y = np.einsum("ir,jr->ij" if len(shape) == 2 else "ir,jr,kr->ijk", *factors)
    model = Model(3, modes=tuple((axis,) for axis in range(len(shape))))
    fit = factorise(Y, model, scale=np.abs(Y).max(), iterations=200)
    assert np.linalg.norm(fit.decomposition.reconstruct() - Y) < 2e-3 * np.linalg.norm(Y)


def test_a_value_that_stands_far_out_does_not_keep_the_rest_from_being_fitted():
    rng = np.random.default_rng(3)
    U, V = rng.standard_normal((40, 3)), rng.standard_normal((30, 3))
    U[7] *= 30
    U_found, s, Vh = svd(U @ V.T, 3, iterations=300)
    others = np.arange(40) != 7
    error = ((U_found * s) @ Vh - U @ V.T)[others]
    assert np.linalg.norm(error) < 0.05 * np.linalg.norm((U @ V.T)[others])


def test_refit_follows_the_schedule_of_the_fit_before():
    """The rate falls as it fell until the best iteration, not to zero there."""
    held = HeldOut(patience=5, refit=True)
    fit = factorise(X, Model(2, network=Network(channels=8)), stopping=held, iterations=60)
    shorter = factorise(X, Model(2, network=Network(channels=8)), iterations=60)
    assert fit.iterations < 60
    np.testing.assert_array_equal(fit.loss, shorter.loss[: fit.iterations])
