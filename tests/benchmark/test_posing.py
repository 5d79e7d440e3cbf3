"""Problems: noise and operator are drawn once for each item and seed, and what is withheld reaches no method."""

from dataclasses import FrozenInstanceError
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.contract import Item, Posed
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Poisson, Rician, SaltAndPepper, Skewed
from benchmark.observation import Observation
from benchmark.operators import CodedExposure, Radon
from benchmark.posing import observation_of, pose, pose_items, problem_of
from benchmark.source import ROOT
from benchmark.storage import load_arrays, pack_item, parts_of, save_arrays, save_json

CUBE = Item("cube", np.linspace(0, 1, 9 * 8 * 8).reshape(9, 8, 8))
LABELLED = Item(
    "lab",
    np.linspace(0, 1, 60).reshape(12, 5),
    rank=2,
    extras={"labels": np.isin(np.arange(12), [0, 5, 7, 10]).astype(int)},
)
PHOTONS = {"model": "poisson", "photons": 50, "readout": 1}
WEAK = ("scene", "weak")


def task_of(name):
    return load_module(ROOT / "tasks" / f"{name}.py")


def posed(task, item, entry, seed=3, place=WEAK, **params):
    """Return what methods get of an item, and what is withheld."""
    module = task_of(task)
    given, withheld = pose_items(module, [item], observation_of(entry, module), seed, place, params)
    return parts_of(given, item.name), parts_of(withheld, item.name)


@pytest.mark.parametrize(
    ("entry", "values"),
    [
        ({"model": "gaussian", "sigma": 0.1}, [0.20022172, 0.47211418, 0.44778720]),
        (PHOTONS, [0.28745914, 0.21100004, 0.57736385]),
        ({"model": "rician", "sigma": 0.1}, [0.21642743, 0.48453701, 0.45018935]),
        ({"model": "salt_and_pepper", "density": 0.3}, [0.17391305, 0.34782609, 0.52173913]),
        ({"model": "skewed", "gaussian": 0.3, "square": 0.3}, [0.45540196, 1.07722020, 0.36459550]),
    ],
)
def test_noise_is_that_of_published_results(entry, values):
    given, _ = posed("denoise", CUBE, entry)
    np.testing.assert_allclose(given["observed"].ravel()[[100, 200, 300]], values, rtol=1e-6)


@pytest.mark.parametrize(
    ("entry", "shape", "values"),
    [
        ({"operator": {"kind": "coded_exposure", "frames": 4}, "noise_on": "signal"}, (9, 8, 2), [0.2, 0.28, 0.66]),
        ({"operator": {"kind": "radon", "angles": 6}}, (6, 8, 8), [3.88, 4.80, 5.04]),
        ({"operator": {"kind": "radon", "angles": 6}, "noise_on": "signal"}, (6, 8, 8), [4.16, 4.56, 4.7258606]),
    ],
)
def test_measurements_are_those_of_published_results(entry, shape, values):
    given, _ = posed("recover", CUBE, {"model": "poisson", "photons": 50} | entry)
    assert given["observed"].shape == shape
    np.testing.assert_allclose(given["observed"].ravel()[[20, 50, 80]], values, rtol=1e-5)


def test_split_and_noise_of_labelled_samples_are_those_of_published_results():
    given, withheld = posed("basis", LABELLED, {"model": "gaussian", "sigma": 0.1}, share=0.5)
    train, test = [0, 7, 6, 9, 11, 3], [5, 2, 4, 10]
    assert set(given) == {"observed"}
    assert set(withheld) == {"signal", "labels", "test", "test_labels"}
    np.testing.assert_array_equal(withheld["signal"], LABELLED.signal[train])
    np.testing.assert_array_equal(withheld["labels"], LABELLED.extras["labels"][train])
    np.testing.assert_array_equal(withheld["test_labels"][:4], LABELLED.extras["labels"][test])
    np.testing.assert_allclose(given["observed"][0, :3], [-0.04079864, 0.09961163, 0.15486571], rtol=1e-5)
    np.testing.assert_allclose(withheld["test"][0, :3], [0.35799915, 0.4753948, 0.579472], rtol=1e-5)


