"""Clusters inputs and filters into groups of one size, and approximates the block of each pair of groups by itself.

A block of C / G inputs and N / H filters becomes, with `form="svd"`, a singular value decomposition of its inputs, and
one of its filters: convolutions of single pixels, of h x w pixels, and of single pixels; with `form="outer"`, a sum of
outer products of inputs, pixels and filters, each the best for what those before it leave. All blocks are three grouped
convolutions.

Denton, Zaremba, Bruna, LeCun and Fergus, Exploiting linear structure within convolutional networks for efficient
evaluation, NIPS 2014, DOI 10.48550/arXiv.1404.0736, section 3.2.2. With outer products two inputs are a group and
filters are two groups, as printed (G = 48 of 96 inputs, H = 2); with singular values both are two groups, and K2 / K1 =
24 / 19. K, or K1, is the largest that the budget allows.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.clusters import k_means
from benchmark.algorithms.layers import Factored, Layer, Stage, compressed, largest, needs_pixels
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "Biclustering"
FAMILY = "clustering"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}
STOCHASTIC = True

SWEEPS = 50


def solve(problem: Problem, *, seed: int, device: str, form: Literal["svd", "outer"] = "svd") -> Estimate:
    """Return three grouped convolutions for each layer."""
    check_choices(solve, form=form)
    return compressed(problem, lambda layer: factorise(layer, form, seed))


def factorise(layer: Layer, form: str, seed: int) -> Factored:
    """Return the three stages of a layer whose channels the groups divide."""
    needs_pixels(layer)
    outputs, inputs, height, width = layer.sizes
    ins, outs = (2 if form == "svd" else inputs // 2), 2
    if inputs % 2 or outputs % 2:
        raise Skipped(f"groups of one size do not divide {inputs} inputs and {outputs} filters")
    rank = largest(
        layer.budget,
        lambda rank: numbers(layer.sizes, ins, outs, *ranks(form, rank)),
        most(form, inputs // ins, outputs // outs, height * width),
    )
    rng = np.random.default_rng(seed)
    into = members(k_means(layer.kernel.transpose(1, 0, 2, 3).reshape(inputs, -1), ins, rng, equal=True))
    out = members(k_means(layer.kernel.reshape(outputs, -1), outs, rng, equal=True))
    blocks = [layer.kernel[np.ix_(filters, channels)] for filters in out for channels in into]
    parts = [block_svd(own, *ranks(form, rank)) if form == "svd" else block_outer(own, rank) for own in blocks]
    first, middle, last = zip(*parts, strict=True)
    combined = np.concatenate([np.concatenate(last[h * ins : (h + 1) * ins], axis=1) for h in range(outs)])
    stages = [
        Stage(np.concatenate(first)[..., None, None], ins * outs, order=np.tile(into.ravel(), outs)),
        Stage(np.concatenate(middle), ins * outs * (1 if form == "svd" else rank)),
        Stage(combined[..., None, None], outs),
    ]
    return Factored([stages], order=np.argsort(out.ravel()))


def ranks(form: str, rank: int) -> tuple[int, int | None]:
    """Return K1 and K2 of the singular values; of outer products K alone."""
    return rank, (max(1, round(rank * 24 / 19)) if form == "svd" else None)


def most(form: str, inputs: int, filters: int, pixels: int) -> int:
    """Return the rank from which on a block is exact."""
    if form == "svd":
        return max(inputs, -(-filters * 19 // 24))
    return inputs * filters * pixels // max(inputs, filters, pixels)


def numbers(sizes: tuple[int, int, int, int], ins: int, outs: int, first: int, second: int | None) -> int:
    """Return how many numbers are stored by G x H blocks of C / G inputs and F / H filters.

    Of singular values G H (C/G K1 + K1 h w K2 + K2 F/H), of outer products G H K (C/G + h w + F/H).
    """
    outputs, inputs, height, width = sizes
    if second is None:
        return ins * outs * first * (inputs // ins + height * width + outputs // outs)
    return ins * outs * (inputs // ins * first + first * height * width * second + second * (outputs // outs))


def members(groups: np.ndarray) -> np.ndarray:
    """Return the members of groups of one size, a row each."""
    return np.argsort(groups, kind="stable").reshape(groups.max() + 1, -1)


def block_svd(block: np.ndarray, first: int, second: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return K1 x c, K2 x K1 x h x w and f x K2 of a block f x c x h x w."""
    filters, channels, height, width = block.shape
    by_input = block.transpose(1, 0, 2, 3).reshape(channels, -1)
    basis = padded(np.linalg.svd(by_input, full_matrices=False)[0], first)
    inner = np.tensordot(block, basis, (1, 0)).transpose(0, 3, 1, 2).reshape(filters, -1)
    combine = padded(np.linalg.svd(inner, full_matrices=False)[0], second)
    return basis.T, (combine.T @ inner).reshape(second, first, height, width), combine


def padded(basis: np.ndarray, rank: int) -> np.ndarray:
    """Return the first columns of a basis, with zeros for those that it lacks."""
    return np.pad(basis[:, :rank], ((0, 0), (0, max(0, rank - basis.shape[1]))))


def block_outer(block: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return K x c, K x 1 x h x w and f x K of a block f x c x h x w."""
    filters, channels, height, width = block.shape
    left = block.reshape(filters, channels, -1).copy()
    terms = []
    for _ in range(rank):
        terms.append(best_term(left))
        left -= np.einsum("f,c,p->fcp", *terms[-1])
    combine, inputs, pixels = (np.stack(own) for own in zip(*terms, strict=True))
    return inputs, pixels.reshape(rank, 1, height, width), combine.T


def best_term(tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return three vectors, of which two have unit norm, whose outer product is nearest to a tensor, in turns."""
    c, p = (np.linalg.svd(np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1))[0][:, 0] for axis in (1, 2))
    for _ in range(SWEEPS):
        f = np.einsum("fcp,c,p->f", tensor, c, p)
        c = unit(np.einsum("fcp,f,p->c", tensor, f, p))
        p = unit(np.einsum("fcp,f,c->p", tensor, f, c))
    return np.einsum("fcp,c,p->f", tensor, c, p), c, p


def unit(vector: np.ndarray) -> np.ndarray:
    """Return a vector over its norm; of zeros zeros."""
    return vector / max(float(np.linalg.norm(vector)), 1e-300)
