"""Gives each note the probability of its share of the training frames, whatever the frames before.

The floor: a network that ignores its input can have it.
"""

from benchmark.algorithms.notes import marginal_odds
from benchmark.contract import Estimate, Problem

LABEL = "Marginals of the notes"
FAMILY = "control"
TASKS = {"sequence"}
DEVICES = {"cpu"}
CONTROL = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the log-odds of the notes (p,)."""
    return Estimate(parts={"table.bias": marginal_odds(problem.observed)})
