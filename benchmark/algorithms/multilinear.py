"""Decompositions as sums of products of factors: their values, derivatives, and least squares in one factor at a time.

A term is written as by `numpy.einsum`: CP is `ir,jr,kr->ijk` of A, B and C, DEDICOM `ir,kr,rs,ks,js->ijk` of A, C, H, C
and A. A factor that stands twice is one set of numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import prod

import numpy as np

Factors = dict[str, np.ndarray]
# Gets the factors and the objective, a squared distance, of each iterate.
Watch = Callable[[Factors, float], None]

# So often a line search fails until it goes less far.
FAILURES = 4


def ignore(factors: Factors, objective: float) -> None:
    """Watch nothing."""


@dataclass(frozen=True)
class Multilinear:
    """A sum of terms, each the subscripts of a product and the names of its factors; `shapes` are those of factors.

    All terms are of one number of factors, and of one shape.
    """

    terms: Sequence[tuple[str, tuple[str, ...]]]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def degree(self) -> int:
        """The number of factors of a term."""
        return len(self.terms[0][1])

    def vector(self, factors: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return all numbers of factors as a vector."""
        return np.concatenate([factors[name].ravel() for name in self.shapes])

    def factors(self, vector: np.ndarray) -> Factors:
        """Return the factors that a vector holds."""
        ends = np.cumsum([prod(shape) for shape in self.shapes.values()])[:-1]
        parts = np.split(vector, ends)
        return {name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def value(self, factors: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the tensor that factors make."""
        return sum(product(subscripts, [factors[name] for name in names]) for subscripts, names in self.terms)

    def gradient(self, factors: Mapping[str, np.ndarray], residual: np.ndarray) -> Factors:
        """Return J^T r of a residual r of the tensor's shape, with the Jacobian J of the tensor, by factor."""
        sums = {name: np.zeros(shape) for name, shape in self.shapes.items()}
        for subscripts, names in self.terms:
            inputs, output = _split(subscripts)
            for place, name in enumerate(names):
                others = [*inputs[:place], *inputs[place + 1 :]]
                operands = [factors[other] for other in [*names[:place], *names[place + 1 :]]]
                sums[name] += product(f"{output},{','.join(others)}->{inputs[place]}", [residual, *operands])
        return sums

    def jacobian(self, factors: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the derivative of the flattened tensor by the vector of the factors, (entries, numbers)."""
        blocks: dict[str, np.ndarray] = {}
        for subscripts, names in self.terms:
            inputs, output = _split(subscripts)
            for place, name in enumerate(names):
                # An index of the factor that the tensor has is tied to it by an identity; z, y, ... are its copies.
                copies = {letter: chr(ord("z") - n) for n, letter in enumerate(inputs[place]) if letter in output}
                own = "".join(copies.get(letter, letter) for letter in inputs[place])
                others = [*inputs[:place], *inputs[place + 1 :], *(f"{old}{new}" for old, new in copies.items())]
                sizes = dict(zip(inputs[place], self.shapes[name], strict=True))
                operands = [factors[other] for other in [*names[:place], *names[place + 1 :]]]
                operands += [np.eye(sizes[letter]) for letter in copies]
                block = product(f"{','.join(others)}->{output}{own}", operands)
                block = block.reshape(-1, prod(self.shapes[name]))
                blocks[name] = blocks[name] + block if name in blocks else block
        return np.concatenate([blocks[name] for name in self.shapes], axis=1)

    def gramian(self, factors: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return J^T J of the Jacobian J, (numbers, numbers), without J, which has a row for each entry of the tensor.

        Its entry for two numbers is the inner product of their terms without the factors that hold them.
        """
        ends = np.cumsum([prod(shape) for shape in self.shapes.values()])
        spans = {name: slice(end - prod(self.shapes[name]), end) for name, end in zip(self.shapes, ends, strict=True)}
        uses = [(subscripts, names, place) for subscripts, names in self.terms for place in range(self.degree)]
        whole = np.zeros((ends[-1], ends[-1]))
        for one, other in combinations_with_replacement(uses, 2):
            (inputs, output), (others, _) = _split(one[0]), _split(other[0])
            # Sums over what is no axis of the tensor are each term's own, so that the second's are in capitals.
            others = ["".join(own if own in output else own.upper() for own in letters) for letters in others]
            mine, yours = inputs[one[2]], others[other[2]]
            # An axis that both have is tied by an identity.
            copies = {letter: chr(ord("z") - n) for n, letter in enumerate(mine) if letter in yours}
            letters, operands = [], []
            for names, place, all_inputs in ((one[1], one[2], inputs), (other[1], other[2], others)):
                letters += [*all_inputs[:place], *all_inputs[place + 1 :]]
                operands += [factors[name] for name in [*names[:place], *names[place + 1 :]]]
            row, column = one[1][one[2]], other[1][other[2]]
            sizes = dict(zip(mine, self.shapes[row], strict=True))
            letters += [f"{old}{new}" for old, new in copies.items()]
            operands += [np.eye(sizes[letter]) for letter in copies]
            result = mine + "".join(copies.get(letter, letter) for letter in yours)
            block = product(f"{','.join(letters)}->{result}", operands)
            block = block.reshape(prod(self.shapes[row]), prod(self.shapes[column]))
            whole[spans[row], spans[column]] += block
            if one is not other:
                whole[spans[column], spans[row]] += block.T
        return whole

    def best(self, names: Sequence[str], target: np.ndarray, factors: Mapping[str, np.ndarray]) -> Factors:
        """Return the factors `names` that, with all others as they are, come nearest to a target in least squares.

        Each stands once, in a term of its own with the same subscripts, and together the terms are the whole model.
        """
        places = [next((own, used.index(name)) for own, used in self.terms if name in used) for name in names]
        uses = [next(used for _, used in self.terms if name in used) for name in names]
        subscripts, place = places[0]
        inputs, output = _split(subscripts)
        others = [*inputs[:place], *inputs[place + 1 :]]
        own = inputs[place]
        batch = "".join(letter for letter in own if letter in output and any(letter in other for other in others))
        free = "".join(letter for letter in own if letter in output and letter not in batch)
        inner = "".join(letter for letter in own if letter not in output)
        rows = "".join(letter for letter in output if letter not in own)
        sizes = dict(zip(output, target.shape, strict=True))
        count = prod(sizes[letter] for letter in batch)
        designs = []
        for (_, spot), used in zip(places, uses, strict=True):
            operands = [factors[other] for other in [*used[:spot], *used[spot + 1 :]]]
            design = product(f"{','.join(others)}->{batch}{rows}{inner}", operands)
            designs.append(design.reshape(count, prod(sizes[letter] for letter in rows), -1))
        design = np.concatenate(designs, axis=2)
        wanted = np.einsum(f"{output}->{batch}{rows}{free}", target).reshape(count, design.shape[1], -1)
        adjoint = design.swapaxes(1, 2)
        solution = np.linalg.pinv(adjoint @ design, rcond=1e-14, hermitian=True) @ (adjoint @ wanted)
        ends = np.cumsum([part.shape[2] for part in designs])[:-1]
        found = {}
        for name, part in zip(names, np.split(solution, ends, axis=1), strict=True):
            lengths = dict(zip(own, self.shapes[name], strict=True))
            shaped = part.reshape([lengths[letter] for letter in f"{batch}{inner}{free}"])
            found[name] = np.einsum(f"{batch}{inner}{free}->{own}", shaped)
        return found


def product(subscripts: str, operands: Sequence[np.ndarray]) -> np.ndarray:
    """Return what `numpy.einsum` returns, two operands at a time in an order that is searched for once."""
    path = _path(subscripts, tuple(operand.shape for operand in operands))
    return np.einsum(subscripts, *operands, optimize=path)


def cp_model(shape: tuple[int, ...], rank: int) -> Multilinear:
    """Return the CP model, of factors A, B and C, of tensors of a shape."""
    shapes = {name: (size, rank) for name, size in zip("ABC", shape, strict=True)}
    return Multilinear([("ir,jr,kr->ijk", ("A", "B", "C"))], shapes)


def random_start(
    model: Multilinear, target: np.ndarray, rng: np.random.Generator, positive: Sequence[str] = ()
) -> Factors:
    """Return standard normal factors, those named `positive` uniform in [0.5, 1.5], at the scale of the target."""
    factors = {
        name: rng.uniform(0.5, 1.5, shape) if name in positive else rng.standard_normal(shape)
        for name, shape in model.shapes.items()
    }
    scale = np.linalg.norm(target) / np.linalg.norm(model.value(factors))
    return {name: own * scale ** (1 / model.degree) for name, own in factors.items()}


def alternate(
    model: Multilinear,
    target: np.ndarray,
    factors: Mapping[str, np.ndarray],
    order: Sequence[Sequence[str]],
    iterations: int,
    tolerance: float,
    line_search: bool = False,
    watch: Watch = ignore,
) -> tuple[Factors, list[float]]:
    """Return factors by alternating least squares, and the relative error after each sweep.

    `order` are the groups of factors that are solved for in turn. It ends when the error falls by less than
    `tolerance`, or after so many iterations. A line search follows, in every second sweep after the sixth, the change
    of the factors as far as a root of the number of sweeps, if that lowers the error: the square root, and the next
    one after each four times that it did not. `watch` gets the start and each iterate.
    """
    norm, failures = np.linalg.norm(target), 0

    def error_of(own: Mapping[str, np.ndarray]) -> float:
        return float(np.linalg.norm(model.value(own) - target) / norm)

    factors, errors = dict(factors), [np.inf]
    watch(factors, (error_of(factors) * norm) ** 2)
    for sweep in range(iterations):
        before = factors
        for names in order:
            factors = factors | model.best(names, target, factors)
        error = error_of(factors)
        if line_search and sweep > 5 and sweep % 2 == 0:
            reach = sweep ** (1 / (2 + failures // FAILURES))
            ahead = {name: before[name] + reach * (own - before[name]) for name, own in factors.items()}
            if (further := error_of(ahead)) < error:
                factors, error = ahead, further
            else:
                failures += 1
        errors.append(error)
        watch(factors, (error * norm) ** 2)
        if errors[-2] - errors[-1] < tolerance:
            break
    return factors, errors[1:]


def best_alternation(
    model: Multilinear,
    target: np.ndarray,
    rng: np.random.Generator,
    order: Sequence[Sequence[str]],
    *,
    starts: int,
    iterations: int,
    tolerance: float,
    positive: Sequence[str] = (),
    line_search: bool = False,
    watch: Watch = ignore,
) -> Factors:
    """Return the factors of the least error of several alternating least squares, each from a random start."""
    ends = {"iterations": iterations, "tolerance": tolerance, "line_search": line_search, "watch": watch}
    fits = [alternate(model, target, random_start(model, target, rng, positive), order, **ends) for _ in range(starts)]
    return min(fits, key=lambda own: own[1][-1])[0]


@cache
def _path(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> list:
    return np.einsum_path(subscripts, *(np.broadcast_to(0.0, shape) for shape in shapes), optimize="greedy")[0]


@cache
def _split(subscripts: str) -> tuple[list[str], str]:
    inputs, output = subscripts.split("->")
    return inputs.split(","), output
