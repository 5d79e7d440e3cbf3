"""The judge of trained networks: its counts against those that papers print, its ranks against planted filters."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.algorithms.execution import Executed
from benchmark.algorithms.layers import Factored, Stage, chain, crossfiltered
from benchmark.algorithms.training import answer, dense_network, drawn, is_wide, run, task_of
from benchmark.contract import Item, Posed, Problem
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "train.py")
separable, dense = (load_module(ROOT / "baselines" / f"{name}_network.py") for name in ("separable", "dense"))


def posed(item: Item | None = None, **sizes: object) -> tuple[Problem, Posed]:
    own = TASK.pose(item or TASK.tiny_item(90, 8, 8), Observation(), np.random.default_rng(0), **sizes)
    return problem_of(own.given, Observation()), own


@pytest.fixture(scope="module")
def tiny() -> tuple[Problem, Posed]:
    return posed()


def test_counts_of_tai_s_network_are_the_printed_ones():
    item = TASK.tiny_item(24, 32, 32, 3)
    problem, own = posed(item, channels=(96, 128, 256), pools=(1, 2, 3), pixels=5, mixed=64, hidden=256)
    low_rank = separable.solve(problem, seed=0, device="cpu", epochs=0).answer
    values = TASK.values_of(problem, own.withheld, low_rank)
    assert values["reduction_convolutions"] == pytest.approx(1_133_600 / 159_990)
    assert values["mac_reduction"] == pytest.approx(138.7 / 26.2, rel=0.01)
    assert values["reduction"] == pytest.approx(3.2, abs=0.1)
    ranks = [len(low_rank[f"{layer}.0.0.kernel"]) for layer in range(3)]
    assert ranks == [10, 51, 51]


def test_a_narrow_network_stores_and_multiplies_what_one_of_that_size_would(tiny):
    problem, own = tiny
    parts = dense.solve(problem, seed=0, device="cpu", width=0.25, epochs=0).answer
    values = TASK.values_of(problem, own.withheld, parts)
    whole = 16 * 9 + 32 * 16 * 9 + 32 * 32 * 9 + 64 * 512 + 3 * 64
    small = 4 * 9 + 8 * 4 * 9 + 8 * 8 * 9 + 16 * 8 * 16 + 3 * 16
    assert values["reduction"] == pytest.approx(whole / small)
    multiplied = [64 * 16 * 9 + 64 * 32 * 16 * 9 + 16 * 32 * 32 * 9 + 64 * 512 + 3 * 64]
    multiplied += [64 * 4 * 9 + 64 * 8 * 4 * 9 + 16 * 8 * 8 * 9 + 16 * 8 * 16 + 3 * 16]
    assert values["mac_reduction"] == pytest.approx(multiplied[0] / multiplied[1])


def test_channels_left_out_count_as_zeros(tiny):
    problem, _ = tiny
    task, rng = task_of(problem), np.random.default_rng(0)
    network = dense_network(task, rng)
    layer, kernel = task.layers["conv2"], drawn(rng, 5, 3, 3, 3)
    order = np.full(32, -1)
    order[[4, 9, 2, 30, 31]] = np.arange(5)
    whole = np.zeros(layer.sizes)
    whole[np.ix_([4, 9, 2, 30, 31], [7, 1, 12])] = kernel
    stage = Stage(kernel, order=np.array([7, 1, 12]))
    found = run(task, network | {"conv2": Executed(Factored([[stage]], order=order), layer)}, task.images)
    wanted = run(task, network | {"conv2": Executed(chain(whole), layer)}, task.images)
    torch.testing.assert_close(found, wanted)


def test_the_rank_of_planted_filters_is_found_and_a_common_filter_is_their_mean():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((72, 4)))[0].T
    equal = np.kron(np.eye(4), np.array([[1.0], [-1.0]])) @ basis  # eight filters, two of each direction
    kernel = equal.reshape(8, 8, 3, 3)
    assert TASK.needed(kernel, centred=False) == TASK.needed(kernel, centred=True) == 50
    common = (equal + 100 * rng.standard_normal(72)).reshape(8, 8, 3, 3)
    assert TASK.needed(common, centred=False) == 100 / 8
    assert TASK.needed(common, centred=True) == 50


def test_few_filters_lose_nothing_of_a_network_that_has_no_others(tiny):
    problem, own = tiny
    task = task_of(problem)
    network = dense_network(task, np.random.default_rng(0))
    for name, layer in task.layers.items():
        if is_wide(layer):
            network[name] = Executed(crossfiltered(drawn(np.random.default_rng(1), *layer.sizes), 8), layer)
    values = TASK.values_of(problem, own.withheld, answer(network).answer)
    assert values["increase_crossfilter"] == 0
    assert values["filters"] <= 25


def test_the_error_is_that_of_the_network_itself(tiny):
    problem, own = tiny
    parts = dense.solve(problem, seed=3, device="cpu", epochs=1).answer
    task, x = task_of(problem), torch.tensor(own.withheld["signal"]).float()
    for number, name in enumerate(task.layers):
        kernel, bias = (torch.tensor(parts[f"{number}.{key}"]).float() for key in ("0.0.kernel", "bias"))
        if name.startswith("conv"):
            x = torch.relu(torch.conv2d(x, kernel, bias, padding=1))
            x = torch.max_pool2d(x, 2) if name == "conv2" else x
        else:
            x = x.flatten(1) @ kernel.flatten(1).T + bias
            x = torch.relu(x) if name == "hidden" else x
    wrong = np.mean(x.argmax(1).numpy() != own.withheld["test_labels"])
    assert wrong > 0
    assert TASK.values_of(problem, own.withheld, parts)["error"] == pytest.approx(100 * wrong)


def test_classes_are_counted_from_zero_and_colours_come_first():
    item = TASK.tiny_item(24, 9, 8, 3)
    labels = np.array([3, 5, 9])[item.extras["labels"]]
    problem, own = posed(replace(item, extras=item.extras | {"labels": labels}))
    assert set(problem.granted["labels"]) == set(own.withheld["test_labels"]) == {0, 1, 2}
    assert problem.observed.shape == (16, 3, 9, 8)
    np.testing.assert_array_equal(problem.granted["shapes"][-1], [3, 64, 1, 1])


@pytest.mark.parametrize(
    ("extras", "sizes", "fault"),
    [
        ({"training": np.ones(90)}, {}, "90 of 90 images are for training: give some of each class, and leave"),
        ({"training": np.ones(89)}, {}, r"`training` of shape \(89,\) for 90 images: mark each"),
        ({"labels": np.zeros(90)}, {}, "all 90 `labels` are 0.0: give samples of two classes or more"),
        ({}, {"channels": 4 * [8], "pools": (1, 2, 3, 4)}, "images of 8 x 8 pixels, 4 times halved, and kernels of 3"),
        ({}, {"pixels": 4}, "kernels of 4: give larger images or fewer `pools`, and odd `pixels`"),
        ({}, {"channels": [8, 0]}, r"\[8, 0\] channels, None mixed, 64 hidden, pools after \[2\]: give 1 or more"),
        ({}, {"hidden": 0}, "0 hidden, .*: give 1 or more of each"),
        ({}, {"mixed": 0}, "0 mixed, .*: give 1 or more of each"),
        ({}, {"channels": [16]}, r"pools after \[2\]: .* pools by the numbers of convolutions, from 1"),
        ({}, {"pools": [0]}, r"pools after \[0\]: .* by the numbers of convolutions, from 1"),
        ({}, {"channels": [], "pools": []}, r"\[\] channels and kernels of 3 pixels: .* on more than 3 channels"),
        ({}, {"channels": [3, 8], "pools": []}, r"\[3, 8\] channels .*: .* a convolution on more than 3 channels"),
        ({}, {"pixels": 1}, "kernels of 1 pixels: give 3 pixels or more"),
        ({}, {"pixels": -1}, "kernels of -1 pixels: give 3 pixels or more"),
    ],
)
def test_what_no_network_could_be_trained_on_is_refused(extras, sizes, fault):
    item = TASK.tiny_item(90, 8, 8)
    with pytest.raises(ValueError, match=fault):
        posed(replace(item, extras=item.extras | extras), **sizes)


def test_layers_of_less_than_four_filters_are_judged_by_one():
    problem, own = posed(channels=(5, 2, 3), pools=(1, 1))
    values = TASK.values_of(problem, own.withheld, dense.solve(problem, seed=0, device="cpu", epochs=0).answer)
    assert np.isfinite(list(values.values())).all()
    np.testing.assert_array_equal(problem.granted["shapes"][-2], [64, 3 * 4 * 4, 1, 1])  # halved once


def test_an_answer_that_is_no_network_of_the_layers_is_refused(tiny):
    problem, own = tiny
    parts = dense.solve(problem, seed=0, device="cpu", epochs=0).answer
    with pytest.raises(ValueError, match="belongs to none of the 5 layers"):
        TASK.values_of(problem, own.withheld, {**parts, "7.0.0.kernel": np.ones((2, 2, 1, 1))})
    lacking = {name: own for name, own in parts.items() if name != "1.order"}
    with pytest.raises(ValueError, match="a branch ends in 3 channels, and the layer in 32"):
        TASK.values_of(problem, own.withheld, lacking | {"1.0.0.kernel": np.ones((3, 16, 3, 3))})
