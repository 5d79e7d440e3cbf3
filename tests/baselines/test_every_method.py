"""What every file in `baselines/` promises for each of its tasks, on tiny problems.

A new file is tested without a word here.
"""

import ast
import inspect
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.contract import Estimate, Operator, Problem, Skipped, answer_shape, compose
from benchmark.loading import load_module
from benchmark.metrics import psnr
from benchmark.noise import Gaussian, Noise, Poisson, SaltAndPepper
from benchmark.plan import TASKS, literals_of, missing_packages
from deeptensor.operators import CodedExposure, Radon, random_code

FILES = sorted((Path(__file__).parents[2] / "baselines").glob("[!_]*.py"))
# Parameters to test a file with, where not the defaults alone.
VARIANTS = {
    "bm3d": {"published": {"variance": "published"}, "matched": {"variance": "matched"}, "anscombe": {}},
    "cp_adam": {"tiny": {"iterations": 400, "learning_rate": 0.02}},
    "deep_decoder": {"tiny": {"iterations": 150, "channels": 16, "scales": 2}},
    "deeptensor_basis": {"tiny": {"iterations": 200, "channels": 16, "scales": 2, "learning_rate": 0.01}},
    "deeptensor_cp": {"tiny": {"iterations": 100, "channels": 16, "scales": 2, "learning_rate": 0.02}},
    "deeptensor_cube": {"tiny": {"iterations": 60, "channels": 8, "learning_rate": 0.01}},
    "deeptensor_nmf": {
        "tiny": {"iterations": 150, "channels": 16, "scales": 1, "activation": "abs", "l1_penalty": 0, "l2_penalty": 0}
    },
    "deeptensor_symmetric": {"tiny": {"iterations": 60, "channels": 8, "scales": 1, "learning_rate": 0.02}},
    "dip": {"tiny": {"iterations": 100, "channels": 8, "scales": 2}},
    "dip3d": {"tiny": {"iterations": 150, "channels": 8, "scales": 1, "learning_rate": 0.02}},
    "fbp": {"ramp": {}, "hann": {"filter": "hann"}},
    "gavish_donoho": {"plain": {}, "stabilise": {"stabilise": True}},
    "low_rank_input": {"tiny": {"iterations": 60, "channels": 8, "scales": 2, "learning_rate": 0.01}},
    "nlm": {"matched": {}, "anscombe": {"variance": "anscombe"}},
    "nmf": {"frobenius": {}, "kullback-leibler": {"loss": "kullback-leibler"}},
    "pca": {"features": {}, "samples": {"preparation": "standardised-samples"}, "none": {"preparation": "none"}},
    "sample_covariance": {"full": {}, "published": {"variant": "published"}, "denoised": {"variant": "denoised"}},
    "semi_nmf": {"pixels": {"nonnegative": "pixels"}, "samples": {"nonnegative": "samples"}},
    "svd_parallel_analysis": {"permutation": {}, "signflip": {"null": "signflip"}},
    "tv_published": {"pixels": {"iterations": 60}, "decompose": {"iterations": 60, "decompose": True}},
    "wavelet": {"matched": {}, "anscombe": {"variance": "anscombe"}},
    "wlra": {"als": {}, "em": {"algorithm": "em"}},
}
PHOTONS = Poisson(photons=100, readout=2)
# The bounds of every table are no methods of a paper.
BOUNDS = {"noisy", "clean", "raw_pixels"}
# Their answer has no trace of the signal but its mean.
CONSTANTS = {"constant", "constant_covariance"}
REFERENCE = re.compile(r"\b10\.\d{4,}/\S+|arXiv:? ?\d{4}\.\d{5}")


def lacking(path: Path) -> list[pytest.MarkDecorator]:
    """Return a skip mark for a file whose optional packages are not installed."""
    missing = missing_packages(literals_of(path))
    return [pytest.mark.skip(reason=f"not installed: {', '.join(missing)}")] if missing else []


CASES = [
    pytest.param(path, task, params, marks=lacking(path), id=f"{path.stem}-{task}-{variant}".removesuffix("-default"))
    for path in FILES
    for task in sorted(literals_of(path)["TASKS"])
    for variant, params in VARIANTS.get(path.stem, {"default": {}}).items()
]


def cases_of(*tasks: str) -> Callable:
    """Return the mark of a test that runs for every method of these tasks."""
    return pytest.mark.parametrize(
        ("path", "task", "params"), [case for case in CASES if case.values[1] in (tasks or TASKS)]
    )


every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def smooth_stack(*shape: int) -> np.ndarray:
    """Return a stack H x W x N of rank 2 (of rank 1 for one image) with values from about 0.1 to 1."""
    rows, columns, images = (np.linspace(0, 1, size) for size in shape)
    first = np.multiply.outer(1 + np.sin(3 * rows), 1 + columns)
    second = np.multiply.outer(rows**2, np.cos(2 * columns) ** 2)
    stack = np.multiply.outer(first, 1 + images) + 3 * np.multiply.outer(second, 1 - images)
    return stack / stack.max()


