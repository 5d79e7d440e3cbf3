"""Unmix noisy spectra by non-negative matrix factorisation: scikit-learn's, and DeepTensor's in the same style.

Three substances come and go in 80 spectra of few photons. Both minimise the Kullback-Leibler divergence, which suits
such counts, with the right number of components and with twice as many.
"""

import numpy as np
from sklearn.decomposition import NMF

from deeptensor import DeepNMF, Network

wavelengths, times = np.linspace(0, 1, 120)[:, None], np.linspace(0, 1, 80)[:, None]
lines = np.exp(-(((wavelengths - [0.2, 0.35, 0.5]) / 0.08) ** 2))
lines += 0.6 * np.exp(-(((wavelengths - [0.6, 0.8, 0.1]) / 0.05) ** 2))
amounts = np.exp(-(((times - [0.15, 0.5, 0.85]) / 0.25) ** 2))
clean = amounts @ lines.T
counts = np.random.default_rng(0).poisson(5 * clean / clean.max()) * clean.max() / 5


def error(W, H):
    """Return the relative error of the spectra W H."""
    return np.linalg.norm(W @ H - clean) / np.linalg.norm(clean)


for number in (3, 6):
    nmf = NMF(number, solver="mu", beta_loss="kullback-leibler", max_iter=2000, random_state=0)
    deep = DeepNMF(number, activation="abs", loss="poisson", network=Network(channels=32, scales=3))
    deep.set_params(iterations=150, learning_rate=1e-2)
    errors = error(nmf.fit_transform(counts), nmf.components_), error(deep.fit(counts).activations_, deep.components_)
    print("{} components: error of NMF {:.3f}, of DeepNMF {:.3f}".format(number, *errors))
