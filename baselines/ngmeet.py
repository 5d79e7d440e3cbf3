"""Shrinks groups of similar patches towards low rank in the subspace that a cube's spectra span: NGMeet.

min ||Y - M x_3 E||^2 / 2 + lambda sum_i ||R_i M||_(w,*) over orthonormal E (bands x k) and cubes M (H x W x k), where Y
is the observation, R_i M a group of similar patches of all k images as a matrix, and the norm is the weighted nuclear
one. Five times: E, the first left singular vectors of the cube unfolded to bands x pixels; M, the groups shrunk at the
noise that is left; X = M x_3 E, of which 0.9 and of Y 0.1 go on. k grows by two each time.

He, Yao, Li, Yokoya and Zhao, Non-local meets global: an integrated paradigm for hyperspectral denoising, CVPR 2019,
DOI 10.1109/CVPR.2019.00703.

Parameters are those that the authors' code has for the number of bands and the noise level, the first k among them, so
that the given rank is not used. As that code has it, the first time takes the noise for sigma sqrt(k / bands), which is
less than the images of an orthonormal E have, and similar patches are sought in the mean of the k images, here with
each column of E of positive sum. Departures: of key patches at a border there is one, where the code takes each of the
last ones; and bands whose noise differs are brought to one level, photon noise by the mean of its variance.
"""

from dataclasses import dataclass, replace
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

LABEL = "NGMeet"
FAMILY = "non-local low rank"
TASKS = {"denoise"}
DEVICES = {"cpu", "cuda"}

GRID = Grid(patch=5, step=4, reach=30)
KEPT, GROWTH = 0.9, 2


@dataclass(frozen=True)
class Parameters:
    """What the authors' code sets by the number of bands and the noise level on the scale of 0 to 255."""

    dimension: int
    strength: float
    neighbours: int
    share: float


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    variance: Literal["matched", "estimated"] = "matched",
    iterations: int = 5,
    neighbours: int | None = None,
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B; `neighbours` replaces the published number."""
    check_choices(solve, variance=variance)
    check_patch("ngmeet", problem.observed.shape, GRID.patch)

    def denoise(observed: Tensor, scales: Tensor, level: float) -> Tensor:
        own = parameters(observed.shape[2], level)
        own = replace(own, neighbours=neighbours or own.neighbours)
        return scales * iterate(observed / scales, level, own, iterations)

    return Estimate(signal=denoise_stack("ngmeet", on_grey_scale(denoise, device), problem, variance))


def parameters(bands: int, level: float) -> Parameters:
    """Return the published parameters for a number of bands and a noise level on the scale of 0 to 255."""
    row = 0 if level <= 10.1 else 1 if level <= 30.1 else 2 if level <= 50.1 else 3
    few = bands <= 50
    first = 8 if few else 6 if bands <= 100 else 5
    return Parameters(
        dimension=(first, 6, 5, 4)[row],
        strength=(5 if bands <= 100 else 8) * 2**0.5,
        neighbours=(150, 150, 150, 200)[row],
        share=(0.54, 0.56, 0.56 if few else 0.58, 0.58)[row],
    )


def iterate(observed: Tensor, level: float, own: Parameters, iterations: int) -> Tensor:
    """Return a cube H x W x B of grey values, whose noise has the standard deviation `level`, denoised."""
    shrinkage = closed_form(2 * own.strength)
    bands = observed.shape[2]
    cube = observed
    for iteration in range(iterations):
        basis = leading_spectra(cube, min(own.dimension + GROWTH * iteration, bands))
        images = cube @ basis
        if iteration == 0:
            noise = first_noise(images, level * (basis.shape[1] / bands) ** 0.5, GRID.patch)
        else:
            noise = remaining_noise(images, observed @ basis, level, GRID.patch, own.share)
        if iteration % 2 == 0:
            groups = match(images.mean(-1), GRID, group_size(own.neighbours, iteration))
        levels = levels_of(noise, images.shape, GRID)
        sums, counts = sums_of_estimates(images, groups, levels, GRID.patch, shrinkage)
        cube = (sums / counts) @ basis.T
        if iteration < iterations - 1:
            cube = KEPT * cube + (1 - KEPT) * observed
    return cube


def leading_spectra(cube: Tensor, number: int) -> Tensor:
    """Return the first right singular vectors of a cube, unfolded to pixels x bands, as B x number, of positive sum."""
    spectra = cube.flatten(0, 1).double()
    basis = torch.linalg.eigh(spectra.T @ spectra)[1].flip(-1)[:, :number]
    return (basis * torch.where(basis.sum(0) < 0, -1, 1)).to(cube)
