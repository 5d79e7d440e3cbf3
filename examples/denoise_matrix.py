"""Denoise photon counts of a smooth low-rank matrix, by truncated SVD and by DeepTensor in the same form.

The matrix has rank 4, which nobody knows in practice: both are given rank 8.
"""

import numpy as np
from skimage.metrics import peak_signal_noise_ratio

from deeptensor import Network, svd

PHOTONS, RANK = 50, 8

axis = np.linspace(0, 1, 64)[:, None]
bumps = np.exp(-(((axis - np.linspace(0.1, 0.9, 4)) / 0.15) ** 2))
waves = 1 + np.sin(2 * np.pi * axis * np.arange(1, 5))
clean = bumps @ waves.T
clean /= clean.max()
noisy = np.random.default_rng(0).poisson(PHOTONS * clean) / PHOTONS


def decibels(U, s, Vh):
    """Return the PSNR of the sum of the first terms."""
    return peak_signal_noise_ratio(clean, (U[:, :RANK] * s[:RANK]) @ Vh[:RANK], data_range=1)


classical = np.linalg.svd(noisy)
deep = svd(noisy, RANK, network=Network(channels=32, scales=3), iterations=200, learning_rate=1e-2)
print(f"noisy      {peak_signal_noise_ratio(clean, noisy, data_range=1):.1f} dB")
print(f"SVD        {decibels(*classical):.1f} dB")
print(f"DeepTensor {decibels(*deep):.1f} dB")
