"""Models of the noise in an array (..., B), whose B bands, or a matrix as one band, may differ in it."""

from dataclasses import dataclass
from math import ldexp

import numpy as np
import torch

from deeptensor.arguments import check_not_negative, check_positive
from deeptensor.arrays import Array, real

# Of the median of the magnitudes of standard normal numbers.
MEDIAN = 0.6744898
# Standard deviations of the read-out below zero that no count may lie: one in 10^15 would.
DEEPEST = 8.0
# A part of the noise variance that the finest differences must show.
LEAST_SHARE = 0.5
# By how many of its standard deviations that share of few pixels may be too small.
DEVIATIONS = 5.0


@dataclass(frozen=True)
class Gaussian:
    """Additive noise, independent between pixels, of the standard deviation `sigma`, a number or one for each band.

    `covariance` (B, B) between the bands may be given in its place. With neither, each band's `sigma` is estimated: the
    median magnitude of mixed second differences of neighbouring pixels, over 0.6745 (Donoho and Johnstone 1994,
    DOI 10.1093/biomet/81.3.425, take the finest wavelets, which these are like); fine texture counts as noise.
    """

    sigma: float | Array | None = None
    covariance: Array | None = None

    def __post_init__(self):
        if self.sigma is not None and self.covariance is not None:
            raise ValueError("give the sigma of Gaussian noise or its covariance, not both")
        for name in ("sigma", "covariance"):
            value = getattr(self, name)
            if value is not None:
                value = np.asarray(value) if np.ndim(value) == 0 else value
                value = real(value, name, "give a number for each band").cpu().double().numpy()
                if not np.isfinite(value).all():
                    raise ValueError(f"{name} has entries that are not finite")
                object.__setattr__(self, name, value)
        if self.sigma is not None and (self.sigma < 0).any():
            raise ValueError(f"sigma must not be negative, as {self.sigma.min()} is")
        if self.covariance is not None:
            _check_covariance(self.covariance)

    def times(self, factor: float, exponent: int = 0) -> "Gaussian":
        """Return the noise of `factor` 2^`exponent` times the data."""
        if self.covariance is not None:
            return Gaussian(covariance=np.ldexp(self.covariance, 2 * exponent) * factor * factor)
        return Gaussian(None if self.sigma is None else np.ldexp(self.sigma, exponent) * factor)

    def variance(self, mean: torch.Tensor) -> torch.Tensor:
        """Return the variance (..., B) of data whose expectation is `mean`."""
        variance = np.square(self.sigma) if self.covariance is None else self.covariance.diagonal()
        return torch.from_numpy(np.array(variance)).to(mean).expand_as(mean)

    def check(self, Y: torch.Tensor) -> None:
        """Raise ValueError if the numbers are not as many as the bands of data (H, W, B)."""
        bands = Y.shape[-1]
        if self.sigma is not None and self.sigma.shape not in ((), (1,), (bands,)):
            raise ValueError(f"sigma has the shape {self.sigma.shape}: give a number, or one for each of {bands}")
        if self.covariance is not None and len(self.covariance) != bands:
            raise ValueError(f"covariance has the shape {self.covariance.shape}, not ({bands}, {bands})")


def _check_covariance(covariance: np.ndarray) -> None:
    square = covariance.ndim == 2 and covariance.shape[0] == covariance.shape[1]
    if square and np.allclose(covariance, covariance.T, rtol=1e-4, atol=1e-6 * np.abs(covariance).max()):
        eigenvalues = np.linalg.eigvalsh(covariance)
        if eigenvalues[0] >= -1e-6 * eigenvalues[-1]:
            return
    raise ValueError("covariance must be a symmetric positive semi-definite matrix")


@dataclass(frozen=True)
class Poisson:
    """Photon noise: `photons` are counted where the signal is 1, and read-out adds `readout` electrons r.m.s.

    y = (Poisson(photons x) + readout N(0, 1)) / photons.
    """

    photons: float
    readout: float = 0.0

    def __post_init__(self):
        check_positive("photons", self.photons)
        check_not_negative("readout", self.readout)

    def times(self, factor: float, exponent: int = 0) -> "Poisson":
        """Return the noise of `factor` 2^`exponent` times the data."""
        return Poisson(ldexp(self.photons, -exponent) / factor, self.readout)

    def variance(self, mean: torch.Tensor) -> torch.Tensor:
        """Return the variance of data whose expectation is `mean`; negative ones count as zero."""
        return mean.clamp(min=0) / self.photons + (self.readout / self.photons) ** 2

    def check(self, Y: torch.Tensor) -> None:
        """Raise ValueError for counts that are lower than the read-out can make them."""
        least, allowed = self.photons * Y.min().item(), -DEEPEST * self.readout
        if least < allowed - 1e-3:
            raise ValueError(
                f"Y has counts down to {least:.4g}, where Poisson noise with a readout of {self.readout} has none below"
                f" {allowed:.4g}: subtract no background, or give the readout noise"
            )


Noise = Gaussian | Poisson


def draw_noise(noise: Noise, signal: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return Gaussian noise with the covariance that the model has for a signal (..., B)."""
    drawn = torch.randn(signal.shape, generator=generator, device=signal.device)
    if isinstance(noise, Gaussian) and noise.covariance is not None:
        variances, axes = torch.linalg.eigh(torch.from_numpy(noise.covariance).to(signal.device))
        return drawn @ (axes * variances.clamp(min=0).sqrt()).T.to(drawn)
    return drawn * noise.variance(signal).sqrt()


def mixed_differences(Y: torch.Tensor) -> torch.Tensor:
    """Return (y00 - y01 - y10 + y11) / 2 of 2 x 2 neighbours: (H - 1, W - 1, B), with the variance of white noise."""
    rows = Y[1:] - Y[:-1]
    return (rows[:, 1:] - rows[:, :-1]) / 2


def with_level(noise: Noise | None, Y: torch.Tensor) -> Noise:
    """Return the noise model of data (H, W, B) with its level estimated where that is open."""
    if isinstance(noise, Poisson) or (noise is not None and (noise.sigma is not None or noise.covariance is not None)):
        return noise
    differences = mixed_differences(Y).abs().flatten(0, 1)
    return Gaussian((differences.median(dim=0).values / MEDIAN).cpu().numpy())


def refuse_contradiction(white: torch.Tensor) -> None:
    """Raise ValueError if data (H, W, B) scaled to unit noise vary less from pixel to pixel than noise alone does."""
    squares = mixed_differences(white).square()
    share, doubt = squares.mean().item(), DEVIATIONS * (4 / squares.numel()) ** 0.5
    if share < min(LEAST_SHARE, 1 - doubt):
        raise ValueError(
            f"neighbouring pixels of Y differ by {share:.2g} of the noise variance that is claimed, where the noise"
            f" alone makes it 1: its level is at most {share**0.5:.2g} of the one given, or it is not independent"
            " between pixels"
        )
