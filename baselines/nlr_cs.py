"""Minimises |A X - Y|^2 + eta sum_i (|R_i X - L_i|_F^2 + logdet-like rank of L_i): groups of patches of low rank.

R_i X holds, as columns, the patches most similar to one of them. In turn L_i becomes the shrunken group, X the average
of all groups, and then, by a closed form as A A^T = 1, what meets the measurements. The start is the image of least
total variation.

Dong, Shi, Li, Ma and Huang, Compressive sensing via nonlocal low-rank regularization, IEEE Transactions on Image
Processing 23 (2014), DOI 10.1109/TIP.2014.2329449: NLR-CS.

Departures from the paper: its program shrinks singular values once by the weight of the noisy ones, at a level that
depends on the rate and was tuned for Fourier samples, from a start by wavelets in 3 x 300 steps. Here they get the
minimiser of 1/2 (t - s)^2 + C log t, t = (s + sqrt(s^2 - 4 C)) / 2 or 0, which is weighted nuclear norm minimisation
(Gu et al., International Journal of Computer Vision 121 (2017), DOI 10.1007/s11263-016-0930-5) with its
C = 2 sqrt(2 K) sigma^2; sigma falls geometrically at every rate alike, and the step to the measurements is half as long
again, but for the last. As in the program: patches of 6 x 6, 45 of them within 20 rows and columns, one key patch in 5;
the mean of a group is left out; left singular vectors are found anew with each matching, once in four iterations; a
group of rank r weighs (d - r) / d, d = 36, or 1 / d at least. The range of sigma, the number of matchings and the
relaxation were chosen in trials on two test images of the paper, house and barbara.
"""

import numpy as np
import torch

from benchmark.algorithms.compressive import least_variation, measured
from benchmark.algorithms.patch_groups import Grid, average, check_patch, log_shrinkage, match, pixels_of
from benchmark.contract import Estimate, Problem

LABEL = "NLR-CS, patches as vectors"
FAMILY = "patch-based"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu", "cuda"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    side: int = 6,
    number: int = 45,
    step: int = 5,
    reach: int = 20,
    matchings: int = 15,
    iterations: int = 4,
    first_sigma: float = 15 / 255,
    last_sigma: float = 1 / 255,
    relaxation: float = 1.5,
) -> Estimate:
    """Return the image after `iterations` for each of the `matchings`, sigma falling from the first to the last."""
    check_patch("nlr_cs", problem.operator.shape, side)
    grid, known = Grid(side, step, reach), measured(problem)
    image, _ = least_variation(known, 300, 1e-4)
    sigmas = np.geomspace(first_sigma, last_sigma, matchings * iterations)
    for done, sigma in enumerate(sigmas, start=1):
        current = torch.from_numpy(image).to(device)
        if (done - 1) % iterations == 0:
            pixels, basis = pixels_of(match(current, grid, number), side, image.shape[1]).mT, None
        patches = current.flatten()[pixels]  # (groups, p * p, K)
        means = patches.mean(2, keepdim=True)
        patches -= means
        if basis is None:
            basis = torch.linalg.eigh(patches @ patches.mT).eigenvectors
        low_rank, ranks = shrunken(patches, basis, sigma)
        weights = (1 - ranks / side**2).clamp(min=1 / side**2)
        image = average(low_rank + means, pixels, image.shape, weights).cpu().numpy()
        image = known.project(image, relaxation if done < len(sigmas) else 1.0)
    return Estimate(signal=known.mean + image, iterations=len(sigmas))


def shrunken(patches: torch.Tensor, basis: torch.Tensor, sigma: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return groups (groups, d, K) with shrunken singular values, and the ranks (groups,) that are left.

    `basis` (groups, d, d) holds the left singular vectors, perhaps of a group that was a little different.
    """
    coefficients = basis.mT @ patches
    values = coefficients.norm(dim=2)
    kept = log_shrinkage(values, 2 * np.sqrt(2 * patches.shape[2]) * sigma**2)
    gains = kept / values.clamp(min=torch.finfo(values.dtype).tiny)
    return basis @ (gains[..., None] * coefficients), (kept > 0).sum(1)
