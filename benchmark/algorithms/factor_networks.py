"""What the methods that fit a model of `deeptensor` share: the fit to problems, its trace, and rules to stop it.

Licence of the methods called DeepTensor: the authors' code is free, but US patent application 2024/0249123 (Rice
University) claims the method.
"""

from collections.abc import Callable, Sequence

import numpy as np

from benchmark.algorithms.granted import mean_variance
from benchmark.contract import Answer, Estimate, Factors, Problem, Snapshot
from benchmark.noise import SaltAndPepper
from deeptensor.fit import Fit, factorise_many
from deeptensor.models import Decomposition, Model
from deeptensor.stopping import Discrepancy, ExponentialVariance, HeldOut, LowestLoss, Rule, WindowedVariance

STOPPING = ("lowest_loss", "held_out", "discrepancy", "windowed_variance", "exponential_variance")


def factors_of(decomposition: Decomposition) -> Factors:
    """Return factors (*sizes, r) whose plain sum of outer products is the array: weights (r,) go into the first."""
    first, *rest = decomposition.factors
    return (first if decomposition.core is None else first * decomposition.core, *rest)


# From what a fit found to factors, or to the signal as an array.
Reading = Callable[[Decomposition], Answer]


def fit_model(
    problem: Problem, model: Model, *, seed: int, device: str, answer: Reading = factors_of, **settings
) -> Estimate:
    """Return what `fit_side_by_side` returns for a single problem."""
    return fit_side_by_side([problem], model, seeds=[seed], device=device, answer=answer, **settings)[0]


def fit_side_by_side(
    problems: Sequence[Problem],
    model: Model,
    *,
    seeds: Sequence[int],
    device: str,
    answer: Reading = factors_of,
    stopping: str = "lowest_loss",
    schedule: str = "fixed",
    **settings,
) -> list[Estimate]:
    """Fit a model to problems of one shape and rank, each from its seed; return their answers, with traces.

    `answer` reads the factors, or the signal, off an iterate; `stopping` names a rule, see `stopping_rule`; all other
    settings are those of `deeptensor.factorise_many`, the schedule by default the paper's. Raises ValueError for
    several problems that differ in rank, or have operators.
    """
    ranks = {problem.rank for problem in problems}
    if len(problems) > 1 and (len(ranks) > 1 or any(problem.operator is not None for problem in problems)):
        raise ValueError("problems of several ranks, or with operators, are not fitted side by side: solve each alone")
    fits = factorise_many(
        [problem.observed for problem in problems],
        model,
        operator=problems[0].operator,
        stopping=stopping_rule(stopping, problems),
        schedule=schedule,
        seeds=seeds,
        device=device,
        **settings,
    )
    return [_estimate_of(fit, answer) for fit in fits]


def fit_covariance(covariance: np.ndarray, model: Model, **settings) -> Estimate:
    """Return the answer, with a trace, of a symmetric model fitted to a covariance divided by its largest magnitude.

    The settings are those of `fit_model`.
    """
    return fit_model(Problem(covariance), model, scale=float(np.abs(covariance).max()) or 1.0, **settings)


def signal_shape(problem: Problem) -> tuple[int, ...]:
    """Return the shape of the signal that a problem asks for: that observed, or what its operator measures."""
    return (problem.observed if problem.operator is None else problem.operator).shape


def stopping_rule(name: str, problems: Sequence[Problem]) -> Rule:
    """Return the rule, none of which needs the truth, that ends the fit of problems side by side.

    "lowest_loss" is the paper's fixed budget. "discrepancy" waits for the mean square of the residual to come down to
    the mean variance of the noise. "held_out" leaves 5 % of the data out of the fit and watches their error. The last
    two, "windowed_variance" and "exponential_variance", watch how much the iterates vary (arXiv 2112.06074).
    """
    if name not in STOPPING:
        raise ValueError(f"unknown stopping {name!r}; there are: {', '.join(STOPPING)}")
    if name == "discrepancy":
        return Discrepancy(np.stack([_mean_variance(problem) for problem in problems]))
    rules = {"held_out": HeldOut, "windowed_variance": WindowedVariance, "exponential_variance": ExponentialVariance}
    return rules.get(name, LowestLoss)()


def _mean_variance(problem: Problem) -> np.ndarray:
    if problem.noise is None or isinstance(problem.noise, SaltAndPepper):
        raise ValueError(f"stopping 'discrepancy' needs the variance of the noise, which {problem.noise} has not")
    return np.full(problem.observed.shape, mean_variance(problem.noise, problem.observed))


def _estimate_of(fit: Fit, answer: Reading) -> Estimate:
    trace = [Snapshot(s.iteration, s.seconds, s.loss, answer(s.last), answer(s.average)) for s in fit.snapshots]
    found = answer(fit.decomposition)
    form = "factors" if isinstance(found, tuple) else "signal"
    return Estimate(**{form: found}, trace=trace, iterations=fit.iterations)
