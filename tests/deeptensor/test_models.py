"""The structures of a model against TensorLy, and the networks behind it."""

import numpy as np
import pytest
import tensorly
import torch

from deeptensor import Decomposition, Model, Network
from deeptensor.models import FactorModel, outer_factors
from deeptensor.products import product

TINY = Network(channels=4, scales=2)


def made(model: Model, shape: tuple[int, ...], seeds: tuple[int, ...] = (0, 1)):
    """Return the model's factors, core and arrays."""
    networks = FactorModel(model, shape, seeds)
    factors, core = networks.split(networks(networks.noise_generators(torch.device("cpu"))))
    return factors, core, product(outer_factors(factors, core)).reshape(-1, *shape).detach().numpy()


def numpy(tensors: list[torch.Tensor], problem: int) -> list[np.ndarray]:
    return [tensor[problem].detach().numpy() for tensor in tensors]


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("shape", [(9, 7), (5, 6, 7), (3, 4, 5, 6)], ids=str)
def test_cp_array_is_tensorlys(shape, weights):
    modes = tuple((axis,) for axis in range(len(shape)))
    factors, core, arrays = made(Model(3, modes=modes, network=TINY, weights=weights), shape)
    for problem, array in enumerate(arrays):
        own = None if core is None else core[problem].detach().numpy()
        expected = tensorly.cp_to_tensor((own, numpy(factors, problem)))
        np.testing.assert_allclose(array, expected, atol=1e-6)
        assert array.std() > 0


@pytest.mark.parametrize(
    ("shape", "rank"), [((9, 7), 2), ((5, 6, 7), (2, 3, 4)), ((3, 4, 5, 6), (2, 3, 1, 2))], ids=str
)
def test_tucker_array_is_tensorlys(shape, rank):
    factors, core, arrays = made(Model(rank, structure="tucker", network=TINY), shape)
    for problem, array in enumerate(arrays):
        expected = tensorly.tucker_to_tensor((core[problem].detach().numpy(), numpy(factors, problem)))
        np.testing.assert_allclose(array, expected, atol=1e-6)
        assert array.std() > 0


@pytest.mark.parametrize(("shape", "modes"), [((8, 8), None), ((3, 4, 3, 4), ((0, 1), (2, 3)))], ids=str)
def test_symmetric_array_is_u_times_its_transpose(shape, modes):
    factors, _, arrays = made(Model(3, structure="symmetric", modes=modes, network=TINY), shape)
    assert len(factors) == 2
    for problem, array in enumerate(arrays):
        U = factors[0][problem].detach().numpy()
        np.testing.assert_allclose(array.reshape(len(U), len(U)), U @ U.T, atol=1e-6)


def test_one_network_can_be_the_whole_model():
    factors, _, arrays = made(Model(1, modes=((0, 1, 2),), network=TINY), (4, 5, 6))
    np.testing.assert_allclose(arrays[0], factors[0][0, :, 0].detach().numpy().reshape(4, 5, 6))


@pytest.mark.parametrize("activation", ["softplus", "abs", "relu"])
def test_activation_makes_factors_that_are_not_negative(activation):
    plain, _, _ = made(Model(3, network=TINY), (9, 7))
    assert min(factor.min() for factor in plain) < 0
    factors, _, _ = made(Model(3, network=TINY, activation=activation), (9, 7))
    assert min(factor.min() for factor in factors) >= 0
    assert max(factor.max() for factor in factors) > 0
    semi, _, _ = made(Model(3, network=TINY, activation=(None, activation)), (9, 7))
    assert semi[0].min() < 0 <= semi[1].min()


def test_factors_of_a_seed_do_not_depend_on_what_stands_beside_them():
    together, _, _ = made(Model(3, network=TINY), (9, 9), seeds=(5, 6))
    for problem, seed in enumerate((5, 6)):
        alone, _, _ = made(Model(3, network=TINY), (9, 9), seeds=(seed,))
        # The second axis alone differs: its network is then no longer stacked with the first's.
        other, _, _ = made(Model(3, network=TINY), (9, 8), seeds=(seed,))
        for one, two in zip(together, alone, strict=True):
            torch.testing.assert_close(one[problem], two[0])
        torch.testing.assert_close(together[0][problem], other[0][0])
    assert not torch.allclose(together[0], together[1])


def test_networks_of_equal_sizes_are_one_stack():
    counts = [len(stack.input) for stack in FactorModel(Model(3, network=TINY), (9, 9), (0, 1)).stacks]
    assert counts == [4]
    counts = [len(stack.input) for stack in FactorModel(Model(3, network=TINY), (9, 7), (0, 1)).stacks]
    assert counts == [2, 2]


