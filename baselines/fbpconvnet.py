"""Removes the artefacts of filtered backprojection with a trained network, FBPConvNet: not run, and its row says why.

Jin, McCann, Froustey and Unser, Deep convolutional neural network for inverse problems in imaging, IEEE Transactions on
Image Processing 26 (2017), DOI 10.1109/TIP.2017.2713099.
"""

from benchmark.contract import Estimate, Problem, Skipped

LABEL = "FBPConvNet"
FAMILY = "trained network"
TASKS = {"recover"}
OPERATORS = {"radon"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Raise Skipped: there are no weights to run with."""
    raise Skipped(
        "not run: its authors' weights, trained on other data, are a MatConvNet file that a program cannot download; "
        "training a network on data of one's own would be another experiment"
    )
