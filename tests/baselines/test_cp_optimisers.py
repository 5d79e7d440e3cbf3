"""CP by each optimiser, from random starts, on tensors whose factors are known."""

import numpy as np
import pytest

from benchmark.algorithms.gauss_newton import levenberg_marquardt
from benchmark.algorithms.multilinear import cp_model, random_start
from benchmark.contract import Estimate, Problem, Skipped, compose
from benchmark.loaders.planted import plant
from benchmark.loading import load_module
from benchmark.metrics import component_match
from benchmark.source import ROOT

NORMAL = {"iterations": 500, "tolerance": 1e-10, "ridge": 0, "start": "normal"}
OPTIMISERS = {
    "als": ("cp_als", NORMAL),
    "als-search": ("cp_als", NORMAL | {"line_search": True}),
    "gauss-newton": ("cp_gauss_newton", {"starts": 1}),
    "lbfgs": ("cp_lbfgs", {"iterations": 300}),
    "adam": ("cp_adam", {"iterations": 500, "learning_rate": 0.02}),
}
DESCENDING = ["als", "als-search", "gauss-newton", "lbfgs"]


@pytest.fixture(scope="module")
def item():
    return plant("cp", "item", np.random.default_rng(4), size=9, rank=3, congruence=0.5)


def solve(name: str, item, **more) -> Estimate:
    stem, params = OPTIMISERS[name]
    problem = Problem(item.signal, rank=item.rank, granted={"model": item.extras["model"]} | more)
    return load_module(ROOT / "baselines" / f"{stem}.py").solve(problem, seed=1, device="cpu", **params)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_each_finds_the_factors_of_columns_at_sixty_degrees(name, item):
    found = solve(name, item).parts
    assert np.linalg.norm(found["signal"] - item.signal) < 1e-3 * np.linalg.norm(item.signal)
    assert component_match([item.extras[own] for own in "ABC"], [found[own] for own in "ABC"]) > 0.999


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_trace_leads_from_a_start_of_the_tensor_s_norm_to_the_answer(name, item):
    estimate = solve(name, item)
    first, last = estimate.trace[0], estimate.trace[-1]
    assert np.linalg.norm(first.last["signal"]) == pytest.approx(np.linalg.norm(item.signal), rel=1e-3)
    np.testing.assert_allclose(last.last["signal"], estimate.parts["signal"], atol=1e-3)
    np.testing.assert_allclose(last.last["signal"], compose(tuple(last.last[own] for own in "ABC")), atol=1e-6)
    assert (np.diff([own.iteration for own in estimate.trace]) > 0).all()
    assert (np.diff([own.seconds for own in estimate.trace]) >= 0).all()


@pytest.mark.parametrize("name", DESCENDING)
def test_no_step_raises_the_loss(name, item):
    losses = np.array([own.loss for own in solve(name, item).trace])
    # TensorLy takes the error from norms and a product, whose rounding is 1e-8.
    assert (np.diff(losses) <= 1e-7 * losses[0]).all()
    assert losses[-1] < 1e-3 * losses[0]


def test_alternation_and_limited_memory_bfgs_start_from_the_same_numbers(item):
    starts = [solve(name, item).trace[0].last for name in ("als", "als-search", "lbfgs")]
    for other in starts[1:]:
        np.testing.assert_array_equal(starts[0]["A"], other["A"])
        np.testing.assert_allclose(starts[0]["signal"], other["signal"], atol=1e-6)


def test_each_of_the_last_steps_of_gauss_newton_gains_more_digits_than_the_one_before():
    model, rng = cp_model((6, 5, 4), 2), np.random.default_rng(0)
    target = model.value({name: rng.standard_normal(shape) for name, shape in model.shapes.items()})
    _, objectives = levenberg_marquardt(model, target, random_start(model, target, rng))
    digits = -np.log10(np.array(objectives) / np.sum(target**2))
    tail = np.diff(digits[digits < 26])[-3:]  # above the rounding of squares
    assert (tail[1:] > 1.05 * tail[:-1]).all()
    assert tail[-1] > 3  # where a step of linear convergence gains a constant number


def test_adam_needs_all_entries_of_a_decomposition(item):
    with pytest.raises(Skipped, match="cp_adam needs the whole tensor, and here entries are held out"):
        solve("adam", item, mask=np.ones(item.signal.shape, bool))