def test_an_observation_is_drawn_once_for_each_item_seed_data_set_and_noise():
    draws = [
        posed("denoise", item, PHOTONS, seed, place)[0]["observed"]
        for item, seed, place in [
            (CUBE, 3, WEAK),
            (CUBE, 3, WEAK),
            (CUBE, 4, WEAK),
            (CUBE, 3, ("other", "weak")),
            (CUBE, 3, ("scene", "strong")),
            (Item("other", CUBE.signal), 3, WEAK),
        ]
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert all(np.abs(draws[0] - other).max() > 0.01 for other in draws[2:])


def test_no_draw_depends_on_the_other_items():
    module, entry = task_of("denoise"), {"model": "gaussian", "sigma": 0.1}
    both, _ = pose_items(module, [LABELLED, CUBE], observation_of(entry, module), 3, WEAK, {})
    np.testing.assert_array_equal(both["cube/observed"], posed("denoise", CUBE, entry)[0]["observed"])


def test_parameters_of_an_experiment_reach_the_task():
    item = Item("lab", rank=2, signal=np.linspace(0, 1, 200).reshape(40, 5), extras={"labels": np.arange(40) % 2})
    shares = {}
    for share in (0.25, 0.5):
        given, withheld = posed("basis", item, PHOTONS, share=share)
        shares[share] = len(given["observed"]), len(withheld["test"])
    assert shares == {0.25: (10, 30), 0.5: (20, 20)}
    first, other = (posed("basis", item, PHOTONS, split_seed=seed)[1]["labels"] for seed in (42, 43))
    assert (first != other).any()


def test_an_item_that_lacks_what_the_task_reads_is_named_with_what_it_has():
    task = SimpleNamespace(pose=lambda item, observation, rng: Posed({"observed": item.extras["angles"]}, {}))
    with pytest.raises(ValueError, match="lab: the task needs the extra 'angles'; the item has: labels"):
        pose_items(task, [LABELLED], Observation(), 0, WEAK, {})


def test_files_hold_what_is_given_and_what_is_withheld_apart(tmp_path):
    save_arrays(tmp_path / "items.npz", pack_item(CUBE) | pack_item(LABELLED))
    facts = [{"name": name, "rank": 2, "budget": None, "signed": False} for name in ("cube", "lab")]
    save_json(tmp_path / "facts.json", {"items": facts})
    asked = {"task": "tasks/denoise.py", "params": {}, "observation": PHOTONS, "seed": 3, "place": WEAK}
    given, withheld = tmp_path / "given.npz", tmp_path / "withheld.npz"
    pose(asked, tmp_path / "items.npz", tmp_path / "facts.json", given, withheld)
    assert set(load_arrays(given)) == {"cube/observed", "lab/observed"}
    assert set(load_arrays(withheld)) == {"cube/signal", "lab/signal"}
    np.testing.assert_array_equal(load_arrays(withheld)["cube/signal"], CUBE.signal.astype(np.float32))
    np.testing.assert_allclose(load_arrays(given)["cube/observed"].ravel()[100], 0.28745914, rtol=1e-6)


@pytest.mark.parametrize(
    ("entry", "observation"),
    [
        ({}, Observation()),
        (PHOTONS, Observation(Poisson(50, 1))),
        ({"model": "gaussian", "sigma": 0.1}, Observation(Gaussian(0.1))),
        ({"model": "salt_and_pepper", "density": 0.3}, Observation(SaltAndPepper(0.3))),
        ({"model": "rician", "sigma": 0.1}, Observation(Rician(0.1))),
        ({"model": "skewed", "gaussian": 0.3, "square": 0.2}, Observation(Skewed(0.3, 0.2))),
        ({"operator": {"kind": "radon", "angles": 6}}, Observation(None, Radon(6))),
        (
            PHOTONS | {"operator": {"kind": "coded_exposure", "frames": 4}, "noise_on": "signal"},
            Observation(Poisson(50, 1), CodedExposure(4), "signal"),
        ),
    ],
)
def test_an_entry_of_an_experiment_names_noise_and_operator_by_their_classes(entry, observation):
    before = dict(entry)
    assert observation_of(entry, task_of("denoise")) == observation
    assert entry == before


def test_photon_noise_cannot_be_drawn_from_a_signed_signal_and_gaussian_noise_can():
    signed = Item("signed", np.linspace(-0.5, 0.3, 600).reshape(30, 20), signed=True)
    given, withheld = posed("denoise", signed, {"model": "gaussian", "sigma": 0.1})
    assert np.std(given["observed"] - withheld["signal"]) == pytest.approx(0.1, rel=0.15)
    with pytest.raises(ValueError, match="where the signal is negative"):
        posed("denoise", signed, PHOTONS)


ARRAYS = {"observed": np.ones((4, 3, 2)), "calibration": np.arange(3), "operator/angles": np.array([0.0, 90.0])}
SHAPED = ARRAYS | {"operator/shape": np.array([5, 5, 2])}
TRUTH = {"signal": np.zeros((4, 3, 2)), "labels": np.arange(4), "test": np.ones((2, 3, 2))}


def test_a_method_gets_what_is_granted_by_name_and_the_operator_that_was_drawn():
    problem = problem_of(SHAPED, Observation(Poisson(50), Radon(2)), rank=3, budget=70)
    np.testing.assert_array_equal(problem.observed, ARRAYS["observed"])
    assert (problem.rank, problem.budget) == (3, 70)
    assert problem.noise == Poisson(50)
    assert tuple(problem.operator.shape) == (5, 5, 2)
    assert set(problem.granted) == {"calibration"}


def test_a_method_is_told_no_rank_and_no_budget_where_the_experiment_says_none():
    problem = problem_of({"observed": np.ones(3)}, Observation())
    assert (problem.rank, problem.budget, problem.noise, problem.operator) == (None, None, None, None)
    assert dict(problem.granted) == {}


def test_a_control_that_sees_the_truth_observes_it_and_is_granted_all_that_is_withheld():
    problem = problem_of(TRUTH, Observation(Poisson(50), Radon(2)), rank=3, sees_truth=True)
    np.testing.assert_array_equal(problem.observed, TRUTH["signal"])
    assert problem.operator is None
    assert problem.rank == 3
    assert set(problem.granted) == {"labels", "test"}


def test_a_complete_control_is_told_the_number_of_features_of_a_sample():
    assert problem_of(ARRAYS, Observation(), rank=3, complete=True).rank == 6
    assert problem_of(ARRAYS, Observation(), rank=3).rank == 3


def test_a_method_cannot_exchange_its_observation():
    problem = problem_of(ARRAYS, Observation())
    with pytest.raises(FrozenInstanceError):
        problem.observed = np.zeros(3)


OWN_MODELS = '''

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Doubling:
    """Every value is a multiple of what it was."""

    times: float = 2.0

    def sample(self, clean, rng):
        return self.times * clean


@dataclass(frozen=True)
class Thinned:
    """Rows that a draw chooses."""

    rows: int

    sums: ClassVar[bool] = False

    def draw(self, shape, rng):
        return {"chosen": rng.permutation(shape[0])[: self.rows]}

    def build(self, arrays, shape):
        return lambda signal: signal[arrays["chosen"]]
'''


def test_noise_and_operator_of_a_task_s_own_file_are_found_by_the_plan_and_drawn(house):
    path = house.root / "tasks" / "mend.py"
    path.write_text(path.read_text() + OWN_MODELS)
    entry = {"model": "doubling", "times": 3, "operator": {"kind": "thinned", "rows": 2}, "noise_on": "signal"}
    experiment = house.first(noise={"own": entry, "shipped": {"model": "gaussian", "sigma": 0.1}})
    assert experiment.noise["own"] == entry
    task = load_module(path)
    given, _ = pose_items(task, [CUBE], observation_of(experiment.noise["own"], task), 0, WEAK, {})
    chosen = given["cube/operator/chosen"]
    np.testing.assert_allclose(given["cube/observed"], 3 * CUBE.signal[chosen], rtol=1e-6)
    problem = problem_of(parts_of(given, "cube"), observation_of(entry, task))
    np.testing.assert_array_equal(problem.operator(CUBE.signal), CUBE.signal[chosen])
