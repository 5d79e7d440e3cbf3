"""What is timed: problems of the paper's sizes, from seeded synthetic data."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmark.noise import Poisson
from deeptensor.networks import number_of_scales

JUMPS = 10
SMOOTH_RANK = 5


@dataclass(frozen=True)
class Case:
    """A problem of `shape`, fitted with factors of `rank` along the groups of axes in `modes`.

    `batches` are the numbers of realisations that the library fits at once, each timed. `angles` is the number of
    projections of a Radon transform that are measured in place of the entries; 0 for none. `precision` is that of the
    library's networks.
    """

    shape: tuple[int, ...]
    modes: tuple[tuple[int, ...], ...]
    rank: int
    channels: int = 128
    scales: int = 5
    perturbation: float = 0.0
    batches: tuple[int, ...] = (1,)
    angles: int = 0
    precision: str = "single"

    @property
    def scales_each(self) -> list[int]:
        """Return the number of scales of each network: short axes get fewer."""
        return [number_of_scales([self.shape[axis] for axis in group], self.scales) for group in self.modes]

    @property
    def projection_angles(self) -> np.ndarray:
        """Return the angles in degrees."""
        return 180 * np.arange(self.angles) / self.angles


MATRIX = Case(shape=(64, 64), modes=((0,), (1,)), rank=32, batches=(10, 1))
CUBE = Case(shape=(145, 145, 200), modes=((0, 1), (2,)), rank=20, perturbation=1 / 30)
CASES = {
    "matrix": MATRIX,
    "cube": CUBE,
    "cube, bfloat16": replace(CUBE, precision="bfloat16"),
    "radon": Case(shape=(128, 128, 56), modes=((0,), (1,), (2,)), rank=1000, perturbation=1 / 30, angles=40),
    # The library beside itself: entries held out to stop by, against none.
    "stopping": replace(MATRIX, batches=(10,)),
}


def tiny(case: Case) -> Case:
    """Return the same kind of problem at a size for tests."""
    shape = tuple(min(size, 24 - 5 * axis) for axis, size in enumerate(case.shape))
    batches = tuple(min(batch, 2) for batch in case.batches)
    return replace(case, shape=shape, rank=3, channels=8, batches=batches, angles=min(case.angles, 4))


def draw(case: Case, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a clean array in [0, 1] and its noisy observation, drawn from `seed`, in single precision.

    A matrix is U V^T of piecewise constant columns with 10 jumps at most, observed with at most 1000 photons: Fig 6 of
    arXiv 2204.03145. Other arrays are sums of 5 products of smooth positive factors, observed with at most 100 photons
    and 2 electrons of read-out noise, as in its Fig 9.
    """
    rng = np.random.default_rng(seed)
    if len(case.shape) == 2:
        U, V = (_piecewise_constant(size, case.rank, rng) for size in case.shape)
        clean, noise = U @ V.T, Poisson(photons=1000)
        clean = (clean - clean.min()) / (clean.max() - clean.min())
    else:
        factors = [_smooth([case.shape[axis] for axis in group], rng) for group in case.modes]
        clean = np.zeros(case.shape)
        for component in zip(*factors, strict=True):
            term = component[0]
            for factor in component[1:]:
                term = np.multiply.outer(term, factor)
            clean += term
        clean, noise = clean / clean.max(), Poisson(photons=100, readout=2)
    return clean.astype(np.float32), noise.sample(clean, rng).astype(np.float32)


def _piecewise_constant(size: int, rank: int, rng: np.random.Generator) -> np.ndarray:
    jumps = np.zeros((size, rank))
    for column in jumps.T:
        column[rng.integers(size, size=JUMPS)] = rng.standard_normal(JUMPS)
    return jumps.cumsum(axis=0)


def _smooth(sizes: list[int], rng: np.random.Generator) -> np.ndarray:
    """Return factors (SMOOTH_RANK, *sizes), each in [0, 1]."""
    fields = rng.standard_normal((SMOOTH_RANK, *sizes))
    fields = np.stack([gaussian_filter(field, [max(size / 12, 1) for size in sizes]) for field in fields])
    axes = tuple(range(1, fields.ndim))
    fields -= fields.min(axis=axes, keepdims=True)
    return fields / fields.max(axis=axes, keepdims=True)
