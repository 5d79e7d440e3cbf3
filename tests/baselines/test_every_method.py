"""The contract of a method, for each file of `baselines/` on each tiny problem of the tasks that it names.

Neither a new method nor a new task needs a word here: problems, shapes and what is asked for come from `tasks/`.
"""

import inspect
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from operator import attrgetter
from types import ModuleType
from typing import Literal, get_args

import numpy as np
import pytest
from pydantic import ValidationError

from benchmark.catalog import files_of, models, snake, suits
from benchmark.contract import Estimate, Posed, Problem, Skipped, Tiny, compose
from benchmark.environment import Rounds
from benchmark.loading import load_module
from benchmark.methods import missing_packages
from benchmark.metrics import METRICS
from benchmark.noise import Gaussian
from benchmark.posing import problem_of
from benchmark.settings import adapter
from benchmark.source import ROOT, docstring_of, parameters_of
from benchmark.worker import verdict_on

FOUND = files_of(ROOT, "baselines")
FILES = {stem: file for stem, file in FOUND.items() if not file.fault}
TASKS = {path.stem: load_module(path) for path in sorted((ROOT / "tasks").glob("[!_.]*.py"))}
# Of recurrent networks.
TRAINED = {"epochs": 8, "batch": 4, "learning_rate": 0.08}
# Of convolutional ones, on few images.
BRIEF = {"epochs": 12, "rate": 0.01}
# Parameters to test a file with, where not the defaults alone; the first ones stand for all where little is asked for.
VARIANTS = {
    "background_pursuit": {"matrix": {}, "tensor": {"tensor": True}},
    "biclustering": {"svd": {}, "outer": {"form": "outer"}},
    "block_terms": {"gauss-newton": {"starts": 3}, "als": {"optimiser": "als", "starts": 3, "iterations": 100}},
    "bm3d_cs": {"nlm": {"denoiser": "nlm", "iterations": 20}},
    "bm3d": {"anscombe": {}, "published": {"variance": "published"}, "matched": {"variance": "matched"}},
    "certainty_equivalence": {"plain": {}, "low-rank": {"low_rank": True}, "memory": {"memory": 200}},
    "candelinc": {"gauss-newton": {}, "als": {"optimiser": "als"}},
    "cp_adam": {"tiny": {"iterations": 400, "learning_rate": 0.02}},
    "cp_gauss_newton": {"tiny": {"starts": 2}},
    "cleaned_subspace": {"pcp": {}, "trpca": {"cleaning": "trpca"}},
    "column_factors": {"altmin": {}, "altgdmin": {"algorithm": "altgdmin", "iterations": 100}},
    "column_norms": {"nuclear": {"iterations": 150}, "mixed": {"norm": "mixed", "iterations": 150}},
    "compressed_nmf": {"programme": {}, "lasso": {"recovery": "lasso"}},
    "correntropy": {"cesr": {}, "hq-m": {"form": "hq-m"}, "hq-a": {"form": "hq-a"}},
    "cp_gru": {"tiny": {**TRAINED, "inputs": [2, 2], "outputs": [4, 2], "rank": 3}},
    "damp": {"nlm": {"iterations": 8}},
    "cp_layers": {"apart": {}, "joint": {"pixels": "joint"}},
    "crossfilter": {"filters": {}, "inputs": {"across": "inputs"}},
    "dedicom": {"gauss-newton": {"starts": 4}, "als": {"optimiser": "als", "starts": 2, "iterations": 40}},
    "deep_decoder": {"tiny": {"iterations": 150, "channels": 16, "scales": 2}},
    "deeptensor_background": {"tiny": {"iterations": 100, "channels": 8, "scales": 1, "learning_rate": 0.02}},
    "deeptensor_basis": {"tiny": {"iterations": 200, "channels": 16, "scales": 2, "learning_rate": 0.01}},
    "deeptensor_completion": {"tiny": {"iterations": 60, "channels": 8, "scales": 1, "learning_rate": 0.02}},
    "deeptensor_cs": {
        "factors": {"iterations": 60, "channels": 8, "scales": 1, "learning_rate": 0.02},
        "image": {"model": "image", "iterations": 60, "channels": 8, "scales": 2, "learning_rate": 0.02},
    },
    "deeptensor_compressed": {
        "tiny": {"iterations": 100, "channels": 16, "scales": 1, "learning_rate": 0.02},
    },
    "deeptensor_cp": {"tiny": {"iterations": 90, "channels": 16, "scales": 1, "learning_rate": 0.03}},
    "deeptensor_cube": {"tiny": {"iterations": 60, "channels": 8, "scales": 1, "learning_rate": 0.02}},
    "deeptensor_faces": {"tiny": {"iterations": 60, "channels": 8, "scales": 1, "learning_rate": 0.01}},
    "deeptensor_layers": {
        "tiny": {"iterations": 30, "channels": 8, "scales": 1},
        "sorted": {"iterations": 30, "channels": 8, "scales": 1, "order": "sorted"},
    },
    "deeptensor_nmf": {
        "tiny": {"iterations": 200, "channels": 16, "scales": 1, "activation": "abs", "l1_penalty": 0, "l2_penalty": 0}
    },
    "deeptensor_symmetric": {"tiny": {"iterations": 200, "channels": 32, "scales": 1, "learning_rate": 0.01}},
    "deeptensor_taught": {
        "tiny": {"iterations": 40, "refinements": 1, "channels": 8, "scales": 1},
        "stein": {
            "iterations": 20,
            "refinements": 0,
            "channels": 8,
            "scales": 1,
            "loss": "stein",
            "level": "estimated",
        },
    },
    "deeptensor_tucker": {"tiny": {"iterations": 90, "channels": 16, "scales": 1, "learning_rate": 0.03}},
    "dense_network": {"tiny": BRIEF, "narrow": {**BRIEF, "width": 0.5}},
    "dip": {"tiny": {"iterations": 100, "channels": 8, "scales": 2}},
    "dip3d": {"tiny": {"iterations": 150, "channels": 4, "scales": 1, "learning_rate": 0.02, "perturbation": 0}},
    "directions_sketch": {"plain": {}, "sparse": {"blocks": 3}},
    "dgd_local": {"plain": {"iterations": 600}, "ridge": {"iterations": 600, "ridge": 0.01}},
    "f_irnnls": {"plain": {}, "low-rank": {"low_rank": 0.01}},
    "fancl": {name: {"penalty": name} for name in ("nuclear", "tnn", "capped", "lsp")},
    "biases": {"both": {}, "columns": {"terms": "columns"}},
    "incremental_svd": {"plain": {}, "scikit-learn": {"solver": "scikit-learn"}},
    "indscal": {"gauss-newton": {}, "als": {"optimiser": "als", "starts": 2, "iterations": 200}},
    "fbp": {"ramp": {}, "hann": {"filter": "hann"}},
    "forced_network": {"l2": BRIEF, "l1": {**BRIEF, "force": "l1"}},
    "frequent_directions": {"plain": {}, "sparse": {"blocks": 3}},
    "gavish_donoho": {"plain": {}, "stabilise": {"stabilise": True}},
    "gossip_iteration": {"plain": {}, "tracking": {"tracking": True, "rounds": 5}},
    "gru": {"tiny": {**TRAINED, "embedding": 4, "hidden": 8, "start": "marginals"}},
    "last_frame": {"all": {}, "own": {"regressors": "own"}},
    "leading_sketch": {name: {"algorithm": name} for name in ("svd", "gram", "randomised")},
    "learned_sketch": {"all": {"iterations": 60}, "mixed": {"iterations": 60, "learned": 0.5}},
    "llrt": {"tiny": {"iterations": 2, "neighbours": 40}},
    "low_rank_input": {"tiny": {"iterations": 60, "channels": 8, "scales": 2, "learning_rate": 0.01}},
    "low_rank_gru": {"tiny": {**TRAINED, "embedding": 4, "hidden": 8, "rank": 3}},
    "lr_lum": {"low-rank": {}, "nonnegative": {"nonnegative": True}, "sparse": {"alpha": 0.0}},
    "merged_svd": {"merge": {}, "whole": {"ratio": None}},
    "ngmeet": {"tiny": {"iterations": 2, "neighbours": 40}},
    "nlr_cs": {"tiny": {"matchings": 4, "number": 10}},
    "nonlocal_cp": {"tiny": {"matchings": 4, "number": 10, "terms": 3}},
    "nlm": {"matched": {}, "anscombe": {"variance": "anscombe"}},
    "nmf": {"frobenius": {}, "kullback-leibler": {"loss": "kullback-leibler"}},
    "parafac2": {"als": {"iterations": 100}, "gauss-newton": {"optimiser": "gauss_newton", "iterations": 100}},
    "paratuck2": {"gauss-newton": {"starts": 3}, "als": {"optimiser": "als", "starts": 2, "iterations": 100}},
    "pca": {"features": {}, "samples": {"preparation": "standardised-samples"}, "none": {"preparation": "none"}},
    "pcp": {"gram": {}, "exact": {"svt": "exact"}, "randomised": {"svt": "randomised"}},
    "random_sketch": {name: {"kind": name} for name in ("count", "gaussian", "rows")},
    "robust_coding": {"l2": {}, "l1": {"norm": 1}, "nonnegative": {"norm": 1, "nonnegative": True}},
    "posthoc_deeptensor": {"tiny": {"iterations": 30, "channels": 8, "scales": 1}},
    "sample_covariance": {"full": {}, "published": {"variant": "published"}, "denoised": {"variant": "denoised"}},
    "semi_nmf": {"pixels": {"nonnegative": "pixels"}, "samples": {"nonnegative": "samples"}},
    "separable_network": {"tiny": BRIEF},
    "sparse_network": {"tiny": {**BRIEF, "tuning": 2}},
    "sparse_representation": {"plain": {}, "robust": {"robust": True}},
    "svd_parallel_analysis": {"permutation": {}, "signflip": {"null": "signflip"}},
    "transferred_network": {
        "both": {**BRIEF, "tuning_rate": 0.01},
        "random": {**BRIEF, "start": "random", "tuning": 12, "tuning_rate": 0.01},
    },
    "tt_gru": {"tiny": {**TRAINED, "inputs": [2, 2], "outputs": [4, 2], "rank": 3}},
    "tucker_gru": {"tiny": {**TRAINED, "inputs": [2, 2], "outputs": [4, 2], "ranks": [2, 2]}},
    "tv_published": {"pixels": {"iterations": 60}, "decompose": {"iterations": 60, "decompose": True}},
    "untrained_cs": {
        "skip": {"iterations": 60, "channels": 8, "scales": 2},
        "decoder": {"network": "decoder", "iterations": 60, "channels": 8, "scales": 2},
    },
    "wavelet": {"matched": {}, "anscombe": {"variance": "anscombe"}},
    "wnnm": {"tiny": {"iterations": 2}},
    "wlra": {"als": {}, "em": {"algorithm": "em"}},
}
# Its row says why.
NEVER_RUN = {"fbpconvnet"}
# The family of those that are no competitors: bounds, and answers that are constant.
CONTROL = "control"
# A DOI, a preprint, or the page of proceedings that are open.
REFERENCE = re.compile(r"\b10\.\d{4,}/\S+|arXiv:? ?\d{4}\.\d{5}|https://openaccess\.thecvf\.com/\S+")


