"""Measures of an estimate against the clean signal, and how they are shown. Estimates are not clipped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

SSIM_WINDOW, GAUSSIAN_WINDOW = 7, 11
# In masks of what moves, pixels that do, and those of which that is not known.
MOVING, UNKNOWN = 1, 2
# The rule of what moves: deviations of the noise, the least distance, and the side of the window that drops specks.
DEVIATIONS, LEAST_DISTANCE, SPECKS = 5, 2 / 255, 5
# Singular values up to this share of the largest are none.
NOTHING = 1e-10


@dataclass(frozen=True)
class Metric:
    """How a measure is shown: under `label`, with `decimals` digits, and whether more is better.

    `smallest` is the smallest effect of interest: a difference below it is none that a claim can be based on. It is a
    choice of this suite, for which a claim may set its own.
    One that is not `traced` is too dear to be taken of every snapshot. A `cost` tells what an answer takes, not what it
    is worth. `error` turns values, single ones or arrays of them, into what is proportional to the squared error, where
    the measure tells that.
    """

    label: str
    higher_is_better: bool
    decimals: int
    smallest: float
    traced: bool = True
    cost: bool = False
    error: Callable[[Any], Any] | None = None


def squared_error(decibels: Any) -> Any:
    """Return the mean squared error that a PSNR says, in units of the squared data range."""
    return 10 ** (-decibels / 10)


METRICS = {
    "psnr": Metric("PSNR [dB]", higher_is_better=True, decimals=2, smallest=0.1, error=squared_error),
    "psnr_debiased": Metric(
        "PSNR, debiased [dB]", higher_is_better=True, decimals=2, smallest=0.1, error=squared_error
    ),
    "mpsnr": Metric("MPSNR [dB]", higher_is_better=True, decimals=2, smallest=0.1),
    "ssim": Metric("SSIM", higher_is_better=True, decimals=3, smallest=0.005),
    "ssim_gaussian": Metric("SSIM, Gaussian window", higher_is_better=True, decimals=3, smallest=0.005),
    "misfit": Metric("Misfit", higher_is_better=False, decimals=5, smallest=0.0001),
    "rmse": Metric("RMSE", higher_is_better=False, decimals=4, smallest=0.001, error=np.square),
    "snr": Metric("SNR [dB]", higher_is_better=True, decimals=2, smallest=0.1, error=squared_error),
    "rank": Metric("Rank", higher_is_better=False, decimals=0, smallest=1),
    "sam": Metric("SAM [°]", higher_is_better=False, decimals=2, smallest=0.1),
    "affinity": Metric("Affinity", higher_is_better=True, decimals=3, smallest=0.01),
    "f_measure": Metric("F", higher_is_better=True, decimals=3, smallest=0.01, traced=False),
    "f_own": Metric("F, own mask", higher_is_better=True, decimals=3, smallest=0.01, traced=False),
    "f_oracle": Metric("F, best threshold (oracle)", higher_is_better=True, decimals=3, smallest=0.01, traced=False),
    "average_precision": Metric("Average precision", higher_is_better=True, decimals=3, smallest=0.01, traced=False),
    "precision": Metric("Precision", higher_is_better=True, decimals=3, smallest=0.01, traced=False),
    "recall": Metric("Recall", higher_is_better=True, decimals=3, smallest=0.01, traced=False),
    "false_positives": Metric("False positives [%]", higher_is_better=False, decimals=2, smallest=0.1, traced=False),
    "accuracy": Metric("Accuracy [%]", higher_is_better=True, decimals=1, smallest=0.5),
    "accuracy_euclidean": Metric(
        "Accuracy, Euclidean [%]", higher_is_better=True, decimals=1, smallest=0.5, traced=False
    ),
    "nll": Metric("NLL [nats a frame]", higher_is_better=False, decimals=3, smallest=0.02),
    "nll_tuned": Metric("NLL, fine-tuned", higher_is_better=False, decimals=3, smallest=0.02, traced=False),
    "nll_increase": Metric("NLL increase", higher_is_better=False, decimals=3, smallest=0.02, traced=False),
    "nll_increase_tuned": Metric(
        "NLL increase, fine-tuned", higher_is_better=False, decimals=3, smallest=0.02, traced=False
    ),
    "accuracy_tuned": Metric("Accuracy, fine-tuned [%]", higher_is_better=True, decimals=1, smallest=0.5, traced=False),
    "count": Metric("Numbers of the matrices", higher_is_better=False, decimals=0, smallest=1, traced=False, cost=True),
    "count_network": Metric("Numbers in all", higher_is_better=False, decimals=0, smallest=1, traced=False, cost=True),
    "accuracy_linear": Metric("Accuracy, linear [%]", higher_is_better=True, decimals=1, smallest=0.5, traced=False),
    "accuracy_rbf": Metric("Accuracy, RBF [%]", higher_is_better=True, decimals=1, smallest=0.5, traced=False),
    "error_increase": Metric("Error increase [points]", higher_is_better=False, decimals=2, smallest=0.1, traced=False),
    "error_increase_tuned": Metric(
        "Error increase, fine-tuned [points]", higher_is_better=False, decimals=2, smallest=0.1, traced=False
    ),
    "error_increase_recalibrated": Metric(
        "Error increase, norms anew [points]", higher_is_better=False, decimals=2, smallest=0.1, traced=False
    ),
    "agreement": Metric(
        "Agreement with the network [%]", higher_is_better=True, decimals=1, smallest=0.5, traced=False
    ),
    "weight_error": Metric("Error of the weights", higher_is_better=False, decimals=3, smallest=0.005, traced=False),
    "response_error": Metric("Error of the outputs", higher_is_better=False, decimals=3, smallest=0.005, traced=False),
    "reduction": Metric("Numbers, reduction", higher_is_better=True, decimals=2, smallest=0.1, traced=False),
    "mac_reduction": Metric(
        "Multiplications, reduction", higher_is_better=True, decimals=2, smallest=0.1, traced=False
    ),
    "reduction_convolutions": Metric(
        "... of convolutions", higher_is_better=True, decimals=2, smallest=0.1, traced=False
    ),
    "error": Metric("Error [%]", higher_is_better=False, decimals=2, smallest=0.1, traced=False),
    "error_crossfilter": Metric(
        "Error, a quarter of the filters [%]", higher_is_better=False, decimals=2, smallest=0.1, traced=False
    ),
    "increase_crossfilter": Metric(
        "... its increase [points]", higher_is_better=False, decimals=2, smallest=0.1, traced=False
    ),
    "filters": Metric("Filters for 95 % [%]", higher_is_better=False, decimals=1, smallest=1, traced=False),
    "filters_centred": Metric("... about their mean [%]", higher_is_better=False, decimals=1, smallest=1, traced=False),
    "speedup": Metric("Speed-up, median", higher_is_better=True, decimals=2, smallest=0.1, traced=False),
    "speedup_least": Metric("Speed-up, least seconds", higher_is_better=True, decimals=2, smallest=0.1, traced=False),
    "relative_error": Metric("Relative error [%]", higher_is_better=False, decimals=3, smallest=0.01),
    "match": Metric("Match of factors", higher_is_better=True, decimals=3, smallest=0.01, traced=False),
    "recovered": Metric("Recovered [%]", higher_is_better=True, decimals=0, smallest=1, traced=False),
    "concentrations": Metric("Correlation", higher_is_better=True, decimals=4, smallest=0.01, traced=False),
    "angle": Metric("Angle to end-members [°]", higher_is_better=False, decimals=2, smallest=0.1, traced=False),
    "area_under_curve": Metric("Area under ROC", higher_is_better=True, decimals=3, smallest=0.01, traced=False),
    "excess": Metric("Excess error [%]", higher_is_better=False, decimals=2, smallest=0.1, traced=False),
    "covariance_error": Metric(
        "Covariance error [%]", higher_is_better=False, decimals=4, smallest=0.001, traced=False
    ),
    "bound_share": Metric("... over FD's bound", higher_is_better=False, decimals=2, smallest=0.01, traced=False),
    "kept": Metric("Numbers kept", higher_is_better=False, decimals=0, smallest=1, traced=False, cost=True),
    "nonzeros": Metric("Non-zeros", higher_is_better=False, decimals=0, smallest=1, traced=False, cost=True),
    "consensus": Metric("Disagreement of nodes", higher_is_better=False, decimals=6, smallest=1e-6, traced=False),
    "own_excess": Metric("... in own bases [%]", higher_is_better=False, decimals=2, smallest=0.1, traced=False),
    "kilobytes": Metric(
        "Sent by a node [kB]", higher_is_better=False, decimals=2, smallest=0.01, traced=False, cost=True
    ),
    "regret": Metric("Regret [% of the revenue]", higher_is_better=False, decimals=1, smallest=0.5, traced=False),
    "regret_slope": Metric("Slope of the regret", higher_is_better=False, decimals=2, smallest=0.01, traced=False),
}


class Taken:
    """The measures of the answer that was measured last, taken together: they have in common what is dear."""

    def __init__(self, take: Callable[[Mapping], Mapping[str, float]]):
        self.take, self.answer, self.values = take, None, {}

    def of(self, name: str, answer: Mapping) -> float:
        """Return a measure of an answer."""
        if answer is not self.answer:
            self.answer, self.values = answer, self.take(answer)
        return self.values[name]


def psnr(clean: np.ndarray, estimate: np.ndarray, data_range: float) -> float:
    """Return 10 log10(data_range^2 / mean squared error) in dB over all entries; infinite for equal signals."""
    # Not scikit-image's, which it equals: that loads SciPy's statistics, a second more for each of a thousand jobs.
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(data_range**2 / np.mean((clean - estimate) ** 2, dtype=np.float64)))


def mpsnr(clean: np.ndarray, estimate: np.ndarray, data_range: float) -> float:
    """Return the mean over the bands of H x W x B cubes of each band's PSNR in dB: dark bands count as bright ones."""
    with np.errstate(divide="ignore"):
        errors = np.mean((clean - estimate) ** 2, axis=(0, 1), dtype=np.float64)
        return float(np.mean(10 * np.log10(data_range**2 / errors)))


