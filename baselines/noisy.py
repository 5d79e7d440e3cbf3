"""The observation itself, the floor: a method that falls below does harm."""

from benchmark.contract import Estimate, Problem

LABEL = "Noisy"
FAMILY = "control"
TASKS = {"denoise", "outliers", "factorise"}
DEVICES = {"cpu"}
CONTROL = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the observation."""
    return Estimate(signal=problem.observed)