class Case:
    """A method with its parameters on a tiny problem of a task."""

    def __init__(self, stem: str, task: str, name: str, tiny: Tiny, variant: str, params: Mapping):
        self.stem, self.task, self.name, self.tiny, self.params = stem, task, name, tiny, params
        self.literals = FILES[stem].literals
        self.competes = self.literals["FAMILY"] != CONTROL
        self.id = f"{stem}-{task}-{name}-{variant}".removesuffix("-default")
        self.size = tiny.item.signal.size

    @cached_property
    def method(self) -> ModuleType:
        """The method's module."""
        return load_module(FILES[self.stem].path)

    @cached_property
    def posed(self) -> Posed:
        """The arrays that are given and withheld, of a signal in single precision, as data sets are kept."""
        item = replace(self.tiny.item, signal=self.tiny.item.signal.astype(np.float32))
        return TASKS[self.task].pose(item, self.tiny.observation, np.random.default_rng(0))

    @property
    def problem(self) -> Problem:
        """What the benchmark would pose to the method; where that plays, with rounds that nobody has played."""
        if not hasattr(TASKS[self.task], "respond"):
            return self.given
        rounds = Rounds(TASKS[self.task].respond, self.posed.withheld, self.tiny.observation)
        return replace(self.given, play=rounds.play)

    @cached_property
    def given(self) -> Problem:
        """The arrays that are posed to the method."""
        flags = {"sees_truth": self.literals.get("SEES_TRUTH", False), "complete": self.literals.get("COMPLETE", False)}
        arrays = self.posed.withheld if flags["sees_truth"] else self.posed.given
        return problem_of(arrays, self.tiny.observation, self.tiny.item.rank, self.tiny.item.budget, **flags)

    @cached_property
    def estimate(self) -> Estimate:
        """What the method makes of the problem with the seed 0."""
        return self.solve(self.problem)

    @property
    def excess(self) -> float:
        """By how much the measure of the answer that the tiny problem names is better than what is asked for."""
        problem = problem_of(self.posed.given, self.tiny.observation, self.tiny.item.rank, self.tiny.item.budget)
        measures = TASKS[self.task].measures(problem, self.posed.withheld)
        sign = 1 if METRICS[self.tiny.measure].higher_is_better else -1
        return sign * (measures[self.tiny.measure](compose(self.estimate.answer)) - self.tiny.least)

    def solve(self, problem: Problem, seed: int = 0) -> Estimate:
        """Return what the method makes of a problem; the test of one that cannot be solved is skipped."""
        try:
            return self.method.solve(problem, seed=seed, device="cpu", **self.params)
        except Skipped as reason:
            pytest.skip(str(reason))