def ssim(clean: np.ndarray, estimate: np.ndarray, data_range: float) -> float:
    """Return the mean structural similarity of H x W images, or of the bands of H x W x B cubes, in windows of 7 x 7.

    Wang et al. 2004, DOI 10.1109/TIP.2003.819861, with uniform windows as in the script of the DeepTensor authors.
    """
    from skimage.metrics import structural_similarity  # it takes half a second to load, and not all tasks need it

    channel_axis = -1 if clean.ndim == 3 else None
    return float(
        structural_similarity(clean, estimate, win_size=SSIM_WINDOW, data_range=data_range, channel_axis=channel_axis)
    )


def ssim_gaussian(clean: np.ndarray, estimate: np.ndarray, data_range: float) -> float:
    """Return the mean structural similarity of H x W images as it was proposed, in Gaussian windows of 11 x 11.

    Wang et al. 2004, DOI 10.1109/TIP.2003.819861: of standard deviation 1.5.
    """
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(
            clean, estimate, data_range=data_range, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )


def frame_accuracy(following: np.ndarray, odds: np.ndarray) -> float:
    """Return TP / (TP + FP + FN) in percent over all frames and notes of what has p > 1/2; 0 where nothing is on."""
    truth, found = following > 0.5, odds > 0
    return 100 * float(np.sum(truth & found) / max(np.sum(truth | found), 1))


