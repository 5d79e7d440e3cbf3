"""A small network that is taught to remove noise from the images that it is to remove it from."""

from collections.abc import Callable
from math import cos, pi

import torch
from torch import nn
from torch.nn import functional

from deeptensor.eigenimages import EigenImages
from deeptensor.layers import Convolution
from deeptensor.networks import SLOPE

# The root of the ratio of He's variance of weights, 2 / fan-in, to that of PyTorch's default, 1 / (3 fan-in).
GAIN = 6**0.5
# Averages of 2 x 2 samples of what is not smooth are smaller than these.
POOLED = 1.5
# The side of the squares of which larger images are taught from, one an iteration.
WINDOW = 128
# In pixels: smaller images have no neighbourhoods to learn from.
LEAST_SIDE = 4
WARM_UP, FINAL_RATE = 20, 0.01
# The step of the difference quotient in Stein's estimate, in standard deviations of the noise.
STEP = 0.1
# Of a flip: whether rows, columns, and both axes against each other.
FLIPS = 8

Loss = Callable[["Student", torch.Tensor, torch.Tensor, Callable, float], torch.Tensor]


class Pyramid(nn.Module):
    """Convolutions at each of some scales, from fine to coarse, then back, with the finer features at hand.

    It is narrow and has no normalisation: with more freedom it learns the one noise that it is to remove.
    """

    def __init__(self, inputs: int, outputs: int, channels: int, halvings: int, kernel: int = 3):
        super().__init__()

        def convolution(inputs: int) -> Convolution:
            return Convolution(1, 2, inputs, channels, kernel)

        self.down = nn.ModuleList([convolution(channels if scale else inputs) for scale in range(halvings + 1)])
        self.up = nn.ModuleList([convolution(channels * (1 + (scale < halvings))) for scale in range(halvings + 1)])
        self.last = Convolution(1, 2, channels, outputs, bias=False)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights; the outputs start small."""
        with torch.no_grad():
            for layer in self.modules():
                if isinstance(layer, Convolution):
                    layer.initialise([generator])
                    layer.weight *= GAIN
                    if layer.bias is not None:
                        layer.bias.zero_()
            self.last.weight *= 0.1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (1, outputs, H, W) of (1, inputs, H, W)."""
        levels: list[torch.Tensor] = []
        for layer in self.down:
            if levels:
                x = POOLED * functional.avg_pool2d(x, 2, ceil_mode=True)
            x = functional.leaky_relu(layer(x), SLOPE, inplace=True)
            levels.append(x)
        above = None
        for level, layer in zip(reversed(levels), reversed(self.up), strict=True):
            if above is not None:
                height, width = level.shape[2:]
                finer = functional.interpolate(above, scale_factor=2, mode="bilinear")[..., :height, :width]
                level = torch.cat([level, finer], dim=1)
            above = functional.leaky_relu(layer(level), SLOPE, inplace=True)
        return self.last(above)


class Student(nn.Module):
    """A denoiser of images (1, k, H, W), a network's correction of a classical start; it is told the noise's level.

    The start is Wiener's for each pixel of each image alone, or, of a `spectral` matrix, the optimal shrinkage of its
    singular values (Gavish and Donoho 2017, DOI 10.1109/TIT.2017.2653801). The network sees and makes numbers of the
    order of one: with the signal's variances s and the noise's nu, f(y) = w y + a g(y / sqrt(nu + s)), w = s / (nu + s)
    and a = sqrt(s nu / (nu + s)).
    """

    def __init__(
        self,
        images: EigenImages,
        channels: int,
        halvings: int,
        spectral: bool,
        wiener: bool = True,
        kernel: int = 3,
    ):
        super().__init__()
        count = len(images.signal)
        self.spectral, self.wiener = spectral, wiener
        self.register_buffer("signal", images.signal[:, None, None])
        self.network = Pyramid(count * (2 + spectral), count, channels, halvings, kernel)
        self.fine = ((details(images.coordinates).square().mean((1, 2)) - DETAIL).clamp(min=0.02))[:, None, None]

    def forward(self, y: torch.Tensor, level: float) -> torch.Tensor:
        """Return the estimate of the images whose noise has the variance `level`."""
        total = level + self.signal
        scaled = torch.cat([y / total.sqrt(), details(y[0])[None] / (level * DETAIL + self.fine).sqrt()], 1)
        if self.spectral:
            with torch.no_grad():
                start = shrunk(y[0, 0], level)[None, None]
            seen = torch.cat([scaled, (y - start) / level**0.5], dim=1)
            return start + 0.5 * level**0.5 * self.network(seen)
        start, room = self.signal / total * y, (self.signal * level / total).sqrt()
        if not self.wiener:
            start, room = 0, self.signal.sqrt()
        return start + room * self.network(scaled)


DETAIL = 1 - 2 * 4 / 16 + 36 / 256


