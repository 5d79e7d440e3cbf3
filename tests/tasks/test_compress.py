"""The judge of compressed layers: what it runs, counts and refuses, against plain convolutions and counts by hand."""

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.algorithms.execution import Executed, checked, factored_of, multiplications, stored
from benchmark.algorithms.layers import Factored, Layer, Stage, answer_of, chain, layers_of
from benchmark.algorithms.networks import forward, tensors_of
from benchmark.contract import Posed, Problem, Skipped
from benchmark.loaders.networks import Images, network_item, read_checkpoint
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "compress.py")
METHODS = sorted(path.stem for path in (ROOT / "baselines").glob("*.py") if 'TASKS = {"compress"' in path.read_text())
FAST = {"deeptensor_layers": {"iterations": 5, "channels": 8, "scales": 1}, "cp_layers": {"iterations": 20}}


def posed(layers: list[str], budget: int | None = None, **changes: np.ndarray) -> tuple[Problem, Posed]:
    """Return layers of the tiny network, without noise, with extras changed."""
    item = TASK.tiny_item(layers)
    item = replace(item, budget=budget or item.budget, extras=item.extras | changes)
    own = TASK.pose(item, Observation(), np.random.default_rng(0))
    return problem_of(own.given, Observation(), 1, item.budget), own


@pytest.fixture(scope="module")
def convolutions() -> tuple[Problem, Posed]:
    return posed(["one", "two"])


def layer_of(kernel: np.ndarray, *, stride: int = 1, padding: int = 0, size: int = 6, budget: int = 10**6) -> Layer:
    """Return a layer of a kernel, with random inputs."""
    rng = np.random.default_rng(5)
    inputs = rng.standard_normal((4, kernel.shape[1], size, size))
    return Layer(kernel, rng.standard_normal(len(kernel)), budget, stride, padding, inputs, np.empty(0))