def arrays_of(estimate: Estimate) -> list[np.ndarray]:
    """Return the signal of an answer, or the parts in the order of their names."""
    answer = compose(estimate.answer)
    return [own for _, own in sorted(answer.items())] if isinstance(answer, Mapping) else [answer]


def kind_of(tiny: Tiny) -> str | None:
    """Return the kind of operator of a problem."""
    operator = tiny.observation.operator
    return None if operator is None else snake(type(operator).__name__)


def parameter_of(case: Case) -> object:
    """Return a case as a parameter of tests, skipped if a package that the method needs is not installed."""
    missing = missing_packages(case.literals.get("REQUIRES", []))
    marks = [pytest.mark.skip(reason=f"not installed: {', '.join(missing)}")] if missing else []
    return pytest.param(case, id=case.id, marks=marks)


CASES = [
    Case(stem, task, name, tiny, variant, params)
    for stem, file in FILES.items()
    for task in sorted(file.literals["TASKS"] & set(TASKS))
    for name, tiny in TASKS[task].tiny().items()
    if suits(file, kind_of(tiny))
    # Where no measure is asked for, the first variant stands for all.
    for variant, params in list(VARIANTS.get(stem, {"default": {}}).items())[: None if tiny.measure else 1]
]
CHOICES = {
    f"{stem}-{name}": get_args(eval(parameter.annotation, {"Literal": Literal}))
    for stem, file in FILES.items()
    for name, parameter in parameters_of(file.path, "solve").items()
    if parameter.annotation.startswith("Literal")
}

