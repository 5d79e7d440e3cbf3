"""Minimises sum_k ||X_k - P_k B diag(a_k) C^T||_F^2 with P_k^T P_k = I: PARAFAC2 by alternating least squares.

X_k are slices, H_k x W, of one width: the images of a stack, or slices of unequal heights, for which the model is made.
They share C, W x r, and B, r x r, and each has weights a_k and an orthonormal P_k, H_k x r, of its own; so B_k = P_k B
has the same B_k^T B_k in each. In turn each P_k is a polar factor, and C, B and a_k take a sweep of PARAFAC on
P_k^T X_k; every fifth sweep tries a longer step.

Kiers, ten Berge and Bro, PARAFAC2 - Part I. A direct fitting algorithm for the PARAFAC2 model, Journal of Chemometrics
13 (1999), DOI 10.1002/(SICI)1099-128X(199905/08)13:3/4<275::AID-CEM543>3.0.CO;2-B.

By Gauss-Newton each start takes 50 sweeps, then from there the indirect fit of Harshman (1972, UCLA Working Papers in
Phonetics 22): the cross-products X_k^T X_k are C diag(a_k) B^T B diag(a_k) C^T, a DEDICOM of few numbers, fitted as in
`benchmark.algorithms.gauss_newton`. The loop goes on from the best.

The rank is the problem's, but no more than min(H_k, W), which is all that the model can have. The first start is by
singular vectors as in the paper, others are random, the same for every seed, and the best counts. A fit ends when a
sweep lowers the squared error by less than a share of what is left of it: of data without noise, where it falls slowly
and far, a share of the data's own norm would end it early. It is a loop of our own, as TensorLy's has the latter rule,
and takes the slices one by one.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from tensorly.parafac2_tensor import Parafac2Tensor, parafac2_to_slices

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import aligned, decomposed, needs_all_entries
from benchmark.algorithms.gauss_newton import compressed, levenberg_marquardt
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.multilinear import Multilinear
from benchmark.contract import Estimate, Problem, Skipped
from benchmark.stacks import as_stack

LABEL = "PARAFAC2"
FAMILY = "tensor decomposition"
TASKS = {"decompose", "denoise"}
DEVICES = {"cpu"}

# A squared error of this share of the data's is rounding: it is a difference of sums of squares.
ROUNDED = 1e-14
EVERY = 5
# Sweeps before, and after, the indirect fit.
FIRST = 50


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    optimiser: Literal["als", "gauss_newton"] = "als",
    iterations: int = 2000,
    tolerance: float = 1e-6,
    starts: int = 1,
) -> Estimate:
    """Return the fit, H x W x N, to a stack of at least two images.

    The task `decompose` also gets B, which is C here, and C, with the weights a_k in rows; there slices of unequal
    heights stand one above the other (sum of H_k x W x 1).
    """
    check_choices(solve, optimiser=optimiser)
    needs_all_entries("parafac2", problem)
    rank = rank_of("parafac2", problem)
    if "heights" in problem.granted:
        ends = np.cumsum(problem.granted["heights"])[:-1]
        slices = np.split(problem.observed[..., 0].astype(np.float64), ends)
    else:
        stack = as_stack(problem.observed)
        slices = [np.ascontiguousarray(image, dtype=np.float64) for image in np.moveaxis(stack, 2, 0)]
    if len(slices) < 2:
        raise Skipped("parafac2 needs the stack to have at least 2 images, and this is a single one")
    limit = min(min(one.shape) for one in slices)
    decomposition = decompose(slices, min(rank, limit), iterations, tolerance, starts, optimiser)
    fitted = parafac2_to_slices(decomposition)
    if "model" not in problem.granted:
        return Estimate(signal=np.stack(fitted, axis=2))
    signal = np.concatenate(fitted)[..., None] if "heights" in problem.granted else np.stack(fitted, axis=2)
    weights, _, shared = decomposition.factors
    return decomposed(signal, B=shared, C=aligned(weights))


def decompose(
    slices: Sequence[np.ndarray],
    rank: int,
    iterations: int,
    tolerance: float,
    starts: int = 1,
    optimiser: str = "als",
) -> Parafac2Tensor:
    """Return the PARAFAC2 decomposition of slices H_k x W, whose heights H_k may differ, in double precision.

    It holds the weights (ones), the factors A (K x rank, rows a_k), B (rank x rank), C (W x rank), and the list of P_k.
    Raises ValueError for a rank that exceeds a side of a slice, or slices that are all zero.
    """
    limit = min(min(one.shape) for one in slices)
    if not 1 <= rank <= limit:
        raise ValueError(f"rank {rank} for PARAFAC2 of slices with a side of {limit}: give 1 to {limit}")
    padded = padded_slices(slices)
    if not padded.any():
        raise ValueError("PARAFAC2 of slices that are all zero: leave them out")
    rng, best, least = np.random.default_rng(0), (), np.inf
    sweeps = FIRST if optimiser == "gauss_newton" else iterations
    for number in range(starts):
        start = random_start(padded, rank, rng) if number else singular_start(padded, rank)
        factors, errors = fit_slices(padded, start, sweeps, tolerance)
        if optimiser == "gauss_newton":
            ahead, further = fit_slices(padded, indirect_fit(padded, factors), sweeps, tolerance)
            factors, errors = (ahead, further) if further[-1] < errors[-1] else (factors, errors)
        if errors[-1] < least:
            best, least = factors, errors[-1]
        if least < ROUNDED:
            break
    if optimiser == "gauss_newton":
        best, _ = fit_slices(padded, best, iterations, tolerance)
    projections = projections_of(padded, *best)
    own = [projection[: len(one)] for projection, one in zip(projections, slices, strict=True)]
    return Parafac2Tensor((None, list(best), own))


def padded_slices(slices: Sequence[np.ndarray]) -> np.ndarray:
    """Return slices as one array K x H x W with zeros below the lower ones, which have no part in any P_k."""
    padded = np.zeros((len(slices), max(len(one) for one in slices), slices[0].shape[1]))
    for own, one in zip(padded, slices, strict=True):
        own[: len(one)] = one
    return padded


def singular_start(slices: np.ndarray, rank: int) -> tuple[np.ndarray, ...]:
    """Return A of ones, B = I, and C of the leading right singular vectors of all slices K x H x W together."""
    _, vectors = np.linalg.eigh(np.einsum("khj,khw->jw", slices, slices, optimize=True))
    return np.ones((len(slices), rank)), np.eye(rank), vectors[:, ::-1][:, :rank]


def random_start(slices: np.ndarray, rank: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return A uniform in [0.5, 1.5], and standard normal B and C."""
    sides = rng.standard_normal((rank, rank)), rng.standard_normal((slices.shape[2], rank))
    return rng.uniform(0.5, 1.5, (len(slices), rank)), *sides