def taken(problem: Problem, own: Posed, answer: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {name: measure(answer) for name, measure in TASK.measures(problem, own.withheld).items()}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("layers", [["one", "two"], ["three"]], ids=["convolutions", "dense"])
def test_what_is_run_is_the_convolution_with_the_composed_kernel_and_stores_no_more_than_the_budget(name, layers):
    problem, _ = posed(layers)
    method = load_module(ROOT / "baselines" / f"{name}.py")
    try:
        answer = method.solve(problem, seed=0, device="cpu", **FAST.get(name, {})).parts
    except Skipped as reason:
        pytest.skip(str(reason))
    total = 0.0
    for factored, layer in zip(factored_of(answer, len(layers)), layers_of(problem), strict=True):
        executed = Executed(checked(factored, layer), layer, torch.float64)
        images = torch.randn(3, layer.sizes[1], 7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        kernel = torch.tensor(executed.composed())
        expected = torch.nn.functional.conv2d(images, kernel, executed.bias, layer.stride, layer.padding)
        torch.testing.assert_close(executed(images), expected, rtol=0, atol=1e-10)
        total += stored(factored, layer)
        # What is stored is what is in the arrays, and what is multiplied what they meet.
        sizes = sum(stage.kernel.size for branch in factored.branches for stage in branch)
        assert stored(factored, layer) == (sizes if name != "quantised" else sizes / 4)
        assert multiplications(factored, layer) >= sizes
    assert 0 < total <= problem.budget


def test_the_layers_themselves_change_nothing_to_the_last_image(convolutions):
    problem, own = convolutions
    whole = replace(problem, budget=10**6)
    values = taken(whole, own, answer_of([chain(layer.kernel) for layer in layers_of(problem)]).parts)
    assert values["agreement"] == 100
    assert values["error_increase"] == values["error_increase_tuned"] == 0
    assert values["weight_error"] < 1e-6
    assert values["response_error"] < 1e-6
    assert values["reduction"] == values["mac_reduction"] == 1


def test_outputs_that_are_a_tenth_too_large_have_that_error_of_response():
    layer = layer_of(np.random.default_rng(0).standard_normal((5, 4, 3, 3)))
    layer = replace(layer, bias=np.zeros(5))
    found = TASK.errors_of([chain(1.1 * layer.kernel)], [layer])
    assert found == pytest.approx({"weight_error": 0.1, "response_error": 0.1})


def test_a_network_that_says_one_class_agrees_where_the_whole_one_says_it(convolutions):
    problem, own = convolutions
    values = taken(
        problem, own, answer_of([chain(0 * layer.kernel[:, :, :1, :1]) for layer in layers_of(problem)]).parts
    )
    shares = 100 * np.bincount(own.withheld["said"], minlength=4) / len(own.withheld["said"])
    assert values["agreement"] in shares.tolist()
    assert 0 < values["agreement"] < 100
    # The labels are what the whole network says.
    assert values["error_increase"] == pytest.approx(100 - values["agreement"])


def test_norms_that_are_taken_anew_undo_the_scale_of_the_layer_before_them():
    problem, own = posed(["one"])
    program = [*own.withheld["program"]]
    program.insert(program.index("conv one 1 1") + 1, "norm own")
    network = tensors_of(TASK.network_of(own.withheld))
    network |= {f"own.{name}": torch.full((8,), value) for name, value in {"weight": 1.0, "bias": 0.0}.items()}
    truth = own.withheld | {"program": np.array(program)}
    [layer] = layers_of(problem)
    images = torch.tensor(truth["test"])
    scores = {}
    for factor in (1.0, 3.0):
        standing = {"one": Executed(chain(factor * layer.kernel), replace(layer, bias=factor * layer.bias))}
        parameters = dict(network)
        TASK.recalibrate(truth, parameters, standing)
        scores[factor] = forward(program, parameters, images, standing)
    torch.testing.assert_close(scores[3.0], scores[1.0], rtol=1e-3, atol=1e-4)
    assert scores[1.0].std() > 1e-3
    assert TASK.has_norms(truth)
    assert not TASK.has_norms(own.withheld)


def test_multiplications_of_two_passes_of_a_strided_layer_are_those_by_hand():
    layer = layer_of(np.zeros((8, 4, 3, 3)), stride=2, padding=1, size=7)
    passes = chain(np.zeros((5, 4, 3, 1)), np.zeros((8, 5, 1, 3)))
    # The columns are taken at every second row, 4 x 7 places, the rows at every second column of these, 4 x 4.
    assert multiplications(passes, layer) == 5 * 4 * 3 * 4 * 7 + 8 * 5 * 3 * 4 * 4
    assert multiplications(chain(layer.kernel), layer) == 8 * 4 * 9 * 4 * 4


def test_a_kernel_that_groups_share_is_stored_once_and_run_for_each():
    rng = np.random.default_rng(0)
    layer = layer_of(rng.standard_normal((5, 4, 3, 3)), padding=1)
    basis, weights = rng.standard_normal((2, 1, 3, 3)), rng.standard_normal((5, 8, 1, 1))
    factored = Factored([[Stage(basis, groups=4, shared=True), Stage(weights)]])
    assert stored(factored, layer) == 18 + 40
    assert multiplications(factored, layer) == (4 * 18 + 40) * 36
    expected = np.einsum("ncb,bij->ncij", weights.reshape(5, 4, 2), basis[:, 0])
    np.testing.assert_allclose(Executed(factored, layer, torch.float64).composed(), expected, atol=1e-12)


def test_whole_numbers_count_by_their_bits_before_and_after_fine_tuning():
    codes = np.array([-128.0, 3, 127, 0]).reshape(2, 2, 1, 1)
    factored, layer = Factored([[Stage(codes, scale=0.5)]]), layer_of(np.zeros((2, 2, 1, 1)))
    assert stored(factored, layer) == 1
    assert stored(Factored([[Stage(codes + 1, scale=0.5)]]), layer) == 4 * 9 / 32
    executed = Executed(factored, layer)
    executed.kernels[0][0] += torch.tensor([[0.3, 0.1], [900.0, -0.6]])[..., None, None]
    executed.round()
    np.testing.assert_array_equal(executed.kernels[0][0].numpy().ravel() / 0.5, [-127, 3, 127, -1])


def test_an_order_that_picks_every_weight_out_of_a_few_counts_in_the_bits_of_its_entries():
    rng, few = np.random.default_rng(0), np.array([-1.0, 0.5, 0.25, 2.0])
    picked = rng.integers(4, size=(6, 5))
    multiples = Stage(few.reshape(4, 1, 1, 1), groups=5, shared=True)  # 20 channels, of index 0 to 19: 6 bits, signed
    order = (4 * np.arange(5) + picked).ravel()
    factored = Factored([[multiples, Stage(np.ones((1, 5, 1, 1)), groups=6, shared=True, order=order)]])
    layer = layer_of(np.zeros((6, 5, 1, 1)))
    np.testing.assert_array_equal(
        Executed(checked(factored, layer), layer).composed()[..., 0, 0], few[picked]
    )  # all 30 weights, of which 9 numbers are in kernels
    assert stored(factored, layer) == 4 + 5 + (30 - 2 * (6 + 5)) * 6 / 32


def test_orders_as_long_as_inputs_and_outputs_are_free_and_one_pass_more_is_not():
    layer, kernel = layer_of(np.zeros((6, 4, 1, 1))), np.zeros((6, 4, 1, 1))
    branch = [Stage(kernel, order=np.arange(4)), Stage(np.zeros((6, 6, 1, 1)), order=np.arange(6))]
    assert stored(Factored([branch], order=np.arange(6)), layer) == 24 + 36
    assert stored(Factored([branch, branch], order=np.arange(6)), layer) == 2 * (24 + 36) + (26 - 20) * 4 / 32


def test_stages_that_multiply_channels_without_end_are_refused_before_they_fill_the_memory():
    stages = [Stage(np.ones((50, 1, 1, 1)), groups=4 * 50**power, shared=True) for power in range(4)]
    with pytest.raises(ValueError, match="stage 0 has 200 channels, more than the layer has numbers"):
        checked(Factored([stages]), layer_of(np.zeros((6, 4, 1, 1))))
    with pytest.raises(ValueError, match="stage 0 has 99 channels, more than the layer has numbers"):
        checked(Factored([[Stage(np.ones((6, 99, 1, 1)), order=np.zeros(99, int))]]), layer_of(np.zeros((6, 4, 1, 1))))


def test_an_order_can_repeat_and_leave_out_channels():
    layer = layer_of(np.zeros((3, 2, 1, 1)))
    factored = Factored(
        [[Stage(np.eye(2)[..., None, None], order=np.array([1, 1]))]], order=np.array([0, -1, 1]), bias=np.zeros(3)
    )
    images = torch.tensor(layer.inputs)
    found = Executed(checked(factored, layer), layer, torch.float64)(images).numpy()
    np.testing.assert_array_equal(found[:, [0, 2]], layer.inputs[:, [1, 1]])
    assert not found[:, 1].any()


def test_fine_tuning_lowers_the_error_of_random_factors(convolutions):
    problem, own = convolutions
    longer = own.withheld | {"recipe": np.array([30, 3e-3, 20])}
    random = load_module(ROOT / "baselines" / "random_factors.py").solve(problem, seed=0, device="cpu").parts
    values = taken(problem, replace(own, withheld=longer), random)
    assert values["error_increase"] > 40
    assert values["error_increase_tuned"] < values["error_increase"] - 10


def kernel_part(**changes: object) -> dict[str, np.ndarray]:
    parts = {"0.0.0.kernel": np.ones((8, 8, 1, 1)), "0.0.1.kernel": np.ones((6, 8, 3, 3))}
    return {name: np.asarray(own) for name, own in (parts | changes).items() if own is not None}


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        (kernel_part(), "the answer stores 496 numbers, and the budget is 216"),
        ({"1.0.0.kernel": np.ones((6, 8, 3, 3))}, "belongs to none of the 1 layers"),
        ({"0.0.0.weights": np.ones((6, 8, 3, 3))}, "'0.0.0.weights' is unknown: a stage has groups, kernel"),
        ({"0.0.0.groups": np.array(2)}, "a stage has no kernel, but: groups"),
        ({"0.bias": np.ones(6)}, "a layer has no convolution in its place"),
        (kernel_part(**{"0.bias": np.ones(5)}), r"a bias of shape \(5,\) for 6 channels"),
        (kernel_part(**{"0.0.1.kernel": np.ones((6, 8, 2, 3))}), r"stages of \[1, 2\] pixels along an axis"),
        (kernel_part(**{"0.0.1.kernel": np.ones((5, 8, 3, 3))}), "a branch ends in 5 channels, and the layer in 6"),
        (kernel_part(**{"0.0.1.kernel": np.ones((6, 7, 3, 3))}), "stage 1 takes 7 channels in each of 1 groups, and"),
        (kernel_part(**{"0.0.0.kernel": np.ones((8, 8, 1))}), r"stage 0 has the shape \(8, 8, 1\); it has four axes"),
        (kernel_part(**{"0.0.0.order": np.arange(1, 9)}), "an order from 1 to 8 of 8 channels"),
        (
            kernel_part(**{"0.0.0.scale": np.array(2.0), "0.0.0.kernel": np.full((8, 8, 1, 1), 1e30)}),
            r"stage 0 has a scale, and its kernel a value of 2\^53 or more",
        ),
        (kernel_part(**{"0.0.0.order": np.arange(8) + 0.5}), "`order` has the value 0.5: it holds whole numbers"),
        (kernel_part(**{"0.0.0.order": np.zeros(0)}), r"an order of shape \(0,\), where some channels are needed"),
        (kernel_part(**{"0.0.1.groups": np.array(1.9)}), "`groups` has the value 1.9: it holds whole numbers"),
        (kernel_part(**{"0.0.0.scale": np.array(2.0), "0.0.0.kernel": np.full((8, 8, 1, 1), 0.5)}), "no whole numbers"),
        (
            kernel_part(**{"0.0.1.groups": np.array([1, 2])}),
            r"`groups` has the shape \(2,\): it is one number for a stage",
        ),
        (kernel_part(**{"0.0.0.scale": np.ones(8)}), r"`scale` has the shape \(8,\): it is one number for a stage"),
        (kernel_part(**{"0.0.0.shared": np.ones(8)}), r"`shared` has the shape \(8,\): it is one number for a stage"),
        (np.ones((6, 8, 3, 3)), r"the answer is one array of shape \(6, 8, 3, 3\), where parts by name are asked for"),
    ],
)
def test_an_answer_that_cannot_be_run_or_stores_too_much_is_refused(parts, fault):
    problem, own = posed(["two"])
    with pytest.raises(ValueError, match=fault):
        taken(problem, own, parts)


