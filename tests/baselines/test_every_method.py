"""What every file in `baselines/` promises, on tiny problems. A new file is tested without a word here."""

import ast
import inspect
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.contract import Estimate, Problem, compose
from benchmark.loading import load_module
from benchmark.metrics import psnr
from benchmark.noise import Gaussian, Poisson
from benchmark.plan import literals_of, missing_packages

FILES = sorted((Path(__file__).parents[2] / "baselines").glob("[!_]*.py"))
# Parameters to test a file with, where not the defaults alone.
VARIANTS = {
    "bm3d": {"published": {"variance": "published"}, "matched": {"variance": "matched"}, "anscombe": {}},
    "deeptensor_cube": {"tiny": {"iterations": 60, "channels": 8, "learning_rate": 0.01}},
    "gavish_donoho": {"plain": {}, "stabilise": {"stabilise": True}},
}
NOISE = Poisson(photons=100, readout=2)
# The two bounds of every table are no methods of a paper.
BOUNDS = {"noisy", "clean"}
REFERENCE = re.compile(r"\b10\.\d{4,}/\S+|arXiv:? ?\d{4}\.\d{5}")


def lacking(path: Path) -> list[pytest.MarkDecorator]:
    """Return a skip mark for a file whose optional packages are not installed."""
    missing = missing_packages(literals_of(path))
    return [pytest.mark.skip(reason=f"not installed: {', '.join(missing)}")] if missing else []


CASES = [
    pytest.param(path, params, marks=lacking(path), id=f"{path.stem}-{variant}".removesuffix("-default"))
    for path in FILES
    for variant, params in VARIANTS.get(path.stem, {"default": {}}).items()
]

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
every_case = pytest.mark.parametrize(("path", "params"), CASES)


def smooth_cube(*shape: int) -> np.ndarray:
    """Return a cube H x W x B of rank 2 (of rank 1 for one band) with values from about 0.1 to 1."""
    rows, columns, bands = (np.linspace(0, 1, size) for size in shape)
    first = np.multiply.outer(1 + np.sin(3 * rows), 1 + columns)
    second = np.multiply.outer(rows**2, np.cos(2 * columns) ** 2)
    cube = np.multiply.outer(first, 1 + bands) + 3 * np.multiply.outer(second, 1 - bands)
    return cube / cube.max()


def observe(path: Path, clean: np.ndarray, rank: int) -> Problem:
    """Return the problem that the benchmark would pose to the method of a file: a control gets the clean signal."""
    control = literals_of(path).get("SEES_TRUTH", False)
    observed = clean if control else NOISE.sample(clean, np.random.default_rng(0))
    return Problem(observed=observed, rank=rank, data_range=1.0, noise=NOISE)


def answer(path: Path, params: dict, problem: Problem, seed: int = 0) -> np.ndarray:
    """Return the signal that the method of a file makes of a problem."""
    estimate = load_module(path).solve(problem, seed=seed, device="cpu", **params)
    assert isinstance(estimate, Estimate)
    return compose(estimate.factors if estimate.signal is None else estimate.signal)


@every_file
def test_file_declares_itself(path):
    literals = literals_of(path)
    assert isinstance(literals["LABEL"], str)
    assert literals["LABEL"]
    assert isinstance(literals["TASKS"], set)
    assert literals["TASKS"]
    assert {"cpu"} <= literals["DEVICES"] <= {"cpu", "cuda"}
    assert isinstance(literals.get("CONTROL", False), bool)
    assert literals.get("SEES_TRUTH", False) <= literals.get("CONTROL", False), "who sees the truth is no competitor"
    assert isinstance(literals.get("STOCHASTIC", False), bool)
    assert isinstance(literals.get("LICENCE_NOTE", ""), str)
    assert isinstance(literals.get("REQUIRES", []), list)