def misfit(observed: np.ndarray, prediction: np.ndarray) -> float:
    """Return the norm of the difference of measurements and their prediction, as a share of that of the measurements.

    The arrays are of one shape, the measurements not all zero.
    """
    return float(np.linalg.norm(observed - prediction) / np.linalg.norm(observed))


def rmse(truth: np.ndarray, answer: np.ndarray) -> float:
    """Return the root of the mean squared difference of two arrays of one shape."""
    return float(np.sqrt(np.mean((truth - answer) ** 2, dtype=np.float64)))


def snr(truth: np.ndarray, answer: np.ndarray) -> float:
    """Return 20 log10(||truth|| / ||truth - answer||) in dB of arrays of one shape; infinite for equal ones."""
    with np.errstate(divide="ignore"):
        return float(20 * np.log10(np.linalg.norm(truth) / np.linalg.norm(truth - answer)))


def numerical_rank(matrix: np.ndarray) -> float:
    """Return how many singular values of an m x n matrix are above 1e-4 of the largest, which rounding is far below.

    They come from the Gram matrix of the shorter side, which knows them to 1e-8 of the largest.
    """
    own = matrix.astype(np.float64)
    squares = np.linalg.eigvalsh(own @ own.T if len(own) <= own.shape[1] else own.T @ own)
    return float(np.count_nonzero(squares > 1e-8 * squares[-1])) if squares[-1] > 0 else 0.0