@pytest.mark.parametrize("line", ["conv two 2 1 2", "conv two 2 1 1 2"], ids=["grouped", "dilated"])
def test_grouped_and_dilated_layers_are_refused_with_a_reason(line):
    program = np.array(["scale 2", "conv one 1 1", "relu", line, "relu", "mean", "dense three", "relu", "dense four"])
    weights = {"network.two.weight": np.ones((6, 4, 3, 3), np.float32)} if line.endswith("1 2") else {}
    with pytest.raises(ValueError, match=r"the layer two has \d groups and the dilation \d: the methods factor plain"):
        posed(["two"], program=program, **weights)


@pytest.mark.parametrize("budget", [None, 0])
def test_layers_without_a_budget_are_refused(budget):
    item = replace(TASK.tiny_item(["two"]), budget=budget)
    with pytest.raises(ValueError, match=f"tiny: the budget of numbers that layers may store is {budget}: tell 1 or"):
        TASK.pose(item, Observation(), np.random.default_rng(0))


def test_calibration_inputs_of_zeros_are_refused():
    images = TASK.tiny_item(["one"]).extras["train"]
    with pytest.raises(ValueError, match="all that the layer one gets for the calibration images is zero"):
        posed(["one"], train=np.zeros_like(images))


def test_layers_that_are_not_there_and_reductions_below_one_are_refused():
    item = TASK.tiny_item(["one"])
    network = TASK.network_of(item.extras)
    data = Images(item.extras["train"], item.extras["train_labels"])
    arguments = item.extras["program"], network
    recipe = load_module(ROOT / "datasets" / "digits_cnn.py").TUNING
    with pytest.raises(ValueError, match="the network has no layer 'five'; there are: one, two, three, four"):
        network_item("n", *arguments, ["five"], 2, data, data, recipe)
    with pytest.raises(ValueError, match=r"a reduction of 0\.5: give 1 or more"):
        network_item("n", *arguments, ["one"], 0.5, data, data, recipe)
    own = network_item("n", *arguments, ["one", "three"], 3, data, data, recipe)
    assert own.budget == (8 * 4 * 9 + 8 * 6) // 3
    np.testing.assert_allclose(
        own.signal * own.extras["scale"],
        np.concatenate([network["one.weight"].ravel(), network["three.weight"].ravel()]),
    )


class Trap:
    """What writes a file when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("save", [torch.save, lambda own, path: path.write_bytes(pickle.dumps(own))])
def test_a_pickle_that_is_not_plain_tensors_is_refused_and_never_executed(tmp_path, save):
    save({"state_dict": {"conv.weight": torch.ones(2, 2)}, "more": Trap(tmp_path / "executed")}, tmp_path / "bad.pt")
    with pytest.raises(ValueError, match=r"bad\.pt is no file of plain tensors, and nothing else is read"):
        read_checkpoint(tmp_path / "bad.pt")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"tensors"], ids=["empty", "cut", "text"])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.pt is no file of plain tensors"):
        read_checkpoint(tmp_path / "bad.pt")


def test_a_checkpoint_of_plain_tensors_is_read(tmp_path):
    torch.save({"state_dict": {"conv.weight": torch.ones(2, 2)}}, tmp_path / "good.pt")
    assert read_checkpoint(tmp_path / "good.pt")["state_dict"]["conv.weight"].sum() == 4
