"""Programs of small networks against torch's own modules and optimiser."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.algorithms.clusters import k_means
from benchmark.algorithms.networks import Adam, Convolution, Recipe, convolution_of, forward, initial, tensors_of, train


class Block(nn.Module):
    """A residual block to half the pixels and twice the channels, with the shortcut of option A."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x):
        rest = torch.zeros(len(x), 2, 4, 4)
        return torch.relu(self.norm(self.first(x)) + torch.cat([rest, x[:, :, ::2, ::2], rest], 1))


def test_a_program_is_the_network_of_modules_with_norms_and_shortcut():
    torch.manual_seed(0)
    block, last = Block(), nn.Linear(8, 3)
    block(3 * torch.randn(50, 4, 8, 8) + 1)  # so that the statistics are not those of the start
    state = {**block.state_dict(), **{f"last.{name}": own for name, own in last.state_dict().items()}}
    program = ["keep", "conv first 2 1", "norm norm", "add", "relu", "mean", "dense last"]
    parameters = tensors_of({name: own.numpy() for name, own in state.items()})
    images = torch.randn(20, 4, 8, 8)
    block.eval()
    with torch.no_grad():
        torch.testing.assert_close(forward(program, parameters, images), last(block(images).mean((2, 3))))
        block.train()
        expected = last(block(images).mean((2, 3)))
        # Torch divides by n in the variance that it normalises by, and by n - 1 in the one that it keeps, as here.
        torch.testing.assert_close(forward(program, parameters, images, statistics=True), expected, rtol=0, atol=1e-3)
        block.eval()
    torch.testing.assert_close(parameters["norm.running_mean"], block.first(images).mean((0, 2, 3)))


def test_adam_is_torch_s():
    rng = torch.Generator().manual_seed(0)
    ours = [torch.randn(3, 4, generator=rng), torch.randn(5, generator=rng)]
    theirs = [own.clone().requires_grad_() for own in ours]
    optimiser, adam = torch.optim.Adam(theirs, lr=0.1), Adam(ours)
    for rate in (0.1, 0.07, 0.02):
        gradients = [torch.randn(own.shape, generator=rng) for own in ours]
        for value, gradient in zip(theirs, gradients, strict=True):
            value.grad = gradient.clone()
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        adam.step(gradients, rate)
    for own, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(own, other.detach(), rtol=1e-5, atol=1e-6)


def test_training_learns_and_is_repeated_from_its_seed():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=120)
    images = torch.tensor(rng.standard_normal((120, 2, 6, 6)) + labels[:, None, None, None], dtype=torch.float32)
    program = ["conv one 1 1", "relu", "mean", "dense two"]
    found = []
    for _ in range(2):
        parameters = tensors_of(initial({"one": (4, 2, 3, 3), "two": (3, 4)}, seed=0))
        train(program, parameters, images, torch.tensor(labels), Recipe(20, 1e-2, 20))
        found.append(parameters)
    assert np.mean(forward(program, found[0], images).argmax(1).numpy() == labels) > 0.75
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_an_unknown_operation_and_an_unknown_layer_are_named():
    with pytest.raises(ValueError, match="the program has an operation 'tanh', which is unknown"):
        forward(["tanh"], {}, torch.zeros(1, 1, 2, 2))
    with pytest.raises(ValueError, match="the program has no layer 'five'"):
        convolution_of(["conv one 1 1", "norm five"], "five")
    assert convolution_of(["conv one 2 1 4 3"], "one") == Convolution(stride=2, padding=1, groups=4, dilation=3)


def test_clusters_of_one_size_are_found_where_they_are():
    rng = np.random.default_rng(1)
    truth = rng.permutation(np.repeat(np.arange(4), 5))
    vectors = 10 * rng.standard_normal((4, 6))[truth] + rng.standard_normal((20, 6))
    groups = k_means(vectors, 4, rng, equal=True)
    assert len({*zip(truth.tolist(), groups.tolist(), strict=True)}) == 4
    assert np.bincount(k_means(np.arange(20.0)[:, None] ** 2, 4, rng, equal=True)).tolist() == [5, 5, 5, 5]
