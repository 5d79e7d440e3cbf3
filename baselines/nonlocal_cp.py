"""Minimises |A X - Y|^2 + eta sum_i |R_i X - L_i|_F^2 over images X and tensors L_i of low CP rank.

R_i X stacks the K patches, p x p, that are most similar to one of them, less their mean: p x p x K. In turn L_i is a CP
tensor near it, X the average of all, and then what meets the measurements. The start is the image of least total
variation. It is our reading of NLR-TFA, without the network that the paper trains on images:

Zhang, Yuan and Carin, Nonlocal low-rank tensor factor analysis for image restoration, IEEE Conference on Computer
Vision and Pattern Recognition 2018, DOI 10.1109/CVPR.2018.00856, arXiv 1803.06795.

Departures from the paper, whose parameters and network are not public: it infers the rank by a Bayesian shrinkage
prior, and its network approximates the step to the measurements, which here has a closed form, as A A^T = 1. Here L_i
minimises

1/2 |T - sum_r a_r o b_r o c_r|^2 + mu / 2 (|A|^2 + |B|^2 + |C|^2)

by alternating least squares. For the best lengths of the vectors the penalty is 3/2 mu sum_r lambda_r^(2/3) of the
strengths lambda_r, so that weak terms become zero. One alone is best at zero below t = 2 mu^(3/4), and these
iterations, from its own size on, bring it there below 0.88 t; t is sigma (2 sqrt(p) + sqrt(K)), about the norm of the
best term of white noise. sigma falls geometrically, and the step to the measurements is half as long again, but for the
last. The range of sigma, the number of matchings and of terms and the relaxation were chosen in trials on two test
images of the paper, house and barbara.
"""

import numpy as np
import torch

from benchmark.algorithms.compressive import least_variation, measured
from benchmark.algorithms.patch_groups import Grid, average, check_patch, match, pixels_of
from benchmark.contract import Estimate, Problem

LABEL = "Nonlocal CP (NLR-TFA without its network)"
FAMILY = "patch-based"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu", "cuda"}

Factors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    terms: int = 8,
    sweeps: int = 2,
    side: int = 6,
    number: int = 45,
    step: int = 5,
    reach: int = 20,
    matchings: int = 15,
    iterations: int = 4,
    first_sigma: float = 10 / 255,
    last_sigma: float = 0.5 / 255,
    relaxation: float = 1.5,
) -> Estimate:
    """Return the image after `iterations` for each of the `matchings`, sigma falling from the first to the last.

    Each group has `terms` at most, which start anew with each matching and get `sweeps` an iteration.
    """
    check_patch("nonlocal_cp", problem.operator.shape, side)
    grid, known = Grid(side, step, reach), measured(problem)
    image, _ = least_variation(known, 300, 1e-4)
    sigmas = np.geomspace(first_sigma, last_sigma, matchings * iterations)
    for done, sigma in enumerate(sigmas, start=1):
        current = torch.from_numpy(image).to(device)
        if (done - 1) % iterations == 0:
            pixels, factors = pixels_of(match(current, grid, number), side, image.shape[1]).mT, None
        patches = current.flatten()[pixels]  # (groups, p * p, K)
        means = patches.mean(2, keepdim=True)
        patches -= means
        weight = weight_at(sigma * (2 * np.sqrt(side) + np.sqrt(patches.shape[2])))
        factors = leading_terms(patches, min(terms, *patches.shape[1:]), weight) if factors is None else factors
        for _ in range(sweeps):
            factors = balanced(sweep(patches, factors, weight))
        A, B, C = factors
        image = average(pairs(A, B) @ C.mT + means, pixels, image.shape).cpu().numpy()
        image = known.project(image, relaxation if done < len(sigmas) else 1.0)
    return Estimate(signal=known.mean + image, iterations=len(sigmas))


def weight_at(threshold: float) -> float:
    """Return mu at which a term of a strength below the threshold is best set to zero."""
    return (threshold / 2) ** (4 / 3)


def pairs(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """Return the products (groups, p * p, r) of all pairs of entries of the columns of A and B (groups, p, r)."""
    return (A[:, :, None] * B[:, None]).flatten(1, 2)


def leading_terms(patches: torch.Tensor, terms: int, weight: float) -> Factors:
    """Return factors (groups, p, r), (groups, p, r), (groups, K, r) to begin with, for groups (groups, p * p, K).

    The leading left singular vectors of a group, as p x p matrices, give their best rank-one parts; C solves for the
    rest.
    """
    side = round(patches.shape[1] ** 0.5)
    leading = torch.linalg.eigh(patches @ patches.mT).eigenvectors[..., -terms:].flip(-1)
    matrices = leading.mT.unflatten(2, (side, side))  # (groups, r, p, p)
    right = torch.linalg.eigh(matrices.mT @ matrices).eigenvectors[..., -1:]
    left = matrices @ right
    A, B = (vectors[..., 0].mT for vectors in (left, right))
    return balanced((A, B, solved(patches.mT @ pairs(A, B), A, B, weight)))


def sweep(patches: torch.Tensor, factors: Factors, weight: float) -> Factors:
    """Return the factors after one update of each by ridge least squares, the others fixed."""
    A, B, C = factors
    side = A.shape[1]
    # What is left of the groups once their last axis is multiplied with C: (groups, p, p, r).
    without_last = (patches @ C).unflatten(1, (side, side))
    A = solved((without_last * B[:, None]).sum(2), B, C, weight)
    B = solved((without_last * A[:, :, None]).sum(1), A, C, weight)
    return A, B, solved(patches.mT @ pairs(A, B), A, B, weight)


def solved(products: torch.Tensor, one: torch.Tensor, other: torch.Tensor, weight: float) -> torch.Tensor:
    """Return the factor that minimises the objective, given its group times the other two, and these."""
    gram = (one.mT @ one) * (other.mT @ other)
    gram.diagonal(dim1=1, dim2=2).add_(weight)
    return torch.cholesky_solve(products.mT, torch.linalg.cholesky(gram)).mT


def balanced(factors: Factors) -> Factors:
    """Return the factors with the three vectors of each term at one length; their product stays."""
    lengths = [factor.norm(dim=1, keepdim=True) for factor in factors]
    common = (lengths[0] * lengths[1] * lengths[2]) ** (1 / 3)
    tiny = torch.finfo(common.dtype).tiny
    return tuple(factor * (common / own.clamp(min=tiny)) for factor, own in zip(factors, lengths, strict=True))


def objective(patches: torch.Tensor, factors: Factors, weight: float) -> torch.Tensor:
    """Return what the factors minimise, of each group."""
    A, B, C = factors
    misfit = (patches - pairs(A, B) @ C.mT).square().sum((1, 2)) / 2
    return misfit + weight / 2 * sum(factor.square().sum((1, 2)) for factor in factors)
