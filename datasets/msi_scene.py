"""A multispectral scene without noise: six materials of smooth spectra, four in areas and two in repeated tiles.

Four abundances are the softmax of smoothed random fields, so that there are edges, gradients and texture; two are tiles
of 16 x 16 pixels that repeat all over, which is what methods live on that seek similar patches. Spectra are sums of
three bells over 31 bands. The unfolding to pixels x bands is of rank six exactly.
"""

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import softmax

from benchmark.contract import Item
from benchmark.loaders.signals import normalised

KIND = "stack"
TITLE = "Synthetic multispectral scene"
LICENCE = "made by the suite"
CITATION = "made by the suite"
STANDS_IN_FOR = "the CAVE scene chart and stuffed toy of the authors' log, which is a download"
RGB = (25, 15, 5)

SMOOTHNESS, CONTRAST = (1, 2, 4, 6), 3.0
TILES, TILE = 2, 16
BELLS = 3


def load(folder: Path, *, size: int = 64, bands: int = 31, seed: int = 0) -> list[Item]:
    """Return the scene (size x size x bands), divided by its maximum."""
    rng = np.random.default_rng(seed)
    fields = [gaussian_filter(rng.standard_normal((size, size)), width, mode="wrap") for width in SMOOTHNESS]
    areas = softmax([CONTRAST * field / field.std() for field in fields], axis=0)
    tiles = [gaussian_filter(rng.random((TILE, TILE)), 0.7, mode="wrap") for _ in range(TILES)]
    turns = -(-size // TILE)
    repeated = [np.tile(tile - tile.min(), (turns, turns))[:size, :size] for tile in tiles]
    abundances = np.stack([*areas, *repeated], axis=-1)
    return [Item("msi_scene", normalised(TITLE, abundances @ spectra(abundances.shape[-1], bands, rng)))]


def spectra(number: int, bands: int, rng: np.random.Generator) -> np.ndarray:
    """Return smooth spectra (number x bands), each a sum of bells with centres anywhere and widths of 2 to 8 bands."""
    centres, widths, heights = (
        rng.uniform(least, most, (number, BELLS, 1)) for least, most in ((0, bands), (2, 8), (0.2, 1))
    )
    return (heights * np.exp(-(((np.arange(bands) - centres) / widths) ** 2) / 2)).sum(axis=1)