every_file = pytest.mark.parametrize("stem", FILES)


@pytest.fixture(scope="module", params=[parameter_of(case) for case in CASES if case.tiny.measure])
def case(request: pytest.FixtureRequest) -> Case:
    """Return a method on a problem of which a measure is asked for; the tests of one follow each other."""
    return request.param


def cases_of(stem: str) -> list[Case]:
    """Return the cases of a method, small signals first; the test of one that lacks a package is skipped."""
    if missing := missing_packages(FILES[stem].literals.get("REQUIRES", [])):
        pytest.skip(f"not installed: {', '.join(missing)}")
    return sorted((case for case in CASES if case.stem == stem), key=attrgetter("size"))


def first_solved(stem: str) -> Case:
    """Return the smallest case of a method that it does not skip."""
    for case in cases_of(stem):
        with suppress(pytest.skip.Exception):
            assert case.estimate
            return case
    raise AssertionError("all tiny problems of its tasks are skipped")


@pytest.mark.parametrize("stem", FOUND)
def test_file_can_be_used(stem):
    assert FOUND[stem].fault == ""


@every_file
def test_file_declares_itself(stem):
    literals = FILES[stem].literals
    for name in ("LABEL", "FAMILY"):
        assert isinstance(literals[name], str)
        assert literals[name]
    assert isinstance(literals["TASKS"], set)
    assert set() < literals["TASKS"] <= set(TASKS)
    assert {"cpu"} <= literals["DEVICES"] <= {"cpu", "cuda"}
    kinds = {kind for task in literals["TASKS"] for kind in models("kind", ROOT / "tasks" / f"{task}.py", ROOT)}
    assert set() < literals.get("OPERATORS", kinds) <= kinds
    for name in ("CONTROL", "SEES_TRUTH", "COMPLETE", "STOCHASTIC"):
        assert isinstance(literals.get(name, False), bool)
    assert literals.get("SEES_TRUTH", False) <= literals.get("CONTROL", False), "who sees the truth is no competitor"
    assert literals.get("COMPLETE", False) <= literals.get("CONTROL", False), "who has every vector is no competitor"
    assert not literals.get("CONTROL", False) or literals["FAMILY"] == CONTROL
    assert isinstance(literals.get("LICENCE_NOTE", ""), str)
    assert isinstance(literals.get("REQUIRES", []), list)


