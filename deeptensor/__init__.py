"""DeepTensor: low-rank decomposition of arrays, with an untrained network as the prior of each factor.

Source: Saragadam, Balestriero, Veeraraghavan and Baraniuk, DeepTensor: low-rank tensor decomposition with deep network
priors, arXiv 2204.03145.
"""

from deeptensor.fit import Fit, Snapshot, factorise

__all__ = ["Fit", "Snapshot", "factorise"]
