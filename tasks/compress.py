"""What may stand in for trained layers of a network and store no more than a budget of numbers.

The judge runs the convolutions that a method returns, counts what they store and multiply, and puts them into the
network, which it tests on withheld images: as they are, and after one recipe of fine-tuning for all methods.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from benchmark.algorithms.layers import Factored, Layer, chain, layers_of
from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import Taken
from benchmark.noise import Gaussian
from benchmark.observation import Observation

if TYPE_CHECKING:
    from benchmark.algorithms.networks import Convolution

KINDS = {"layers"}
MEASURES = [
    "error_increase",
    "error_increase_tuned",
    "error_increase_recalibrated",
    "agreement",
    "weight_error",
    "response_error",
    "reduction",
    "mac_reduction",
]
FIGURES = set()
FLOOR, CEILING = "random_factors", None
NETWORK = "network."


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the weights of the layers, one after another, and what meets them for the first training images.

    The shapes N x C x h x w, strides, paddings and biases say what the weights are; `scale` brings them to those of the
    network. Of each layer there are the inputs for these images, as many as `calibration` says, and the gradients of
    the loss with respect to its outputs. Withheld are the rest of the network, all images and labels, and what the
    network itself says.

    Raises ValueError for layers that are grouped or dilated, or that get nothing but zeros or are zero, and without a
    budget.
    """
    check_signal(item)
    if item.budget is None or item.budget < 1:
        raise ValueError(f"{item.name}: the budget of numbers that layers may store is {item.budget}: tell 1 or more")
    extras, network, names = item.extras, network_of(item.extras), names_of(item.extras)
    convolutions = [plain_convolution(item, name) for name in names]
    shapes = [(*network[f"{name}.weight"].shape, 1, 1)[:4] for name in names]
    given = observation.draw(item.signal, rng) | {
        "scale": np.asarray(extras["scale"]),
        "shapes": np.array(shapes),
        "strides": np.array([own.stride for own in convolutions]),
        "paddings": np.array([own.padding for own in convolutions]),
        **calibrated(extras, network),
    }
    for number, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        given[f"bias{number}"] = network.get(f"{name}.bias", np.zeros(shape[0], np.float32))
        if not given[f"inputs{number}"].any():
            raise ValueError(f"{item.name}: all that the layer {name} gets for the calibration images is zero")
    kept = ("program", "layers", "recipe", "train", "train_labels", "test", "test_labels")
    withheld = {"signal": item.signal} | {name: extras[name] for name in kept}
    replaced = tuple(f"{name}." for name in names)
    others = {f"{NETWORK}{name}": own for name, own in network.items() if not name.startswith(replaced)}
    return Posed(given, withheld | others | of_the_network(withheld, network))


def names_of(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Return the names of the layers that are compressed."""
    return [str(name) for name in arrays["layers"]]


def plain_convolution(item: Item, name: str) -> "Convolution":
    """Return how a layer convolves; raise ValueError for one in groups, or dilated."""
    from benchmark.algorithms.networks import convolution_of

    own = convolution_of(item.extras["program"], name)
    if own.groups != 1 or own.dilation != 1:
        raise ValueError(
            f"{item.name}: the layer {name} has {own.groups} groups and the dilation {own.dilation}: the methods "
            "factor plain convolutions, choose a layer that is one"
        )
    return own


def network_of(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the parameters of the network among arrays."""
    return {name.removeprefix(NETWORK): own for name, own in arrays.items() if name.startswith(NETWORK)}


def calibrated(extras: Mapping, network: Mapping) -> dict[str, np.ndarray]:
    """Return of each layer its inputs for the first training images, and the gradients of each image's loss."""
    import torch

    from benchmark.algorithms.networks import forward, tensors_of

    parameters, seen, images = tensors_of(network), {}, int(extras["calibration"])
    names = names_of(extras)
    for name in names:
        parameters[f"{name}.weight"].requires_grad_()
    scores = forward(extras["program"], parameters, torch.tensor(extras["train"][:images]), seen=seen)
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(extras["train_labels"][:images]), reduction="sum")
    gradients = torch.autograd.grad(loss, [seen[name][1] for name in names])
    arrays = {}
    for number, (name, gradient) in enumerate(zip(names, gradients, strict=True)):
        for key, own in (("inputs", seen[name][0].detach()), ("gradients", gradient)):
            arrays[f"{key}{number}"] = own.reshape(*own.shape, *[1] * (4 - own.ndim)).numpy()
    return arrays