def test_no_two_families_differ_by_spelling_alone():
    families = {file.literals["FAMILY"] for file in FILES.values()}
    assert len({re.sub("[^a-z]", "", family.lower()) for family in families}) == len(families)


@every_file
def test_docstring_cites_its_source(stem):
    docstring = docstring_of(FILES[stem].path)
    assert docstring
    # The bounds of every table are no methods of a paper.
    assert FILES[stem].literals.get("CONTROL", False) or REFERENCE.search(docstring)


@every_file
def test_parameters_are_keywords_with_defaults_whose_types_are_checked(stem):
    _, *keywords = inspect.signature(cases_of(stem)[0].method.solve).parameters.values()
    assert {"seed", "device"} <= {keyword.name for keyword in keywords}
    assert all(keyword.kind is keyword.KEYWORD_ONLY for keyword in keywords)
    annotations = parameters_of(FILES[stem].path, "solve")
    for keyword in keywords:
        checks = adapter(annotations[keyword.name].annotation)
        with pytest.raises(ValidationError):
            checks.validate_python(object())
        if keyword.name not in ("seed", "device"):
            # A settings file has no tuples.
            checks.validate_python(list(keyword.default) if isinstance(keyword.default, tuple) else keyword.default)


@every_file
def test_unknown_parameter_is_an_error(stem):
    case = cases_of(stem)[0]
    with pytest.raises(TypeError, match="no_such_parameter"):
        case.method.solve(case.problem, seed=0, device="cpu", no_such_parameter=1)


@pytest.mark.parametrize("choice", CHOICES)
def test_unknown_choice_is_an_error_that_names_those_of_the_signature(choice):
    stem, _, name = choice.rpartition("-")
    case = cases_of(stem)[0]
    with pytest.raises(ValueError, match=f"unknown {name} 'no_such_choice'|unknown kind 'no_such_choice'") as error:
        case.method.solve(case.problem, seed=0, device="cpu", **case.params | {name: "no_such_choice"})
    assert set(str(error.value).rpartition(": ")[2].split(", ")) == {str(known) for known in CHOICES[choice]}


def test_answer_is_what_the_task_asks_for_and_its_problem_is_unchanged(case):
    before = case.problem.observed.copy()
    assert verdict_on(case.estimate, TASKS[case.task], case.problem) == ("ok", "")
    np.testing.assert_array_equal(case.problem.observed, before)


def test_answer_of_a_competitor_is_as_good_as_the_problem_is_easy(case):
    if case.competes or case.literals.get("SEES_TRUTH", False):
        assert case.excess >= 0


@pytest.mark.parametrize("stem", [stem for stem in FILES if stem not in NEVER_RUN])
def test_some_tiny_problem_is_solved_and_alike_where_its_input_is_strided(stem):
    case = first_solved(stem)
    observed = case.problem.observed
    strided = np.zeros((2 * len(observed), *observed.shape[1:]), observed.dtype)[::2]
    strided[:] = observed
    other = case.solve(replace(case.problem, observed=strided))
    np.testing.assert_array_equal(strided, observed)
    for own, result in zip(arrays_of(case.estimate), arrays_of(other), strict=True):
        np.testing.assert_allclose(result, own, rtol=0, atol=1e-6 * max(1, np.abs(own).max()))


