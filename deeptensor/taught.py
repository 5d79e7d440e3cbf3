"""Denoising by a low-rank model whose network is taught by the noise: of ours, not of the paper.

Where the noise is known, the network that makes the factor U of U V^T need not start from a random input and stop in
time. It sees the noisy factor, and learns from the one observation to remove noise that is drawn anew at each
iteration; no truth, and no other data, have a part in it.
"""

import logging
import os
import time
from dataclasses import dataclass, replace
from math import frexp, prod
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from deeptensor.adam import Adam
from deeptensor.arguments import check_choice, check_flag, check_positive, check_whole
from deeptensor.arrays import Array, divided, like, precision, real, refuse_edge, squared
from deeptensor.checkpoints import checkpoint_path, fingerprint_of, load_checkpoint, restoring, save_checkpoint
from deeptensor.eigenimages import EigenImages, eigen_images
from deeptensor.fit import device_for, fitting
from deeptensor.lessons import check_lessons, refuse_divergence
from deeptensor.networks import number_of_scales
from deeptensor.noise import Noise, draw_noise, with_level
from deeptensor.progress import progress_bar
from deeptensor.seeds import stream
from deeptensor.stopping import Stop
from deeptensor.teaching import FLIPS, LEAST_SIDE, LOSSES, STEP, Lesson, Student, answer, rate_factor, shrunk

logger = logging.getLogger(__name__)

# Of a matrix of no more rows or columns the singular values are found at each iteration.
SPECTRAL = 128
# Standard deviations of the noise that is added, from the first iteration to the last, in units of that of the data.
ALPHAS = (1.0, 0.5)
# Of the iterations of the first lesson, where their number is not given.
FEWEST, MOST = 100, 500
RATE_OF_STACKS, RATE_OF_IMAGES = 5e-3, 2e-3
# Of the learning rate, in the lessons after the first.
REFINED_RATE = 0.6
# The standard deviation of noise, over the largest datum, that is within the rounding of the data to single precision.
ROUNDING = torch.finfo(torch.float32).eps


@dataclass(frozen=True)
class Stage:
    """What was known after `iteration` iterations and `seconds`: the answer, and the estimate of its risk."""

    iteration: int
    seconds: float
    risk: float
    factors: tuple[Array, Array]


@dataclass(frozen=True)
class Denoised:
    """What `denoise` found.

    factors: U (..., k) and V (B, k), whose product over k is the `signal`; of a matrix (m, n), U (m, k) and V (n, k).
    risk: Stein's estimate of the mean square error of `signal`, from the noise model and one probe. It is unbiased for
        a denoiser that is fixed; that this one was taught by the same data makes it a little optimistic. It is NaN
        where double precision has no number for it, of data of 1e-200 or 1e200.
    noise: the model that was assumed, with its level, which was estimated where none was told.
    stop: the last iteration, and why it was that.
    """

    factors: tuple[Array, Array]
    signal: Array
    risk: float
    noise: Noise
    stop: Stop
    stages: tuple[Stage, ...]

    @property
    def iterations(self) -> int:
        """Return the number of iterations."""
        return self.stop.iteration