def fidelity(clean: np.ndarray) -> dict[str, Callable[[np.ndarray], float]]:
    """Return the measures of an estimate of `clean`, whose peak is 1, by name: PSNR, and SSIM where a window fits."""
    measures = {"psnr": partial(psnr, clean, data_range=1.0)}
    return measures | ({"ssim": partial(ssim, clean, data_range=1.0)} if has_ssim_windows(clean) else {})


def has_ssim_windows(clean: np.ndarray) -> bool:
    """Return whether a signal is an image or a cube of images that hold one window."""
    return clean.ndim in (2, 3) and min(clean.shape[:2]) >= SSIM_WINDOW


def sam(clean: np.ndarray, estimate: np.ndarray) -> float:
    """Return the mean angle in degrees between the spectra of H x W x B cubes, whatever their scale.

    Kruse et al. 1993, DOI 10.1016/0034-4257(93)90013-N. Pixels with a zero clean spectrum have no angle and are left
    out; a zero estimate of any other counts 90 degrees.
    """
    lit = np.linalg.norm(clean, axis=-1) > 0
    truth, answer = clean[lit].astype(np.float64), estimate[lit].astype(np.float64)
    norms = np.linalg.norm(truth, axis=-1) * np.linalg.norm(answer, axis=-1)
    cosines = np.divide(np.sum(truth * answer, axis=-1), norms, out=np.zeros_like(norms), where=norms > 0)
    return float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean())


def has_spectra(clean: np.ndarray) -> bool:
    """Return whether a signal is a cube of spectra, not all of them zero."""
    return clean.ndim == 3 and clean.shape[2] > 1 and bool(clean.any())


def accuracy(labels: np.ndarray, answer: np.ndarray) -> float:
    """Return the share in percent of the labels (n,) that an answer (n,) has right."""
    return 100 * float(np.mean(labels == answer))


def despeckled(distances: np.ndarray) -> np.ndarray:
    """Return what is left of distances H x W x T when each frame is filtered with the median of 5 x 5 pixels.

    A threshold of it is the same as the filtered mask of that threshold, for any threshold.
    """
    from scipy.ndimage import median_filter  # it takes a tenth of a second to load, and one task needs it

    return median_filter(distances, size=(SPECKS, SPECKS, 1))


def threshold_of(distances: np.ndarray) -> float:
    """Return the distance from which on a pixel moves: max(5 * 1.4826 median, 2 / 255) of a whole video.

    1.4826 times the median of |e| is the standard deviation of Gaussian e, even where a part of the pixels moves.
    """
    return max(DEVIATIONS * 1.4826 * float(np.median(distances)), LEAST_DISTANCE)


def moving(distances: np.ndarray) -> np.ndarray:
    """Return the mask of what moves by the distances H x W x T of a video to its background, without any truth."""
    return despeckled(distances) > threshold_of(distances)


def f_measure(target: np.ndarray, mask: np.ndarray) -> float:
    """Return 2 TP / (2 TP + FP + FN) of a mask against another that is not empty, both boolean of one shape."""
    return float(2 * np.sum(target & mask) / (target.sum() + mask.sum()))


def precision(target: np.ndarray, mask: np.ndarray) -> float:
    """Return TP / (TP + FP) of a boolean mask, 0 of one that marks nothing."""
    return float(np.sum(target & mask) / max(mask.sum(), 1))


def recall(target: np.ndarray, mask: np.ndarray) -> float:
    """Return TP / (TP + FN) of a boolean mask against another that is not empty."""
    return float(np.sum(target & mask) / target.sum())


def false_positives(target: np.ndarray, mask: np.ndarray) -> float:
    """Return the share in percent that a boolean mask marks of what the other, which is not full, leaves free."""
    return 100 * float(np.mean(mask[~target]))


def best_f_measure(target: np.ndarray, score: np.ndarray) -> float:
    """Return the largest F-measure that a threshold of the score has, which only the truth can tell."""
    hits, marked = _at_thresholds(target, score)
    return float(np.max(2 * hits / (marked + hits[-1])))


def average_precision(target: np.ndarray, score: np.ndarray) -> float:
    """Return the precision at all thresholds of the score, each weighted by the recall that it adds."""
    hits, marked = _at_thresholds(target, score)
    return float(np.sum(np.diff(hits, prepend=0) / hits[-1] * (hits / marked)))


