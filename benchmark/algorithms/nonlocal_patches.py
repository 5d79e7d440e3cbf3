"""Groups of similar patches of an image: found, gathered by index, and put back as weighted averages."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Groups:
    """Where the groups lie: of each of the p x p pixels of each of the K patches of each group, the number.

    `pixels` (groups, p * p, K) are numbers of a row-major image (H, W), `shape`.
    """

    pixels: torch.Tensor
    shape: tuple[int, int]

    def gather(self, image: torch.Tensor) -> torch.Tensor:
        """Return the patches (groups, p * p, K) of an image (H, W)."""
        return image.flatten()[self.pixels]

    def average(self, patches: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
        """Return the image (H, W) whose pixels are the averages of all that patches say of them.

        The patches of a group have its weight, of `weights` (groups,), or all have one. Every pixel must be in a patch.
        """
        numbers, size = self.pixels.flatten(), self.shape[0] * self.shape[1]
        spread = None if weights is None else weights[:, None, None].expand_as(patches)
        values = patches if spread is None else patches * spread
        sums = torch.bincount(numbers, values.flatten(), size)
        counts = torch.bincount(numbers, None if spread is None else spread.flatten(), size)
        return (sums / counts).reshape(self.shape)


def similar_patches(image: torch.Tensor, side: int, number: int, step: int, reach: int) -> Groups:
    """Return for every key patch, one in `step` rows and columns and at the borders, the `number` most similar ones.

    Patches are `side` x `side`; candidates start up to `reach` rows and columns away, and similar is what has a small
    squared distance. The key patch is of its group always. Of a small image the number is less: that of the
    candidates of a corner. Raises ValueError for patches that are larger than the image.
    """
    height, width = image.shape
    if side > min(height, width):
        raise ValueError(
            f"patches of {side} x {side} are larger than the image of {height} x {width}: make them smaller"
        )
    last = height - side, width - side
    rows, columns = (_keys(end, step).to(image.device) for end in last)
    shifts = torch.arange(-reach, reach + 1, device=image.device)
    number = min(number, (min(reach, last[0]) + 1) * (min(reach, last[1]) + 1))
    # The image shifted by rows and columns, infinitely far from itself where there is none.
    padded = torch.nn.functional.pad(image[None, None], [reach] * 4, value=torch.inf)[0, 0]
    windows = padded.unfold(1, width, 1)  # (H + 2 reach, shifts, W)
    distances = []
    for shift in range(2 * reach + 1):
        square = (windows[shift : shift + height].movedim(1, 0) - image).square_()  # (shifts, H, W)
        square.nan_to_num_(nan=FAR, posinf=FAR)
        strips = square.unfold(1, side, 1)[:, rows].sum(-1)  # (shifts, keys down, W)
        distances.append(strips.unfold(2, side, 1)[:, :, columns].sum(-1))
    distances = torch.stack(distances).permute(2, 3, 0, 1).contiguous()  # (keys down, keys across, shifts, shifts)
    distances[:, :, reach, reach] = -1
    nearest = distances.flatten(0, 1).flatten(1).topk(number, largest=False).indices
    starts = (rows[:, None] * width + columns).flatten()[:, None] + _step_of(nearest, shifts, width)
    patch = torch.arange(side, device=image.device)
    inside = (patch[:, None] * width + patch).flatten()
    return Groups(starts[:, None, :] + inside[None, :, None], (height, width))


# More than any distance of two patches of an image.
FAR = 1e6


def _keys(end: int, step: int) -> torch.Tensor:
    """Return 0, step, 2 step, ... up to `end`, and `end` itself."""
    return torch.unique(torch.cat([torch.arange(0, end + 1, step), torch.tensor([end])]))


def _step_of(nearest: torch.Tensor, shifts: torch.Tensor, width: int) -> torch.Tensor:
    """Return how far in a row-major image the candidates are from their key patches."""
    return shifts[nearest // len(shifts)] * width + shifts[nearest % len(shifts)]
