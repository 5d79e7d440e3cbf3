"""The covariance (1/n) X_c^T X_c of n samples, the rows of X, which principal component analysis decomposes.

Pearson, On lines and planes of closest fit to systems of points in space, Philosophical Magazine 2 (1901),
DOI 10.1080/14786440109462720.

Noise adds its variance to the diagonal. Variants:

- `full`: as it is, X_c being X less the mean of each feature over the samples.
- `truncated`: its part in the eigenvectors of the problem's rank.
- `denoised`: less the known variance of the noise, negative eigenvalues set to zero; the rank is not used.
- `published`: truncated, with the mean of each sample over its features subtracted in place of that of each feature
  over the samples, as in the script of the DeepTensor authors. Departures: the script does not divide by n, which
  cancels in its metric, and truncates after a mapping to [0, 1] that it takes from the clean covariance.
"""

from typing import Literal

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.granted import noise_of, rank_of
from benchmark.contract import Estimate, Problem
from benchmark.covariance import sample_covariance, truncated, without_noise
from benchmark.samples import check_rank

LABEL = "Sample covariance"
FAMILY = "component analysis"
TASKS = {"covariance"}
DEVICES = {"cpu"}


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    variant: Literal["full", "truncated", "denoised", "published"] = "full",
) -> Estimate:
    """Return the p x p covariance of n x p samples."""
    check_choices(solve, variant=variant)
    samples = problem.observed
    covariance = sample_covariance(samples, centre="samples" if variant == "published" else "features")
    if variant == "denoised":
        return Estimate(signal=without_noise(covariance, samples, noise_of("sample_covariance", problem)))
    if variant == "full":
        return Estimate(signal=covariance)
    rank = rank_of("sample_covariance", problem)
    check_rank(rank, samples.shape[1], samples)
    return Estimate(signal=truncated(covariance, rank))
