"""Adam, which lowers the loss of every fit: Kingma and Ba, arXiv 1412.6980."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim.adam import adam


class Adam:
    """Parameters with the running moments of their gradients; its steps are those of PyTorch's fused one.

    The first optimiser of PyTorch in a process imports its compiler, for a second, which no fit needs.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]):
        self.parameters = [own for own in parameters if own.requires_grad]
        self.means = [torch.zeros_like(own) for own in self.parameters]
        self.squares = [torch.zeros_like(own) for own in self.parameters]
        self.steps = [torch.zeros((), dtype=torch.float32, device=own.device) for own in self.parameters]

    def step(self, loss: torch.Tensor, learning_rate: float) -> None:
        """Take one step down the gradient of a loss, a scalar that depends on all the parameters."""
        loss.backward()
        with torch.no_grad():
            adam(
                self.parameters,
                [own.grad for own in self.parameters],
                self.means,
                self.squares,
                [],
                self.steps,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=learning_rate,
                weight_decay=0,
                eps=1e-8,
                maximize=False,
            )
        for own in self.parameters:
            own.grad = None

    def state(self) -> dict[str, list[torch.Tensor]]:
        """Return what a later step depends on beside the parameters, for a checkpoint."""
        return {"means": self.means, "squares": self.squares, "steps": self.steps}

    def restore(self, state: dict[str, list[torch.Tensor]]) -> None:
        """Go on from a state; KeyError or ValueError if it is of other parameters."""
        for name, own in self.state().items():
            for old, new in zip(own, state[name], strict=True):
                if old.shape != new.shape:
                    raise ValueError(f"{name} of shape {tuple(new.shape)} are of other parameters: {tuple(old.shape)}")
                old.copy_(new)
