"""Training of a gated recurrent network whose two matrices have a format, by one recipe for all formats.

Tjandra, Sakti and Nakamura, Recurrent neural network compression based on low-rank tensor representation, IEICE
Transactions on Information and Systems E103-D (2020), arXiv:1802.10410: Adam, sequences in random order and padded, the
norm of gradients clipped at 5, and the epoch of the lowest validation loss kept. The matrices are composed once a
batch, so that every format runs in PyTorch's own recurrent unit.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, leaky_relu
from torch.nn.utils.rnn import pad_sequence

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.factored_matrices import cp_weight, train_weight, tucker_weight
from benchmark.algorithms.notes import marginal_odds
from benchmark.contract import Estimate, Problem, Snapshot

SLOPE = 0.1  # of the leaky rectifier before the unit
CLIP = 5.0
# The standard deviation that the entries of a composed matrix start with.
SPREAD = 0.05
# Where the marginals are the start, the weights after the unit are multiplied by this.
SHRUNK = 0.1


class Dense(nn.Module):
    """A matrix (rows x columns), at the start uniform within h^-1/2."""

    def __init__(self, rows: int, columns: int, hidden: int):
        super().__init__()
        self.matrix = nn.Parameter(torch.empty(rows, columns).uniform_(-(hidden**-0.5), hidden**-0.5))

    def weight(self) -> torch.Tensor:
        """Return the matrix."""
        return self.matrix


class Product(nn.Module):
    """A matrix (rows x columns) as the product of two of `rank` columns and rows."""

    def __init__(self, rows: int, columns: int, rank: int):
        super().__init__()
        sigma = (SPREAD / rank**0.5) ** (1 / 2)
        self.left, self.right = _normal(sigma, rows, rank), _normal(sigma, rank, columns)

    def weight(self) -> torch.Tensor:
        """Return the product."""
        return self.left @ self.right


class KhatriRao(nn.Module):
    """A CP tensor of modes `rows`, then `columns`, as a matrix: the sum of `rank` outer products."""

    def __init__(self, rows: Sequence[int], columns: Sequence[int], rank: int):
        super().__init__()
        sigma = (SPREAD / rank**0.5) ** (1 / (2 * len(rows)))
        self.rows = nn.ParameterList(_normal(sigma, size, rank) for size in rows)
        self.columns = nn.ParameterList(_normal(sigma, size, rank) for size in columns)

    def weight(self) -> torch.Tensor:
        """Return the matrix (prod of rows x prod of columns), whose rank is at most that of the tensor."""
        return cp_weight(self.rows, self.columns)


class Tucker(nn.Module):
    """A Tucker tensor of modes `rows`, then `columns`, as a matrix; the rows and the columns have the same `ranks`."""

    def __init__(self, rows: Sequence[int], columns: Sequence[int], ranks: Sequence[int]):
        super().__init__()
        _check_ranks("tucker", ranks, zip(rows, columns, strict=True))
        sigma = (SPREAD / math.prod(ranks)) ** (1 / (2 * len(rows) + 1))
        self.core = _normal(sigma, *ranks, *ranks)
        self.rows = nn.ParameterList(_normal(sigma, *shape) for shape in zip(rows, ranks, strict=True))
        self.columns = nn.ParameterList(_normal(sigma, *shape) for shape in zip(columns, ranks, strict=True))

    def weight(self) -> torch.Tensor:
        """Return (A_1 x .. x A_d) G (B_1 x .. x B_d)^T, of Kronecker products of the factors."""
        return tucker_weight(self.rows, self.columns, self.core)


class TensorTrain(nn.Module):
    """A tensor-train matrix of modes `rows` and `columns`, whose inner ranks are all `rank`."""

    def __init__(self, rows: Sequence[int], columns: Sequence[int], rank: int):
        super().__init__()
        ranks = [1, *[rank] * (len(rows) - 1), 1]
        sigma = (SPREAD**2 / math.prod(ranks)) ** (1 / (2 * len(rows)))
        shapes = zip(ranks, columns, rows, ranks[1:], strict=False)
        self.cores = nn.ParameterList(_normal(sigma, *shape) for shape in shapes)

    def weight(self) -> torch.Tensor:
        """Return the matrix (prod of rows x prod of columns)."""
        return train_weight(self.cores)


def _normal(sigma: float, *shape: int) -> nn.Parameter:
    return nn.Parameter(sigma * torch.randn(shape))


def _check_ranks(name: str, ranks: Sequence[int], modes: "zip[tuple[int, int]]") -> None:
    """Raise ValueError for a rank that a mode of the rows or of the columns does not have."""
    least = [min(pair) for pair in modes]
    if len(ranks) != len(least) or any(not 1 <= rank <= size for rank, size in zip(ranks, least, strict=True)):
        raise ValueError(f"{name}: ranks {list(ranks)}: give one for each mode, of 1 to {least}")


class Network(nn.Module):
    """A linear layer with a leaky rectifier, a gated recurrent unit, dropout, and the log-odds of the next notes.

    `input` (3h x e) and `state` (3h x h) are modules with a `weight()`.
    """

    def __init__(self, notes: int, input: nn.Module, state: nn.Module, dropout: float):
        super().__init__()
        rows, embedding = input.weight().shape
        self.input, self.state, self.dropout = input, state, nn.Dropout(dropout)
        self.before, self.after = nn.Linear(notes, embedding), nn.Linear(rows // 3, notes)
        self.bias_ih, self.bias_hh = nn.Parameter(torch.zeros(rows)), nn.Parameter(torch.zeros(rows))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return the log-odds (n x T x notes) of the frames after those of sequences (n x T x notes)."""
        embedded = leaky_relu(self.before(frames), SLOPE)
        first = frames.new_zeros(1, len(frames), len(self.bias_hh) // 3)
        weights = (self.input.weight(), self.state.weight(), self.bias_ih, self.bias_hh)
        # has biases, layers, dropout between them, training, both ways, batch first
        states, _ = torch.gru(embedded, first, weights, True, 1, 0.0, self.training, False, True)
        return self.after(self.dropout(states))

    def parts(self) -> dict[str, np.ndarray]:
        """Return the network as the answer that the task `sequence` asks for."""
        return {name: own.detach().cpu().numpy().copy() for name, own in self.state_dict().items()}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; batches are of whole sequences."""

    learning_rate: float
    dropout: float
    epochs: int
    batch: int
    start: Literal["plain", "marginals"]


def train(
    problem: Problem, format_of: Callable[[], tuple[nn.Module, nn.Module]], recipe: Recipe, seed: int, device: str
) -> Estimate:
    """Return the parts of the trained network at the epoch of lowest validation loss, with a snapshot of every epoch.

    `format_of` makes the input and the state matrices. The start `marginals` sets the last bias to the log-odds of the
    notes in the training frames and shrinks the last weights. Raises FloatingPointError where no loss is finite.
    """
    check_choices(Recipe, start=recipe.start)
    with torch.random.fork_rng(devices=[device] if device != "cpu" else []):
        torch.manual_seed(seed)
        network = Network(problem.observed.shape[1], *format_of(), recipe.dropout)
        if recipe.start == "marginals":
            with torch.no_grad():
                network.after.bias.copy_(torch.from_numpy(marginal_odds(problem.observed)))
                network.after.weight.mul_(SHRUNK)
        return _trained(problem, network.to(device), recipe, device)


def _trained(problem: Problem, network: Network, recipe: Recipe, device: str) -> Estimate:
    sequences = split(problem.observed, problem.granted["lengths"], device)
    validation = split(problem.granted["validation"], problem.granted["validation_lengths"], device)
    optimiser = torch.optim.Adam(network.parameters(), recipe.learning_rate, fused=True)
    best, best_epoch, least, trace, start = None, 0, float("inf"), [], time.perf_counter()
    for epoch in range(1, recipe.epochs + 1):
        network.train()
        for own in torch.randperm(len(sequences)).split(recipe.batch):
            total, number = summed_loss(network, [sequences[place] for place in own])
            optimiser.zero_grad()
            (total / number).backward()
            nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimiser.step()
        loss, parts = mean_loss(network, validation, recipe.batch), network.parts()
        trace.append(Snapshot(epoch, time.perf_counter() - start, loss, parts))
        if loss < least:
            best, best_epoch, least = parts, epoch, loss
    if best is None:
        raise FloatingPointError(f"no validation loss of {recipe.epochs} epochs is finite: lower the learning rate")
    return Estimate(parts=best, trace=trace, iterations=best_epoch)


def split(frames: np.ndarray, lengths: np.ndarray, device: str) -> list[torch.Tensor]:
    """Return the sequences (T x notes), of given lengths, that stand one after the other in `frames`."""
    whole = torch.from_numpy(np.ascontiguousarray(frames, np.float32)).to(device)
    return list(whole.split(lengths.tolist()))


def summed_loss(network: Network, sequences: Sequence[torch.Tensor]) -> tuple[torch.Tensor, int]:
    """Return the sum of -log P over all frames of a batch but the first of each sequence, and how many those are."""
    padded = pad_sequence(list(sequences), batch_first=True)
    odds, following = network(padded[:, :-1]), padded[:, 1:]
    lengths = torch.tensor([len(own) - 1 for own in sequences], device=padded.device)
    valid = torch.arange(following.shape[1], device=padded.device) < lengths[:, None]
    total = binary_cross_entropy_with_logits(odds[valid], following[valid], reduction="sum")
    return total, int(lengths.sum())


@torch.no_grad()
def mean_loss(network: Network, sequences: Sequence[torch.Tensor], batch: int) -> float:
    """Return the mean of -log P over all frames but the first of each sequence, in nats, without dropout."""
    network.eval()
    ordered = sorted(sequences, key=len)
    sums = [summed_loss(network, ordered[first : first + batch]) for first in range(0, len(ordered), batch)]
    return sum(float(total) for total, _ in sums) / sum(number for _, number in sums)


def tensor_matrices(
    format_of: Callable[..., nn.Module], inputs: Sequence[int], outputs: Sequence[int], ranks: int | Sequence[int]
) -> tuple[nn.Module, nn.Module]:
    """Return the input and the state matrix in a format whose modes are those of the unit's input and of its state.

    Raises ValueError unless there are as many modes of the input as of the output.
    """
    if len(inputs) != len(outputs) or not inputs:
        raise ValueError(f"modes {list(inputs)} and {list(outputs)}: give as many of the input as of the output")
    rows = gates(outputs)
    return format_of(rows, inputs, ranks), format_of(rows, outputs, ranks)


def gates(outputs: Sequence[int]) -> tuple[int, ...]:
    """Return the modes of the rows of both matrices: three gates are fused into the last mode of the output."""
    return (*outputs[:-1], 3 * outputs[-1])
