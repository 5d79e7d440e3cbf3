"""Eigen-images: what a stack of images with noise is in the subspace that its signal spans, at unit noise."""

from dataclasses import dataclass, replace

import torch
from torch.nn import functional

from deeptensor.noise import Gaussian, Noise, refuse_contradiction

# How far above the edge of the noise's eigenvalues one must lie to be signal.
MARGIN = 1.05
# The least signal-to-noise ratio that an eigen-image is credited with: its eigenvalue may lie at the edge.
LEAST_SIGNAL = 0.02
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

    Kept are the `rank` first eigenvectors of the covariance, or those whose eigenvalues exceed the edge
    nu (1 + sqrt(B / N))^2 of noise (Marchenko and Pastur 1967) by 5 %. nu is 1 for Gaussian noise and, where the scales
    cannot make all variances 1, the median of the lower two thirds of the eigenvalues.
    """
    height, width, bands = Y.shape
    rows, whiten, colour = _scales(Y, noise)
    white = (Y / rows[..., None]) @ whiten
    refuse_contradiction(white)
    spectra = white.flatten(0, 1)
    mean = spectra.mean(0)
    spectra = (spectra - mean).double()
    eigenvalues, vectors = torch.linalg.eigh(spectra.T @ spectra / len(spectra))
    eigenvalues, vectors = eigenvalues.flip(0).float(), vectors.flip(1).float()
    nu = 1.0
    if not isinstance(noise, Gaussian) and bands >= 6:
        nu = eigenvalues[bands // 3 :].median().item()
    if rank is None:
        edge = nu * (1 + (bands / len(spectra)) ** 0.5) ** 2 * MARGIN
        rank = max(int((eigenvalues > edge).sum()), 1)
    kept = vectors[:, :rank]
    coordinates = (spectra.float() @ kept).T.unflatten(1, (height, width))
    signal = (eigenvalues[:rank] / nu - 1).clamp(min=LEAST_SIGNAL)
    found = EigenImages(coordinates, signal, rows, colour.T @ kept, mean @ colour, whiten @ kept, None)
    if isinstance(noise, Gaussian):
        return found
    shrunk = (signal / (1 + signal))[:, None, None] * coordinates
    estimate = smooth(found.compose(shrunk).movedim(2, 0), SMOOTH_VARIANCE).movedim(0, 2)
    return found.with_noise_of(noise, estimate)


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
        variances, axes = torch.linalg.eigh(torch.as_tensor(noise.covariance).to(Y).double())
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
