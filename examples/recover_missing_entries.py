"""Recover a smooth low-rank cube from a fifth of its entries, with noise, and stop without the truth.

A twentieth of the known entries is held out, and the fit stops when it predicts them no better.
"""

import numpy as np

from deeptensor import HeldOut, Model, Network, factorise

rng = np.random.default_rng(0)
rows, columns, bands = np.linspace(0, 1, 32)[:, None], np.linspace(0, 1, 24)[:, None], np.linspace(0, 1, 20)[:, None]
ranks = np.arange(1, 4)
clean = np.einsum("ir,jr,kr->ijk", np.sin(ranks * rows + 1), np.cos(ranks * columns), np.exp(-ranks * bands))
clean /= np.abs(clean).max()
known = rng.random(clean.shape) < 0.2
noisy = np.where(known, clean + 0.05 * rng.standard_normal(clean.shape), np.nan)

fit = factorise(
    noisy,
    Model(rank=3, network=Network(channels=16, scales=3)),
    weights=known,
    stopping=HeldOut(fraction=0.05, patience=100),
    iterations=1000,
    learning_rate=1e-2,
)


def error(estimate):
    """Return the root mean square error over the missing entries."""
    return np.sqrt(np.mean((estimate - clean)[~known] ** 2))


print(f"error of the mean   {error(np.full(clean.shape, noisy[known].mean())):.3f}")
print(
    f"error of DeepTensor {error(fit.decomposition.reconstruct()):.3f}, of the average iterate "
    f"{error(fit.average.reconstruct()):.3f}"
)
print(f"stopped after {fit.stop.iteration} of 1000 iterations: {fit.stop.reason}")
