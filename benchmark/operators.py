"""The operators that an experiment can observe a signal through: how they are drawn, and made of what was drawn.

An experiment names one by its class: `operator: {kind: coded_exposure, frames: 8}`. A task's file can hold more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from benchmark.contract import Operator
from benchmark.kinds import Count, Share


class OperatorModel(Protocol):
    """A kind of operator with its settings; `sums` says whether a measurement is a sum of several entries."""

    sums: ClassVar[bool]

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the arrays that determine the operator on signals of `shape`."""

    def build(self, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Operator:
        """Return the operator on signals of `shape` that the arrays determine."""


@dataclass(frozen=True)
class Radon:
    """Parallel projections of each slice of a stack, from `angles` directions at equal distances over half a turn."""

    angles: Count

    sums: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the angles in degrees; the end is left out, as 0 and 180 degrees see the same."""
        return {"angles": np.linspace(0, 180, self.angles, endpoint=False)}

    def build(self, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Operator:
        """Return the Radon transform of stacks of `shape`."""
        from deeptensor.operators import Radon as Transform  # torch is needed for operators alone

        return Transform(shape, arrays["angles"])


@dataclass(frozen=True)
class CodedExposure:
    """Coded frames of a video: each pixel is exposed in one frame, drawn at random, of every `frames`."""

    frames: Count

    sums: ClassVar[bool] = False

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the code of videos of `shape`."""
        from deeptensor.operators import random_code

        return {"code": random_code(shape, self.frames, seed=int(rng.integers(2**32)))}

    def build(self, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Operator:
        """Return the coding of videos of `shape`."""
        from deeptensor.operators import CodedExposure as Coding

        return Coding(arrays["code"], self.frames)


@dataclass(frozen=True)
class ScrambledHadamard:
    """A share `rate` of the Walsh-Hadamard coefficients of a grey image whose pixels are in random order, and its mean.

    The mean is the first of them, the others are drawn at random. The sides of the image are powers of two.
    """

    rate: Share

    sums: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the order of the pixels and the numbers of the coefficients; ValueError for other sides or a rate."""
        from benchmark.algorithms.scrambled import draw_rows

        arrays = draw_rows(shape, self.rate, rng)
        if other := [size for size in shape if size & (size - 1)]:
            raise ValueError(
                f"scrambled_hadamard needs sides that are powers of two, not {other[0]}: choose scrambled_dct, or crop"
            )
        return arrays

    def build(self, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Operator:
        """Return the operator on images of `shape`, whose rows are orthonormal."""
        from benchmark.algorithms.scrambled import hadamard_matrix, scrambled

        return scrambled(hadamard_matrix, arrays, shape)


@dataclass(frozen=True)
class ScrambledDct:
    """A share `rate` of the cosine coefficients of a grey image whose pixels are in random order, and its mean.

    As `ScrambledHadamard`, for images of any sides.
    """

    rate: Share

    sums: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the order of the pixels and the numbers of the coefficients; ValueError for a rate that takes none."""
        from benchmark.algorithms.scrambled import draw_rows

        return draw_rows(shape, self.rate, rng)

    def build(self, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Operator:
        """Return the operator on images of `shape`, whose rows are orthonormal."""
        from benchmark.algorithms.scrambled import cosine_matrix, scrambled

        return scrambled(cosine_matrix, arrays, shape)


@dataclass(frozen=True)
class PerColumn:
    """As many numbers of each column of a matrix as `share` of its rows, by a Gaussian map of its own."""

    share: Share

    sums: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the seed of the maps, which can have far more entries than the matrix; ValueError for no numbers."""
        if not 1 <= round(self.share * shape[0]) <= shape[0]:
            raise ValueError(
                f"the share {self.share:g} of {shape[0]} rows takes no number: it has to take one at least"
            )
        return {"seed": rng.integers(2**32)}

    def build(self, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Operator:
        """Return the operator on matrices of `shape`."""
        from benchmark.algorithms.column_sketches import ColumnSketches, gaussian_maps

        rows, columns = shape
        numbers = round(self.share * rows)
        return ColumnSketches(gaussian_maps(rows, columns, numbers, np.random.default_rng(int(arrays["seed"]))))


@dataclass(frozen=True)
class SparseProjection:
    """Sums of random rows of a matrix: each row goes into `copies` of them; there are `share` times as many as rows."""

    share: Share
    copies: Count = 5

    sums: ClassVar[bool] = True

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the numbers of the sums that each row goes into; ValueError for fewer sums than copies."""
        number = round(self.share * shape[0])
        if not self.copies <= number <= shape[0]:
            raise ValueError(
                f"{number} sums of {shape[0]} rows, each in {self.copies}: give a share for as many, below 1"
            )
        places = [rng.choice(number, self.copies, replace=False) for _ in range(shape[0])]
        return {"places": np.array(places), "number": np.array(number)}

    def build(self, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Operator:
        """Return the operator on matrices of `shape`."""
        from benchmark.algorithms.compressed import RowSums

        return RowSums(arrays["places"], int(arrays["number"]), shape)