def details(images: torch.Tensor) -> torch.Tensor:
    """Return images (k, H, W) less themselves blurred by binomial weights."""
    padded = functional.pad(images[None], [1] * 4, mode="reflect")[0]
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return images - (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4


def shrunk(matrix: torch.Tensor, level: float) -> torch.Tensor:
    """Return the matrix, less its mean, with its singular values shrunk, for noise of the variance `level`."""
    mean = matrix.mean()
    U, s, Vh = torch.linalg.svd(matrix - mean, full_matrices=False)
    rows, columns = matrix.shape
    excess = (s.square() - (rows + columns) * level).clamp(min=0)
    root = (excess.square() - 4 * rows * columns * level**2).clamp(min=0).sqrt()
    return (U * torch.where(root > 0, root / s.clamp(min=1e-30), 0)) @ Vh + mean


def recorrupted(student: Student, y: torch.Tensor, z: torch.Tensor, size: Callable, alpha: float) -> torch.Tensor:
    """Return |f(y + alpha z) - (y - z / alpha)|^2 less its noise, for noise z drawn like that of y.

    Its expectation is the risk of f at the noise level 1 + alpha^2, since the noises of input and target are
    independent: Pang, Zheng, Quan and Ji, Recorrupted-to-Recorrupted, CVPR 2021, equation 6. `size` is the square.
    """
    level = 1 + alpha**2
    return size(student(y + alpha * z, level) - (y - z / alpha)) - level / alpha**2 * size(z)


def stein(student: Student, y: torch.Tensor, z: torch.Tensor, size: Callable, alpha: float) -> torch.Tensor:
    """Return Stein's estimate of the risk of f, its divergence from the one difference quotient along z.

    Stein 1981, DOI 10.1214/aos/1176345632; Ramani, Blu and Unser 2008, DOI 10.1109/TIP.2008.2001404. `alpha` is not
    used.
    """
    answer = student(y, 1.0)
    slope = (student(y + STEP * z, 1.0) - answer) / STEP
    # <z, slope> in the metric of `size`, a square.
    product = (size(z + slope) - size(z - slope)) / 4
    return size(answer - y) - size(z) + 2 * product


LOSSES: dict[str, Loss] = {"recorrupted": recorrupted, "stein": stein}


def flipped(x: torch.Tensor, flip: int) -> torch.Tensor:
    """Return an array (..., H, W) in one of 8 positions: its rows, columns turned round, then its axes exchanged."""
    axes = [axis for bit, axis in ((1, -1), (2, -2)) if flip & bit]
    x = x.flip(axes) if axes else x
    return x.mT if flip & 4 else x


def restored(x: torch.Tensor, flip: int) -> torch.Tensor:
    """Undo `flipped`."""
    return flipped(x.mT, flip & 3) if flip & 4 else flipped(x, flip & 3)


class Lesson:
    """The images to learn from, and the noise that is drawn for them: windows of both, in random positions."""

    def __init__(self, images: EigenImages, flips: int, whole: bool, generator: torch.Generator):
        self.images, self.flips, self.generator = images, flips, generator
        self.sides = [size if whole else min(size, WINDOW) for size in images.coordinates.shape[1:]]
        self.weights = images.rows.square() / images.rows.square().mean()
        # In units of the mean square that one unit of error in every coordinate makes.
        self.metric = images.metric / images.metric.square().sum() ** 0.5

    def draw(self) -> tuple[torch.Tensor, torch.Tensor, Callable]:
        """Return a window (1, k, h, w) of the coordinates, noise like theirs, and the square of an error there."""
        coordinates = self.images.coordinates
        corner = [
            int(torch.randint(size - side + 1, (1,), generator=self.generator, device=self.generator.device))
            for size, side in zip(coordinates.shape[1:], self.sides, strict=True)
        ]
        window = tuple(slice(start, start + side) for start, side in zip(corner, self.sides, strict=True))
        flip = int(torch.randint(self.flips, (1,), generator=self.generator, device=self.generator.device))
        y = coordinates[(slice(None), *window)]
        z = self.noise(window)
        weights = flipped(self.weights[window], flip)

        def size(error: torch.Tensor) -> torch.Tensor:
            return (torch.einsum("ij,njhw->nihw", self.metric, error).square().sum(1) * weights).mean()

        return flipped(y, flip)[None], flipped(z, flip)[None], size

    def noise(self, window: tuple[slice, ...]) -> torch.Tensor:
        """Return noise (k, h, w) as that of the coordinates in the window is modelled."""
        shape = (len(self.images.coordinates), *self.sides)
        z = torch.randn(shape, generator=self.generator, device=self.generator.device)
        if self.images.spread is None:
            return z
        return torch.einsum("hwij,jhw->ihw", self.images.spread[window], z)


def rate_factor(iteration: int, iterations: int) -> float:
    """Return the factor of the learning rate: half a cosine to almost nothing, after a short rise."""
    return min(1, (iteration + 1) / WARM_UP) * ((1 + cos(pi * iteration / iterations)) / 2 + FINAL_RATE)


def answer(student: Student, y: torch.Tensor, flips: int) -> torch.Tensor:
    """Return the mean of what the student makes of images (k, H, W) in all their positions."""
    with torch.no_grad():
        answers = [restored(student(flipped(y, flip)[None], 1.0)[0], flip) for flip in range(flips)]
    return torch.stack(answers).mean(0)
