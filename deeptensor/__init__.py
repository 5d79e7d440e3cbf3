"""DeepTensor: low-rank decomposition of arrays, with an untrained network as the prior of each factor.

`denoise`, `fill` and `reconstruct`, of ours and not of the paper, teach a network to remove noise of a known kind, to
fill what is missing, and to correct a reconstruction from projections, from the one observation.

By the names and in the forms that people know: `svd`, `cp`, `tucker`, `recover`, and the estimators `DeepPCA`,
`DeepNMF` and `DeepSemiNMF`. With every setting: `factorise` and `factorise_many`, and `operators` for indirect
measurements.

Source: Saragadam, Balestriero, Veeraraghavan and Baraniuk, DeepTensor: low-rank tensor decomposition with deep network
priors, arXiv 2204.03145.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deeptensor.decompositions import cp, recover, svd, tucker
    from deeptensor.estimators import DeepNMF, DeepPCA, DeepSemiNMF
    from deeptensor.filling import Filled, fill
    from deeptensor.fit import Diverged, Fit, Snapshot, factorise, factorise_many
    from deeptensor.models import Decomposition, Model
    from deeptensor.networks import Network
    from deeptensor.presets import PAPER
    from deeptensor.reconstructing import Reconstructed, reconstruct
    from deeptensor.stopping import Discrepancy, ExponentialVariance, HeldOut, LowestLoss, Stop, WindowedVariance
    from deeptensor.taught import Denoised, denoise

# Each module is imported when something of it is first used: reading a file needs no torch, a fit no scikit-learn.
HOMES = {
    "decompositions": ("cp", "recover", "svd", "tucker"),
    "estimators": ("DeepNMF", "DeepPCA", "DeepSemiNMF"),
    "filling": ("Filled", "fill"),
    "fit": ("Diverged", "Fit", "Snapshot", "factorise", "factorise_many"),
    "models": ("Decomposition", "Model"),
    "networks": ("Network",),
    "presets": ("PAPER",),
    "reconstructing": ("Reconstructed", "reconstruct"),
    "stopping": ("Discrepancy", "ExponentialVariance", "HeldOut", "LowestLoss", "Stop", "WindowedVariance"),
    "taught": ("Denoised", "denoise"),
}

__all__ = [
    "PAPER",
    "Decomposition",
    "DeepNMF",
    "DeepPCA",
    "DeepSemiNMF",
    "Denoised",
    "Discrepancy",
    "Diverged",
    "ExponentialVariance",
    "Filled",
    "Fit",
    "HeldOut",
    "LowestLoss",
    "Model",
    "Network",
    "Reconstructed",
    "Snapshot",
    "Stop",
    "WindowedVariance",
    "cp",
    "denoise",
    "factorise",
    "factorise_many",
    "fill",
    "reconstruct",
    "recover",
    "svd",
    "tucker",
]


def __getattr__(name: str):
    for module, names in HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
