"""Gives each note its probability after the last chord in the chain that the sequences were drawn from.

No answer has a lower expected loss: it is the entropy of the notes, each on its own, given the past.
"""

from benchmark.contract import Estimate, Problem, Skipped

LABEL = "The chain itself (sees it)"
FAMILY = "control"
TASKS = {"sequence"}
DEVICES = {"cpu"}
CONTROL = True
SEES_TRUTH = True


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return the chords and the probabilities of notes after each; skip sequences that no known chain made."""
    if "states" not in problem.granted:
        raise Skipped("no chain is known that made these sequences")
    return Estimate(parts={f"chain.{name}": problem.granted[name] for name in ("states", "following")})
