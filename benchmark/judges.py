"""What a good answer is, task by task: the measures of an answer against what only scoring may know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.algorithms.principal import principal_components
from benchmark.covariance import leading_eigenpairs, sample_covariance
from benchmark.metrics import affinity, has_spectra, has_ssim_windows, psnr, sam, ssim
from benchmark.samples import as_rows


@dataclass(frozen=True)
class Judge:
    """Scores answers to one problem.

    `measures` names what `score` returns, also where there is no answer; `psnr` is None for answers that have none.
    """

    measures: tuple[str, ...]
    score: Callable[[np.ndarray], dict[str, float]]
    psnr: Callable[[np.ndarray], float] | None


def judge_for(task: str, clean: np.ndarray, withheld: Mapping[str, np.ndarray], rank: int, bias: float) -> Judge:
    """Return the judge of a task for an item.

    `clean` is the signal, or the samples that methods got in their noisy form; `withheld` holds, for the task `basis`,
    `observed` (the noisy training samples), `test` (noisy ones that no method got), and the `labels` and `test_labels`
    of both; `bias` is the mean of the noise.
    """
    if task == "basis":
        return _judge_of_bases(clean, withheld, rank)
    if task == "covariance":
        return _judge_of_covariances(clean, rank)
    return _judge_of_signals(task, clean.astype(np.float64), bias)


def _judge_of_signals(task: str, clean: np.ndarray, bias: float) -> Judge:
    measures = {"psnr": lambda answer: psnr(clean, answer, 1.0)}
    if task == "factorise":
        # What a fit to biased noise could at best return is the clean signal plus the bias.
        measures["psnr_debiased"] = lambda answer: psnr(clean, answer - bias, 1.0)
    elif has_ssim_windows(clean):
        measures["ssim"] = lambda answer: ssim(clean, answer, 1.0)
    if task == "denoise" and has_spectra(clean):
        measures["sam"] = lambda answer: sam(clean, answer, 1.0)

    def score(answer: np.ndarray) -> dict[str, float]:
        if answer.shape != clean.shape:
            raise ValueError(f"the estimate has shape {answer.shape}, the clean signal {clean.shape}")
        return {name: measure(answer.astype(np.float64)) for name, measure in measures.items()}

    return Judge(tuple(measures), score, measures["psnr"])


def _judge_of_covariances(clean: np.ndarray, rank: int) -> Judge:
    """Return PSNR over the range of the clean covariance, as in the paper's Fig 7, and the affinity of eigenvectors."""
    truth = sample_covariance(clean)
    _, vectors = leading_eigenpairs(truth, rank)

    def fidelity(answer: np.ndarray) -> float:
        return psnr(truth, answer.astype(np.float64), float(np.ptp(truth)))

    def score(answer: np.ndarray) -> dict[str, float]:
        symmetric = (answer + answer.T).astype(np.float64) / 2
        _, found = leading_eigenpairs(symmetric, rank)
        return {"psnr": fidelity(answer), "affinity": affinity(vectors.T, found.T)}

    return Judge(("psnr", "affinity"), score, fidelity)


def _judge_of_bases(clean: np.ndarray, withheld: Mapping[str, np.ndarray], rank: int) -> Judge:
    """Return how well projections of noisy samples on a basis tell their classes, and its affinity to the clean basis.

    The clean basis are the principal components of the clean training samples.
    """
    from benchmark.classification import accuracies  # it takes two seconds to load, and bases alone need it

    if "labels" not in withheld:
        raise ValueError(
            "a basis is judged by classification, and the samples have no labels: give a labelled data set"
        )
    samples = as_rows(clean)
    components = principal_components(samples, rank)

    def score(answer: np.ndarray) -> dict[str, float]:
        basis = as_rows(answer)
        return accuracies(basis, withheld) | {"affinity": affinity(components, basis)}

    return Judge(("accuracy_linear", "accuracy_rbf", "affinity"), score, None)