@every_file
def test_docstring_cites_its_source(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert path.stem in BOUNDS or REFERENCE.search(docstring)


@every_file
def test_parameters_are_keywords_with_defaults(path):
    _, *keywords = inspect.signature(load_module(path).solve).parameters.values()
    assert {"seed", "device"} <= {keyword.name for keyword in keywords}
    assert all(keyword.kind is keyword.KEYWORD_ONLY for keyword in keywords)
    assert all(keyword.default is not keyword.empty for keyword in keywords if keyword.name not in ("seed", "device"))


@every_file
def test_unknown_parameter_is_an_error(path):
    with pytest.raises(TypeError, match="no_such_parameter"):
        answer(path, {"no_such_parameter": 1}, observe(path, smooth_cube(37, 31, 3), rank=2))


@every_case
def test_odd_sized_non_contiguous_cube_keeps_its_shape_and_is_not_changed(path, params):
    contiguous = observe(path, smooth_cube(37, 31, 2), rank=2)
    strided = np.zeros((31, 74, 2)).transpose(1, 0, 2)[::2]
    strided[:] = contiguous.observed
    result = answer(path, params, replace(contiguous, observed=strided))
    assert result.shape == (37, 31, 2)
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(strided, contiguous.observed)
    np.testing.assert_allclose(result, answer(path, params, contiguous), rtol=0, atol=1e-6)


@every_case
def test_matrix_in_single_precision_gives_a_finite_matrix(path, params):
    problem = observe(path, smooth_cube(37, 31, 1)[..., 0].astype(np.float32), rank=1)
    result = answer(path, params, problem)
    assert result.shape == (37, 31)
    assert np.isfinite(result).all()
    assert result.std() > 0.05  # the ramp of the signal is there


@every_case
@pytest.mark.parametrize("bands", [1, 31])
def test_number_of_bands_is_free(path, params, bands):
    if path.stem == "bm3d" and params.get("variance") and bands == 31:
        pytest.skip("the variants of bm3d share the loop over bands, and each band takes half a second")
    clean = smooth_cube(37, 31, bands)
    result = answer(path, params, observe(path, clean, rank=min(2, bands)))
    assert result.shape == clean.shape
    # No band is lost: each resembles the clean one, as the noisy ones do at 0.78.
    correlations = [np.corrcoef(result[..., b].ravel(), clean[..., b].ravel())[0, 1] for b in range(bands)]
    assert min(correlations) > 0.75


@every_case
def test_seed_decides_the_answer_if_and_only_if_stochastic(path, params):
    problem = observe(path, smooth_cube(37, 31, 1), rank=1)
    first, again, other = (answer(path, params, problem, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(first, other) != literals_of(path).get("STOCHASTIC", False)


@every_case
def test_easy_problem_is_denoised(path, params):
    clean = smooth_cube(37, 31, 3)
    floor = psnr(clean, NOISE.sample(clean, np.random.default_rng(0)), 1.0)
    result = psnr(clean, answer(path, params, observe(path, clean, rank=2)), 1.0)
    assert result == floor if path.stem == "noisy" else result > floor + 1


@pytest.mark.parametrize("stem", ["noisy", "clean", "svd", "best_rank"])
def test_method_without_a_noise_model_scales_with_its_input(stem):
    path = FILES[0].with_name(f"{stem}.py")
    problem = observe(path, smooth_cube(37, 31, 3), rank=2)
    doubled = replace(problem, observed=2 * problem.observed)
    np.testing.assert_allclose(answer(path, {}, doubled), 2 * answer(path, {}, problem), rtol=1e-12)


@pytest.mark.parametrize(
    ("path", "params"), [case for case in CASES if case.values[0].stem in ("bm3d", "gavish_donoho")]
)
def test_missing_noise_model_is_a_clear_error(path, params):
    problem = replace(observe(path, smooth_cube(37, 31, 1), rank=1), noise=None)
    with pytest.raises(ValueError, match=f"{path.stem} needs the noise level"):
        answer(path, params, problem)


@pytest.mark.parametrize(
    ("path", "params"),
    [case for case in CASES if case.id in ("bm3d-published", "bm3d-anscombe", "gavish_donoho-stabilise")],
)
def test_method_for_poisson_noise_refuses_gaussian_noise(path, params):
    problem = replace(observe(path, smooth_cube(37, 31, 1), rank=1), noise=Gaussian(0.1))
    with pytest.raises(ValueError, match=r"not Gaussian\(sigma=0.1\)"):
        answer(path, params, problem)
