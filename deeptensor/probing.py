"""What an operator does to a random image: whether a fit can measure through it, and what tells it from another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

# How far <x, A^T y> may be from <A x, y>, for y along A x, as a share of it; of the true adjoint, in single precision,
# it is 1e-6.
MISMATCH = 1e-3
# Products of the answers with random numbers that are kept, of each.
PRODUCTS = 8


@dataclass(frozen=True)
class Probe:
    """What an operator does to an image.

    measured: the shape of the measurements.
    traits: numbers that are the same, to the digits kept, wherever the same operator computes in single precision.
    """

    measured: tuple[int, ...]
    traits: tuple[float, ...]


def probed(operator: nn.Module, device: torch.device) -> Probe:
    """Return what an operator of `shape`, on a device, does to a random image, and its adjoint to what comes out.

    The adjoint is what autograd makes of the operator, and its method `adjoint` where it has one. Raises ValueError
    for an operator that does not return a tensor of finite numbers in the image's precision, that is not linear, or of
    which the adjoint is none.
    """
    shape = tuple(operator.shape)
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal(shape)).to(device, torch.float32).requires_grad_()
    with named(f"measure a float32 image of shape {shape}"):
        y = operator(x)
    _check("operator", y, x)
    measured = tuple(y.shape)
    if y.ndim == 0 or y.numel() == 0:
        raise ValueError(f"operator must return measurements of one axis or more, not a tensor of shape {measured}")
    largest = y.detach().abs().max()
    if largest == 0:
        raise ValueError(f"operator must measure something, and of a random image of shape {shape} it makes zeros")
    with named(f"map float32 measurements of shape {measured} back, by its adjoint"):
        # Of the order of one, so that single precision holds what the adjoint of a large or small operator makes.
        unit = y.detach() / largest
        adjoint = getattr(operator, "adjoint", None)
        adjoints = [] if adjoint is None else [adjoint(unit)]
        adjoints.append(_gradient(y, x, unit))
    size = (y.detach().double() * unit.double()).sum().item()
    for found in adjoints:
        _check("the adjoint of the operator", found, x, shape)
        product = (x.detach().double() * found.double()).sum().item()
        if not abs(product / size - 1) <= MISMATCH:
            raise ValueError(
                f"operator must be linear, with its own adjoint: of a random x, and y along A x, <A x, y> is {size:.4g}"
                f" and <x, A^T y> is {product:.4g}"
            )
    return Probe(measured, _traits(y, rng) + _traits(adjoints[-1], rng))


def _gradient(y: torch.Tensor, x: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
    """Return the gradient of <y, unit> at x."""
    if not y.requires_grad:
        raise ValueError("autograd does not reach through it: make it one of deeptensor.operators.Functions")
    return torch.autograd.grad(y, x, unit)[0]


def _check(name: str, found: object, x: torch.Tensor, shape: tuple[int, ...] | None = None) -> None:
    """Raise ValueError unless this is a tensor in the precision and on the device of x, finite, and of a shape."""
    if not isinstance(found, torch.Tensor):
        raise ValueError(f"{name} must return a tensor, not {type(found).__name__}")
    if found.dtype != x.dtype or found.device != x.device:
        raise ValueError(
            f"{name} must return {x.dtype} on {x.device} for a tensor that is so, not {found.dtype} on {found.device}"
        )
    if shape is not None and tuple(found.shape) != shape:
        raise ValueError(f"{name} must return a tensor of shape {shape}, not {tuple(found.shape)}")
    if not found.isfinite().all():
        raise ValueError(f"{name} returns entries that are not finite")


@contextmanager
def named(task: str) -> Iterator[None]:
    """Raise ValueError, which names the operator and its task, for whatever an operator raises."""
    try:
        yield
    except Exception as error:  # it is somebody's own code
        raise ValueError(f"operator cannot {task}: {type(error).__name__}: {error}") from error


def _traits(answer: torch.Tensor, rng: np.random.Generator) -> tuple[float, ...]:
    """Return the size of an answer and random products of its direction, to digits that rounding does not reach."""
    values = answer.detach().cpu().double().numpy().ravel()
    size = np.linalg.norm(values)
    products = [float(rng.standard_normal(values.size) @ values) / size for _ in range(PRODUCTS)]
    return (float(f"{size:.2e}"), *(round(product, 3) + 0.0 for product in products))
