"""Noise models: how an observation is drawn from a clean signal, and what a method may know of it."""

from dataclasses import dataclass

import numpy as np

from benchmark.kinds import NotNegative, Positive, Share


@dataclass(frozen=True)
class Gaussian:
    """Additive white noise of standard deviation `sigma`, in units of the signal."""

    sigma: NotNegative

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of `clean`."""
        return clean + self.sigma * rng.standard_normal(clean.shape)

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Return the noise variance of each entry whose expectation is `mean`."""
        return np.full(np.shape(mean), self.sigma**2)


@dataclass(frozen=True)
class BandGaussian:
    """Additive white noise whose standard deviation differs from band to band, between `least` and `most`.

    That of each band, the last axis of a signal, is uniform, and drawn from `seed`: it is the same for every draw.
    """

    least: NotNegative
    most: NotNegative
    seed: int = 0

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of `clean`."""
        return clean + self.sigmas(clean.shape[-1]) * rng.standard_normal(clean.shape)

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Return the noise variance of each entry whose expectation is `mean`, of the shape (..., bands)."""
        return np.broadcast_to(self.sigmas(np.shape(mean)[-1]) ** 2, np.shape(mean))

    def sigmas(self, bands: int) -> np.ndarray:
        """Return the standard deviation of each band, of shape (bands,)."""
        return np.random.default_rng(self.seed).uniform(self.least, self.most, bands)


@dataclass(frozen=True)
class Poisson:
    """Photon noise: `photons` are counted on average where the signal is 1, then `readout` electrons r.m.s. are added.

    y = (Poisson(photons * x) + readout * N(0, 1)) / photons, not clipped: the camera of the paper's Figs 2, 9, 11, 12.
    """

    photons: Positive
    readout: NotNegative = 0.0

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of `clean`; ValueError if a value of it is negative."""
        if clean.min() < 0:
            raise ValueError("photons cannot be counted where the signal is negative: choose noise of another model")
        counts = rng.poisson(self.photons * clean)
        return (counts + self.readout * rng.standard_normal(clean.shape)) / self.photons

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Return the noise variance of each entry whose expectation is `mean` (negative values count as zero)."""
        return np.maximum(mean, 0) / self.photons + (self.readout / self.photons) ** 2


@dataclass(frozen=True)
class Rician:
    """The magnitude of a complex signal with noise of standard deviation `sigma` in both parts: the paper's Fig 6.

    y = sqrt((x + sigma n1)^2 + (sigma n2)^2), n1 and n2 standard normal.
    """

    sigma: NotNegative

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of `clean`."""
        real, imaginary = self.sigma * rng.standard_normal((2, *clean.shape))
        return np.hypot(clean + real, imaginary)

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Return the noise variance where the expectation is `mean`, in the limit of signals far above `sigma`."""
        return np.full(np.shape(mean), self.sigma**2)


@dataclass(frozen=True)
class SaltAndPepper:
    """A share `density` of the entries is replaced by 0 or 1, either with equal probability; the rest are exact.

    Its place is known nowhere but by the values: a clean entry may be 0 or 1, too.
    """

    density: Share

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of `clean`, whose peak is 1."""
        draw = rng.random(clean.shape)
        return np.where(draw < self.density / 2, 0.0, np.where(draw < self.density, 1.0, clean))


@dataclass(frozen=True)
class Skewed:
    """A Gaussian and a squared Gaussian: the noise of the paper's Tables 2 and 3, there called Rician.

    y = x + gaussian n1 + square n2^2, clipped to [0, 10], n1 and n2 standard normal. The authors' script has 0.3 for
    both, the paper's text 0.09 and 0.3. It is not centred: its mean, before the clipping, is `square`.
    """

    gaussian: NotNegative
    square: NotNegative

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of `clean`."""
        first, second = rng.standard_normal((2, *clean.shape))
        return np.clip(clean + self.gaussian * first + self.square * second**2, 0, 10)

    @property
    def bias(self) -> float:
        """Return the mean of the noise before the clipping."""
        return self.square


Noise = Gaussian | BandGaussian | Poisson | Rician | SaltAndPepper | Skewed
