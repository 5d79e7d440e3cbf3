"""Denoises X + A^T z, whose error is like white noise, again and again: approximate message passing with a denoiser.

With columns of A scaled to norm 1, X from 0 and z from Y: v = X + A^T z; sigma = |z| / sqrt(m); X <- D_sigma(v);
z <- Y - A X + z div D / m. The last term, by the divergence of the denoiser D, keeps the error of v white. The
divergence is that along one random direction. X keeps the mean that was measured: through the column norms its error
would come back N / m times as large.

Metzler, Maleki and Baraniuk, From denoising to compressed sensing, IEEE Transactions on Information Theory 62 (2016),
DOI 10.1109/TIT.2016.2556683: D-AMP.

The denoisers are non-local means (`nlm`) and the first stage of BM3D (`bm3d`, `fast_bm3d`), whose package is for
non-commercial use only; see `benchmark.algorithms.plug_in`. The number of iterations and the size of the step along the
random direction are those of the authors' program.

Departures from the paper: of BM3D it has both stages. The answer is the iterate that was made of the v of least sigma,
not the last: at low rates the iteration does not contract.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.compressive import measured
from benchmark.algorithms.plug_in import plug_in
from benchmark.contract import Estimate, Problem

LABEL = "D-AMP"
FAMILY = "message passing"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu"}
STOCHASTIC = True
LICENCE_NOTE = "non-commercial use only, with the denoiser bm3d"


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    denoiser: Literal["nlm", "bm3d", "fast_bm3d"] = "nlm",
    iterations: int = 30,
) -> Estimate:
    """Return the image, H x W, of `iterations` calls of the denoiser, and as many for its divergence."""
    check_choices(solve, denoiser=denoiser)
    known = measured(problem)
    denoise = plug_in("damp", denoiser, known.operator.shape)
    size, number = np.prod(known.operator.shape), len(known.y)
    scale = np.sqrt(size / number)
    rng = np.random.default_rng(seed)
    image, residual, best, least = np.zeros(known.operator.shape), scale * known.y, None, np.inf
    for _ in range(iterations):
        pseudo = image + scale * known.operator.adjoint(residual)
        sigma = float(np.linalg.norm(residual) / np.sqrt(number))
        image, spread = with_divergence(lambda v, level=sigma: denoise(v + known.mean, level) - known.mean, pseudo, rng)
        image -= image.mean()
        if sigma < least:
            best, least = image, sigma
        residual = scale * (known.y - known.operator(image)) + residual * spread / number
    return Estimate(signal=known.mean + best, iterations=iterations)


def with_divergence(
    denoise: Callable[[np.ndarray], np.ndarray], image: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Return the image denoised, and the divergence of the denoiser there, by one random direction."""
    direction, result = rng.standard_normal(image.shape), denoise(image)
    step = np.abs(image).max() / 1000 + np.finfo(float).eps
    return result, float(np.sum(direction * (denoise(image + step * direction) - result)) / step)
