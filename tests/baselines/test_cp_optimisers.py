"""CP and (L, L, 1) by each optimiser, from random starts, on tensors whose factors are known."""

import numpy as np
import pytest
import torch

from benchmark.algorithms.gauss_newton import levenberg_marquardt
from benchmark.algorithms.multilinear import alternate, cp_model, random_start
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
BLOCKS = {
    "als": {"optimiser": "als", "tolerance": 1e-10},
    "als-search": {"optimiser": "als", "tolerance": 1e-10, "line_search": True},
    "gauss-newton": {},
    "lbfgs": {"optimiser": "lbfgs", "iterations": 400},
}
BLOCK_TERMS = load_module(ROOT / "baselines" / "block_terms.py")
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


@pytest.fixture(scope="module")
def block_item():
    return plant("ll1", "item", np.random.default_rng(2), shape=(9, 8, 7), ranks=(2, 2))


def solve_blocks(name: str, item) -> Estimate:
    granted = {key: item.extras[key] for key in ("model", "ranks")}
    problem = Problem(item.signal, rank=item.rank, granted=granted)
    return BLOCK_TERMS.solve(problem, seed=1, device="cpu", starts=1, **BLOCKS[name])


@pytest.mark.parametrize("name", BLOCKS)
def test_each_finds_the_terms_of_a_planted_tensor_and_its_trace_descends_to_them(name, block_item):
    estimate, truth = solve_blocks(name, block_item), block_item.extras["terms"]
    columns = [terms.reshape(len(terms), -1).T for terms in (truth, estimate.parts["terms"])]
    assert component_match(columns[:1], columns[1:]) > 0.9999
    first, last = estimate.trace[0], estimate.trace[-1]
    assert np.linalg.norm(first.last["signal"]) == pytest.approx(np.linalg.norm(block_item.signal), rel=1e-3)
    np.testing.assert_allclose(last.last["terms"], estimate.parts["terms"], atol=1e-3)
    losses = np.array([own.loss for own in estimate.trace])
    assert (np.diff(losses) <= 1e-12 * losses[0]).all()
    assert last.loss < 1e-6 * first.loss
    assert last.loss == pytest.approx(np.sum((estimate.parts["signal"] - block_item.signal) ** 2), abs=1e-8 * losses[0])


def test_alternation_and_limited_memory_bfgs_of_blocks_start_from_the_same_numbers(block_item):
    starts = [solve_blocks(name, block_item).trace[0].last["terms"] for name in ("als", "als-search", "lbfgs")]
    for other in starts[1:]:
        np.testing.assert_array_equal(starts[0], other)


def test_the_gradient_by_the_factors_of_blocks_is_that_of_automatic_differentiation():
    model, rng = BLOCK_TERMS.model_of((5, 4, 3), np.array([[2, 2, 1], [1, 1, 1]])), np.random.default_rng(0)
    factors = {name: rng.standard_normal(shape) for name, shape in model.shapes.items()}
    target = rng.standard_normal((5, 4, 3))
    own = {name: torch.tensor(values, requires_grad=True) for name, values in factors.items()}
    tensor = sum((own[f"A{r}"] @ own[f"B{r}"].T)[..., None] * own[f"C{r}"] for r in range(2))
    (0.5 * ((tensor - torch.tensor(target)) ** 2).sum()).backward()
    for name, found in model.gradient(factors, model.value(factors) - target).items():
        np.testing.assert_allclose(found, own[name].grad, atol=1e-12)


def test_a_line_search_leads_out_of_a_swamp_in_fewer_sweeps():
    item = plant("cp", "item", np.random.default_rng(0), size=8, rank=3, congruence=0.9)
    model, target = cp_model((8, 8, 8), 3), item.signal.astype(float)
    start = random_start(model, target, np.random.default_rng(1))
    plain, search = (
        np.array(alternate(model, target, start, [["A"], ["B"], ["C"]], 400, 0, line_search=own)[1])
        for own in (False, True)
    )
    assert np.diff(search).max() < 1e-12
    assert search[-1] < 1e-4
    assert np.argmax(search < 1e-3) < 0.5 * np.argmax(plain < 1e-3)
