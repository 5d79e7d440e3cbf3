"""Generalised Anscombe transform: turns Poisson noise with Gaussian read-out into noise of about unit variance.

Mäkitalo and Foi, Optimal inversion of the generalized Anscombe transformation for Poisson-Gaussian noise, IEEE
Transactions on Image Processing 22 (2013), DOI 10.1109/TIP.2012.2202675.
"""

import numpy as np

from benchmark.noise import Noise, Poisson

# The transform of zero counts without read-out noise; the inverse below is zero there.
ZERO = 2 * np.sqrt(3 / 8)


def stabilise(observed: np.ndarray, noise: Noise | None) -> np.ndarray:
    """Return 2 sqrt(z + 3/8 + readout^2) of the counts z = photons * observed, in double precision, any shape.

    The root's argument is clipped at zero. The noise of the result has unit variance above a few counts. Raises
    ValueError for noise other than Poisson, whose variance this does not stabilise.
    """
    if not isinstance(noise, Poisson):
        raise ValueError(f"the Anscombe transform stabilises Poisson noise, not {noise}: choose a method without it")
    counts = noise.photons * observed.astype(np.float64)
    return 2 * np.sqrt(np.maximum(counts + 3 / 8 + noise.readout**2, 0))


def unstabilise(stabilised: np.ndarray, noise: Poisson) -> np.ndarray:
    """Return the signal whose stabilised observations have the mean D given, in units of the signal, same shape.

    Closed form of the exact unbiased inverse: D^2/4 + sqrt(3/2)/4 D^-1 - 11/8 D^-2 + 5/8 sqrt(3/2) D^-3 - 1/8 -
    readout^2 counts. D is clipped from below at 2 sqrt(3/8) and the counts at zero, as no signal lies there.
    """
    mean = np.maximum(stabilised, ZERO)
    series = np.sqrt(3 / 2) / 4 / mean - 11 / 8 / mean**2 + 5 / 8 * np.sqrt(3 / 2) / mean**3
    counts = mean**2 / 4 + series - 1 / 8 - noise.readout**2
    return np.maximum(counts, 0) / noise.photons
