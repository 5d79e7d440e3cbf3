"""The operators that an experiment can observe a signal through: how they are drawn, and made of what was drawn.

An experiment names one by its class: `operator: {kind: coded_exposure, frames: 8}`. A task's file can hold more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from benchmark.contract import Operator

# A number of which experiments are told what it may be (see `benchmark.settings`).
Count = int


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
