"""Online robust PCA: a frame at a time, in memory that does not grow with the number of frames.

For each frame v, (r, e) minimise ||v - U r - e||^2 / 2 + lambda_1 / 2 ||r||^2 + lambda_2 ||e||_1, by turns of ridge
regression and soft thresholding; the sums A of r r^T and B of (v - e) r^T take it up, and the columns of U go once
round to lower tr(U^T U (A + lambda_1 I)) / 2 - tr(U^T B). The background is U r.

Feng, Xu and Yan, Online robust PCA via stochastic optimization, Advances in Neural Information Processing Systems 2013;
reviewed in arXiv 1511.01245. lambda_1 = lambda_2 = 1 / sqrt(HW), and the rank is the one told. Departures: U starts
from the singular vectors of the first ten frames, not from noise, and frames pass twice.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.motion import parts_of
from benchmark.algorithms.proximal import soft_threshold
from benchmark.contract import Estimate, Problem

LABEL = "OR-PCA"
FAMILY = "robust PCA"
TASKS = {"background"}
DEVICES = {"cpu"}

FIRST, TURNS, SETTLED = 10, 50, 1e-4


def solve(problem: Problem, *, seed: int, device: str, passes: int = 2) -> Estimate:
    """Return the background as it is found in the last pass, frame by frame."""
    video = problem.observed
    matrix = video.reshape(-1, video.shape[2])
    rank = min(rank_of("or_pca", problem), FIRST, video.shape[2])
    online = Online(matrix[:, :FIRST].astype(np.float64), rank)
    for _ in range(passes):
        background = np.stack(list(online.follow(frame.astype(np.float64) for frame in matrix.T)), axis=1)
    return parts_of(video, passes, background=background)


class Online:
    """What is known after some frames: U (p x r), A (r x r) and B (p x r), whatever their number.

    `start` (p x n) are frames whose first singular vectors U begins with.
    """

    def __init__(self, start: np.ndarray, rank: int):
        left, values, _ = np.linalg.svd(start, full_matrices=False)
        self.basis = left[:, :rank] * np.sqrt(values[:rank])
        self.weight = 1 / np.sqrt(len(start))
        self.gram, self.cross = np.zeros((rank, rank)), np.zeros_like(self.basis)

    def follow(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the background (p,) of each frame (p,), and learn from it."""
        for frame in frames:
            mixture, sparse = self.part(frame)
            self.gram += np.outer(mixture, mixture)
            self.cross += np.outer(frame - sparse, mixture)
            regular = self.gram + self.weight * np.eye(len(mixture))
            for column in range(len(mixture)):
                step = self.cross[:, column] - self.basis @ regular[:, column]
                self.basis[:, column] += step / regular[column, column]
            yield self.basis @ mixture

    def part(self, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mixture r (r,) and the sparse e (p,) of a frame."""
        U = self.basis
        solver = np.linalg.solve(U.T @ U + self.weight * np.eye(U.shape[1]), U.T)
        mixture, sparse = solver @ frame, np.zeros_like(frame)
        for _ in range(TURNS):
            last, sparse = mixture, soft_threshold(frame - U @ mixture, self.weight)
            mixture = solver @ (frame - sparse)
            if np.linalg.norm(mixture - last) <= SETTLED * np.linalg.norm(mixture):
                break
        return mixture, sparse
