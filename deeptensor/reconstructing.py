"""Correction of reconstructions from indirect measurements, by a network that hidden measurements teach: of ours.

A part of the measurements is hidden, a classical method reconstructs from the others, and a network that corrects its
answer is told what is measured of it in the hidden part. No truth, and no other data, have a part in it; nor has a
low-rank product.
"""

import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from math import isfinite
from numbers import Integral
from reprlib import repr as shortened

import numpy as np
import torch
from torch import nn

from deeptensor.arguments import check_type, check_whole
from deeptensor.arrays import Array, divided, like, precision, real, refuse_edge, squared
from deeptensor.checkpoints import checkpoint_path, fingerprint_of
from deeptensor.fit import device_for, fitting
from deeptensor.lessons import check_lessons, learn, refuse_divergence
from deeptensor.networks import number_of_scales
from deeptensor.probing import Probe, named, probed
from deeptensor.seeds import stream
from deeptensor.stopping import Stop
from deeptensor.teaching import FLIPS, LEAST_SIDE, Pyramid, flipped, restored

# From which measurements may be used, a boolean array like these, to reconstructions from them.
Start = Callable[[Array], Array]
# What to do about measurements that are missing.
MISSING = "leave out these measurements, and the operator's for them"
# How far reconstructions and measurements may be apart, as their largest magnitudes, for single precision to hold both.
FARTHEST = 1e9


@dataclass(frozen=True)
class Reconstructed:
    """What `reconstruct` found.

    signal: (H, W, B), or (H, W) of one image.
    misfit, start_misfit: the mean square difference of the hidden measurements from those of the corrected and of the
        first reconstructions that did not see them, in units of the data. It is the error of the projections and the
        variance of the noise. The hidden ones have taught the network, which makes `misfit` a little optimistic.
        They are NaN where double precision has no number for them, of data of 1e-200 or 1e200.
    stop: the last iteration, and why it was that.
    """

    signal: Array
    misfit: float
    start_misfit: float
    stop: Stop


