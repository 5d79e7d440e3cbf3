"""Named settings, as keyword arguments of `svd`, `cp`, `tucker` and the estimators: `svd(X, 20, **PAPER)`.

The defaults of the library are for a person who waits: about half a minute for a matrix of 512 x 512 on one CPU core.
"""

from types import MappingProxyType

from deeptensor.networks import Network

# The common settings of arXiv 2204.03145, which take about eight times as long as the defaults. `factorise` and
# `recover` take the network within their model.
PAPER = MappingProxyType(
    {
        "network": Network(channels=128, scales=5, perturbation=1 / 30),
        "iterations": 5000,
        "learning_rate": 1e-3,
        "schedule": "fixed",
    }
)
PRESETS = {"default": MappingProxyType({}), "paper": PAPER}
