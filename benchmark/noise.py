"""Noise models: how an observation is drawn from a clean signal, and what a method may know of it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Gaussian:
    """Additive white noise of standard deviation `sigma`, in units of the signal."""

    sigma: float

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of `clean`."""
        return clean + self.sigma * rng.standard_normal(clean.shape)

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Return the noise variance of each entry whose expectation is `mean`."""
        return np.full(np.shape(mean), self.sigma**2)


@dataclass(frozen=True)
class Poisson:
    """Photon noise: `photons` are counted on average where the signal is 1, then `readout` electrons r.m.s. are added.

    y = (Poisson(photons * x) + readout * N(0, 1)) / photons, not clipped: the camera of the paper's Figs 2, 9, 11, 12.
    """

    photons: float
    readout: float = 0.0

    def sample(self, clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return an observation of the non-negative signal `clean`."""
        counts = rng.poisson(self.photons * clean)
        return (counts + self.readout * rng.standard_normal(clean.shape)) / self.photons

    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Return the noise variance of each entry whose expectation is `mean` (negative values count as zero)."""
        return np.maximum(mean, 0) / self.photons + (self.readout / self.photons) ** 2


Noise = Gaussian | Poisson

MODELS = {"gaussian": Gaussian, "poisson": Poisson}


def noise_from(entry: dict) -> Noise:
    """Build the noise model of a config entry such as `{model: poisson, photons: 100, readout: 2}`."""
    settings = dict(entry)
    return MODELS[settings.pop("model")](**settings)
