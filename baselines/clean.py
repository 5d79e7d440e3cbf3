"""The clean signal itself, the ceiling: what a perfect method scores under each metric."""

from benchmark.contract import Estimate, Problem

LABEL = "Clean"
FAMILY = "control"
TASKS = {"denoise", "outliers", "recover", "factorise"}
DEVICES = {"cpu"}
CONTROL = True
SEES_TRUTH = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the clean signal, which a control gets as its observation."""
    return Estimate(signal=problem.observed)
