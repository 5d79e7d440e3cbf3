"""Fine-tuning of a recurrent network whose two matrices stand as factors, by one recipe for all formats."""

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from benchmark.algorithms.factored_matrices import weight_of
from benchmark.algorithms.gated_recurrent import CLIP, Network, mean_loss, summed_loss


class Stored(nn.Module):
    """A matrix as the arrays of its format, each of which is trained."""

    def __init__(self, parts: Mapping[str, torch.Tensor]):
        super().__init__()
        self.names = list(parts)  # names of parameters have no dots
        self.arrays = nn.ParameterList(parts.values())

    def weight(self) -> torch.Tensor:
        """Return the matrix."""
        return weight_of(dict(zip(self.names, self.arrays, strict=True)))


def standing(factors: Mapping[str, Mapping[str, torch.Tensor]], others: Mapping[str, np.ndarray]) -> Network:
    """Return a network with the factors of its `input` and `state`, and all its other arrays by name."""
    matrices = {name: Stored(own) for name, own in factors.items()}
    network = Network(others["before.weight"].shape[1], **matrices, dropout=0.0)
    network.load_state_dict({name: torch.from_numpy(own) for name, own in others.items()}, strict=False)
    return network


def retrained(
    network: Network,
    training: Sequence[torch.Tensor],
    validation: Sequence[torch.Tensor],
    epochs: int,
    learning_rate: float,
    batch: int,
) -> None:
    """Train a network by Adam, and leave it as it is at the epoch of lowest validation loss, the start among them.

    The order of sequences is drawn from a seed of its own; norms of gradients are clipped as in training.
    """
    draw = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(network.parameters(), learning_rate)
    least, best = mean_loss(network, validation, batch), copy.deepcopy(network.state_dict())
    for _ in range(epochs):
        network.train()
        for own in torch.randperm(len(training), generator=draw).split(batch):
            total, number = summed_loss(network, [training[place] for place in own])
            optimiser.zero_grad()
            (total / number).backward()
            nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimiser.step()
        if (loss := mean_loss(network, validation, batch)) < least:
            least, best = loss, copy.deepcopy(network.state_dict())
    network.load_state_dict(best)
