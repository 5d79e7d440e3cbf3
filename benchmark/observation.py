"""Observations of a signal: through a linear operator or directly, with or without noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.noise import Noise

if TYPE_CHECKING:
    from benchmark.contract import Operator
    from benchmark.operators import OperatorModel

# The arrays of an operator stand beside the observation under names that start so.
OPERATOR = "operator/"


@dataclass(frozen=True)
class Observation:
    """How a signal is observed: through `operator`, which is none for the signal itself, with `noise`, or without.

    The noise is added to the measurements, or, `noise_on` the "signal", before the operator.
    """

    noise: Noise | None = None
    operator: "OperatorModel | None" = None
    noise_on: str = "measurements"

    def draw(self, signal: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the array `observed` of a clean signal, and the arrays that its operator is made of."""
        shape = np.array(signal.shape)
        arrays = {} if self.operator is None else {"shape": shape} | self.operator.draw(signal.shape, rng)
        operator = self.operator_from(arrays)
        values = signal.astype(float)
        if operator is None:
            observed = self._noisy(values, rng)
        elif self.noise_on == "signal":
            observed = operator(self._noisy(values, rng))
        else:
            observed = self._noisy(operator(values), rng)
        return {"observed": observed.astype(np.float32)} | {f"{OPERATOR}{key}": own for key, own in arrays.items()}

    def operator_from(self, arrays: Mapping[str, np.ndarray]) -> "Operator | None":
        """Return the operator, made of the arrays that were drawn; None where the signal itself is observed."""
        if self.operator is None:
            return None
        return self.operator.build(arrays, tuple(int(size) for size in arrays["shape"]))

    @property
    def known_noise(self) -> Noise | None:
        """The noise model of the observation that the protocol grants to methods.

        Noise of a signal that an operator sums up is none of the models: None.
        """
        summed = self.noise_on == "signal" and self.operator is not None and self.operator.sums
        return None if summed else self.noise

    def _noisy(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return values if self.noise is None else self.noise.sample(values, rng)
