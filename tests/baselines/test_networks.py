"""Methods that train whole networks: forces against automatic differentiation, small forms against whole ones."""

from itertools import combinations

import numpy as np
import pytest
import torch

from benchmark.algorithms.execution import Executed, checked, stored
from benchmark.algorithms.layers import chain
from benchmark.algorithms.networks import Recipe
from benchmark.algorithms.training import crossfilter_rank, dense_network, drawn, fit, run, task_of
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "train.py")
names = ("dense", "separable", "forced", "sparse", "transferred")
dense, separable, forced, sparse, transferred = (load_module(ROOT / "baselines" / f"{own}_network.py") for own in names)
BRIEF = {"seed": 0, "device": "cpu", "epochs": 2, "rate": 0.01}


@pytest.fixture(scope="module")
def posed():
    return TASK.pose(TASK.tiny_item(60, 8, 8), Observation(), np.random.default_rng(0))


@pytest.fixture(scope="module")
def problem(posed):
    return problem_of(posed.given, Observation())


def filters(number: int = 6, size: int = 11) -> torch.Tensor:
    return torch.randn(number, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_the_force_is_the_slope_of_the_distances_between_directions(kind):
    W = filters().requires_grad_()
    w = W / W.norm(dim=1, keepdim=True)
    distances = [(w[i] - w[j]).norm() for i, j in combinations(range(len(w)), 2)]
    energy = sum(distances) if kind == "l1" else sum(own**2 / 2 for own in distances)
    (slope,) = torch.autograd.grad(energy, W)
    found = forced.forces(W.detach(), kind)
    torch.testing.assert_close(found, -(W.detach().norm(dim=1, keepdim=True) ** 2) * slope, rtol=1e-9, atol=1e-9)
    assert found.norm() > 1


@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_the_force_turns_filters_and_leaves_equal_directions_alone(kind):
    W = filters()
    found = forced.forces(W, kind)
    torch.testing.assert_close((found * W).sum(dim=1), torch.zeros(6, dtype=torch.float64), rtol=0, atol=1e-9)
    alike = torch.stack([W[0], 3 * W[0]])
    assert forced.forces(alike, kind).abs().max() < 1e-6


def test_forces_lower_the_rank_of_filters(problem, posed):
    few = forced.solve(problem, **BRIEF, strength=10.0).answer
    plain = dense.solve(problem, **BRIEF).answer
    found, without = (TASK.values_of(problem, posed.withheld, own)["filters"] for own in (few, plain))
    assert found < 0.3 * without


def test_random_separable_factors_have_the_variance_of_a_dense_kernel(problem):
    layer = task_of(problem).layers["conv3"]
    factors = separable.random_factors(layer, 40, np.random.default_rng(0))
    composed = Executed(checked(factors, layer), layer, torch.float64).composed()
    assert composed.std() == pytest.approx(drawn(np.random.default_rng(1), *layer.sizes).std(), rel=0.1)


def test_separable_layers_are_run_as_the_composed_kernel(problem):
    layer = task_of(problem).layers["conv3"]
    factors = separable.random_factors(layer, 5, np.random.default_rng(0))
    executed = Executed(factors, layer, torch.float64)
    images = torch.randn(3, 32, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    wanted = torch.conv2d(images, torch.tensor(executed.composed()), padding=1)
    torch.testing.assert_close(executed(images), wanted, rtol=0, atol=1e-10)
    assert stored(factors, layer) == 5 * 3 * (32 + 32)


def test_ranks_are_the_largest_within_the_reduction(problem):
    layer = task_of(problem).layers["conv3"]
    assert separable.rank_of(layer, 9216 / (7 * 192)) == 7
    assert separable.rank_of(layer, 9216 / (7 * 192 - 1)) == 6
    assert separable.rank_of(layer, 1e6) == 1
    assert crossfilter_rank(layer, 9216 / (7 * 320)) == 7
    assert crossfilter_rank(layer, 9216 / (7 * 320 - 1)) == 6


def test_what_vanished_is_taken_out_and_changes_nothing(problem):
    task = task_of(problem)
    network = dense_network(task, np.random.default_rng(0))
    kernel = network["conv2"].kernels[0][0]
    kernel[[1, 4, 5]], kernel[:, [0, 9]] = 0, 1e-6
    network["conv2"].bias += torch.linspace(-1, 1, 32)
    kernel[[1, 4, 5]] = 0
    own = sparse.reduced(network, "conv2", 0.01)
    assert own.branches[0][0].kernel.shape == (29, 14, 3, 3)
    small = network | {"conv2": Executed(checked(own, task.layers["conv2"]), task.layers["conv2"])}
    torch.testing.assert_close(run(task, small, task.images), run(task, network, task.images), rtol=0, atol=1e-4)


def test_a_penalty_takes_out_filters_and_the_judge_counts_what_is_left(problem, posed):
    parts = sparse.solve(problem, **BRIEF | {"epochs": 80}, strength=0.03, tuning=1).answer
    values = TASK.values_of(problem, posed.withheld, parts)
    shapes = [parts[f"{number}.0.0.kernel"].shape for number in range(3)]
    assert values["reduction_convolutions"] == (144 + 4608 + 9216) / sum(np.prod(shape) for shape in shapes) > 5
    assert values["error"] == 0


def test_the_decomposed_teacher_is_what_the_judge_makes_of_the_dense_network(problem, posed):
    plain = TASK.values_of(problem, posed.withheld, dense.solve(problem, **BRIEF).answer)
    # A quarter of the 32 filters of both layers is what this reduction allows.
    small = transferred.solve(problem, **BRIEF, reduction=3.27, tuning=0).answer
    assert TASK.values_of(problem, posed.withheld, small)["error"] == plain["error_crossfilter"]
    assert len(small["1.0.0.kernel"]) == len(small["2.0.0.kernel"]) == 8


def test_a_student_that_is_the_teacher_has_the_entropy_of_its_scores_left_to_lose(problem):
    task = task_of(problem)
    teacher = dense_network(task, np.random.default_rng(0))
    batch, seen = torch.arange(10), {}
    scores = run(task, teacher, task.images[batch], seen)
    labels = torch.nn.functional.cross_entropy(scores, task.labels[batch])
    p = torch.softmax(scores / 2, 1)
    entropy = -(p * p.log()).sum(1).mean()
    layers = ["conv2", "conv3"]
    both = transferred.loss_of(task, teacher, "both", 2.0, 7.0, layers)(scores, seen, batch)
    torch.testing.assert_close(both, labels + 4 * entropy)
    moved = seen | {"conv3": (None, seen["conv3"][1] + 0.5)}
    apart = transferred.loss_of(task, teacher, "both", 2.0, 7.0, layers)(scores, moved, batch) - both
    assert float(apart) == pytest.approx(7 * 0.25 * 32 * 16 / 2, rel=1e-5)


def test_training_is_adam_with_a_rate_that_falls_to_zero(problem):
    task = task_of(problem)
    network, rates = dense_network(task, np.random.default_rng(0)), []
    before = network["classes"].kernels[0][0].clone()
    other = {name: Executed(chain(own.kernels[0][0].numpy()), task.layers[name]) for name, own in network.items()}
    fit(task, network, Recipe(2, 0.01, batch=20), settle=rates.append)
    steps = [0.01 * (1 + np.cos(np.pi * step / 4)) / 2 for step in range(4)]
    np.testing.assert_allclose(rates, steps)
    values = [own.requires_grad_() for layer in other.values() for own in layer.trained]
    optimiser = torch.optim.Adam(values, lr=0.01)
    draw = torch.Generator().manual_seed(0)
    order = [own for _ in range(2) for own in torch.randperm(40, generator=draw).split(20)]
    for rate, batch in zip(steps, order, strict=True):
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(run(task, other, task.images[batch]), task.labels[batch]).backward()
        optimiser.step()
    torch.testing.assert_close(network["classes"].kernels[0][0], other["classes"].kernels[0][0].detach())
    assert (network["classes"].kernels[0][0] - before).abs().max() > 0.01
