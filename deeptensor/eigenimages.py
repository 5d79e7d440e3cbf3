"""Eigen-images: what a stack of images with noise is in the subspace that its signal spans, at unit noise."""

from dataclasses import dataclass, replace

import torch
from torch.nn import functional

from deeptensor.noise import Gaussian, Noise, refuse_contradiction

# How far above the edge of the noise's eigenvalues one must lie to be signal.
MARGIN = 1.05
# The least signal-to-noise ratio that an eigen-image is credited with: its eigenvalue may lie at the edge.
LEAST_SIGNAL = 0.02
# Of fewer bands, the eigenvalues tell no noise floor.
FEW_BANDS = 6
# Components that are kept beyond those that stand out.
SPARE = 4
# Standard deviations, in pixels, of the Gaussians that make scales and variances hardly depend on a pixel's own noise.
SMOOTH_SCALE, SMOOTH_VARIANCE = 4.0, 2.0
TINY = 1e-12


@dataclass(frozen=True)
class EigenImages:
    """The data Y (H, W, B) = rows (coordinates basis^T + mean) + what the subspace leaves out.

    coordinates: (k, H, W), with noise of about unit variance.
    signal: (k,) the variance of the signal in each, in units of that of the noise.
    rows: (H, W) the scale of each pixel.
    basis: (B, k), mean: (B,), in units of the data over `rows`.
    projection: (B, k) from data over `rows`, less the mean, to coordinates.
    spread: (H, W, k, k) triangular root of the noise's covariance in each pixel; None if that is the identity.
    """

    coordinates: torch.Tensor
    signal: torch.Tensor
    rows: torch.Tensor
    basis: torch.Tensor
    mean: torch.Tensor
    projection: torch.Tensor
    spread: torch.Tensor | None

    @property
    def metric(self) -> torch.Tensor:
        """Return R (k, k): |R e|^2 rows^2 is the squared error in the data of an error e of the coordinates."""
        return torch.linalg.qr(self.basis, mode="r")[1]

    def factors(self, coordinates: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return U (H, W, k + 1) and V (B, k + 1), the mean as their last component; U V^T is in the data's units."""
        ones = torch.ones_like(coordinates[:1])
        return (torch.cat([coordinates, ones]) * self.rows).movedim(0, 2), torch.cat(
            [self.basis, self.mean[:, None]], 1
        )

    def compose(self, coordinates: torch.Tensor) -> torch.Tensor:
        """Return the array (H, W, B) of coordinates (k, H, W)."""
        U, V = self.factors(coordinates)
        return U @ V.T

    def project(self, Y: torch.Tensor) -> torch.Tensor:
        """Return the coordinates (k, H, W) of data (H, W, B)."""
        return ((Y / self.rows[..., None] - self.mean) @ self.projection).movedim(2, 0)

    def with_noise_of(self, noise: Noise, estimate: torch.Tensor) -> "EigenImages":
        """Return them with the covariance of the noise that a signal like `estimate` (H, W, B) has."""
        if isinstance(noise, Gaussian):
            return self
        variance = noise.variance(estimate) / self.rows[..., None].square()
        products = (self.projection[:, :, None] * self.projection[:, None]).flatten(1)
        covariance = (variance @ products).unflatten(2, (self.projection.shape[1],) * 2)
        jitter = TINY + 1e-5 * covariance.diagonal(dim1=2, dim2=3).mean(2)
        covariance.diagonal(dim1=2, dim2=3).add_(jitter[..., None])
        return replace(self, spread=torch.linalg.cholesky(covariance))


def eigen_images(Y: torch.Tensor, noise: Noise, rank: int | None = None) -> EigenImages:
    """Return the eigen-images of data (H, W, B) with noise of a known level.

    The data are scaled to noise of unit variance. Where the variance follows the signal, a scale for each pixel times
    one for each band brings the mean variance of every pixel and band to 1 and keeps the rank (Landa, Zhang and Kluger,
    SIAM Journal on Mathematics of Data Science 4 (2022), DOI 10.1137/21M1456807); those of pixels are smoothed.

    The subspace is that of `signal_subspace`, of `rank` dimensions if that is given. The noise floor is 1 for Gaussian
    noise and, where the scales cannot make all variances 1, the median of the lower two thirds of the eigenvalues.
    """
    bands = Y.shape[2]
    rows, whiten, colour = _scales(Y, noise)
    white = (Y / rows[..., None]) @ whiten
    refuse_contradiction(white)
    mean = white.mean((0, 1))
    white = white - mean
    floor = 1.0
    if not isinstance(noise, Gaussian) and bands >= FEW_BANDS:
        floor = torch.linalg.eigvalsh(_covariance(white, white))[: -(bands // 3)].median().item()
    kept = signal_subspace(white, floor, rank)
    coordinates = (white @ kept).movedim(2, 0)
    signal = (coordinates.square().mean((1, 2)) / floor - 1).clamp(min=LEAST_SIGNAL)
    found = EigenImages(coordinates, signal, rows, colour.T @ kept, mean @ colour, whiten @ kept, None)
    if isinstance(noise, Gaussian):
        return found
    shrunk = (signal / (1 + signal))[:, None, None] * coordinates
    estimate = smooth(found.compose(shrunk).movedim(2, 0), SMOOTH_VARIANCE).movedim(0, 2)
    return found.with_noise_of(noise, estimate)


def signal_subspace(white: torch.Tensor, floor: float = 1.0, rank: int | None = None) -> torch.Tensor:
    """Return an orthonormal basis (B, k) of the signal in centred data (H, W, B) with white noise of variance `floor`.

    First come the directions in which neighbouring pixels have covariance, as noise that is independent between pixels
    has none (Switzer and Green 1984, maximum autocorrelation factors): the eigenvectors of that matrix S with
    eigenvalues above floor sqrt(B / N), the edge of its semicircle for pure noise, whose entries have the variance
    floor^2 / (4 N), and four more: one of noise costs little, one of signal that is missing all of it. Then come, in
    what they leave, those whose variance exceeds the edge floor (1 + sqrt(B / N))^2 (Marchenko and Pastur 1967,
    DOI 10.1070/SM1967v001n04ABEH001994) by 5 %: signal without likeness of neighbours. With a `rank`, the directions
    are the first of S, and there is at least one.
    """
    bands = white.shape[2]
    root = (bands / (white.shape[0] * white.shape[1])) ** 0.5
    shared = _covariance(white[1:], white[:-1]) + _covariance(white[:, 1:], white[:, :-1])
    values, vectors = _descending((shared + shared.T) / 4)
    if rank is not None:
        return vectors[:, :rank].to(white)
    near = min(int((values > floor * root).sum()) + SPARE, bands)
    first, rest = vectors[:, :near], vectors[:, near:]
    values, within = _descending(rest.T @ _covariance(white, white) @ rest)
    further = int((values > floor * (1 + root) ** 2 * MARGIN).sum())
    further = max(further, 1 - near)
    return torch.cat([first, rest @ within[:, :further]], dim=1).to(white)


def _covariance(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return the mean over the pixels of the products of two arrays (H, W, B), as (B, B) in double precision."""
    return one.flatten(0, 1).double().T @ other.flatten(0, 1).double() / (one.shape[0] * one.shape[1])


def _descending(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the eigenvalues of a symmetric matrix from the largest on, and its eigenvectors."""
    values, vectors = torch.linalg.eigh(matrix)
    return values.flip(0), vectors.flip(1)


def smooth(images: torch.Tensor, deviation: float) -> torch.Tensor:
    """Return images (n, H, W) convolved with a Gaussian, their edges repeated outwards."""
    radius = int(3 * deviation)
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=images.device) / deviation) ** 2)
    kernel = (kernel / kernel.sum()).to(images)
    padded = functional.pad(images[:, None], [radius] * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])[:, 0]