def test_random_input_is_uniform_up_to_a_tenth_and_can_be_fixed():
    stack = FactorModel(Model(40, network=Network(channels=4, optimise_input=False)), (50, 50), (0,)).stacks[0]
    assert 0 <= stack.input.min() < 0.001
    assert 0.099 < stack.input.max() <= 0.1
    assert not stack.input.requires_grad


def test_positional_input_is_sines_and_cosines_of_the_positions():
    network = Network(channels=4, input="positional", input_channels=6)
    code = FactorModel(Model(2, modes=((0, 1),), network=network), (12, 10), (0,)).stacks[0].input.detach()[0]
    assert code.shape == (6, 12, 10)
    torch.testing.assert_close(code[:3].square() + code[3:].square(), torch.ones(3, 12, 10))
    torch.testing.assert_close(code[:, 0, 0], torch.tensor([0, 0, 0, 1.0, 1, 1]))
    # Along an axis, a sine of constant frequency: the sum of two neighbours is 2 cos(step) times what is between them.
    phases = torch.atan2(code[:3], code[3:])
    steps = torch.remainder(phases.diff(dim=1), 2 * torch.pi)
    wrapped = torch.remainder(steps - steps[:, :1] + torch.pi, 2 * torch.pi) - torch.pi
    assert wrapped.abs().max() < 1e-3


def test_perturbation_is_fresh_white_noise_on_the_input():
    quiet, noisy = (FactorModel(Model(2, network=Network(channels=4, perturbation=p)), (9, 9), (0,)) for p in (0, 0.1))
    seen = []
    noisy.stacks[0].network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    generators = noisy.noise_generators(torch.device("cpu"))
    for _ in range(200):
        noisy(generators)
    noise = torch.stack(seen) - quiet.stacks[0].input
    assert abs(noise.std() / 0.1 - 1) < 0.02
    assert abs(noise.mean()) < 0.005
    assert not torch.equal(seen[0], seen[1])


def test_lists_and_numpys_numbers_will_do():
    model = Model([np.int64(2), 3], "tucker", modes=[[0], [1]], network=[TINY, TINY], activation=["abs", None])
    assert model == Model((2, 3), "tucker", ((0,), (1,)), (TINY, TINY), ("abs", None))


@pytest.mark.parametrize("core", [None, np.array([2.0, -1]), "tucker"])
def test_decomposition_reconstructs_in_numpy_and_torch(core):
    rng = np.random.default_rng(0)
    U, V = rng.random((3, 4, 2)), rng.random((5, 2))
    if core is None:
        middle = np.eye(2)
    elif isinstance(core, str):
        core = middle = rng.random((2, 2))
    else:
        middle = np.diag(core)
    expected = np.einsum("abr,rs,cs->abc", U, middle, V)
    actual = Decomposition((U, V), core).reconstruct()
    assert actual.dtype == np.float64
    np.testing.assert_allclose(actual, expected, atol=1e-6)
    tensors = Decomposition((torch.tensor(U), torch.tensor(V)), None if core is None else torch.tensor(core))
    np.testing.assert_allclose(tensors.reconstruct().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        ({"structure": "tensor train"}, (4, 4), "unknown structure"),
        ({"rank": 0}, (4, 4), "rank must be a whole number of at least 1, not 0"),
        ({"rank": (2, 3)}, (4, 4), "are for the structure"),
        ({"rank": (2, 3), "structure": "tucker"}, (4, 4, 4), "has 3 factors: give one rank, or 3, not 2"),
        ({"weights": True, "structure": "symmetric"}, (4, 4), "weights are for"),
        ({"structure": "symmetric"}, (4, 5), "needs a square matrix"),
        ({"structure": "symmetric", "modes": ((0, 1), (2,))}, (3, 4, 12), "needs a square matrix"),
        ({"rank": 2.5}, (4, 4), "rank must be a whole number"),
        ({"structure": "symmetric", "modes": ((0,), (1,), (2,))}, (4, 4, 4), "two equal groups"),
        ({"activation": "tanh"}, (4, 4), "unknown activation 'tanh'; there are: softplus, abs, relu"),
        ({"network": (TINY, TINY, TINY)}, (4, 4), "has 2 factors: give one network, or 2, not 3"),
        ({"modes": ((1,), (0,))}, (4, 4), "in order"),
        ({"modes": ((0, 1, 2, 3), (4,))}, (2, 2, 2, 2, 2), "one to three axes"),
        ({}, (4,), "two or three axes, not 1"),
        ({}, (2, 2, 2, 2), "give `modes`"),
    ],
)
def test_model_that_makes_no_sense_is_refused(model, shape, message):
    with pytest.raises(ValueError, match=message):
        FactorModel(Model(**{"rank": 2, "network": TINY, **model}), shape, (0,))
