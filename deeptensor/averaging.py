"""The running average of the iterates, robust to the spikes of Adam's loss."""

from collections.abc import Sequence

import torch

DECAY = 0.99
# In mean absolute deviations: four standard deviations, were the losses Gaussian.
OUTLIER = 5.0


class RunningAverage:
    """The exponential average of factors, corrected for its start, that leaves out the iterates of outlying loss.

    Late in a fit the loss can jump; the iterates of one jump would spoil the average for hundreds of iterations. An
    iterate counts unless its loss exceeds `level` + 5 `deviation`, the exponential averages of the losses and of their
    absolute deviations from `level`. These two take in an outlier as if it lay on that limit, so that a lasting rise
    lifts the limit until iterates count again. Both start at the first loss, so that no early iterate is an outlier.
    """

    def __init__(self, factors: Sequence[torch.Tensor], loss: torch.Tensor):
        """Start from the first iterate and its loss, a scalar tensor."""
        self.averages = [factor.clone() for factor in factors]
        self.level = self.deviation = loss
        self.weight = torch.full_like(loss, 1 - DECAY)

    def update(self, factors: Sequence[torch.Tensor], loss: torch.Tensor) -> None:
        """Take in the next iterate and its loss, without waiting for the value."""
        limit = self.level + OUTLIER * self.deviation
        counts = loss <= limit
        self.weight = torch.where(counts, DECAY * self.weight + 1 - DECAY, self.weight)
        share = (1 - DECAY) / self.weight
        for average, factor in zip(self.averages, factors, strict=True):
            # Selected, not weighted by zero: the factors of an outlier may be infinite.
            average.lerp_(torch.where(counts, factor, average), share.to(average.dtype))
        loss = torch.fmin(loss, limit)
        self.deviation = self.deviation.lerp((loss - self.level).abs(), 1 - DECAY)
        self.level = self.level.lerp(loss, 1 - DECAY)
