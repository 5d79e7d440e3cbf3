"""DeepTensor: low-rank decomposition of arrays, with an untrained network as the prior of each factor.

By the names and in the forms that people know: `svd`, `cp`, `tucker`, `recover`, and the estimators `DeepPCA`,
`DeepNMF` and `DeepSemiNMF`. With every setting: `factorise` and `factorise_many`, and `operators` for indirect
measurements.

Source: Saragadam, Balestriero, Veeraraghavan and Baraniuk, DeepTensor: low-rank tensor decomposition with deep network
priors, arXiv 2204.03145.
"""

from importlib import import_module

from deeptensor.fit import Diverged, Fit, Snapshot, factorise, factorise_many
from deeptensor.models import Decomposition, Model
from deeptensor.networks import Network
from deeptensor.presets import PAPER
from deeptensor.stopping import Discrepancy, ExponentialVariance, HeldOut, LowestLoss, Stop, WindowedVariance

# Imported when first used: no fit needs these modules, and the estimators need scikit-learn, which takes long to load.
FRONT_ENDS = dict.fromkeys(["cp", "recover", "svd", "tucker"], "decompositions") | dict.fromkeys(
    ["DeepNMF", "DeepPCA", "DeepSemiNMF"], "estimators"
)

__all__ = [
    "PAPER",
    "Decomposition",
    "Discrepancy",
    "Diverged",
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
    *FRONT_ENDS,
]


def __getattr__(name: str):
    if name not in FRONT_ENDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{FRONT_ENDS[name]}"), name)
