"""Keeps the largest coefficients of the clean image, as many as there are measurements: the best of several bases.

No method can know which ones these are. The bases are orthonormal: the cosine transform of the whole image, and the
wavelets db4 and sym8, periodic, of up to six levels; the biorthogonal bior4.4 (9/7) is nearly so.

Cohen, Dahmen and DeVore, Compressed sensing and best k-term approximation, Journal of the American Mathematical Society
22 (2009), DOI 10.1090/S0894-0347-08-00610-3.
"""

import warnings

import numpy as np
import pywt
from scipy.fft import dctn, idctn

from benchmark.contract import Estimate, Problem, Skipped

LABEL = "Best terms of the clean image"
FAMILY = "control"
TASKS = {"recover"}
OPERATORS = {"scrambled_hadamard", "scrambled_dct"}
DEVICES = {"cpu"}
CONTROL = True
SEES_TRUTH = True

WAVELETS = ("db4", "sym8", "bior4.4")
LEVELS = 6


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the approximation, H x W, that is closest to the clean image."""
    clean = problem.observed.astype(np.float64)
    if "measurements" not in problem.granted:
        raise Skipped("best_terms needs the number of measurements, and this problem tells none")
    number = int(problem.granted["measurements"])
    images = [idctn(largest(dctn(clean, norm="ortho"), number), norm="ortho")]
    images += [in_wavelets(clean, wavelet, number) for wavelet in WAVELETS]
    return Estimate(signal=min(images, key=lambda image: np.linalg.norm(image - clean)))


def in_wavelets(image: np.ndarray, wavelet: str, number: int) -> np.ndarray:
    """Return the approximation of an image by the largest coefficients of a wavelet."""
    # Of odd sides there are a few more coefficients than pixels.
    levels = min(LEVELS, int(np.log2(min(image.shape))))
    with warnings.catch_warnings():
        # Where the filter is longer than the image at a level, it goes around it: that is what is wanted.
        warnings.filterwarnings("ignore", message="Level value")
        coefficients = pywt.wavedec2(image, wavelet, mode="periodization", level=levels)
    array, slices = pywt.coeffs_to_array(coefficients)
    kept = pywt.array_to_coeffs(largest(array, number), slices, output_format="wavedec2")
    height, width = image.shape
    return pywt.waverec2(kept, wavelet, mode="periodization")[:height, :width]


def largest(coefficients: np.ndarray, number: int) -> np.ndarray:
    """Return the coefficients with all but the `number` largest ones set to zero."""
    magnitudes = np.abs(coefficients)
    number = min(number, magnitudes.size)
    threshold = np.partition(magnitudes, magnitudes.size - number, axis=None)[magnitudes.size - number]
    return np.where(magnitudes >= threshold, coefficients, 0)