def disc_stack(*shape: int) -> np.ndarray:
    """Return slices H x W x N of a body that no projection misses: a smooth disc, brighter from slice to slice."""
    rows, columns, slices = (np.linspace(-1, 1, size) for size in shape)
    distance = np.hypot(*np.meshgrid(rows, columns, indexing="ij"))
    stack = np.multiply.outer(np.clip(3 * (0.8 - distance), 0, 1) * (1 - distance / 2), 1 + (slices + 1) / 2)
    return stack / stack.max()


def samples(*shape: int, positive: bool) -> np.ndarray:
    """Return samples, along the first axis of `shape`, of two patterns: not negative, or of zero mean over a sample."""
    rng = np.random.default_rng(7)
    number, *rest = shape
    position = np.linspace(0, 1, int(np.prod(rest)))
    patterns = np.stack([1 + np.sin(6 * position), position**2])
    coefficients = rng.gamma(1.0, size=(number, 2))
    if not positive:
        patterns, coefficients = patterns - patterns.mean(axis=1, keepdims=True), rng.standard_normal((number, 2))
    values = coefficients @ patterns
    return (values / values.max()).reshape(shape)


def clean_of(task: str, *shape: int) -> np.ndarray:
    """Return the clean signal, or samples, of a tiny problem."""
    if task in ("basis", "covariance", "factorise"):
        return samples(*shape, positive=task == "factorise")
    return disc_stack(*shape) if task == "tomography" else smooth_stack(*shape)


def shape_of(task: str) -> tuple[int, ...]:
    """Return the odd-sized shape that a task is tried at."""
    return {"covariance": (60, 13), "factorise": (40, 33), "basis": (50, 9, 7), "video": (37, 31, 8)}.get(
        task, (37, 31, 3)
    )


def protocol_of(task: str, shape: tuple[int, ...]) -> tuple[Noise, Operator | None]:
    """Return the noise and the operator of a task."""
    if task == "outliers":
        return SaltAndPepper(0.3), None
    if task == "video":
        return PHOTONS, CodedExposure(random_code(shape, 4, seed=3), 4)
    if task == "tomography":
        return PHOTONS, Radon(shape, np.linspace(0, 180, 24, endpoint=False))
    return (Gaussian(0.05) if task in ("basis", "covariance", "factorise") else PHOTONS), None


def observe(task: str, clean: np.ndarray) -> np.ndarray:
    """Return a noisy observation of a clean signal."""
    noise, operator = protocol_of(task, clean.shape)
    return noise.sample(clean if operator is None else operator(clean), np.random.default_rng(0))


def pose(path: Path, task: str, clean: np.ndarray, rank: int = 2) -> Problem:
    """Return the problem that the benchmark would pose to the method of a file: a control gets the clean signal."""
    noise, operator = protocol_of(task, clean.shape)
    if literals_of(path).get("COMPLETE", False):
        rank = math.prod(clean.shape[1:])
    if literals_of(path).get("SEES_TRUTH", False):
        return Problem(observed=clean, rank=rank, data_range=1.0, noise=noise)
    return Problem(observed=observe(task, clean), rank=rank, data_range=1.0, noise=noise, operator=operator)


def answer(path: Path, params: dict, problem: Problem, seed: int = 0) -> np.ndarray:
    """Return the signal that the method of a file makes of a problem; the test of one that cannot is skipped."""
    try:
        estimate = load_module(path).solve(problem, seed=seed, device="cpu", **params)
    except Skipped as reason:
        pytest.skip(str(reason))
    assert isinstance(estimate, Estimate)
    return compose(estimate.factors if estimate.signal is None else estimate.signal)


@contextmanager
def suppress_message(start: str) -> Iterator[None]:
    """Let a ValueError pass whose message starts as given, and no other."""
    try:
        yield
    except ValueError as error:
        if not str(error).startswith(start):
            raise


@every_file
def test_file_declares_itself(path):
    literals = literals_of(path)
    assert isinstance(literals["LABEL"], str)
    assert literals["LABEL"]
    assert isinstance(literals["TASKS"], set)
    assert set() < literals["TASKS"] <= set(TASKS)
    assert {"cpu"} <= literals["DEVICES"] <= {"cpu", "cuda"}
    assert isinstance(literals.get("CONTROL", False), bool)
    assert literals.get("SEES_TRUTH", False) <= literals.get("CONTROL", False), "who sees the truth is no competitor"
    assert literals.get("COMPLETE", False) <= literals.get("CONTROL", False), "who has every vector is no competitor"
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
        answer(path, {"no_such_parameter": 1}, pose(path, "denoise", smooth_stack(37, 31, 3)))


@cases_of()
def test_odd_sized_strided_input_gives_the_shape_asked_for_and_is_not_changed(path, task, params):
    problem = pose(path, task, clean_of(task, *shape_of(task)))
    strided = np.zeros((2 * len(problem.observed), *problem.observed.shape[1:]))[::2]
    strided[:] = problem.observed
    result = answer(path, params, replace(problem, observed=strided))
    assert result.shape == answer_shape(task, problem)
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(strided, problem.observed)
    np.testing.assert_allclose(result, answer(path, params, problem), rtol=0, atol=1e-6 * max(1, np.abs(result).max()))