def denoise(
    Y: Array,
    noise: Noise | None = None,
    *,
    rank: int | None = None,
    loss: str = "recorrupted",
    alphas: tuple[float, float] = ALPHAS,
    channels: int = 32,
    scales: int = 3,
    kernel: int = 3,
    iterations: int | None = None,
    refinements: int = 2,
    learning_rate: float | None = None,
    flips: int | None = None,
    wiener: bool = True,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
) -> Denoised:
    """Return the signal of a noisy stack of images, matrix or image, as a low-rank product where it is a stack.

    The stack is written as U V^T: V spans the subspace in which the signal stands out of the noise (see
    `deeptensor.eigenimages`), and a network that is taught to denoise makes U of the noisy U. First the noise teaches
    it: more noise is added, and what it makes of that is compared with what the added noise is independent of. Then its
    own answer does, in `refinements` rounds: noise like that of the data is added to the answer, which is then the
    target (the refined targets of Zhang et al. 2022, arXiv 2111.14358).

    Y: (H, W, B), or a matrix or image (H, W); at least 4 x 4 pixels.
    noise: a model of `deeptensor.noise`; None estimates the level of Gaussian noise in each band.
    rank: of the subspace; by default it is chosen, see `eigen_images`. The mean of each band comes on top of it.
    loss: "recorrupted", or "stein" for Stein's unbiased estimate, which takes two passes; both estimate the squared
        error in units of the data. `alphas` are the first and the last level of the noise added by "recorrupted".
    channels, scales, kernel: of the network; how often it halves the images; 3 or 1, the side of its kernels.
    iterations: of the first lesson; each refinement takes half as many. By default five times the side of a square of
        as many pixels, 100 to 500: a small image has little to teach, and what is learnt longer from it is its noise.
    learning_rate: of Adam, its peak in the first lesson; by default 0.005, and 0.002 for an image of more than 128 rows
        and columns, where more makes the lessons unstable.
    flips: positions of the images that are learnt from, and averaged over at the end: 8, 4 without exchanging rows and
        columns, or 1. By default 8 of a stack and 4 of a matrix, whose axes may mean different things.
    wiener: False lets the network make its answer from nothing, in place of a correction of Wiener's.
    seed, device, progress: as in `deeptensor.factorise`.
    checkpoint: a file to which the state is written after each lesson, and from which an interrupted call goes on; it
        is removed at the end.

    Raises ValueError for arrays and settings that make no sense, and if the data contradict the noise model, and
    FloatingPointError if the network diverges.
    """
    data = real(Y, advice="fill what is missing first, as by `deeptensor.fill`")
    Y = Y if isinstance(Y, torch.Tensor) else np.asarray(Y)
    if data.ndim not in (2, 3):
        raise ValueError(f"Y must be a stack (H, W, B), or a matrix or image (H, W), not of shape {tuple(data.shape)}")
    if min(data.shape[:2]) < LEAST_SIDE:
        raise ValueError(f"Y has {data.shape[0]} x {data.shape[1]} pixels: give at least {LEAST_SIDE} x {LEAST_SIDE}")
    if not data.isfinite().all():
        raise ValueError("Y has entries that are not finite: fill them first, as by `deeptensor.fill`")
    if noise is not None and not isinstance(noise, Noise):
        raise ValueError(f"noise must be Gaussian(...) or Poisson(...) of deeptensor.noise, or None, not {noise!r}")
    if iterations is None:
        iterations = min(max(5 * round(prod(data.shape[:2]) ** 0.5), FEWEST), MOST)
    if learning_rate is None:
        learning_rate = RATE_OF_STACKS if data.ndim == 3 or min(data.shape) <= SPECTRAL else RATE_OF_IMAGES
    settings = Settings(
        rank, loss, alphas, channels, scales, kernel, iterations, refinements, learning_rate, flips, wiener, seed
    )
    check_lessons(channels, scales, iterations, learning_rate, seed, progress)
    settings.check(data)
    path = checkpoint_path(checkpoint)
    with fitting():
        scale = data.abs().max().item() or 1.0
        refuse_edge(scale, Y, "Y", "fill what such values mark as missing, or divide Y by some power of ten")
        data = divided(data, scale).to(device_for(device, Y))
        if data.ndim == 2:
            data = data[..., None]
        model = with_level(None if noise is None else _in_units(noise, scale), data)
        model.check(data)
        noisy = model.variance(data).max() > ROUNDING**2
        course = taught(data, model, settings, progress, path) if noisy else unchanged(data, model)
    found = _denoised(course, model.times(*frexp(scale)), scale, Y)
    if path is not None:
        path.unlink(missing_ok=True)
    return found


def _in_units(noise: Noise, scale: float) -> Noise:
    """Return the noise of the data over `scale`."""
    mantissa, exponent = frexp(scale)
    try:
        with np.errstate(over="ignore"):
            return noise.times(1 / mantissa, -exponent)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"noise is {noise}, and Y has values of up to {scale:.3g}: give both in one unit") from error


