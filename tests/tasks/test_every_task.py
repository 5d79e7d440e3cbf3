"""The contract of a task, for each file of `tasks/`: a new one needs no word here."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import pytest

from benchmark.catalog import files_of
from benchmark.contract import Play, Tiny, compose
from benchmark.environment import Rounds
from benchmark.loaders.signals import AXES, check
from benchmark.loading import load_module
from benchmark.metrics import METRICS
from benchmark.posing import pose_items, problem_of
from benchmark.source import ROOT, docstring_of
from benchmark.storage import parts_of
from benchmark.worker import verdict_on

FILES, METHODS = files_of(ROOT, "tasks"), files_of(ROOT, "baselines")
FIGURES = {path.stem for path in (ROOT / "benchmark" / "report" / "figures").glob("[!_]*.py")}


class Case:
    """A tiny problem of a task, posed."""

    def __init__(self, name: str, key: str, tiny: Tiny):
        self.task, self.tiny, self.id = load_module(FILES[name].path), tiny, f"{name}-{key}"
        self.name, self.literals = name, FILES[name].literals

    @cached_property
    def arrays(self) -> tuple[dict, dict]:
        """What is given and what is withheld."""
        item = replace(self.tiny.item, signal=self.tiny.item.signal.astype(np.float32))
        both = pose_items(self.task, [item], self.tiny.observation, 0, (), {})
        return tuple(parts_of(arrays, item.name) for arrays in both)

    @property
    def item(self) -> dict:
        """What methods are told beside arrays."""
        return {"rank": self.tiny.item.rank, "budget": self.tiny.item.budget}

    @property
    def problem(self):
        """The problem as methods get it."""
        return problem_of(self.arrays[0], self.tiny.observation, **self.item, play=self.play)

    @property
    def play(self) -> Play | None:
        """How a method plays rounds that nobody has played, where the task has an environment."""
        respond = getattr(self.task, "respond", None)
        return respond and Rounds(respond, self.arrays[1], self.tiny.observation).play

    @cached_property
    def measures(self) -> Mapping:
        """The measures of an answer."""
        return self.task.measures(self.problem, self.arrays[1])

    @property
    def rank(self) -> int:
        """The rank of the clean signal as a matrix."""
        return int(np.linalg.matrix_rank(self.tiny.item.signal.reshape(len(self.tiny.item.signal), -1), rtol=1e-4))

    @property
    def shape(self):
        """The shape of the answer that is asked for."""
        return self.task.answer_shape(self.problem)

    @property
    def asks_for_signal(self) -> bool:
        """Whether the clean signal is an answer."""
        return self.shape == self.tiny.item.signal.shape

    def answer_of(self, control: str):
        """Return what a control answers."""
        file = METHODS[control]
        flags = {
            "sees_truth": file.literals.get("SEES_TRUTH", False),
            "complete": file.literals.get("COMPLETE", False),
        }
        arrays = self.arrays[1 if flags["sees_truth"] else 0]
        problem = problem_of(arrays, self.tiny.observation, **self.item, **flags, play=self.play)
        estimate = load_module(file.path).solve(problem, seed=0, device="cpu")
        assert verdict_on(estimate, self.task, problem) == ("ok", "")
        return compose(estimate.answer)

    def better(self, one, other, metric=None) -> bool:
        """Tell whether an answer is better than another by a measure, by default the primary one."""
        metric = metric or next(iter(self.measures))
        sign = 1 if METRICS[metric].higher_is_better else -1
        return sign * self.measures[metric](one) > sign * self.measures[metric](other)


CASES = [Case(name, key, tiny) for name in FILES for key, tiny in load_module(FILES[name].path).tiny().items()]

every_file = pytest.mark.parametrize("name", FILES)
every_case = pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])


@every_file
def test_file_declares_itself(name):
    literals = FILES[name].literals
    assert FILES[name].fault == ""
    assert docstring_of(FILES[name].path).partition("\n")[0].endswith(".")
    assert set() < literals["KINDS"] <= set(AXES)
    assert literals["MEASURES"]
    assert len(set(literals["MEASURES"])) == len(literals["MEASURES"])
    assert set(literals["MEASURES"]) <= set(METRICS)
    assert set(literals["FIGURES"]) <= FIGURES
    for bound in (literals["FLOOR"], literals["CEILING"]):
        assert bound is None or name in METHODS[bound].literals["TASKS"]
        assert bound is None or METHODS[bound].literals["CONTROL"]


@every_file
def test_methods_solve_it_and_its_figures_have_what_they_show(name):
    solving = [own for own, file in METHODS.items() if name in file.literals["TASKS"]]
    assert solving
    traced = METRICS[FILES[name].literals["MEASURES"][0]].traced
    assert traced or "convergence" not in FILES[name].literals["FIGURES"]


@every_file
def test_some_tiny_problem_asks_for_a_result(name):
    tiny = load_module(FILES[name].path).tiny()
    assert any(own.measure for own in tiny.values())
    assert all(own.measure in (None, *FILES[name].literals["MEASURES"]) for own in tiny.values())


@every_case
def test_a_tiny_problem_is_one_of_a_data_set_and_small(case):
    check(case.tiny.item.name, case.tiny.item.signal, case.tiny.item.signed)
    assert np.abs(case.tiny.item.signal).max() <= 1 + 1e-6
    assert case.tiny.item.signal.size < 50_000
    assert case.tiny.item.rank >= 1


@every_case
def test_what_is_withheld_is_not_given(case):
    given, withheld = case.arrays
    assert "observed" in given
    assert "signal" in withheld
    assert not set(given) & set(withheld)
    for own in withheld.values():
        assert not any(own.shape == other.shape and np.array_equal(own, other) for other in given.values())
    problem = case.problem
    assert not set(problem.granted) & set(withheld)
    assert set(problem.granted) == {name for name in given if name != "observed" and "/" not in name}


@every_case
def test_the_answer_s_shape_and_measures_are_those_that_the_file_states(case):
    assert isinstance(case.shape, tuple | Mapping | None)
    assert all(isinstance(size, int) for size in (case.shape if isinstance(case.shape, tuple) else ()))
    assert set(case.measures) <= set(case.literals["MEASURES"])
    assert next(iter(case.measures)) == case.literals["MEASURES"][0]


@every_case
def test_a_draw_depends_on_the_seed_alone(case):
    first, again, other = (
        case.task.pose(case.tiny.item, case.tiny.observation, np.random.default_rng(seed)).given["observed"]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@every_case
def test_the_clean_signal_is_the_best_answer_where_it_is_one(case):
    if not case.asks_for_signal:
        pytest.skip("the answer is no signal")
    clean = case.tiny.item.signal.astype(np.float32)
    worse = clean + 0.05 * np.random.default_rng(0).standard_normal(clean.shape)
    for metric, measure in case.measures.items():
        if metric == "psnr_debiased" and getattr(case.problem.noise, "bias", 0):
            continue
        assert case.better(clean, worse, metric)
        assert measure(clean) == pytest.approx(
            {
                "ssim": 1,
                "ssim_gaussian": 1,
                "sam": 0,
                "misfit": 0,
                "rmse": 0,
                "relative_error": 0,
                "rank": case.rank,
            }.get(metric, np.inf),
            abs=0.05,
        )


@every_case
def test_the_clean_signal_is_a_better_answer_than_the_floor(case):
    if case.literals["FLOOR"] is None or not case.asks_for_signal:
        pytest.skip("there is no floor, or the answer is no signal")
    assert case.better(case.tiny.item.signal.astype(np.float32), case.answer_of(case.literals["FLOOR"]))


@every_case
def test_bounds_answer_what_is_asked_for(case):
    for bound in filter(None, (case.literals["FLOOR"], case.literals["CEILING"])):
        assert case.answer_of(bound) is not None


@every_case
def test_no_answer_is_better_than_the_ceiling(case):
    if case.literals["CEILING"] is None:
        pytest.skip("there is no ceiling")
    ceiling = case.answer_of(case.literals["CEILING"])
    rng = np.random.default_rng(0)
    for metric in case.measures:
        assert not case.better(ceiling + 0.3 * rng.standard_normal(ceiling.shape), ceiling, metric)


@every_case
def test_what_is_asked_for_is_more_than_a_constant_has(case):
    if case.tiny.measure is None or not isinstance(case.shape, tuple):
        pytest.skip("nothing is asked for, or no single signal")
    sign = 1 if METRICS[case.tiny.measure].higher_is_better else -1
    constant = np.full(case.shape, case.arrays[1]["signal"].mean())
    assert sign * case.measures[case.tiny.measure](constant) < sign * case.tiny.least


@every_case
def test_answers_in_single_precision_are_measured_as_those_in_double(case):
    if not isinstance(case.shape, tuple):
        pytest.skip("the answer has parts")
    answer = np.random.default_rng(0).random(case.shape).astype(np.float32)
    for measure in case.measures.values():
        assert measure(answer) == pytest.approx(measure(answer.astype(np.float64)), rel=1e-4)
