"""Removes noise of a known kind by a small network that the noise itself teaches, from the one observation: ours.

Against noise (task `denoise`), X = f(Y V) V^T: V spans the subspace in which the signal stands out of the noise, and f,
a network's correction of a classical estimate, has learnt to remove noise that is added to what it sees, and then to
its own answer. Of a matrix of at most 128 rows or columns f corrects the optimal shrinkage of its singular values, of a
larger one, or an image, the matrix itself. The first lesson is that of Pang, Zheng, Quan and Ji,
Recorrupted-to-Recorrupted, CVPR 2021; the later ones refine as Zhang, Li, Law, Wang, Qin and Li do, arXiv 2111.14358.
See `deeptensor.denoise`.

Against salt and pepper (task `outliers`), entries that are exactly 0 or 1 count as replaced, and a network that
corrects averages of the others fills them; it has learnt that from others that were hidden. A product of factors has no
part in it. Where no pixel within 3 of an entry is anything but 0 or 1, the majority there is the image's own. See
`deeptensor.fill`.

Of coded exposures (task `recover`) that open each pixel in at most one frame, the measurements are noisy entries of the
video: the same network fills the others, and estimates these, from averages in space and time.

Of projections (task `recover`), whose noise has to be independent, every eighth is hidden in turn, and a network that
corrects a volume of least total variation from the others is told what those are. It is that, along all axes and with
X >= 0 (see `tv`), of the weight by which the first of the eight parts is predicted best; that of half the weight is
seen, too. The answer is the mean over the parts. A product of factors has no part in it. The loss is that of
Hendriksen, Pelt and Batenburg, Noise2Inverse, 2020 (DOI 10.1109/TCI.2020.3019647), in the measurements. See
`deeptensor.reconstruct`.

This is a variant of this suite, not of the DeepTensor paper (arXiv 2204.03145), and stands in no claim of that. It is
told the noise, as the methods that it is compared with are: Gaussian noise by its level, of each band where they
differ, Poisson noise by its photons and read-out, Rician noise by its level, as if it were Gaussian. The rank that a
protocol tells is not used.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.exposures import samples_of
from benchmark.algorithms.granted import noise_of
from benchmark.algorithms.salt_and_pepper import flat, suspects
from benchmark.algorithms.variation_paths import variation_path
from benchmark.contract import Estimate, Problem, Skipped, Snapshot
from benchmark.noise import BandGaussian, Gaussian, Poisson, Rician, SaltAndPepper
from deeptensor import denoise, fill, reconstruct
from deeptensor import noise as models
from deeptensor.operators import Radon

LABEL = "DeepTensor taught (ours)"
FAMILY = "taught by the noise"
TASKS = {"denoise", "outliers", "recover"}
OPERATORS = {"coded_exposure", "radon"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True

# Of the projections, each of which is hidden once.
PARTS = 8


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int | None = None,
    refinements: int = 2,
    channels: int = 32,
    scales: int = 3,
    kernel: int = 3,
    loss: Literal["recorrupted", "stein"] = "recorrupted",
    first_alpha: float = 1.0,
    last_alpha: float = 0.5,
    flips: int | None = None,
    wiener: bool = True,
    low_rank: bool = True,
    level: Literal["told", "estimated"] = "told",
) -> Estimate:
    """Return a signal, or for noise factors of shapes H x W x k and B x k, or of a matrix H x k and W x k.

    See `deeptensor.denoise`, `fill` and `reconstruct` for the parameters, of which the latter two have iterations,
    channels and scales; None is their default. `first_alpha` and `last_alpha` are the `alphas`; without `low_rank` all
    B dimensions are kept. An "estimated" level is that of Gaussian noise, of each band, as the finest differences show
    it.
    """
    check_choices(solve, loss=loss, level=level)
    common = {"channels": channels, "scales": scales, "seed": seed, "device": device}
    if iterations is not None:
        common["iterations"] = iterations
    if isinstance(problem.noise, SaltAndPepper):
        found = fill(problem.observed, ~suspects(problem.observed) | flat(problem.observed), **common)
        return Estimate(signal=found.signal, iterations=found.stop.iteration)
    if isinstance(problem.operator, Radon):
        return reconstructed(problem, common)
    if problem.operator is not None:
        samples, sampled = samples_of(problem.observed, problem.operator)
        found = fill(samples, sampled, video=True, exact=False, **common)
        return Estimate(signal=found.signal, iterations=found.stop.iteration)
    found = denoise(
        problem.observed,
        model_of(problem) if level == "told" else None,
        rank=None if low_rank or problem.observed.ndim == 2 else problem.observed.shape[2],
        refinements=refinements,
        kernel=kernel,
        loss=loss,
        alphas=(first_alpha, last_alpha),
        flips=flips,
        wiener=wiener,
        **common,
    )
    trace = [Snapshot(stage.iteration, stage.seconds, stage.risk, in_single(stage.factors)) for stage in found.stages]
    return Estimate(factors=found.factors, trace=trace, iterations=found.stop.iteration)


def reconstructed(problem: Problem, settings: dict) -> Estimate:
    """Return a volume, H x W x slices, from projections, with the settings of `deeptensor.reconstruct`."""
    if problem.noise is None:
        raise Skipped(
            "deeptensor_taught needs the noise of each projection to be its own, and this problem grants none"
        )
    observed, operator = problem.observed, problem.operator
    parts, hidden = min(PARTS, len(observed)), np.zeros(observed.shape, dtype=bool)
    hidden[::parts] = True
    start = variation_path(observed, operator, hidden)
    slices = Radon(operator.shape[:2], operator.angles)
    found = reconstruct(observed, slices, start, parts=parts, **settings)
    return Estimate(signal=found.signal.clip(0), iterations=found.stop.iteration)


def model_of(problem: Problem) -> models.Noise:
    """Return the library's model of the noise that a problem grants; Skipped where it grants none, or another."""
    noise = noise_of("deeptensor_taught", problem)
    if isinstance(noise, Poisson):
        return models.Poisson(noise.photons, noise.readout)
    if isinstance(noise, Gaussian | Rician):
        return models.Gaussian(noise.sigma)
    if isinstance(noise, BandGaussian):
        return models.Gaussian(noise.sigmas(problem.observed.shape[-1]))
    raise Skipped(f"deeptensor_taught needs the variance of the noise, which {type(noise).__name__} has not")


def in_single(factors: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return factors in single precision, which a trace is kept in."""
    return tuple(factor.astype(np.float32) for factor in factors)
