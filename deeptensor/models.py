"""Which factors, and how they make the array: sums of outer products, U U^T, and Tucker's form."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from numbers import Integral

import torch
from torch import nn
from torch.nn import functional

from deeptensor.arguments import check_choice, check_flag, check_type, check_whole
from deeptensor.arrays import Array, like, real
from deeptensor.layers import Convolution
from deeptensor.networks import Network, input_shape, make_network, number_of_scales
from deeptensor.products import Factors, product
from deeptensor.seeds import generators, stream

logger = logging.getLogger(__name__)

ACTIVATIONS = {"softplus": functional.softplus, "abs": torch.abs, "relu": functional.relu}
STRUCTURES = ("cp", "symmetric", "tucker")
DEFAULT_MODES = {2: ((0,), (1,)), 3: ((0, 1), (2,))}
# The range of the networks' inputs at the start, and of the scaled positions in positional codes: the authors' values.
INPUT_RANGE = 0.1
POSITION_RANGE = 10.0
# Names of the random streams of a factor: what else is fitted beside it has no influence on it.
WEIGHTS, PERTURBATIONS = 0, 1

Modes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Model:
    """A low-rank model of an array, whose factors are outputs of networks.

    rank: r; Tucker's form takes one for each factor, or one for all. It may exceed the sizes.
    structure: "cp", the sum over r of outer products, U V^T for two factors (arXiv 2204.03145, equations 1 and 4);
        "symmetric", U U^T; or "tucker", a learned core times a factor along each group of axes.
    modes: groups of one to three neighbouring axes, one factor each. By default, a matrix has ((0,), (1,)), and a cube
        ((0, 1), (2,)): a factor of images and one of spectra. All axes in one group make a single network the model.
    network: the settings of all networks, or one for each factor.
    activation: after the last layer of all networks, or of each: None, or, for non-negative factors, "softplus", "abs"
        or "relu" (the paper's three for non-negative matrix factorisation).
    weights: whether each of the r terms has a learned weight, 1/r at the start.
    """

    rank: int | tuple[int, ...]
    structure: str = "cp"
    modes: Modes | None = None
    network: Network | tuple[Network, ...] = Network()  # noqa: RUF009, it is frozen
    activation: str | tuple[str | None, ...] | None = None
    weights: bool = False

    def __post_init__(self):
        for name in ("rank", "modes", "network", "activation"):
            object.__setattr__(self, name, _as_tuples(getattr(self, name)))
        check_choice("structure", self.structure, STRUCTURES)
        check_flag("weights", self.weights)
        if self.weights and self.structure != "cp":
            raise ValueError(f'weights are for the structure "cp", not {self.structure!r}')
        if isinstance(self.rank, tuple) and self.structure != "tucker":
            raise ValueError(f'several ranks {self.rank} are for the structure "tucker", not {self.structure!r}')
        for rank in self.rank if isinstance(self.rank, tuple) else (self.rank,):
            check_whole("rank", rank)
        for network in self.network if isinstance(self.network, tuple) else (self.network,):
            check_type("network", network, Network, "a deeptensor.Network, such as Network('mlp'), or one a factor")
        for activation in self.activation if isinstance(self.activation, tuple) else (self.activation,):
            if activation is not None:
                check_choice("activation", activation, ACTIVATIONS)
        if self.modes is not None and not _are_groups(self.modes):
            raise ValueError(f"modes must be groups of axes, such as ((0, 1), (2,)), not {self.modes!r}")


@dataclass(frozen=True)
class Decomposition:
    """Factors of shapes (*sizes, r), and a core: the weights (r,) of a sum, or Tucker's core (r_1, ..., r_m).

    A symmetric decomposition has its one factor twice.
    """

    factors: tuple[Array, ...]
    core: Array | None = None

    def reconstruct(self) -> Array:
        """Return the array that the factors make."""
        shape = tuple(size for factor in self.factors for size in factor.shape[:-1])
        matrices = [real(factor, "factor").flatten(end_dim=-2)[None] for factor in self.factors]
        core = None if self.core is None else real(self.core, "core")[None]
        return like(product(outer_factors(matrices, core))[0].reshape(shape), self.factors[0])


def outer_factors(factors: Factors, core: torch.Tensor | None) -> list[torch.Tensor]:
    """Return factors (B, n_i, r) whose plain sum of outer products is the array, whatever the structure.

    Weights go into the first factor; of Tucker's form there remain the first factor and the rest, multiplied out.
    """
    if core is None:
        return list(factors)
    first, *rest = factors
    if core.ndim == 2:
        return [first * core[:, None], *rest]
    for factor in rest:
        # The core's leading remaining rank becomes its last axis of size n_i.
        core = torch.einsum("bap...,bnp->ba...n", core, factor)
    return [first, core.flatten(2).mT]


class Generators(nn.Module):
    """Networks of one architecture, stacked, with their inputs: the factors (count, prod(sizes), r) of equal sizes."""

    def __init__(
        self, sizes: tuple[int, ...], rank: int, network: Network, activation: str | None, seeds: Sequence[int]
    ):
        """Draw each network, with its input, from a seed of its own."""
        super().__init__()
        self.activation = ACTIVATIONS.get(activation)
        self.perturbation = network.perturbation
        self.network = make_network(network, len(seeds), sizes, rank)
        drawing = generators(seeds)
        for layer in self.network.modules():
            if isinstance(layer, Convolution):
                layer.initialise(drawing)
        shape = input_shape(network, sizes, rank)
        draw = _positional_code if network.input == "positional" else _random_input
        start = torch.stack([draw(shape, generator) for generator in drawing])
        self.input = nn.Parameter(start, requires_grad=network.optimise_input)
        scales = 0 if network.kind == "mlp" else number_of_scales(sizes, network.scales)
        logger.info(
            "factors of sizes %s and rank %d: %d networks %r of %d channels and %d scales",
            *(sizes, rank, len(seeds), network.kind, network.channels, scales),
        )

    def forward(self, perturbing: Sequence[torch.Generator]) -> torch.Tensor:
        """Return the factors of the inputs plus fresh white noise, each network's from its own generator."""
        x = self.input
        if self.perturbation:
            noise = [torch.randn(x.shape[1:], generator=generator, device=x.device) for generator in perturbing]
            x = torch.add(x, torch.stack(noise), alpha=self.perturbation)
        # Rows one after the other in memory, as the products of factors want them.
        y = self.network(x).flatten(2).mT.contiguous()
        return y if self.activation is None else self.activation(y)


class FactorModel(nn.Module):
    """The networks, and the core if there is one, of one model for each seed, for arrays of one shape."""

    def __init__(self, model: Model, shape: Sequence[int], seeds: Sequence[int]):
        super().__init__()
        modes = modes_of(model, len(shape))
        self.symmetric = model.structure == "symmetric"
        sizes = [tuple(shape[axis] for axis in group) for group in modes]
        if self.symmetric:
            if sizes[0] != sizes[1]:
                raise ValueError(f"a symmetric model needs a square matrix, not the sizes {sizes[0]} and {sizes[1]}")
            sizes = sizes[:1]
        ranks = _one_each("rank", model.rank, len(sizes))
        networks = _one_each("network", model.network, len(sizes))
        activations = _one_each("activation", model.activation, len(sizes))
        self.shapes = [(*size, rank) for size, rank in zip(sizes, ranks, strict=True)] * (2 if self.symmetric else 1)

        alike = {}
        for number, kind in enumerate(zip(sizes, ranks, networks, activations, strict=True)):
            alike.setdefault(kind, []).append(number)
        self.members = list(alike.values())
        # A stack holds its factors of the first seed, then those of the second, and so on.
        self.streams = [[(seed, number) for seed in seeds for number in group] for group in self.members]
        weights = [[stream(*names, WEIGHTS) for names in stack] for stack in self.streams]
        self.stacks = nn.ModuleList(map(Generators, *zip(*alike, strict=True), weights))
        self.core = _initial_core(model, ranks, seeds)

    def noise_generators(self, device: torch.device) -> list[list[torch.Generator]]:
        """Return fresh generators of the perturbations, for each stack one a network."""
        return [generators([stream(*names, PERTURBATIONS) for names in stack], device) for stack in self.streams]

    def forward(self, perturbing: Sequence[Sequence[torch.Generator]]) -> list[torch.Tensor]:
        """Return the iterate: the factors (B, prod(sizes), r), then the core if there is one."""
        factors = {}
        for numbers, stack, own in zip(self.members, self.stacks, perturbing, strict=True):
            stacked = stack(own).unflatten(0, (-1, len(numbers)))
            factors.update(zip(numbers, stacked.unbind(1), strict=True))
        # The core is a parameter itself: the next step would change it within the iterate.
        return [*(factors[number] for number in sorted(factors)), *([] if self.core is None else [self.core.clone()])]

    def split(self, iterate: Sequence[torch.Tensor]) -> tuple[list[torch.Tensor], torch.Tensor | None]:
        """Return the factors, a symmetric one twice, and the core."""
        *factors, core = iterate if self.core is not None else (*iterate, None)
        return factors * (2 if self.symmetric else 1), core


def modes_of(model: Model, ndim: int) -> Modes:
    """Return the groups of axes that have a factor each in a model of `ndim` axes; ValueError where they do not fit."""
    modes = model.modes
    if modes is None:
        if model.structure == "tucker":
            modes = tuple((axis,) for axis in range(ndim))
        elif ndim in DEFAULT_MODES:
            modes = DEFAULT_MODES[ndim]
        else:
            raise ValueError(f"the array must have two or three axes, not {ndim}; for more, give `modes`")
    if [axis for group in modes for axis in group] != list(range(ndim)):
        raise ValueError(f"modes must split the axes 0 to {ndim - 1}, in order, into groups, not {modes}")
    if not all(1 <= len(group) <= 3 for group in modes):
        raise ValueError(f"each group of modes must have one to three axes, not {modes}")
    if model.structure == "symmetric" and len(modes) != 2:
        raise ValueError(f"a symmetric model has two equal groups of modes, not {modes}")
    return modes


def _one_each(name: str, value: object, count: int) -> tuple:
    if not isinstance(value, tuple):
        return (value,) * count
    if len(value) != count:
        raise ValueError(f"the model has {count} factors: give one {name}, or {count}, not {len(value)}")
    return value


def _as_tuples(value: object) -> object:
    """Return lists as tuples, which can be compared and kept, and NumPy's whole numbers as Python's."""
    if isinstance(value, list | tuple):
        return tuple(map(_as_tuples, value))
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value


def _are_groups(modes: object) -> bool:
    groups = modes if isinstance(modes, tuple) else (None,)
    return all(isinstance(group, tuple) and all(isinstance(axis, int) for axis in group) for group in groups)


def _initial_core(model: Model, ranks: Sequence[int], seeds: Sequence[int]) -> nn.Parameter | None:
    if model.structure == "tucker":
        drawing = generators([stream(seed, len(ranks), WEIGHTS) for seed in seeds])
        draws = [torch.randn(*ranks, generator=generator) for generator in drawing]
        return nn.Parameter(torch.stack(draws) / prod(ranks) ** 0.5)
    if model.weights:
        return nn.Parameter(torch.full((len(seeds), ranks[0]), 1 / ranks[0]))
    return None


def _random_input(shape: Sequence[int], generator: torch.Generator) -> torch.Tensor:
    return INPUT_RANGE * torch.rand(*shape, generator=generator)


def _positional_code(shape: Sequence[int], generator: torch.Generator) -> torch.Tensor:
    """Return sines and cosines of 2 pi <f, 10 x / N>, the frequencies f standard normal (arXiv 2204.03145)."""
    channels, *sizes = shape
    axes = [POSITION_RANGE * torch.arange(size) / size for size in sizes]
    positions = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    frequencies = torch.randn(-(-channels // 2), len(sizes), generator=generator)
    phases = 2 * torch.pi * torch.einsum("...d,cd->c...", positions, frequencies)
    return torch.cat([phases.sin(), phases.cos()])[:channels]
