"""DeepTensor: low-rank decomposition of arrays, with an untrained network as the prior of each factor.

Source: Saragadam, Balestriero, Veeraraghavan and Baraniuk, DeepTensor: low-rank tensor decomposition with deep network
priors, arXiv 2204.03145.
"""

from deeptensor.fit import Fit, Snapshot, factorise, factorise_many
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network
from deeptensor.stopping import Discrepancy, ExponentialVariance, HeldOut, LowestLoss, Stop, WindowedVariance

__all__ = [
    "Decomposition",
    "Discrepancy",
    "ExponentialVariance",
    "Fit",
    "HeldOut",
    "LowestLoss",
    "Model",
    "Network",
    "Snapshot",
    "Stop",
    "WindowedVariance",
    "factorise",
    "factorise_many",
]
