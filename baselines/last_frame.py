"""Minimises the penalised negative log-likelihood of the next frame by logistic regression on the last frame.

Cox, The regression analysis of binary sequences, Journal of the Royal Statistical Society B 20 (1958),
DOI 10.1111/j.2517-6161.1958.tb00292.x. All notes of the last frame predict each note, with half the sum of squares of
their weights as penalty (scikit-learn's default); or `own` alone does, in closed form from counts, one half added to
each.
"""

from typing import Literal

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.notes import marginal_odds, transitions
from benchmark.contract import Estimate, Problem

LABEL = "Logistic regression on the last frame"
FAMILY = "regression"
TASKS = {"sequence"}
DEVICES = {"cpu"}


def solve(
    problem: Problem, *, seed: int, device: str, regressors: Literal["all", "own"] = "all", iterations: int = 200
) -> Estimate:
    """Return the log-odds of the notes (p,) after silence, and what each sounding note adds to them (p x p, or p)."""
    check_choices(solve, regressors=regressors)
    before, after = transitions(problem.observed, problem.granted["lengths"])
    if regressors == "own":
        off, on = (
            np.log((np.sum(after * w, axis=0) + 0.5) / (np.sum((1 - after) * w, axis=0) + 0.5))
            for w in (1 - before, before)
        )
        return Estimate(parts={"table.bias": off, "table.weight": on - off})
    notes = before.shape[1]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight, bias = flat[:-notes].reshape(notes, notes), flat[-notes:]
        odds = before @ weight.T + bias
        loss = np.sum(np.logaddexp(0, odds) - after * odds) + np.sum(weight**2) / 2
        residual = expit(odds) - after
        return loss, np.concatenate([(residual.T @ before + weight).ravel(), residual.sum(axis=0)])

    first = np.concatenate([np.zeros(notes**2), marginal_odds(after)])
    found = minimize(objective, first, jac=True, method="L-BFGS-B", options={"maxiter": iterations}).x
    return Estimate(parts={"table.weight": found[:-notes].reshape(notes, notes), "table.bias": found[-notes:]})
