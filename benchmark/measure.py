"""Observations of a signal: through a linear operator or directly, with noise, as an entry of the config has it."""

from collections.abc import Mapping

import numpy as np

from benchmark.contract import Operator
from benchmark.noise import Noise, noise_from

# Keys of a config entry that are not settings of its noise model.
OPERATOR_KEYS = ("operator", "noise_on")


def observe(entry: Mapping, clean: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the `observed` array of a clean signal, and beside it the arrays that its operator is made of."""
    noise = noise_from(_without_operator(entry))
    arrays = _draw_operator(entry, clean.shape, rng)
    operator = operator_from(entry, arrays, clean.shape)
    if operator is None:
        observed = noise.sample(clean, rng)
    elif entry["noise_on"] == "signal":
        observed = operator(noise.sample(clean, rng))
    else:
        observed = noise.sample(operator(clean), rng)
    return {"observed": observed} | arrays


def known_noise(entry: Mapping) -> Noise | None:
    """Return the noise model of an observation that the protocol grants to methods.

    Noise of the signal that a Radon transform sums up is none of the models: None.
    """
    if entry.get("noise_on") == "signal" and entry["operator"]["kind"] == "radon":
        return None
    return noise_from(_without_operator(entry))


def bias_of(entry: Mapping) -> float:
    """Return the mean of the noise, which is zero but for skewed noise."""
    return getattr(noise_from(_without_operator(entry)), "bias", 0.0)


def operator_from(entry: Mapping, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Operator | None:
    """Return the operator of an observation of a signal of `shape`, or None where the signal itself is observed."""
    if "operator" not in entry:
        return None
    from deeptensor import operators  # torch is needed for operators alone

    settings = entry["operator"]
    if settings["kind"] == "radon":
        return operators.Radon(shape, arrays["angles"])
    return operators.CodedExposure(arrays["code"], settings["frames"])


def _draw_operator(entry: Mapping, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
    if "operator" not in entry:
        return {}
    settings = entry["operator"]
    if settings["kind"] == "radon":
        # The end is left out: 0 and 180 degrees see the same.
        return {"angles": np.linspace(0, 180, settings["angles"], endpoint=False)}
    from deeptensor.operators import random_code

    return {"code": random_code(shape, settings["frames"], seed=int(rng.integers(2**32)))}


def _without_operator(entry: Mapping) -> dict:
    return {key: value for key, value in entry.items() if key not in OPERATOR_KEYS}
