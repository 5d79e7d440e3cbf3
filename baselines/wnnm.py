"""Shrinks groups of similar patches of an image towards low rank: weighted nuclear norm minimisation (WNNM).

min ||R_i X - R_i Y||^2 / sigma^2 + ||R_i X||_(w,*) for each group R_i of similar patches as a matrix, with weights w
inverse to the singular values of the answer: three soft thresholds, each with weights by the one before. Of the answer
0.9 and of the observation Y 0.1 go on to the next of 8 to 14 times, at the noise that is left.

Gu, Zhang, Zuo and Feng, Weighted nuclear norm minimization with application to image denoising, CVPR 2014,
DOI 10.1109/CVPR.2014.366. Parameters are the published ones for the noise level.

It denoises the images in which the signal of a cube lies, the eigen-images of FastHyDe (`images: eigen`,
DOI 10.1109/JSTARS.2018.2796570), or every band on its own (`bands`). Bands whose noise differs are brought to one level
for the former, photon noise counts by the mean of its variance. Departure: of key patches at a border there is one,
where the authors' code takes each of the last ones.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.fixed_sigma import denoise_stack
from benchmark.algorithms.lowrank import signal_subspace
from benchmark.algorithms.patch_groups import (
    Grid,
    check_patch,
    first_noise,
    group_size,
    levels_of,
    match,
    on_grey_scale,
    remaining_noise,
    reweighted,
    sums_of_estimates,
)
from benchmark.contract import Estimate, Problem

LABEL = "WNNM"
FAMILY = "non-local low rank"
TASKS = {"denoise"}
DEVICES = {"cpu", "cuda"}

STRENGTH, REWEIGHTINGS, FEEDBACK = 2 * 2**0.5, 3, 0.1


@dataclass(frozen=True)
class Parameters:
    """What the authors set by the noise level on the scale of 0 to 255."""

    grid: Grid
    neighbours: int
    iterations: int
    share: float


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    images: Literal["eigen", "bands"] = "eigen",
    variance: Literal["matched", "estimated"] = "matched",
    iterations: int | None = None,
) -> Estimate:
    """Return the signal, of shape H x W or H x W x B; `iterations` replaces the published number."""
    check_choices(solve, images=images, variance=variance)

    def denoise(observed: Tensor, scales: Tensor, level: float) -> Tensor:
        own = parameters(level)
        check_patch("wnnm", observed.shape, own.grid.patch)
        if images == "bands":
            return by_image(observed, (level * scales).tolist(), iterations)
        scaled = observed / scales
        spectra = scaled.flatten(0, 1).cpu().double().numpy() / level
        basis = torch.from_numpy(signal_subspace(spectra).copy()).to(observed)
        return scales * (by_image(scaled @ basis, [level] * basis.shape[1], iterations) @ basis.T)

    return Estimate(signal=denoise_stack("wnnm", on_grey_scale(denoise, device), problem, variance))


def parameters(level: float) -> Parameters:
    """Return the published parameters for a noise level on the scale of 0 to 255."""
    row = 0 if level <= 20 else 1 if level <= 40 else 2 if level <= 60 else 3
    patch = (6, 7, 8, 9)[row]
    return Parameters(
        Grid(patch, step=patch // 2 - 1, reach=30),
        neighbours=(70, 90, 120, 140)[row],
        iterations=(8, 12, 14, 14)[row],
        share=(0.54, 0.56, 0.58, 0.58)[row],
    )


def by_image(cube: Tensor, levels: list[float], iterations: int | None) -> Tensor:
    """Return a cube with each of its images H x W, whose noise has the level of that place, denoised."""
    results = []
    for image, level in zip(cube.split(1, dim=-1), levels, strict=True):
        own = parameters(level)
        results.append(iterate(image, level, own, iterations or own.iterations))
    return torch.cat(results, dim=-1)


def iterate(observed: Tensor, level: float, own: Parameters, iterations: int) -> Tensor:
    """Return an image H x W x 1 of grey values, whose noise has the standard deviation `level`, denoised."""
    shrinkage = reweighted(STRENGTH, REWEIGHTINGS)
    image = observed
    for iteration in range(iterations):
        image = image + FEEDBACK * (observed - image)
        if iteration == 0:
            noise = first_noise(image, level, own.grid.patch)
        else:
            noise = remaining_noise(image, observed, level, own.grid.patch, own.share)
        if iteration % 2 == 0:
            groups = match(image[..., 0], own.grid, group_size(own.neighbours, iteration))
        sums, counts = sums_of_estimates(
            image, groups, levels_of(noise, image.shape, own.grid), own.grid.patch, shrinkage
        )
        image = sums / counts
    return image