def indirect_fit(slices: np.ndarray, start: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Return A, B and C from the DEDICOM of the cross-products of slices K x H x W, fitted from a start."""
    A, B, C = start
    rank = len(B)
    crossed, bases = compressed(np.einsum("khj,khw->jwk", slices, slices, optimize=True), [rank, rank, None], tied=True)
    basis = np.eye(len(C)) if bases[0] is None else bases[0]
    shapes = {"A": (basis.shape[1], rank), "C": A.shape, "H": B.shape}
    model = Multilinear([("ir,kr,rs,ks,js->ijk", ("A", "C", "H", "C", "A"))], shapes)
    found, _ = levenberg_marquardt(model, crossed, {"A": basis.T @ C, "C": A, "H": B.T @ B})
    values, vectors = np.linalg.eigh((found["H"] + found["H"].T) / 2)
    return found["C"], np.sqrt(np.maximum(values, 0))[:, None] * vectors.T, basis @ found["A"]


def projections_of(slices: np.ndarray, A: np.ndarray, B: np.ndarray, C: np.ndarray) -> np.ndarray:
    """Return the P_k, K x H x r, that fit slices K x H x W best: the polar factors of X_k C diag(a_k) B^T."""
    left, _, right = np.linalg.svd((slices @ C * A[:, None]) @ B.T, full_matrices=False)
    return left @ right


def fit_slices(
    slices: np.ndarray, start: Sequence[np.ndarray], iterations: int, tolerance: float
) -> tuple[tuple[np.ndarray, ...], list[float]]:
    """Return A, B and C, and the squared error before each sweep and at the end, as a share of the slices' squares."""
    # Slices higher than wide are as good as their triangles.
    if slices.shape[1] > slices.shape[2]:
        slices = np.linalg.qr(slices, mode="r")
    total = float(np.sum(slices**2))

    def projected(factors: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
        """Return P_k^T X_k, K x r x W, and the squared error."""
        inner = projections_of(slices, *factors).swapaxes(1, 2) @ slices
        A, B, C = factors
        misfit = np.sum((inner - (B * A[:, None]) @ C.T) ** 2)
        return inner, float(max(misfit + total - np.sum(inner**2), 0)) / total

    factors = tuple(start)
    inner, error = projected(factors)
    errors, before = [error], factors
    for sweep in range(1, iterations + 1):
        before, factors = factors, swept(inner, *factors)
        inner, error = projected(factors)
        if sweep % EVERY == 0:
            length = sweep ** (1 / 3)
            ahead = tuple(old + length * (new - old) for old, new in zip(before, factors, strict=True))
            further, lower = projected(ahead)
            if lower < error:
                factors, inner, error = ahead, further, lower
        errors.append(error)
        if error < ROUNDED or errors[-2] - error < tolerance * error:
            break
    return factors, errors


def swept(inner: np.ndarray, A: np.ndarray, B: np.ndarray, C: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return A, B and C after a sweep of alternating least squares for PARAFAC of a tensor K x r x W."""
    C = _solved(np.einsum("kbw,kr,br->wr", inner, A, B, optimize=True), A, B)
    B = _solved(np.einsum("kbw,kr,wr->br", inner, A, C, optimize=True), A, C)
    A = _solved(np.einsum("kbw,br,wr->kr", inner, B, C, optimize=True), B, C)
    return A, B, C


def _solved(right: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return right @ np.linalg.pinv((one.T @ one) * (other.T @ other), rcond=1e-14, hermitian=True)
