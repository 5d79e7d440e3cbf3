"""Filling of what is hidden or was replaced in images, by a network that hidden pixels of theirs have taught: of ours.

The known pixels teach: some are hidden, and the network, which sees the others, is told what it makes of these. Then it
fills what is not known. No truth, and no other images, have a part in it; nor has a low-rank product.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import nan

import numpy as np
import torch
from torch import nn

from deeptensor.arguments import check_flag
from deeptensor.arrays import Array, divided, like, real, refuse_edge, squared
from deeptensor.checkpoints import checkpoint_path, fingerprint_of
from deeptensor.fit import device_for, fitting
from deeptensor.lessons import check_lessons, learn, refuse_divergence
from deeptensor.networks import number_of_scales
from deeptensor.seeds import stream
from deeptensor.stopping import Stop
from deeptensor.teaching import FLIPS, LEAST_SIDE, WINDOW, Pyramid, flipped, restored

# Standard deviations of the Gaussian windows of the averages that the network starts from, in pixels and in frames.
PICTURES = ((4.0, 0.0), (1.4, 0.0), (0.7, 0.0))
VIDEO = ((4.0, 4.0), (0.5, 3.0), (1.4, 1.4), (0.7, 1.4), (0.7, 0.7))
# The frames of a video that teach in one iteration, and how many before and after them are looked at.
TAUGHT_FRAMES, REACH = 4, 8
# The share of a window in which an average counts half, as little is known there.
HALF = 0.02
# The least and the largest share of the known pixels that is hidden in an iteration, and that which measures the error.
SHARES, MEASURED_SHARE = (0.05, 0.4), 0.1


@dataclass(frozen=True)
class Filled:
    """What `fill` found.

    signal: of the shape of the data; entries that are known are as they were, if they are exact.
    risk: the mean square error at known entries that were hidden once more at the end, a tenth of them. They have
        taught the network, as all others have, which makes it a little optimistic. It is NaN where no entry was hidden,
        and where double precision has no number for it, of data of 1e-200 or 1e200.
    stop: the last iteration, and why it was that.
    """

    signal: Array
    risk: float
    stop: Stop


def fill(
    Y: Array,
    known: Array | None = None,
    *,
    video: bool = False,
    exact: bool = True,
    channels: int = 32,
    scales: int = 3,
    iterations: int = 600,
    learning_rate: float = 3e-3,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
) -> Filled:
    """Return an image, each image of a stack, or a video, with the entries filled that are not known.

    A network corrects averages of what is near (normalised convolution: Knutsson and Westin 1993,
    DOI 10.1109/CVPR.1993.341081, of three widths). All images teach the same one, in all eight positions, by the
    squared error at known pixels that are hidden from it (as Noise2Void hides them, Krull, Buchholz and Jug 2019,
    arXiv 1811.10980). It is to be used where what is missing lies scattered, as it learns from gaps that do; 40 images
    of 192 x 168 take about 80 seconds on one CPU core, as the number of iterations decides, and not that of the images.

    Y: (H, W), or (H, W, B); at least 4 x 4 pixels. What is not known is never looked at, and may be NaN.
    known: of the same shape, true (or 1) where Y is known; None stands for all that is finite.
    video: whether the images of a stack are frames that follow each other. The averages then are of five widths in
        space and time, and four frames teach in an iteration.
    exact: whether known entries are kept; otherwise they hold noise of mean 0, and are estimated, as the others are.
    channels, scales: of the network, and how often it halves the images.
    seed, device, progress: as in `deeptensor.factorise`.
    checkpoint: a file to which the state is written every minute, and from which an interrupted call goes on; it is
        removed at the end.

    Raises ValueError for arrays and settings that make no sense, and FloatingPointError if the network diverges.
    """
    check_flag("video", video)
    check_flag("exact", exact)
    data = real(Y, advice="make what is missing NaN, or say by `known` what is not")
    Y = Y if isinstance(Y, torch.Tensor) else np.asarray(Y)
    if data.ndim not in (2, 3) or min(data.shape[:2]) < LEAST_SIDE:
        raise ValueError(
            f"Y must be an image (H, W) or a stack (H, W, B) of at least {LEAST_SIDE} x {LEAST_SIDE} pixels, not of"
            f" shape {tuple(data.shape)}"
        )
    if video and data.ndim == 2:
        raise ValueError(f"a video must be a stack of frames (H, W, T), not of shape {tuple(data.shape)}")
    mask = _mask(known, data)
    check_lessons(channels, scales, iterations, learning_rate, seed, progress)
    path = checkpoint_path(checkpoint)
    if exact and mask.all():
        return Filled(like(data, Y), 0.0, Stop(0, "all entries are known"))
    with fitting():
        data = data.masked_fill(~mask, 0)
        scale = data.abs().max().item() or 1.0
        refuse_edge(scale, Y, "Y", "make NaN what such values mark as missing, or divide Y by some power of ten")
        where = device_for(device, Y)
        images, seen = (
            (x if x.ndim == 3 else x[..., None]).movedim(2, 0).to(where)
            for x in (divided(data, scale), mask.to(torch.float32))
        )
        halvings = number_of_scales(data.shape[:2], scales)
        filler = _Filler(VIDEO if video else PICTURES, channels, halvings)
        filler.network.initialise(torch.Generator().manual_seed(stream(seed, 0)))
        filler.to(where)
        generator = torch.Generator(where).manual_seed(stream(seed, 1))
        settings = (video, channels, halvings, iterations, learning_rate, seed)
        fingerprint = fingerprint_of(images, seen, settings) if path else ""
        learn(
            filler,
            partial(_lesson, filler, images, seen, generator),
            generator,
            iterations=iterations,
            learning_rate=learning_rate,
            title="DeepTensor, filling",
            progress=progress,
            path=path,
            fingerprint=fingerprint,
        )
        with torch.no_grad():
            hidden = seen * (torch.rand(seen.shape, generator=generator, device=where) < MEASURED_SHARE)
            errors = (filler.filled(images, seen - hidden) - images)[hidden > 0]
            found = filler.filled(images, seen).movedim(0, 2)
        for values in (errors, found):
            refuse_divergence(values, f"in its {iterations} iterations", learning_rate, largest=1)
    signal = like(found.reshape(data.shape), Y, scale)
    risk = squared(errors.square().mean().item(), scale) if errors.numel() else nan
    if path is not None:
        path.unlink(missing_ok=True)
    return Filled(
        _kept(signal, Y, mask) if exact else signal, risk, Stop(iterations, f"the {iterations} iterations are done")
    )


def _mask(known: Array | None, data: torch.Tensor) -> torch.Tensor:
    advice = "make what it masks False"
    mask = data.isfinite().to(data) if known is None else real(known, "known", advice).to(data.device)
    if mask.shape != data.shape:
        raise ValueError(f"known must have the shape of Y, {tuple(data.shape)}, not {tuple(mask.shape)}")
    if not ((mask == 0) | (mask == 1)).all():
        other = mask[(mask != 0) & (mask != 1)][0].item()
        raise ValueError(f"known must be true (or 1) where Y is known, and false (or 0) elsewhere, not {other:g}")
    mask = mask == 1
    if not mask.any():
        why = "no entry is finite" if known is None else "`known` is nowhere true"
        raise ValueError(f"nothing of Y is known: {why}")
    if not data[mask].isfinite().all():
        raise ValueError("Y has entries that are not finite where `known` is true: make it false there")
    return mask


class _Filler(nn.Module):
    """A network, and the averages that it corrects, of windows with given deviations in pixels and in frames."""

    def __init__(self, widths: Sequence[tuple[float, float]], channels: int, halvings: int):
        super().__init__()
        self.widths = widths
        self.network = Pyramid(len(widths) + 1, 1, channels, halvings)

    @property
    def video(self) -> bool:
        """Whether an image is looked at with those before and after it."""
        return any(in_time for _, in_time in self.widths)

    def window(
        self, images: torch.Tensor, seen: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, slice]:
        """Return a window of (B, H, W) in one position, what is seen of it, and which of its images are to be guessed.

        Without `video` it is a window of one image.
        """
        taught, reach = (TAUGHT_FRAMES, REACH) if self.video else (1, 0)
        sizes = zip(images.shape, (taught, WINDOW, WINDOW), strict=True)
        counts = [*[max(size - least, 0) + 1 for size, least in sizes], FLIPS]
        image, row, column, flip = (
            int(torch.randint(count, (1,), generator=generator, device=images.device)) for count in counts
        )
        first = max(image - reach, 0)
        place = (slice(first, image + taught + reach), slice(row, row + WINDOW), slice(column, column + WINDOW))
        guessed = slice(image - first, image - first + taught)
        return flipped(images[place], flip), flipped(seen[place], flip), guessed

    def guess(self, y: torch.Tensor, m: torch.Tensor, images: slice = slice(None)) -> torch.Tensor:
        """Return the network's guess at some images of (B, H, W), of which it sees where `m` is 1."""
        mean = (y * m).sum() / m.sum().clamp(min=1)
        y = (y - mean) * m
        averages = [torch.zeros_like(y)]
        for widths in self.widths:
            weights, sums = _blurred(torch.stack([m, y]), widths)
            trust = weights / (weights + HALF)
            averages.append(trust * sums / weights.clamp(min=1e-6) + (1 - trust) * averages[-1])
        *wider, best = (average[images] for average in averages[1:])
        scale = (y.square().sum() / m.sum().clamp(min=1)).sqrt().clamp(min=1e-6)
        y, m = y[images], m[images]
        channels = [m - 0.5, (y - best) * m / scale, *[(best - average) / scale for average in wider]]
        corrections = [self.network(image[None])[0] for image in torch.stack(channels, dim=1)]
        return best + scale * torch.cat(corrections) + mean

    def filled(self, images: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Return the mean of the guesses at images (B, H, W) in all positions."""
        parts = [(images, seen)] if self.video else zip(images.split(1), seen.split(1), strict=True)
        return torch.cat(
            [
                sum(restored(self.guess(flipped(y, flip), flipped(m, flip)), flip) for flip in range(FLIPS)) / FLIPS
                for y, m in parts
            ]
        )


def _lesson(filler: _Filler, images: torch.Tensor, seen: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return the mean square error at pixels of a window of images (B, H, W) that `seen` has, and that are hidden."""
    y, m, guessed = filler.window(images, seen, generator)
    share = SHARES[0] + (SHARES[1] - SHARES[0]) * torch.rand((), generator=generator, device=y.device)
    hidden = m * (torch.rand(m.shape, generator=generator, device=y.device) < share)
    error = (filler.guess(y, m - hidden, guessed) - y[guessed]) * hidden[guessed]
    return error.square().sum() / hidden[guessed].sum().clamp(min=1)


def _blurred(images: torch.Tensor, widths: tuple[float, float]) -> torch.Tensor:
    """Return images (..., B, H, W) convolved with a Gaussian in space, and one in time, zero outside.

    As products with banded matrices, which are many times as fast as convolutions of one channel.
    """
    in_space, in_time = widths
    frames, height, width = images.shape[-3:]
    blurred = _window_matrix(height, in_space, images) @ images @ _window_matrix(width, in_space, images)
    if in_time == 0:
        return blurred
    return (_window_matrix(frames, in_time, images) @ blurred.flatten(-2)).view_as(images)


def _window_matrix(size: int, deviation: float, like: torch.Tensor) -> torch.Tensor:
    """Return the product by which `size` samples are convolved with a Gaussian, cut off at four deviations."""
    at, radius = torch.arange(size, device=like.device), round(4 * deviation)
    distance = (at[:, None] - at).to(like)
    reach = torch.arange(-radius, radius + 1, device=like.device).to(like)
    inside = distance.abs() <= radius
    return inside * torch.exp(-0.5 * (distance / deviation) ** 2) / torch.exp(-0.5 * (reach / deviation) ** 2).sum()


def _kept(signal: Array, Y: Array, mask: torch.Tensor) -> Array:
    """Return the signal with the known entries of `Y` as they are, to the last digit."""
    if isinstance(Y, torch.Tensor):
        return torch.where(mask, Y.detach().to(signal), signal)
    signal[mask.cpu().numpy()] = Y[mask.cpu().numpy()]
    return signal