def _scales(Y: torch.Tensor, noise: Noise) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the scale of each pixel (H, W), and the matrices (B, B) that make the bands' noise white, and undo it."""
    bands = Y.shape[2]
    rows = torch.ones_like(Y[..., 0])
    if isinstance(noise, Gaussian) and noise.covariance is not None:
        variances, axes = torch.linalg.eigh(torch.from_numpy(noise.covariance).to(Y.device))
        # Directions without noise would weigh all others down to nothing.
        deviations = variances.clamp(min=1e-8 * variances[-1].item()).sqrt()
        return rows, (axes / deviations).to(Y), (axes * deviations).T.to(Y)
    bands_mean = Y.mean((0, 1))
    if isinstance(noise, Gaussian) or bands == 1:
        columns = noise.variance(bands_mean).sqrt()
    else:
        brightness = smooth(Y.mean(2)[None], SMOOTH_SCALE)[0].clamp(min=0)
        rank_one = brightness[..., None] * bands_mean / bands_mean.mean().clamp(min=TINY)
        variance = noise.variance(rank_one).clamp(min=TINY)
        rows = variance.mean(2).sqrt()
        columns = (variance / rows[..., None].square()).mean((0, 1)).sqrt()
    columns = torch.where(columns > 0, columns, columns.max().clamp(min=TINY) * 1e-4)
    return rows, torch.diag(1 / columns), torch.diag(columns)
