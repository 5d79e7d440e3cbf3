"""What the methods by block matching share: BM3D on one thread, so that its answer is reproducible, and its limits."""

import numpy as np

# Blocks have 8 x 8 pixels; the packages bm3d and bm4d crash on an image of exactly one block.
MINIMUM_SIDE = 9


def check_size(method: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError for a signal H x W or H x W x N whose images are too small to match blocks in."""
    if min(shape[:2]) < MINIMUM_SIDE:
        raise ValueError(f"{method} needs images of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels, not {shape}")


def bm3d_image(image: np.ndarray, sigma: float, first_stage: bool = False, fast: bool = False) -> np.ndarray:
    """Return an image H x W denoised by BM3D at the standard deviation `sigma`.

    In the package's default profile, or where it is to be `fast` in that of low complexity; in both stages, or in the
    first one alone, which thresholds.
    """
    # Imported here: the package is optional, and takes a second to load.
    import bm3d

    profile = bm3d.BM3DProfileLC() if fast else bm3d.BM3DProfile()
    profile.num_threads = 1
    stages = bm3d.BM3DStages.HARD_THRESHOLDING if first_stage else bm3d.BM3DStages.ALL_STAGES
    return bm3d.bm3d(image, sigma, profile, stages)
