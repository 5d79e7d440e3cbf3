"""Shrinks groups of similar patches towards low rank, and differences of neighbouring bands: LLRT.

min ||X - Y||^2 + mu ||D X||_p + omega sum_i (lambda_i^-2 ||R_i X - L_i||^2 + rank(L_i)), where Y is the observation,
D X the differences of neighbouring bands, the last and the first among them, and R_i X a group of similar patches of
all bands as a matrix. Five times (eight of more than 50 bands): L_i by the weighted nuclear norm at the noise that is
left, then X by 20 steps of the alternating direction method of multipliers, with the estimates of L_i for each entry
weighted by their number.

Chang, Yan and Zhong, Hyper-Laplacian regularized unidirectional low-rank tensor recovery for multispectral image
denoising, CVPR 2017, pages 4260 to 4268,
https://openaccess.thecvf.com/content_cvpr_2017/html/Chang_Hyper-Laplacian_Regularized_Unidirectional_CVPR_2017_paper.html

Parameters are those that the authors' code has for the number of bands and the noise level; more than 200 bands get
those of 200. As that code has it, the tensor of a group is a matrix (unfolded along the similar patches), and p is 1: a
comment there says that this is slightly better than p < 1, the hyper-Laplacian of the title. The `penalty` of 1/2 and
that of 0 have closed forms, too, and `strength` multiplies lambda, for which no value at p < 1 is published. `spectral:
false` leaves the differences out.

Departures from the code: of key patches at a border there is one, where it takes each of the last ones, and a step of
20 solves a system of the size of the bands, where it transforms the cube. Bands whose noise differs are brought to one
level while groups are shrunk; photon noise counts by the mean of its variance.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.fixed_sigma import denoise_stack
from benchmark.algorithms.patch_groups import (
    Grid,
    check_patch,
    closed_form,
    first_noise,
    group_size,
    levels_of,
    match,
    on_grey_scale,
    remaining_noise,
    sums_of_estimates,
)
from benchmark.contract import Estimate, Problem

LABEL = "LLRT"
FAMILY = "non-local low rank"
TASKS = {"denoise"}
DEVICES = {"cpu", "cuda"}

POWERS = {"l1": 1, "l1/2": 0.5, "l0": 0}
STEPS, FIDELITY, COUPLING, SPLITTING, GROWTH = 20, 0.05, 10.0, 1.0, 1.02


@dataclass(frozen=True)
class Parameters:
    """What the authors' code sets by the number of bands and the noise level on the scale of 0 to 255."""

    grid: Grid
    strength: float
    smoothness: float
    neighbours: int
    iterations: int
    share: float


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    penalty: Literal["l1", "l1/2", "l0"] = "l1",
    spectral: bool = True,
    strength: float = 1.0,
    variance: Literal["matched", "estimated"] = "matched",
    iterations: int | None = None,
    neighbours: int | None = None,
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B; `iterations` and `neighbours` replace the published numbers."""
    check_choices(solve, penalty=penalty, variance=variance)

    def denoise(observed: Tensor, scales: Tensor, level: float) -> Tensor:
        own = parameters(observed.shape[2], level)
        check_patch("llrt", observed.shape, own.grid.patch)
        own = replace(own, iterations=iterations or own.iterations, neighbours=neighbours or own.neighbours)
        step = partial(smooth, weight=strength * own.smoothness, power=POWERS[penalty]) if spectral else None
        return iterate(observed, scales, level, own, step)

    return Estimate(signal=denoise_stack("llrt", on_grey_scale(denoise, device), problem, variance))


def parameters(bands: int, level: float) -> Parameters:
    """Return the published parameters for a number of bands and a noise level on the scale of 0 to 255."""
    row = 0 if level <= 10.1 else 1 if level <= 30.1 else 2
    share = (0.54, 0.56, 0.58)[row]
    if bands <= 50:
        return Parameters(Grid((6, 7, 8)[row], 5, 30), 10 * 2**0.5, 0.8, 300, 5, share)
    if bands <= 100:
        return Parameters(Grid(6, 5, 50), 10 * 2**0.5, 20.0, 400, 8, share)
    return Parameters(Grid(5, 4, 50), 15 * 2**0.5, 15.0, 400, 8, share)


def iterate(
    observed: Tensor,
    scales: Tensor,
    level: float,
    own: Parameters,
    spectral_step: Callable[..., Tensor] | None,
) -> Tensor:
    """Return a cube H x W x B of grey values denoised; `scales` (B,) are the noise of the bands in units of `level`."""
    shrinkage = closed_form(2 * own.strength)
    cube = observed
    for iteration in range(own.iterations):
        if iteration == 0:
            noise = first_noise(cube, level, own.grid.patch)
        else:
            noise = remaining_noise(cube / scales, observed / scales, level, own.grid.patch, own.share)
        if iteration % 2 == 0:
            groups = match(cube.mean(-1), own.grid, group_size(own.neighbours, iteration))
        levels = levels_of(noise, cube.shape, own.grid)
        sums, counts = sums_of_estimates(cube / scales, groups, levels, own.grid.patch, shrinkage)
        sums = sums * scales
        cube = sums / counts if spectral_step is None else spectral_step(sums, counts, observed, noise.mean() ** 2)
    return cube


def smooth(
    sums: Tensor,
    counts: Tensor,
    observed: Tensor,
    variance: Tensor,
    weight: float,
    power: float,
    fidelity: float = FIDELITY,
    steps: int = STEPS,
) -> Tensor:
    """Minimise fidelity / 2 ||X - Y||^2 + sum(counts (X - sums / counts)^2) / 2 + theta ||D X||_p over cubes H x W x B.

    theta is `weight` times `variance`. By the alternating direction method of multipliers, X = M and Z = D X.
    """
    difference = differences(observed.shape[-1]).to(observed)
    laplacian = difference.T @ difference
    identity = torch.eye(len(laplacian)).to(observed)
    coupling, splitting = COUPLING, SPLITTING
    jumps, jump_dual, mean, mean_dual = (torch.zeros_like(observed) for _ in range(4))
    for _ in range(steps):
        target = fidelity * observed + (splitting * jumps - jump_dual) @ difference + coupling * mean - mean_dual
        system = (fidelity + coupling) * identity + splitting * laplacian
        cube = target @ torch.linalg.inv(system)
        mean = (sums + coupling * cube + mean_dual) / (counts + coupling)
        mean_dual = mean_dual + coupling * (cube - mean)
        coupling *= GROWTH
        steep = cube @ difference.T
        jumps = shrink_jumps(steep + jump_dual / splitting, weight * variance / splitting, power)
        jump_dual = jump_dual + splitting * (steep - jumps)
        splitting *= GROWTH
    return cube


def differences(bands: int) -> Tensor:
    """Return the B x B matrix of the differences of each band to the next, and of the last to the first."""
    identity = torch.eye(bands, dtype=torch.float64)
    return torch.roll(identity, 1, dims=1) - identity


def shrink_jumps(values: Tensor, weight: Tensor, power: float) -> Tensor:
    """Return the minimum over z of (z - values)^2 / 2 + weight |z|^power, of the powers 1, 1/2 and 0.

    The one of 1/2 is by Xu et al. 2012, DOI 10.1109/TNNLS.2012.2197412.
    """
    size = values.abs()
    if power == 1:
        return values.sign() * (size - weight).clamp(min=0)
    if power == 0:
        return torch.where(size**2 > 2 * weight, values, 0)
    kept = size > 1.5 * weight ** (2 / 3)
    angle = torch.arccos((weight / 4 * (size.clamp(min=1e-30) / 3) ** -1.5).clamp(max=1))
    return torch.where(kept, values * 2 / 3 * (1 + torch.cos(2 / 3 * (torch.pi - angle))), 0)