@cases_of()
def test_single_precision_and_single_images_are_fine(path, task, params):
    *leading, last = shape_of(task)
    single = task in ("denoise", "outliers", "video", "tomography")
    clean = clean_of(task, *leading, (4 if task == "video" else 1) if single else last)
    if task in ("denoise", "outliers"):
        clean = clean[..., 0]
    problem = pose(path, task, clean, rank=1)
    result = answer(path, params, replace(problem, observed=problem.observed.astype(np.float32)))
    assert result.shape == answer_shape(task, problem)
    assert np.isfinite(result).all()
    assert path.stem in CONSTANTS or result.std() > 0.02 * np.abs(result).max()


@cases_of("denoise")
def test_many_bands_are_fine_and_none_is_lost(path, task, params):
    if path.stem in ("bm3d", "nlm", "wavelet") and params:
        pytest.skip("the variants share the loop over bands")
    if path.stem == "dip3d":
        pytest.skip("bands are one more axis to it, and so many take it long")
    clean = smooth_stack(37, 31, 31)
    result = answer(path, params, pose(path, task, clean))
    assert result.shape == clean.shape
    if path.stem in CONSTANTS:
        return
    # Each resembles the clean one, as the noisy ones do at 0.78.
    correlations = [np.corrcoef(result[..., b].ravel(), clean[..., b].ravel())[0, 1] for b in range(31)]
    assert min(correlations) > 0.75


@cases_of()
def test_seed_decides_the_answer_if_and_only_if_stochastic(path, task, params):
    problem = pose(path, task, clean_of(task, *shape_of(task)))
    first, again, other = (answer(path, params, problem, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    stochastic = literals_of(path).get("STOCHASTIC", False)
    assert stochastic or np.array_equal(first, other)


@cases_of("denoise", "outliers", "factorise")
def test_easy_signal_is_denoised(path, task, params):
    clean = clean_of(task, *shape_of(task))
    floor = psnr(clean, observe(task, clean), 1.0)
    result = psnr(clean, answer(path, params, pose(path, task, clean)), 1.0)
    if path.stem in CONSTANTS:
        assert result == pytest.approx(psnr(clean, np.full(clean.shape, clean.mean()), 1.0), abs=0.1)
    else:
        assert result == floor if path.stem == "noisy" else result > floor + 1


@cases_of("video", "tomography")
def test_easy_measurements_give_more_than_the_mean(path, task, params):
    clean = clean_of(task, *shape_of(task))
    result = answer(path, params, pose(path, task, clean))
    assert psnr(clean, result, 1.0) > psnr(clean, np.full(clean.shape, clean.mean()), 1.0) + 2


@cases_of("basis")
def test_basis_spans_the_patterns_of_the_samples(path, task, params):
    clean = clean_of(task, *shape_of(task))
    patterns = np.linalg.svd(clean.reshape(len(clean), -1), full_matrices=False)[2][:2]
    problem = pose(path, task, clean)
    basis = np.linalg.qr(answer(path, params, problem).reshape(problem.rank, -1).T)[0]
    assert np.sum((patterns @ basis) ** 2) / 2 > 0.9  # the mean squared cosine of the principal angles


@cases_of("covariance")
def test_covariance_is_symmetric_and_resembles_that_of_the_clean_samples(path, task, params):
    clean = clean_of(task, *shape_of(task))
    result = answer(path, params, pose(path, task, clean))
    np.testing.assert_allclose(result, result.T, rtol=0, atol=1e-6 * np.abs(result).max())
    if path.stem not in CONSTANTS:
        assert np.corrcoef(result.ravel(), np.cov(clean.T).ravel())[0, 1] > 0.9


@pytest.mark.parametrize("stem", ["noisy", "clean", "svd", "best_rank"])
def test_method_without_a_noise_model_scales_with_its_input(stem):
    path = FILES[0].with_name(f"{stem}.py")
    problem = pose(path, "denoise", smooth_stack(37, 31, 3))
    doubled = replace(problem, observed=2 * problem.observed)
    np.testing.assert_allclose(answer(path, {}, doubled), 2 * answer(path, {}, problem), rtol=1e-12)


@cases_of("denoise")
def test_a_method_works_without_the_noise_model_or_says_that_it_needs_it(path, task, params):
    problem = replace(pose(path, task, smooth_stack(37, 31, 3)), noise=None)
    with suppress_message(f"{path.stem} needs the noise"):
        assert np.isfinite(answer(path, params, problem)).all()


@pytest.mark.parametrize(
    ("path", "task", "params"),
    [
        case
        for case in CASES
        if case.id in ("bm3d-denoise-published", "bm3d-denoise-anscombe", "gavish_donoho-denoise-stabilise")
    ],
)
def test_method_for_poisson_noise_refuses_gaussian_noise(path, task, params):
    problem = replace(pose(path, task, smooth_stack(37, 31, 1), rank=1), noise=Gaussian(0.1))
    with pytest.raises(ValueError, match=r"not Gaussian\(sigma=0.1\)"):
        answer(path, params, problem)
