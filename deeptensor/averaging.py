"""The running average of the iterates, robust to the spikes of Adam's loss."""

from collections.abc import Sequence

import torch

DECAY = 0.99
# In mean absolute deviations: four standard deviations, were the losses Gaussian.
OUTLIER = 5.0


def per_problem(values: torch.Tensor, array: torch.Tensor) -> torch.Tensor:
    """Return values (B,) shaped so that they broadcast against an array (B, ...)."""
    return values.view(-1, *[1] * (array.ndim - 1))


class RunningAverage:
    """The exponential average of iterates, corrected for its start, that leaves out the iterates of outlying loss.

    Late in a fit the loss can jump; the iterates of one jump would spoil the average for hundreds of iterations. An
    iterate counts unless its loss exceeds `level` + 5 `deviation`, the exponential averages of the losses and of their
    absolute deviations from `level`. These two take in an outlier as if it lay on that limit, so that a lasting rise
    lifts the limit until iterates count again. Both start at the first loss, so that no early iterate is an outlier.
    """

    def __init__(self, iterate: Sequence[torch.Tensor], loss: torch.Tensor):
        """Start from the first iterate, tensors (B, ...), and its losses (B,)."""
        self.averages = [tensor.clone() for tensor in iterate]
        self.level, self.deviation = loss.clone(), loss.clone()
        self.weight = torch.full_like(loss, 1 - DECAY)

    def update(self, iterate: Sequence[torch.Tensor], loss: torch.Tensor, running: torch.Tensor) -> None:
        """Take in the next iterate of each problem that is still running (B,), without waiting for the values."""
        limit = self.level + OUTLIER * self.deviation
        counts = running & (loss <= limit)
        self.weight = torch.where(counts, DECAY * self.weight + 1 - DECAY, self.weight)
        share = (1 - DECAY) / self.weight
        for average, tensor in zip(self.averages, iterate, strict=True):
            # Selected, not weighted by zero: the factors of an outlier may be infinite.
            taken = torch.where(per_problem(counts, tensor), tensor, average)
            average.lerp_(taken, per_problem(share, tensor).to(average.dtype))
        loss = torch.fmin(loss, limit)
        self.deviation = self.deviation.lerp((loss - self.level).abs(), 1 - DECAY)
        self.level = self.level.lerp(loss, 1 - DECAY)