def test_answer_is_repeated_for_its_seed_and_of_a_deterministic_method_for_any(case):
    seed = 0 if case.literals.get("STOCHASTIC", False) else 1
    for own, result in zip(arrays_of(case.estimate), arrays_of(case.solve(case.problem, seed)), strict=True):
        np.testing.assert_array_equal(result, own)


def test_method_works_without_rank_and_noise_model_or_says_that_it_needs_them(case):
    assert case.estimate
    rank = case.problem.rank if case.literals.get("COMPLETE", False) else None
    problem, reason, results = replace(case.problem, rank=rank, noise=None), "", []
    try:
        results = arrays_of(case.method.solve(problem, seed=0, device="cpu", **case.params))
    except Skipped as skipped:
        reason = str(skipped)
    assert not reason or reason.startswith(f"{case.stem} needs the ")
    assert all(np.isfinite(own).all() for own in results)
    assert reason or case.literals.get("CONTROL", False) or any(own.any() for own in results)


@pytest.mark.parametrize("stem", [stem for stem, file in FILES.items() if file.literals.get("STOCHASTIC", False)])
def test_some_seed_changes_some_answer_of_a_stochastic_method(stem):
    assert any(
        not np.array_equal(own, result)
        for case in cases_of(stem)
        for seed in range(1, 5)
        for own, result in zip(arrays_of(case.estimate), arrays_of(case.solve(case.problem, seed)), strict=True)
    )


@pytest.mark.parametrize("other", [parameter_of(case) for case in CASES if not case.tiny.measure])
def test_signals_of_other_sizes_get_what_the_task_asks_for_and_no_image_is_lost(other):
    if (other.stem, other.name) == ("dip3d", "bands"):
        pytest.skip("bands are one more axis to it, and so many take it long")
    assert verdict_on(other.estimate, TASKS[other.task], other.problem) == ("ok", "")
    if not other.competes:
        return
    answers = arrays_of(other.estimate)
    assert any(own.std() > 0.02 * np.abs(own).max() or (own.size == 1 and own.any()) for own in answers)
    clean, result = other.tiny.item.signal, compose(other.estimate.answer)
    if other.tiny.observation.operator is None and clean.ndim == 3 and np.shape(result) == clean.shape:
        # Each resembles the clean one, as the noisy ones do at 0.78.
        pairs = zip(np.moveaxis(clean, 2, 0), np.moveaxis(result, 2, 0), strict=True)
        assert min(np.corrcoef(one.ravel(), own.ravel())[0, 1] for one, own in pairs) > 0.75


def case_of(name: str) -> Case:
    """Return a case by its name; the test of one that lacks a package is skipped."""
    stem = name.partition("-")[0]
    return next(case for case in cases_of(stem) if case.id == name)


@pytest.mark.parametrize("stem", ["noisy", "clean", "svd", "best_rank"])
def test_method_without_a_noise_model_scales_with_its_input(stem):
    case = case_of(f"{stem}-denoise-stack")
    doubled = case.solve(replace(case.problem, observed=2 * case.problem.observed))
    np.testing.assert_allclose(compose(doubled.answer), 2 * compose(case.estimate.answer), rtol=1e-12)


@pytest.mark.parametrize("stem", ["noisy", "clean"])
def test_bound_is_what_it_observes(stem):
    case = case_of(f"{stem}-denoise-stack")
    np.testing.assert_array_equal(compose(case.estimate.answer), case.problem.observed)


@pytest.mark.parametrize("stem", [stem for stem, file in FILES.items() if "covariance" in file.literals["TASKS"]])
def test_covariance_is_symmetric(stem):
    result = compose(cases_of(stem)[0].estimate.answer)
    np.testing.assert_allclose(result, result.T, rtol=0, atol=1e-6 * np.abs(result).max())


@pytest.mark.parametrize("name", ["bm3d-{}-published", "bm3d-{}-anscombe", "gavish_donoho-{}-stabilise"])
def test_method_for_poisson_noise_refuses_gaussian_noise(name):
    case = case_of(name.format("denoise-stack"))
    with pytest.raises(ValueError, match=r"not Gaussian\(sigma=0.1\)"):
        case.solve(replace(case.problem, noise=Gaussian(0.1)))