@dataclass(frozen=True)
class Settings:
    """What `denoise` is told, but for the data, their noise, and where to compute."""

    rank: int | None
    loss: str
    alphas: tuple[float, float]
    channels: int
    scales: int
    kernel: int
    iterations: int
    refinements: int
    learning_rate: float
    flips: int | None
    wiener: bool
    seed: int

    def check(self, Y: torch.Tensor) -> None:
        """Raise ValueError for settings that make no sense, for data (H, W, B) or (H, W), but those of all lessons."""
        check_whole("refinements", self.refinements, 0)
        check_choice("loss", self.loss, LOSSES)
        check_flag("wiener", self.wiener)
        if not isinstance(self.alphas, tuple | list) or len(self.alphas) != 2:
            raise ValueError(f"alphas must be two levels of noise, the first and the last, not {self.alphas}")
        for alpha in self.alphas:
            check_positive("alphas", alpha)
        if self.kernel not in (1, 3):
            raise ValueError(f"kernel must be 3 or 1, not {self.kernel}")
        if self.flips not in (None, 1, 4, 8):
            raise ValueError(f"flips must be 1, 4 or 8, not {self.flips!r}")
        if self.rank is not None:
            check_whole("rank", self.rank)
            if Y.ndim == 2 or self.rank > Y.shape[2]:
                raise ValueError(
                    f"rank {self.rank} of data of shape {tuple(Y.shape)}: a stack of B images has 1 to B, others none"
                )

    @property
    def lessons(self) -> list[int]:
        """Return the numbers of iterations of the lessons."""
        return [self.iterations] + [max(self.iterations // 2, 1)] * self.refinements


@dataclass(frozen=True)
class Course:
    """The lessons' eigen-images, and for each lesson: the iterations, seconds and risk, and the coordinates then."""

    images: EigenImages
    marks: list[tuple[int, float, float, torch.Tensor]]
    reason: str


def taught(data: torch.Tensor, noise: Noise, settings: Settings, progress: bool | None, path: Path | None) -> Course:
    """Teach a network to denoise data (H, W, B), of the order of one; see `denoise`."""
    matrix = data.shape[2] == 1
    flips = settings.flips or (4 if matrix else FLIPS)
    images = eigen_images(data, noise, settings.rank)
    spectral = matrix and min(data.shape[:2]) <= SPECTRAL
    if spectral:
        images = images.with_noise_of(noise, images.compose(shrunk(images.coordinates[0], 1.0)[None]))
    halvings = number_of_scales(data.shape[:2], settings.scales)
    student = Student(images, settings.channels, halvings, spectral, settings.wiener, settings.kernel)
    student.network.initialise(torch.Generator().manual_seed(stream(settings.seed, 0)))
    student.to(data.device)
    generator = torch.Generator(data.device).manual_seed(stream(settings.seed, 1))
    lessons, marks, sources = settings.lessons, [], images
    fingerprint = fingerprint_of(data, type(noise).__name__, *vars(noise).values(), settings) if path else ""
    if path and path.exists():
        marks = _restore(path, fingerprint, student, generator)
        images, sources = _after(images, noise, marks)
    start = time.perf_counter() - (marks[-1][1] if marks else 0)
    done = sum(lessons[: len(marks)])
    with progress_bar("DeepTensor, taught", sum(lessons), done, progress) as bar:
        for number in range(len(marks), len(lessons)):
            teach(student, Lesson(sources, flips, spectral, generator), settings, number, bar)
            found = answer(student, images.coordinates, flips)
            when = f"in lesson {number + 1} of {len(lessons)}, of {lessons[number]} iterations"
            refuse_divergence(images.compose(found), when, settings.learning_rate, largest=1)
            risk = _risk(data, found, noise, images, student, flips, generator)
            marks.append((sum(lessons[: number + 1]), time.perf_counter() - start, risk, found))
            images, sources = _after(images, noise, marks)
            logger.info("%d iterations, %.0f s: mean square error of about %.3g", *marks[-1][:3])
            if path:
                state = {"network": student.state_dict(), "generator": generator.get_state(), "marks": marks}
                save_checkpoint(path, fingerprint, state)
    return Course(images, marks, f"the {sum(lessons)} iterations are done")


def teach(student: Student, lesson: Lesson, settings: Settings, number: int, bar: tqdm) -> None:
    """Do the iterations of a lesson: of the first by the noise, of the others by the answer to the one before."""
    length, rate = settings.lessons[number], settings.learning_rate * (REFINED_RATE if number else 1)
    optimiser = Adam(student.parameters())
    first, last = settings.alphas
    for step in range(length):
        y, z, size = lesson.draw()
        if number == 0:
            value = LOSSES[settings.loss](student, y, z, size, first + (last - first) * step / length)
        else:
            value = size(student(y + z, 1.0) - y)
        when = f"in iteration {step + 1} of {length} of lesson {number + 1} of {len(settings.lessons)}"
        refuse_divergence(value, when, settings.learning_rate)
        optimiser.step(value, rate * rate_factor(step, length))
        bar.update()


def unchanged(data: torch.Tensor, noise: Noise) -> Course:
    """Return data (H, W, B) with noise that single precision does not show as their own coordinates."""
    coordinates, bands = data.movedim(2, 0), data.shape[2]
    one, identity = torch.ones_like(data[..., 0]), torch.eye(bands, device=data.device)
    images = EigenImages(coordinates, torch.ones_like(data[0, 0]), one, identity, 0 * data[0, 0], identity, None)
    risk = noise.variance(data.double()).mean().item()
    return Course(images, [(0, 0.0, risk, coordinates)], "the data have no noise above their rounding")


def _after(images: EigenImages, noise: Noise, marks: list) -> tuple[EigenImages, EigenImages]:
    """Return the eigen-images with the noise of the last answer, and that answer in their place, to learn from."""
    found = marks[-1][3]
    images = images.with_noise_of(noise, images.compose(found))
    return images, replace(images, coordinates=found)


def _restore(path: Path, fingerprint: str, student: Student, generator: torch.Generator) -> list:
    """Go on from a checkpoint; return its marks."""
    state = load_checkpoint(path, fingerprint, student.signal.device)
    with restoring(path):
        student.load_state_dict(state["network"])
        generator.set_state(state["generator"].cpu())
        marks = [tuple(mark) for mark in state["marks"]]
    logger.info("going on from %s, after iteration %d", path, marks[-1][0])
    return marks


def _denoised(course: Course, noise: Noise, scale: float, Y: Array) -> Denoised:
    """Return what a course came to, in arrays like `Y`."""
    stages = []
    for iteration, seconds, risk, coordinates in course.marks:
        U, V = course.images.factors(coordinates)
        signal = U @ V.T
        if Y.ndim == 2:
            signal = signal[..., 0]
            left, s, right = torch.linalg.svd(signal, full_matrices=False)
            U, V = left * s, right.T
        stages.append(Stage(iteration, seconds, squared(risk, scale), _factors(U, V, scale, Y)))
    last = stages[-1]
    stop = Stop(last.iteration, course.reason)
    return Denoised(last.factors, like(signal, Y, scale), last.risk, noise, stop, tuple(stages))


def _factors(U: torch.Tensor, V: torch.Tensor, scale: float, Y: Array) -> tuple[Array, Array]:
    """Return `scale` U and V in arrays like `Y`; a power of two that the former cannot hold is in the latter."""
    most = frexp(torch.finfo(precision(Y)).max)[1] - 1
    excess = max(frexp(U.abs().max().item())[1] + frexp(scale)[1] - most, 0)
    return like(U * 2.0**-excess, Y, scale), like(V * 2.0**excess, Y)


def _risk(
    data: torch.Tensor,
    found: torch.Tensor,
    noise: Noise,
    images: EigenImages,
    student: Student,
    flips: int,
    generator: torch.Generator,
) -> float:
    """Return Stein's estimate of the mean square error of coordinates (k, H, W), made of data (H, W, B)."""
    signal = images.compose(found)
    images = images.with_noise_of(noise, signal)
    drawn = draw_noise(noise, signal, generator)
    moved = images.compose(answer(student, images.project(data + STEP * drawn), flips))
    divergence = (drawn * (moved - signal)).mean() / STEP
    return ((signal - data).square().mean() - noise.variance(signal).mean() + 2 * divergence).item()
