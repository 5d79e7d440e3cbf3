"""Seeds of independent random streams."""

from collections.abc import Sequence

import numpy as np
import torch


def stream(seed: int, *path: int) -> int:
    """Return the seed of one of the independent streams of `seed`, named by small numbers."""
    return int(np.random.SeedSequence([int(seed), *path]).generate_state(1)[0])


def generators(seeds: Sequence[int], device: torch.device | str = "cpu") -> list[torch.Generator]:
    """Return a generator on the device for each seed."""
    return [torch.Generator(device).manual_seed(seed) for seed in seeds]
