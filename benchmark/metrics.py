"""Measures of an estimate against the clean signal. Estimates are not clipped."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

SSIM_WINDOW = 7


@dataclass(frozen=True)
class Metric:
    """A measure of agreement.

    `function` maps (clean, estimate, data_range), two arrays of one shape and the peak of the clean signals, to a
    number, shown under `label` with `decimals` digits; `applies` says whether it suits a clean signal.
    """

    function: Callable[[np.ndarray, np.ndarray, float], float]
    label: str
    higher_is_better: bool
    decimals: int
    applies: Callable[[np.ndarray], bool] = lambda clean: True


def psnr(clean: np.ndarray, estimate: np.ndarray, data_range: float) -> float:
    """Return 10 log10(data_range^2 / mean squared error) in dB over all entries; infinite for equal signals."""
    with np.errstate(divide="ignore"):
        return float(peak_signal_noise_ratio(clean, estimate, data_range=data_range))


def ssim(clean: np.ndarray, estimate: np.ndarray, data_range: float) -> float:
    """Return the mean structural similarity of H x W images, or of the bands of H x W x B cubes, in windows of 7 x 7.

    Wang et al. 2004, DOI 10.1109/TIP.2003.819861, with uniform windows as in the script of the DeepTensor authors.
    """
    channel_axis = -1 if clean.ndim == 3 else None
    return float(
        structural_similarity(clean, estimate, win_size=SSIM_WINDOW, data_range=data_range, channel_axis=channel_axis)
    )


def has_ssim_windows(clean: np.ndarray) -> bool:
    """Return whether a signal is an image or a cube of images that hold one window."""
    return clean.ndim in (2, 3) and min(clean.shape[:2]) >= SSIM_WINDOW


def sam(clean: np.ndarray, estimate: np.ndarray, data_range: float) -> float:
    """Return the mean angle in degrees between the spectra of H x W x B cubes, whatever their scale.

    Kruse et al. 1993, DOI 10.1016/0034-4257(93)90013-N. Pixels with a zero clean spectrum have no angle and are left
    out; a zero estimate of any other counts 90 degrees.
    """
    lit = np.linalg.norm(clean, axis=-1) > 0
    truth, answer = clean[lit], estimate[lit]
    norms = np.linalg.norm(truth, axis=-1) * np.linalg.norm(answer, axis=-1)
    cosines = np.divide(np.sum(truth * answer, axis=-1), norms, out=np.zeros_like(norms), where=norms > 0)
    return float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean())


def has_spectra(clean: np.ndarray) -> bool:
    """Return whether a signal is a cube of spectra, not all of them zero."""
    return clean.ndim == 3 and clean.shape[2] > 1 and bool(clean.any())


METRICS = {
    "psnr": Metric(psnr, "PSNR [dB]", higher_is_better=True, decimals=2),
    "ssim": Metric(ssim, "SSIM", higher_is_better=True, decimals=3, applies=has_ssim_windows),
    "sam": Metric(sam, "SAM [°]", higher_is_better=False, decimals=2, applies=has_spectra),
}


def score(clean: np.ndarray, estimate: np.ndarray, data_range: float) -> dict[str, float]:
    """Return the value of each metric that applies, computed in double precision.

    Raises ValueError where the shapes differ.
    """
    if clean.shape != estimate.shape:
        raise ValueError(f"the estimate has shape {estimate.shape}, the clean signal {clean.shape}")
    truth, answer = clean.astype(np.float64), estimate.astype(np.float64)
    suitable = {name: metric for name, metric in METRICS.items() if metric.applies(truth)}
    return {name: metric.function(truth, answer, data_range) for name, metric in suitable.items()}
