"""Videos whose truth is known: objects that move before frames without any, and masks that came with a video."""

import numpy as np

from benchmark.contract import Item
from benchmark.loaders.signals import normalised
from benchmark.metrics import MOVING, UNKNOWN

# Half axes in pixels of a frame of 96 rows or more, how much wider than high, and crossings of the frame in a video.
AXES, WIDER, CROSSINGS = (7, 11), 1.4, (0.8, 1.6)


def composite(title: str, name: str, frames: np.ndarray, number: int, seed: int, noise: float = 0.0) -> Item:
    """Return frames (h x w x t, from 0 to 1) with ellipses moving before them and white noise, clipped at 0 and 1.

    The extras are the exact masks and the frames as they were, on the scale of the video.
    """
    rng = np.random.default_rng(seed)
    video, masks = with_ellipses(frames, number, rng)
    if noise:
        video = np.clip(video + noise * rng.standard_normal(video.shape), 0, 1)
    extras = {"masks": masks, "background": (frames / video.max()).astype(np.float32)}
    return Item(name, normalised(title, video), extras=extras)


def with_ellipses(frames: np.ndarray, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return frames (h x w x t) with a number of ellipses moving before them, and the masks (uint8), 1 on an ellipse.

    An ellipse has half axes a and 1.4 b, a and b uniform in 7 to 11 pixels (fewer in frames of fewer than 96 rows). It
    goes along a random row, to the left or to the right, from just outside the frame to just outside it, 0.8 to 1.6
    times in the video. It shows a part of a photograph of a cat, as bright as the frame is for the video: the median
    over time of the frames' mean lights it fully.
    """
    height, width, length = frames.shape
    light = frames.mean(axis=(0, 1)) / np.median(frames.mean(axis=(0, 1)))
    video, masks = frames.astype(np.float64), np.zeros(frames.shape, np.uint8)
    scale = min(1, height / 96)
    rows, columns = np.mgrid[:height, :width]
    photograph = cat()
    for _ in range(number):
        tall, wide = scale * rng.uniform(*AXES), scale * WIDER * rng.uniform(*AXES)
        row, phase, speed = rng.uniform(tall, height - tall), rng.random(), rng.uniform(*CROSSINGS)
        sense = rng.choice([-1, 1])
        corner = [
            rng.integers(size - int(2 * half) - 1) for size, half in zip(photograph.shape, (tall, wide), strict=True)
        ]
        for frame in range(length):
            travelled = (phase + speed * frame / length) % 1
            column = -wide + (width + 2 * wide) * (travelled if sense == 1 else 1 - travelled)
            inside = ((rows - row) / tall) ** 2 + ((columns - column) / wide) ** 2 < 1
            own_rows = (rows[inside] - row + tall).astype(int) + corner[0]
            own_columns = (columns[inside] - column + wide).astype(int) + corner[1]
            video[inside, frame] = np.clip(photograph[own_rows, own_columns] * light[frame], 0, 1)
            masks[inside, frame] = MOVING
    return video, masks


def cat() -> np.ndarray:
    """Return the face of a cat, 48 x 64 pixels, grey, from 0 to 1."""
    import skimage.data
    from skimage.transform import downscale_local_mean

    return downscale_local_mean(grey(skimage.data.chelsea()), (4, 4))[10:58, 20:84]


def masked(title: str, name: str, frames: np.ndarray, masks: dict[int, np.ndarray]) -> Item:
    """Return a video (h x w x t) with masks (h x w: 0, 1, 2) of some frames by their index, the others unknown."""
    truth = np.full(frames.shape, UNKNOWN, np.uint8)
    for frame, mask in masks.items():
        truth[..., frame] = mask
    return Item(name, normalised(title, frames), extras={"masks": truth})


def grey(image: np.ndarray) -> np.ndarray:
    """Return the luminance of an image h x w x 3, from 0 to 1 if the values are whole numbers of a byte."""
    from skimage.color import rgb2gray

    return rgb2gray(image)
