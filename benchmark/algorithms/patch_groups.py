"""Groups of similar patches, found, shrunk towards low rank, and put back: what non-local methods share.

For denoising, a patch holds p x p pixels of all bands of a cube H x W x B; a group has the K patches of a window that
are nearest to a key patch in one image, such as the mean of the bands. A group less its mean is a matrix of K patches
by p p B entries, whose singular values are shrunk; each pixel then gets the mean of all its estimates. Groups are
gathered by index, some at a time, so that memory never holds all patches. For recovery from few measurements, the
patches of all groups of one image are gathered, changed, and averaged. The arrays are PyTorch's, so that a GPU can take
them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from benchmark.algorithms.fixed_sigma import StackDenoiser

# From singular values (groups x k, descending or not), the noise level of each group (groups x 1) and the number of
# patches in a group, to the values shrunk.
Shrinkage = Callable[[Tensor, Tensor, int], Tensor]
# From a cube H x W x B with the peak `PEAK`, the noise of its bands in units of a level (B,), and that level, to the
# cube denoised.
GreyDenoiser = Callable[[Tensor, Tensor, float], Tensor]
# The published parameters of the methods that denoise are for grey values up to this.
PEAK = 255
# Entries of the patches that are in memory at a time.
BATCH = 2**23
# Keeps a weight finite where the value so far is zero.
EPSILON = 1e-16


@dataclass(frozen=True)
class Grid:
    """Patches of `patch` x `patch` pixels, a key patch every `step` pixels, and a window of `reach` to each side."""

    patch: int
    step: int
    reach: int


def on_grey_scale(denoise: GreyDenoiser, device: str) -> StackDenoiser:
    """Return the denoiser of stacks that applies one for grey values; what has no noise stays as it is."""

    def denoise_stack(stack: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
        level = float(np.sqrt(np.mean(sigmas**2)))
        if level == 0:
            return stack
        scales = np.where(sigmas > 0, sigmas / level, 1.0)
        observed = torch.from_numpy(PEAK * stack).to(device, torch.float32)
        found = denoise(observed, torch.from_numpy(scales).to(observed), PEAK * level)
        return found.cpu().numpy().astype(np.float64) / PEAK

    return denoise_stack


def check_patch(method: str, shape: tuple[int, ...], patch: int) -> None:
    """Raise ValueError for a signal H x W or H x W x B that is smaller than a patch."""
    if min(shape[:2]) < patch:
        raise ValueError(f"{method} needs images of at least {patch} x {patch} pixels, one patch, not {shape}")


def key_places(length: int, grid: Grid) -> list[int]:
    """Return the first pixels, along an axis, of the key patches: one every step, and the last one that there is."""
    last = length - grid.patch
    return [*range(0, last, grid.step), last]


def match(image: Tensor, grid: Grid, number: int) -> Tensor:
    """Return groups of patches of an image H x W as the flat indices of their first pixels, of shape keys x K.

    Each has its key patch first, and then those of the window that are nearest to it in l2; K is `number`, or what the
    smallest window holds. The image must have at least one patch, see `check_patch`.
    """
    patches = image.unfold(0, grid.patch, 1).unfold(1, grid.patch, 1).flatten(2)
    height, width, _ = patches.shape
    places = torch.arange(height, device=image.device)[:, None] * image.shape[1]
    places = places + torch.arange(width, device=image.device)
    number = min(number, min(grid.reach + 1, height) * min(grid.reach + 1, width))
    groups = []
    for row in key_places(image.shape[0], grid):
        for column in key_places(image.shape[1], grid):
            top, left = max(row - grid.reach, 0), max(column - grid.reach, 0)
            window = slice(top, row + grid.reach + 1), slice(left, column + grid.reach + 1)
            distances = (patches[window] - patches[row, column]).square().sum(-1)
            distances[row - top, column - left] = -1  # others may be as near, and a pixel then in no group
            nearest = distances.flatten().topk(number, largest=False).indices
            groups.append(places[window].flatten()[nearest])
    return torch.stack(groups)


def pixels_of(groups: Tensor, patch: int, width: int) -> Tensor:
    """Return the flat indices of the pixels of all patches, (groups, K, p * p), in an image of that width."""
    offsets = torch.arange(patch, device=groups.device)
    return groups[..., None] + (offsets[:, None] * width + offsets).flatten()


def average(patches: Tensor, pixels: Tensor, shape: tuple[int, int], weights: Tensor | None = None) -> Tensor:
    """Return the image of that shape whose pixels are the averages of all that patches say of them.

    `pixels`, of the shape of the patches, says which pixel each entry is of; every pixel must be in a patch. The
    patches of a group have its weight, of `weights` (groups,), or all have one.
    """
    numbers, size = pixels.flatten(), shape[0] * shape[1]
    spread = None if weights is None else weights[:, None, None].expand_as(patches)
    values = patches if spread is None else patches * spread
    sums = torch.bincount(numbers, values.flatten(), size)
    counts = torch.bincount(numbers, None if spread is None else spread.flatten(), size)
    return (sums / counts).reshape(shape)


def sums_of_estimates(
    cube: Tensor, groups: Tensor, sigmas: Tensor, patch: int, shrinkage: Shrinkage
) -> tuple[Tensor, Tensor]:
    """Return the sum of all estimates of each entry of a cube H x W x B, and their number for each pixel, H x W x 1.

    `sigmas` are the noise levels of the groups, of shape (keys,).
    """
    height, width, bands = cube.shape
    pixels = cube.reshape(-1, bands)
    sums, counts = torch.zeros_like(pixels), torch.zeros_like(pixels[:, :1])
    batch = max(1, BATCH // (groups.shape[1] * patch**2 * bands))
    for some, levels in zip(groups.split(batch), sigmas.split(batch), strict=True):
        places = pixels_of(some, patch, width)
        patches = pixels[places].flatten(2)
        mean = patches.mean(1, keepdim=True)
        estimates = shrink(patches - mean, levels[:, None], shrinkage) + mean
        flat = places.flatten()
        sums.index_add_(0, flat, estimates.reshape(-1, bands))
        counts += torch.bincount(flat, minlength=len(pixels)).to(counts)[:, None]
    return sums.reshape(cube.shape), counts.reshape(height, width, 1)


def shrink(matrices: Tensor, sigmas: Tensor, shrinkage: Shrinkage) -> Tensor:
    """Return matrices (n x K x D) with their singular values shrunk, by way of the smaller of their Gram matrices."""
    wide = matrices.shape[1] <= matrices.shape[2]
    gram = matrices @ matrices.mT if wide else matrices.mT @ matrices
    squares, vectors = torch.linalg.eigh(gram)
    values = squares.clamp(min=0).sqrt()
    kept = shrinkage(values, sigmas, matrices.shape[1])
    ratios = torch.where(kept > 0, kept / values, 0)
    most = int((ratios > 0).sum(-1).max())  # eigenvalues ascend, and what is shrunk to zero comes first
    if most == 0:
        return torch.zeros_like(matrices)
    vectors, ratios = vectors[..., -most:], ratios[..., -most:]
    if wide:
        return (vectors * ratios[:, None]) @ (vectors.mT @ matrices)
    return (matrices @ vectors) @ (vectors * ratios[:, None]).mT


def closed_form(strength: float) -> Shrinkage:
    """Return the shrinkage of the weighted nuclear norm whose weights are C over the shrunk values themselves.

    s -> (s + sqrt(s^2 - 4 C)) / 2 where s^2 > 4 C, else 0, with C = strength sqrt(K) sigma^2: the fixed point of soft
    thresholds by C over the value so far (Gu et al. 2014, DOI 10.1109/CVPR.2014.366).
    """

    def shrinkage(values: Tensor, sigmas: Tensor, number: int) -> Tensor:
        return log_shrinkage(values, strength * number**0.5 * sigmas**2)

    return shrinkage


def log_shrinkage(values: Tensor, weight: Tensor | float) -> Tensor:
    """Return the larger minimiser t > 0 of 1/2 (t - s)^2 + weight * log t for each value s, or 0 where there is none.

    It is the fixed point of t = s - weight / t, the reweighted soft threshold.
    """
    excess = values**2 - 4 * weight
    return torch.where(excess > 0, (values + excess.clamp(min=0).sqrt()) / 2, 0)


def reweighted(strength: float, times: int) -> Shrinkage:
    """Return the shrinkage by `times` soft thresholds, each at C over the value so far.

    C = strength sqrt(K) sigma^2, and the first value is sqrt(s^2 - K sigma^2) (Gu et al. 2014,
    DOI 10.1109/CVPR.2014.366).
    """

    def shrinkage(values: Tensor, sigmas: Tensor, number: int) -> Tensor:
        weight = strength * number**0.5 * sigmas**2
        estimates = (values**2 - number * sigmas**2).clamp(min=0).sqrt()
        for _ in range(times):
            estimates = (values - weight / (estimates + EPSILON)).clamp(min=0)
        return estimates

    return shrinkage


def group_size(first: int, iteration: int) -> int:
    """Return how many patches a group has: ten fewer at every second iteration, as estimates become better."""
    return max(first - 10 * (iteration // 2 + 1), 2)


def first_noise(cube: Tensor, level: float, patch: int) -> Tensor:
    """Return one noise level for each patch of a cube, as h x w."""
    return cube.new_full((cube.shape[0] - patch + 1, cube.shape[1] - patch + 1), level)


def remaining_noise(cube: Tensor, observed: Tensor, sigma: float, patch: int, share: float) -> Tensor:
    """Return share * sqrt(|sigma^2 - mean((observed - cube)^2)|), the noise left in each patch, as h x w."""
    error = (observed - cube).square().mean(-1)
    return share * (sigma**2 - avg_pool2d(error[None], patch, 1)[0]).abs().sqrt()


def levels_of(noise: Tensor, shape: tuple[int, ...], grid: Grid) -> Tensor:
    """Return the noise levels of the key patches, of shape (keys,), from those of all patches h x w."""
    rows, columns = key_places(shape[0], grid), key_places(shape[1], grid)
    return noise[rows][:, columns].flatten()
