"""Multilinear decompositions: derivatives against autograd and by hand, and sweeps that never lose."""

import numpy as np
import pytest
import torch
from tensorly.decomposition import parafac

from benchmark.algorithms.multilinear import Multilinear, alternate

MODELS = {
    "cp": Multilinear([("ir,jr,kr->ijk", ("A", "B", "C"))], {"A": (4, 2), "B": (5, 2), "C": (3, 2)}),
    "indscal": Multilinear([("ir,jr,kr->ijk", ("A", "A", "C"))], {"A": (4, 2), "C": (3, 2)}),
    "dedicom": Multilinear(
        [("ir,kr,rs,ks,js->ijk", ("A", "C", "H", "C", "A"))], {"A": (4, 2), "C": (3, 2), "H": (2, 2)}
    ),
    "paratuck2": Multilinear(
        [("ir,kr,rs,ks,js->ijk", ("A", "C", "H", "D", "B"))],
        {"A": (4, 2), "B": (5, 3), "C": (3, 2), "D": (3, 3), "H": (2, 3)},
    ),
    "blocks": Multilinear(
        [("il,jm,kn,lmn->ijk", (f"A{r}", f"B{r}", f"C{r}", f"G{r}")) for r in range(2)],
        {
            f"{name}{r}": shape
            for r in range(2)
            for name, shape in {"A": (4, 2), "B": (5, 2), "C": (3, 1), "G": (2, 2, 1)}.items()
        },
    ),
}

every_model = pytest.mark.parametrize("name", MODELS)


def drawn(model, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape) for name, shape in model.shapes.items()}


def in_torch(model, vector):
    sizes = [int(np.prod(shape)) for shape in model.shapes.values()]
    parts = torch.split(vector, sizes)
    factors = {name: part.reshape(shape) for (name, shape), part in zip(model.shapes.items(), parts, strict=True)}
    return sum(torch.einsum(subscripts, *(factors[own] for own in names)) for subscripts, names in model.terms)


@every_model
def test_value_derivatives_and_gramian_are_those_of_autograd(name):
    model = MODELS[name]
    factors = drawn(model)
    vector = torch.tensor(model.vector(factors))
    np.testing.assert_allclose(model.value(factors), in_torch(model, vector), atol=1e-12)
    jacobian = torch.func.jacfwd(lambda own: in_torch(model, own).flatten())(vector).numpy()
    np.testing.assert_allclose(model.jacobian(factors), jacobian, atol=1e-12)
    np.testing.assert_allclose(model.gramian(factors), jacobian.T @ jacobian, atol=1e-11)
    residual = np.random.default_rng(1).standard_normal(model.value(factors).shape)
    gradient = model.vector(model.gradient(factors, residual))
    np.testing.assert_allclose(gradient, jacobian.T @ residual.ravel(), atol=1e-12)


@every_model
def test_a_vector_holds_all_factors(name):
    model = MODELS[name]
    factors = drawn(model)
    for own, other in model.factors(model.vector(factors)).items():
        np.testing.assert_array_equal(other, factors[own])


ORDERS = {
    "cp": [["A"], ["B"], ["C"]],
    "paratuck2": [["A"], ["B"], ["H"], ["C"], ["D"]],
    "blocks": [["A0", "A1"], ["B0", "B1"], ["C0", "C1"], ["G0", "G1"]],
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_best_factors_leave_no_gradient_and_the_error_of_sweeps_never_rises(name):
    model = MODELS[name]
    target, factors = np.random.default_rng(2).standard_normal((4, 5, 3)), drawn(model)
    for names in ORDERS[name]:
        solved = factors | model.best(names, target, factors)
        gradient = model.gradient(solved, model.value(solved) - target)
        assert max(np.abs(gradient[own]).max() for own in names) < 1e-9
    _, errors = alternate(model, target, factors, ORDERS[name], 40, 0)
    assert np.diff(errors).max() < 1e-12
    assert errors[-1] < 0.95 * errors[0]


def test_sweeps_of_cp_are_those_of_tensorly():
    model, target = MODELS["cp"], np.random.default_rng(3).standard_normal((4, 5, 3))
    start = drawn(model)
    factors, errors = alternate(model, target, start, ORDERS["cp"], 7, 0)
    _, expected = parafac(
        target, 2, init=(np.ones(2), [start[own].copy() for own in "ABC"]), n_iter_max=7, tol=0, return_errors=True
    )
    np.testing.assert_allclose(errors, np.asarray(expected, float)[: len(errors)], atol=1e-7)
    assert factors["A"].shape == (4, 2)