def reconstruct(
    Y: Array,
    operator: nn.Module,
    start: Start,
    *,
    parts: int = 8,
    channels: int = 32,
    scales: int = 3,
    iterations: int = 600,
    learning_rate: float = 3e-3,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
) -> Reconstructed:
    """Return an image, or a stack of slices, from linear measurements of each, as a corrected classical reconstruction.

    The measurements are split into `parts`. Without each of these in turn, `start` reconstructs; a network corrects
    that, slice by slice, seeing the slices before and after, too; its loss is |A_h f(x) - y_h|^2 at the hidden part h.
    Noise that is of mean 0, and independent of that of the other parts, adds its variance to the expectation of the
    loss and nothing else, so that what is minimised is the error of the hidden projections (as in Noise2Inverse:
    Hendriksen, Pelt and Batenburg 2020, DOI 10.1109/TCI.2020.3019647, where reconstructions are compared, and not
    measurements). The answer is the mean of the corrections without each part.

    It makes sense where the measurements of one part tell of those of another, as projections from many directions do.
    Beside the time of `start`, 56 slices of 128 x 128 take about two minutes on one CPU core.

    Y: (*measured, B), or (*measured) of one image, `measured` being the shape of what the operator returns.
    operator: of `deeptensor.operators`, of one image (H, W), of at least 4 x 4 pixels; or a linear module of torch with
        that as its `shape`, which returns float32 of float32, and which autograd differentiates.
    start: a function from a boolean array like Y, true where measurements may be used, to reconstructions (F, H, W, B),
        or (F, H, W), from these alone. The first is corrected; others, such as noisier ones, are seen by the network.
    parts: 2 or more; entry k of the first axis of Y is of part k % parts.
    channels, scales: of the network, and how often it halves the images.
    seed, device, progress: as in `deeptensor.factorise`.
    checkpoint: a file to which the state is written every minute, and from which an interrupted call goes on; it is
        removed at the end. `start` is called anew.

    Raises ValueError for arrays, operators and settings that make no sense, and FloatingPointError if the network
    diverges.
    """
    data = real(Y, advice=MISSING)
    Y = Y if isinstance(Y, torch.Tensor) else np.asarray(Y)
    with fitting():
        where = device_for(device, Y)
        operator, probe = _on(where, operator)
    measured = probe.measured
    if data.shape[: len(measured)] != measured or data.ndim > len(measured) + 1:
        stack = f"({', '.join(map(str, measured))}, B)"
        raise ValueError(
            f"Y must have the shape {measured} of the operator's measurements, or {stack} for B images, not"
            f" {tuple(data.shape)}"
        )
    if not data.isfinite().all():
        raise ValueError(f"Y has entries that are not finite: {MISSING}")
    if not callable(start):
        raise ValueError(f"start must be a function of which measurements may be used, not {shortened(start)}")
    check_whole("parts", parts, 2)
    if parts > measured[0]:
        raise ValueError(f"parts must be at most {measured[0]}, the first axis of Y, not {parts}")
    check_lessons(channels, scales, iterations, learning_rate, seed, progress)
    path = checkpoint_path(checkpoint)
    one = data.ndim == len(measured)
    with fitting():
        scale = data.abs().max().item() or 1.0
        y = divided(data[..., None] if one else data, scale).movedim(-1, 0).to(where)
        images = tuple(operator.shape) if one else (*operator.shape, data.shape[-1])
        starts = [_started(start, Y, part, parts, images, scale) for part in range(parts)]
        if len(numbers := {len(found) for found in starts}) > 1:
            raise ValueError(f"start must always return the same number F of reconstructions, not {sorted(numbers)}")
        starts = torch.stack(starts)
        _check_starts(starts, scale, Y)
        corrector = _Corrector(starts.to(where), channels, number_of_scales(operator.shape, scales))
        corrector.network.initialise(torch.Generator().manual_seed(stream(seed, 0)))
        corrector.to(where)
        hidden = _Hidden(y, operator, parts)
        start_misfit = hidden.misfit(corrector.starts[:, 0])
        if not isfinite(start_misfit):
            raise ValueError("start has returned images of which the operator measures far more than Y")
        generator = torch.Generator(where).manual_seed(stream(seed, 1))
        settings = (parts, channels, scales, iterations, learning_rate, seed, probe.traits)
        learn(
            corrector,
            partial(_lesson, corrector, hidden, start_misfit or 1.0, generator),
            generator,
            iterations=iterations,
            learning_rate=learning_rate,
            title="DeepTensor, reconstructing",
            progress=progress,
            path=path,
            fingerprint=fingerprint_of(y, corrector.starts, settings) if path else "",
        )
        found = corrector.corrected()
        largest = max(corrector.starts[:, 0].abs().max().item(), corrector.unit.item())
        refuse_divergence(found, f"in its {iterations} iterations", learning_rate, largest)
        misfit = hidden.misfit(found)
        signal = found.mean(0).movedim(0, -1)
    signal = like(signal[..., 0] if one else signal, Y, scale)
    if path is not None:
        path.unlink(missing_ok=True)
    return Reconstructed(
        signal,
        squared(misfit, scale),
        squared(start_misfit, scale),
        Stop(iterations, f"the {iterations} iterations are done"),
    )


def _on(where: torch.device, operator: nn.Module) -> tuple[nn.Module, Probe]:
    """Return a copy of the operator on a device, and what it does; ValueError for what is none of single images."""
    check_type("operator", operator, nn.Module, "an operator of deeptensor.operators, or a module with `shape`")
    shape = getattr(operator, "shape", None)
    sizes = tuple(shape) if isinstance(shape, list | tuple) else ()
    if len(sizes) != 2 or not all(isinstance(size, Integral) and size >= LEAST_SIDE for size in sizes):
        raise ValueError(
            f"operator must be one of single images (H, W), of at least {LEAST_SIDE} x {LEAST_SIDE} pixels, and its"
            f" `shape` is {sizes or shortened(shape)}"
        )
    with named(f"be copied to {where}"):
        operator = deepcopy(operator).to(where)
    return operator, probed(operator, where)


def _started(start: Start, Y: Array, part: int, parts: int, images: tuple[int, ...], scale: float) -> torch.Tensor:
    """Return reconstructions (F, B, H, W), over the scale, without one part; `images` is (H, W, B) or (H, W)."""
    kept = torch.ones(Y.shape, dtype=torch.bool)
    kept[part::parts] = False
    found = start(kept.to(Y.device) if isinstance(Y, torch.Tensor) else kept.numpy())
    wanted = f"reconstructions (F, {', '.join(map(str, images))})"
    found = real(found, "what start returns", f"it must return {wanted} without gaps")
    if found.shape[1:] != images:
        raise ValueError(f"start must return {wanted}, not an array of shape {tuple(found.shape)}")
    if not found.isfinite().all():
        raise ValueError("start has returned entries that are not finite")
    found = divided(found, scale)
    return found.movedim(-1, 1) if found.ndim == 4 else found[:, None]