def _at_thresholds(target: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of each threshold, the highest first, how many entries (n,) are marked rightly, and how many at all."""
    # Not scikit-learn's, which they equal: that takes a second to load, in each of a thousand jobs.
    order = np.argsort(-score)
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))  # of those that share a score
    return np.cumsum(target[order])[last], last + 1


def affinity(basis: np.ndarray, other: np.ndarray) -> float:
    """Return the mean squared cosine of the principal angles between the row spaces of two r x p arrays, from 0 to 1.

    ||Q^T P||_F^2 / r for orthonormal Q and P; a row that adds nothing to its space counts as orthogonal to the other.
    """
    cosines = orthonormal(basis).T @ orthonormal(other)
    return float(np.sum(cosines**2) / len(basis))


def orthonormal(rows: np.ndarray) -> np.ndarray:
    """Return orthonormal columns (n, k) of the same span as the rows (r, n), k their rank."""
    if np.array_equal(rows, np.eye(*rows.shape)):  # of thousands of pixels the decomposition would take minutes
        return rows.T
    left, singular_values, _ = np.linalg.svd(rows.T.astype(np.float64), full_matrices=False)
    return left[:, singular_values > NOTHING * singular_values[0]]


def component_match(truth: Sequence[np.ndarray], answer: Sequence[np.ndarray]) -> float:
    """Return how well components, the columns of factors of equal number, match one to one, from 0 to 1.

    That of a pair is the product over the factors of the cosines' magnitudes; the mean is over the true components, of
    the pairing that makes it largest. So neither order nor scale nor sign count.
    """
    cosines = np.prod([_cosines(own, other) for own, other in zip(truth, answer, strict=True)], axis=0)
    return float(cosines[_pairs(cosines)].sum() / len(cosines))


def disagreement(bases: np.ndarray) -> float:
    """Return how far bases U_j, J x n x r, are from being one, from 0 to 1, in whatever coordinates they have it.

    The columns of all bases, one above the other, are first made orthonormal, by one matrix for all: U_j T. Then it is
    the root of sum_j ||U_j T - M||_F^2 / r, M the mean of U_j T. So no scale and no mixture of columns that all nodes
    apply changes it, and coordinates of a node's own do: where data have the rank, any node has the right subspace by
    itself, and not the others' U. Directions that no basis has are left out; of nothing but zeros it is 1.
    """
    stacked = bases.astype(np.float64).reshape(-1, bases.shape[2])
    apart = (bases - bases.mean(axis=0, dtype=np.float64)).reshape(stacked.shape)
    _, singular_values, right = np.linalg.svd(stacked, full_matrices=False)
    there = singular_values > NOTHING * singular_values[0]
    if not there.any():
        return 1.0
    return float(np.linalg.norm(apart @ (right[there].T / singular_values[there])) / np.sqrt(there.sum()))


def component_angle(truth: np.ndarray, answer: np.ndarray) -> float:
    """Return the mean angle in degrees of true columns, n x r, and those of an answer, n x s, matched one to one.

    A true column that none is left for counts 90 degrees.
    """
    cosines = _cosines(truth, answer)
    angles = np.degrees(np.arccos(np.clip(cosines[_pairs(cosines)], 0, 1)))
    return float((angles.sum() + 90 * (len(cosines) - len(angles))) / len(cosines))


def correlation(truth: np.ndarray, answer: np.ndarray) -> float:
    """Return the least magnitude of the correlation of true columns and those of an answer, matched one to one."""
    cosines = _cosines(*(own - own.mean(axis=0) for own in (truth.astype(np.float64), answer.astype(np.float64))))
    found = cosines[_pairs(cosines)]
    return float(found.min()) if len(found) == len(cosines) else 0.0


def area_under_curve(target: np.ndarray, score: np.ndarray) -> float:
    """Return the share of pairs of a marked and an unmarked entry (n,) whose scores are in order; ties count half."""
    from scipy.stats import rankdata

    hits = int(target.sum())
    return float((rankdata(score)[target].sum() - hits * (hits + 1) / 2) / (hits * (len(target) - hits)))


def _cosines(truth: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Return the magnitudes of the cosines between columns, r x s; a zero column is orthogonal to all."""
    columns = (own.astype(np.float64) for own in (truth, answer))
    one, other = (own / np.maximum(np.linalg.norm(own, axis=0), 1e-300) for own in columns)
    return np.abs(one.T @ other)


def _pairs(cosines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(-cosines)