def of_the_network(truth: Mapping[str, np.ndarray], network: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what the network itself says of the test images, and its errors in percent, as it is and fine-tuned."""
    from benchmark.algorithms.networks import tensors_of

    parameters = tensors_of(network)
    said, before = said_of(truth, parameters, {}), error_of(truth, parameters, {})
    recalibrate(truth, parameters, {})
    fine_tuned(truth, parameters, {})
    return {"said": said, "errors": np.array([before, error_of(truth, parameters, {})])}


def error_of(truth: Mapping[str, np.ndarray], parameters: dict, layers: Mapping) -> float:
    """Return the percentage of the test images that a network has wrong."""
    return 100 * float(np.mean(said_of(truth, parameters, layers) != truth["test_labels"]))


def said_of(truth: Mapping[str, np.ndarray], parameters: dict, layers: Mapping) -> np.ndarray:
    """Return the classes that a network says of the test images."""
    import torch

    from benchmark.algorithms.networks import answers

    return answers(truth["program"], parameters, torch.tensor(truth["test"]), layers)


def recalibrate(truth: Mapping[str, np.ndarray], parameters: dict, layers: Mapping) -> None:
    """Take the statistics of all norms anew, over the training images."""
    import torch

    from benchmark.algorithms.networks import forward

    if has_norms(truth):
        with torch.no_grad():
            forward(truth["program"], parameters, torch.tensor(truth["train"]), layers, statistics=True)


def fine_tuned(truth: Mapping[str, np.ndarray], parameters: dict, layers: Mapping) -> None:
    """Train a network, and what stands in for layers, by the recipe of its data set: (epochs, rate, images a step)."""
    import torch

    from benchmark.algorithms.networks import Recipe, train

    epochs, rate, batch = truth["recipe"]
    images, labels = torch.tensor(truth["train"]), torch.tensor(truth["train_labels"])
    others = [tensor for layer in layers.values() for tensor in layer.trained]
    recipe = Recipe(int(epochs), float(rate), int(batch))
    train(truth["program"], parameters, images, labels, recipe, layers, others)
    for layer in layers.values():
        layer.round()


def answer_shape(problem: Problem) -> None:
    """Leave the parts open: as many convolutions as a method likes, see `benchmark.algorithms.layers`."""


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[Mapping], float]]:
    """Return what putting an answer into the network costs, and what it saves.

    The increase of the error is over that of the network itself; after fine-tuning, over that of the network after the
    same. Networks with norms are also measured with the statistics of these taken anew, over training images.
    Agreement is the share of test images of which both say the same. The errors of the weights, and of the outputs for
    calibration images, are relative norms. The reductions are of numbers stored and of multiplications, of the layers
    alone. An answer that stores more than the budget has no measures.
    """
    names = [name for name in MEASURES if name != "error_increase_recalibrated" or has_norms(truth)]
    taken = Taken(partial(values_of, problem, truth))
    return {name: partial(taken.of, name) for name in names}


def has_norms(truth: Mapping[str, np.ndarray]) -> bool:
    """Tell whether a network has norms."""
    return any(str(line).startswith("norm ") for line in truth["program"])


def values_of(problem: Problem, truth: Mapping[str, np.ndarray], answer: Mapping) -> dict[str, float]:
    """Return all measures of an answer; raise ValueError for one that cannot be run, or stores too much."""
    from benchmark.algorithms.execution import Executed, checked, factored_of
    from benchmark.algorithms.networks import tensors_of

    layers = layers_of(replace(problem, observed=truth["signal"]))
    factored = [checked(*own) for own in zip(factored_of(answer, len(layers)), layers, strict=True)]
    values = counts_of(factored, layers, problem.budget) | errors_of(factored, layers)
    network = tensors_of(network_of(truth))
    standing = {name: Executed(*own) for name, *own in zip(names_of(truth), factored, layers, strict=True)}
    before, after = truth["errors"]
    said = said_of(truth, network, standing)
    values["error_increase"] = 100 * float(np.mean(said != truth["test_labels"])) - float(before)
    values["agreement"] = 100 * float(np.mean(said == truth["said"]))
    if has_norms(truth):
        recalibrate(truth, network, standing)
        values["error_increase_recalibrated"] = error_of(truth, network, standing) - float(before)
    fine_tuned(truth, network, standing)
    values["error_increase_tuned"] = error_of(truth, network, standing) - float(after)
    return values


def counts_of(factored: Sequence[Factored], layers: Sequence[Layer], budget: int) -> dict[str, float]:
    """Return the reductions of what all layers store and multiply; raise ValueError for more than the budget."""
    from benchmark.algorithms.execution import multiplications, stored

    whole = [chain(layer.kernel) for layer in layers]
    if (numbers := sum(map(stored, factored, layers))) > budget:
        raise ValueError(f"the answer stores {numbers:g} numbers, and the budget is {budget}")
    before, after = (sum(map(multiplications, own, layers)) for own in (whole, factored))
    return {"reduction": sum(map(stored, whole, layers)) / numbers, "mac_reduction": before / after}


def errors_of(factored: Sequence[Factored], layers: Sequence[Layer]) -> dict[str, float]:
    """Return the relative errors of all weights, and of the outputs for calibration images, in the mean square."""
    import torch

    from benchmark.algorithms.execution import Executed

    weights, outputs = [], []
    for own, layer in zip(factored, layers, strict=True):
        found, wanted = (Executed(one, layer, torch.float64) for one in (own, chain(layer.kernel)))
        weights.append((found.composed() - layer.kernel, layer.kernel))
        images = torch.tensor(layer.inputs)
        outputs.append(np.sum((found(images) - wanted(images)).numpy() ** 2) / np.sum(wanted(images).numpy() ** 2))
    difference, size = (np.sqrt(sum(np.sum(own**2) for own in parts)) for parts in zip(*weights, strict=True))
    return {"weight_error": float(difference / size), "response_error": float(np.sqrt(np.mean(outputs)))}


def tiny() -> dict[str, Tiny]:
    """Return two convolutions, one of a stride, and a dense layer; and of another size one convolution alone.

    The labels are those that the networks themselves give to noise.
    """
    noisy = Observation(Gaussian(0.001))
    return {
        "convolutions": Tiny(tiny_item(["one", "two"]), noisy, "weight_error", 0.97),
        "dense": Tiny(tiny_item(["three"]), noisy, "weight_error", 0.97),
        "few": Tiny(tiny_item(["two"], channels=4, size=5), noisy),
    }


def tiny_item(layers: list[str], channels: int = 6, size: int = 7) -> Item:
    """Return layers of a network, 4 -> 8 -> `channels` -> 8 features -> 4 classes, that may store half."""
    import torch

    from benchmark.algorithms.networks import forward, initial, tensors_of

    rng = np.random.default_rng(0)
    program = ["scale 2", "conv one 1 1", "relu", "conv two 2 1", "relu", "mean", "dense three", "relu", "dense four"]
    shapes = {"one": (8, 4, 3, 3), "two": (channels, 8, 3, 3), "three": (8, channels), "four": (4, 8)}
    network = initial(shapes, seed=1)
    images = rng.standard_normal((60, 4, size, size)).astype(np.float32)
    scores = forward(program, tensors_of(network), torch.tensor(images)).numpy()
    network["four.bias"] -= scores.mean(axis=0)  # so that all classes are there
    labels = (scores - scores.mean(axis=0)).argmax(axis=1)
    weights = np.concatenate([network[f"{name}.weight"].ravel() for name in layers])
    extras = {
        "program": np.array(program),
        "layers": np.array(layers),
        "scale": np.abs(weights).max(),
        "recipe": np.array([1, 1e-3, 20]),
        "calibration": np.array(30),
        "train": images[:40],
        "train_labels": labels[:40],
        "test": images[40:],
        "test_labels": labels[40:],
    }
    extras |= {f"{NETWORK}{name}": own for name, own in network.items()}
    return Item("tiny", weights / extras["scale"], rank=1, budget=len(weights) // 2, signed=True, extras=extras)