def _check_starts(starts: torch.Tensor, scale: float, Y: Array) -> None:
    """Raise ValueError for reconstructions, over the scale, that cannot be fitted to Y in single precision, or held."""
    largest = starts.abs().max().item()
    if largest > FARTHEST or (largest < 1 / FARTHEST and bool((Y != 0).any())):
        relation = f"more than {FARTHEST:g} times" if largest > 1 else f"less than {1 / FARTHEST:g} of"
        raise ValueError(
            f"start has returned values of {relation} the largest in Y, {scale:.3g}: it must return images of which the"
            " operator measures Y; multiply the operator by some power of ten if these are so"
        )
    refuse_edge(largest * scale, Y, "what start returns", "divide that and Y by some power of ten")
    limits = torch.finfo(precision(Y))
    if 0 < largest * scale < limits.tiny * limits.eps:
        raise ValueError(
            f"what start returns has values of up to {largest * scale:.3g}, too small for {precision(Y)}: multiply that"
            " and Y by some power of ten"
        )


class _Hidden:
    """The measurements y (B, *measured) of images, and which of them are of which part."""

    def __init__(self, y: torch.Tensor, operator: nn.Module, parts: int):
        self.y, self.operator, self.parts = y, operator, parts

    def error(self, image: torch.Tensor, part: int, number: int) -> torch.Tensor:
        """Return the mean square difference of what is measured of an image (H, W), by its number, in a part."""
        return (self.operator(image) - self.y[number])[part :: self.parts].square().mean()

    def misfit(self, stacks: torch.Tensor) -> float:
        """Return the mean of the errors of stacks (parts, B, H, W), each in its own part."""
        errors = [
            self.error(image, part, number) for part, stack in enumerate(stacks) for number, image in enumerate(stack)
        ]
        return torch.stack(errors).mean().item()


class _Corrector(nn.Module):
    """A network, and reconstructions (parts, F, B, H, W) of which it corrects the first.

    It sees and makes numbers of the order of one; the unit of the corrections is the size of the differences between
    the first ones without different parts, which is of the order of their errors.
    """

    def __init__(self, starts: torch.Tensor, channels: int, halvings: int):
        super().__init__()
        self.starts = starts
        first = starts[:, 0]
        self.unit = _size(first - first.mean(0))
        self.seen = torch.stack([self._channels(part) for part in starts])
        self.network = Pyramid(self.seen.shape[2], 1, channels, halvings)

    def _channels(self, starts: torch.Tensor) -> torch.Tensor:
        """Return what the network sees (B, F + 2, H, W) of reconstructions (F, B, H, W)."""
        first = starts[0]
        before, after = torch.cat([first[:1], first[:-1]]), torch.cat([first[1:], first[-1:]])
        seen = [first - first.mean(), *[other - first for other in (*starts[1:], before, after)]]
        return torch.stack([channel / _size(channel) for channel in seen], dim=1)

    def guess(self, part: int, number: int, flip: int) -> torch.Tensor:
        """Return the correction (H, W) of an image without a part, made in one position."""
        correction = self.network(flipped(self.seen[part, number], flip)[None])[0, 0]
        return self.starts[part, 0, number] + self.unit * restored(correction, flip)

    def corrected(self) -> torch.Tensor:
        """Return the corrections (parts, B, H, W), each the mean of those in all positions."""
        parts, _, images = self.starts.shape[:3]
        with torch.no_grad():
            found = [
                sum(self.guess(part, number, flip) for flip in range(FLIPS)) / FLIPS
                for part in range(parts)
                for number in range(images)
            ]
        return torch.stack(found).view_as(self.starts[:, 0])


def _size(x: torch.Tensor) -> torch.Tensor:
    """Return the root mean square, or something tiny in place of 0."""
    return x.square().mean().sqrt().clamp(min=1e-12)


def _lesson(corrector: _Corrector, hidden: _Hidden, unit: float, generator: torch.Generator) -> torch.Tensor:
    """Return the error at the hidden part of the guess at a random image, without a random part."""
    parts, _, images = corrector.starts.shape[:3]
    part, number, flip = (
        int(torch.randint(count, (1,), generator=generator, device=corrector.starts.device))
        for count in (parts, images, FLIPS)
    )
    return hidden.error(corrector.guess(part, number, flip), part, number) / unit
