"""Denoising taught by the noise, against theory: estimates of risk, Wiener's filter, limits, symmetries, refusals."""

import numpy as np
import pytest
import torch

from deeptensor import denoise, taught
from deeptensor.eigenimages import EigenImages, eigen_images, signal_subspace
from deeptensor.noise import Gaussian, Poisson
from deeptensor.taught import teach
from deeptensor.teaching import FLIPS, LOSSES, Lesson, Pyramid, Student, flipped, restored, shrunk

QUICK = {"channels": 16, "scales": 2, "iterations": 100, "refinements": 1, "progress": False, "device": "cpu"}
SIGMA = 0.1


def scene(height: int = 40, width: int = 36, bands: int = 10) -> np.ndarray:
    """Return a stack of rank 3 with edges, from 0.05 to 1."""
    rows, columns = np.mgrid[:height, :width] / height
    maps = [np.hypot(rows - 0.4, columns - 0.5) < 0.3, 0.5 + 0.5 * np.sin(9 * rows + 4 * columns), columns > 0.6]
    wavelengths = np.linspace(0, 1, bands)
    spectra = [np.exp(-8 * (wavelengths - centre) ** 2) for centre in (0.1, 0.5, 0.9)]
    stack = sum(np.multiply.outer(image, spectrum) for image, spectrum in zip(maps, spectra, strict=True))
    return 0.05 + 0.95 * stack / stack.max()


def noisy(clean: np.ndarray, seed: int = 0) -> np.ndarray:
    return clean + SIGMA * np.random.default_rng(seed).standard_normal(clean.shape)


def counted(clean: np.ndarray, photons: float, readout: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.poisson(photons * clean) + readout * rng.standard_normal(clean.shape)) / photons


def psnr(estimate: np.ndarray, clean: np.ndarray) -> float:
    return -10 * np.log10(np.mean((estimate - clean) ** 2))


def student_of(images: EigenImages) -> Student:
    """Return a student with weights as they are drawn, whose last layer counts."""
    student = Student(images, 8, 1, spectral=False)
    student.network.initialise(torch.Generator().manual_seed(0))
    with torch.no_grad():
        student.network.last.weight *= 10
    return student


@pytest.fixture(scope="module")
def found():
    return denoise(noisy(scene()), Gaussian(SIGMA), **QUICK)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", ["gaussian", "poisson"])
def test_the_loss_is_an_unbiased_estimate_of_the_risk(loss, model):
    clean, alpha = scene(20, 18, 6), 0.7
    rng = np.random.default_rng(0)
    noise = Gaussian(SIGMA) if model == "gaussian" else Poisson(200, 2)
    signal = torch.tensor(clean, dtype=torch.float32)

    def draw() -> torch.Tensor:
        if model == "gaussian":
            return signal + SIGMA * torch.tensor(rng.standard_normal(clean.shape), dtype=torch.float32)
        return torch.tensor(counted(clean, 200, 2, int(rng.integers(2**31))), dtype=torch.float32)

    images = eigen_images(draw(), noise, 3).with_noise_of(noise, signal)
    student, truth = student_of(images), images.project(signal)[None]
    lesson = Lesson(images, 1, True, torch.Generator().manual_seed(0))
    differences, risks = [], []
    with torch.no_grad():
        for _ in range(400):
            y = images.project(draw())[None]
            _, z, size = lesson.draw()
            estimate = LOSSES[loss](student, y, z, size, alpha)
            if loss == "recorrupted":
                risk = size(student(y + alpha * lesson.draw()[1], 1 + alpha**2) - truth)
            else:
                risk = size(student(y, 1.0) - truth)
            differences.append((estimate - risk).item())
            risks.append(risk.item())
    error = np.std(differences) / len(differences) ** 0.5
    assert error < 0.1 * np.mean(risks), "too few draws to tell"
    assert abs(np.mean(differences)) < 3 * error


@pytest.mark.parametrize(("loss", "level"), [("recorrupted", 1.64), ("stein", 1.0)])
def test_the_best_multiple_of_white_data_is_wieners(loss, level):
    generator = torch.Generator().manual_seed(0)
    strength, alpha = 2.0, 0.8
    y = (1 + strength) ** 0.5 * torch.randn((1, 1, 200, 200), generator=generator)

    def value(gain: float) -> float:
        z = torch.randn(y.shape, generator=torch.Generator().manual_seed(1))
        return LOSSES[loss](lambda x, _: gain * x, y, z, lambda error: error.square().mean(), alpha).item()

    below, middle, above = (value(gain) for gain in (-1, 0, 1))
    best = (below - above) / (2 * (below + above - 2 * middle))
    assert best == pytest.approx(strength / (strength + level), abs=0.03)


def test_the_students_start_is_wieners_filter():
    images = eigen_images(torch.tensor(noisy(scene()), dtype=torch.float32), Gaussian(SIGMA), 2)
    student = student_of(images)
    with torch.no_grad():
        student.network.last.weight.zero_()
        y = images.coordinates[None]
        expected = images.signal[:, None, None] / (images.signal[:, None, None] + 1.5) * y
        torch.testing.assert_close(student(y, 1.5), expected)


def test_shrinkage_keeps_what_stands_far_above_the_noise_and_makes_noise_its_mean():
    generator = torch.Generator().manual_seed(0)
    ramp = torch.outer(torch.linspace(-1, 1, 30), torch.linspace(-1, 1, 40)) * 1e3 + 7
    torch.testing.assert_close(shrunk(ramp, 1e-4), ramp, rtol=1e-3, atol=0.05)
    noise = torch.randn((30, 40), generator=generator)
    torch.testing.assert_close(shrunk(noise, 1.3), torch.full((30, 40), noise.mean().item()))


def test_denoising_gains_much_and_is_the_product_of_its_factors(found):
    clean, (U, V) = scene(), found.factors
    assert psnr(found.signal, clean) > psnr(noisy(clean), clean) + 8.5
    assert U.shape[:2] == clean.shape[:2]
    assert V.shape == (clean.shape[2], U.shape[2])
    np.testing.assert_allclose(U @ V.T, found.signal, atol=1e-5)
    assert found.signal.dtype == np.float64
    assert found.iterations == 150
    assert found.stop.reason == "the 150 iterations are done"


def test_each_lesson_adds_to_the_answer(found):
    first, last = (psnr(stage.factors[0] @ stage.factors[1].T, scene()) for stage in found.stages)
    assert last > first


def test_the_risk_is_about_the_true_error(found):
    error = np.mean((found.signal - scene()) ** 2)
    assert 0.5 * error < found.risk < 1.5 * error


def test_photon_noise_and_its_risk():
    clean = scene()
    observed = counted(clean, 50, 2)
    found = denoise(observed, Poisson(50, 2), **QUICK)
    assert psnr(found.signal, clean) > psnr(observed, clean) + 9
    assert 0.5 < found.risk / np.mean((found.signal - clean) ** 2) < 1.5


def test_stein_teaches_as_well():
    clean = scene()
    assert psnr(denoise(noisy(clean), Gaussian(SIGMA), loss="stein", **QUICK).signal, clean) > 28.5


def test_a_smooth_matrix_gains_over_the_shrinkage_of_its_singular_values():
    rng = np.random.default_rng(0)
    walks = rng.standard_normal((2, 48, 6)).cumsum(1)
    clean = walks[0] @ walks[1].T
    clean /= np.abs(clean).max()
    observed = noisy(clean)
    found = denoise(observed, Gaussian(SIGMA), **QUICK)
    shrinkage = shrunk(torch.tensor(observed), SIGMA**2).numpy()
    assert psnr(found.signal, clean) > psnr(shrinkage, clean) + 1
    np.testing.assert_allclose(found.factors[0] @ found.factors[1].T, found.signal, atol=1e-5)


def test_without_noise_the_answer_is_the_input():
    for data in (scene(), scene()[..., 0]):
        found = denoise(data, Gaussian(0.0), **QUICK)
        np.testing.assert_allclose(found.signal, data, rtol=1e-6)
        np.testing.assert_allclose(found.factors[0] @ found.factors[1].T, data, rtol=0, atol=1e-5)
        assert found.risk == 0
    # A constant has no noise to estimate, either.
    np.testing.assert_array_equal(denoise(np.full((8, 8, 3), 0.4), **QUICK).signal, np.float32(0.4))


def test_constant_data_are_found_constant():
    found = denoise(noisy(np.full((32, 32, 6), 0.5)), Gaussian(SIGMA), **QUICK)
    assert np.sqrt(np.mean((found.signal - 0.5) ** 2)) < 0.12 * SIGMA


def test_a_wrong_noise_level_costs_by_degrees(found):
    clean = scene()
    right = psnr(found.signal, clean)
    wrong = [psnr(denoise(noisy(clean), Gaussian(share * SIGMA), **QUICK).signal, clean) for share in (0.5, 0.8, 1.25)]
    assert right > wrong[1] > wrong[0] > psnr(noisy(clean), clean)
    assert right > wrong[2] > right - 3


def test_the_gain_over_low_rank_is_spatial_and_not_of_the_order_of_bands(found):
    clean, rng = scene(), np.random.default_rng(0)
    low_rank = psnr(denoise(noisy(clean), Gaussian(SIGMA), **QUICK | {"iterations": 1, "refinements": 0}).signal, clean)
    pixels = rng.permutation(clean.shape[0] * clean.shape[1])
    shuffled = clean.reshape(len(pixels), -1)[pixels].reshape(clean.shape)
    moved = denoise(noisy(shuffled), Gaussian(SIGMA), **QUICK).signal
    gain = psnr(found.signal, clean) - low_rank
    assert gain > 3
    assert psnr(moved, shuffled) - low_rank < 0.4 * gain
    bands = rng.permutation(clean.shape[2])
    reordered = denoise(noisy(clean)[..., bands], Gaussian(SIGMA), **QUICK).signal
    assert psnr(reordered, clean[..., bands]) == pytest.approx(psnr(found.signal, clean), abs=0.5)


def test_the_subspace_has_what_neighbours_share_and_what_varies_without():
    rng = np.random.default_rng(0)
    smooth = np.sin(np.arange(60) / 9)[:, None] * np.cos(np.arange(50) / 7)
    white = rng.standard_normal((60, 50))
    data = rng.standard_normal((60, 50, 20))
    data[..., 3] += smooth
    data[..., 11] += white
    basis = signal_subspace(torch.tensor(data - data.mean((0, 1))))
    shares = basis.square().sum(1)
    assert basis.shape[1] <= 6
    assert shares[3] > 0.9
    assert shares[11] > 0.9


def test_each_band_may_have_its_own_noise_and_all_a_covariance(found):
    clean, rng = scene(), np.random.default_rng(1)
    sigmas = np.linspace(0.05, 0.2, clean.shape[2])
    mixing = rng.standard_normal((clean.shape[2],) * 2) * SIGMA / 2
    covariance = mixing @ mixing.T + 0.03**2 * np.eye(clean.shape[2])
    draws = rng.standard_normal(clean.shape)
    each = denoise(clean + sigmas * draws, Gaussian(sigmas), **QUICK)
    assert (
        psnr(each.signal, clean) > psnr(denoise(clean + sigmas * draws, Gaussian(0.137), **QUICK).signal, clean) + 0.5
    )
    correlated = clean + draws @ np.linalg.cholesky(covariance).T
    told = psnr(denoise(correlated, Gaussian(covariance=covariance), **QUICK).signal, clean)
    root = float(np.sqrt(np.trace(covariance) / len(covariance)))
    assert told > psnr(denoise(correlated, Gaussian(root), **QUICK).signal, clean) + 1


def test_the_noise_level_is_estimated():
    found = denoise(noisy(scene()), **QUICK)
    np.testing.assert_allclose(found.noise.sigma, SIGMA, rtol=0.15)
    assert psnr(found.signal, scene()) > 28.5


def test_the_seed_decides_and_the_kind_of_array_does_not():
    short = QUICK | {"iterations": 10}
    first = denoise(noisy(scene()), Gaussian(SIGMA), seed=3, **short).signal
    np.testing.assert_array_equal(first, denoise(noisy(scene()), Gaussian(SIGMA), seed=3, **short).signal)
    assert not np.array_equal(first, denoise(noisy(scene()), Gaussian(SIGMA), seed=4, **short).signal)
    np.testing.assert_array_equal(denoise(noisy(scene()).tolist(), Gaussian(SIGMA), seed=3, **short).signal, first)
    tensor = denoise(torch.tensor(noisy(scene())), Gaussian(SIGMA), seed=3, **short).signal
    assert tensor.dtype == torch.float64
    np.testing.assert_array_equal(tensor, first)


@pytest.mark.parametrize("flip", range(FLIPS))
def test_a_flip_is_undone(flip):
    x = torch.arange(24.0).reshape(2, 3, 4)
    torch.testing.assert_close(restored(flipped(x, flip), flip), x, rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(4, 4), (5, 9), (17, 16)])
def test_the_network_keeps_odd_sizes(shape):
    network = Pyramid(3, 2, 4, 2 if min(shape) > 4 else 1)
    network.initialise(torch.Generator().manual_seed(0))
    assert network(torch.ones(1, 3, *shape)).shape == (1, 2, *shape)


@pytest.mark.parametrize(
    ("data", "noise", "settings", "message"),
    [
        (np.ones(5), None, {}, r"not of shape \(5,\)"),
        (np.ones((3, 9, 2)), None, {}, "3 x 9 pixels"),
        (scene(), Gaussian(SIGMA), {"rank": 11}, "rank 11"),
        (scene()[..., 0], Gaussian(SIGMA), {"rank": 2}, "rank 2"),
        (scene(), Gaussian(SIGMA), {"loss": "l3"}, "recorrupted, stein"),
        (scene(), Gaussian(SIGMA), {"iterations": 0}, "iterations must be"),
        (scene(), Gaussian(SIGMA), {"alphas": (1, 0)}, "alphas must be a positive"),
        (scene(), Gaussian(SIGMA), {"alphas": 1.0}, "alphas must be two levels"),
        (scene(), Gaussian(SIGMA), {"flips": 3}, "1, 4 or 8"),
        (scene(), Gaussian(SIGMA), {"kernel": 2}, "3 or 1"),
        (scene(), Gaussian([0.1, 0.2]), {}, "one for each of 10"),
        (scene(), Gaussian(covariance=np.eye(4)), {}, r"not \(10, 10\)"),
        (scene(), 0.1, {}, r"Gaussian\(...\) or Poisson\(...\)"),
        (np.ma.masked_less(scene(), 0.1), None, {}, "masked array"),
        (np.full((8, 8), np.nan), None, {}, "not finite"),
        (scene(), None, {"checkpoint": "no/such/folder/file"}, "does not exist"),
        (scene(), None, {"progress": 2}, "progress must be"),
        (scene() - 0.5, Poisson(100), {}, "counts down to -45"),
        (noisy(scene()), Gaussian(2 * SIGMA), {}, "at most 0.5"),
    ],
)
def test_what_makes_no_sense_is_refused(data, noise, settings, message):
    with pytest.raises(ValueError, match=message):
        denoise(data, noise, **QUICK | settings)


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (Gaussian, {"sigma": -1}, "not be negative"),
        (Gaussian, {"sigma": [0.1, np.nan]}, "not finite"),
        (Gaussian, {"sigma": 1, "covariance": np.eye(2)}, "not both"),
        (Gaussian, {"covariance": -np.eye(10)}, "positive semi-definite"),
        (Gaussian, {"covariance": np.ones(4)}, "symmetric"),
        (Poisson, {"photons": 0}, "photons must be"),
        (Poisson, {"photons": 9, "readout": -1}, "readout must be"),
    ],
)
def test_noise_that_cannot_be_is_refused(model, settings, message):
    with pytest.raises(ValueError, match=message):
        model(**settings)


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1e300])
def test_the_units_do_not_matter(scale):
    short = QUICK | {"iterations": 8, "refinements": 0}
    observed = noisy(scene()[..., :3])
    expected = denoise(observed, Gaussian(SIGMA), **short).signal
    found = denoise(scale * observed, Gaussian(scale * SIGMA), **short)
    np.testing.assert_allclose(found.signal / scale, expected, atol=1e-4)
    np.testing.assert_allclose(found.factors[0] / scale @ found.factors[1].T, expected, atol=1e-4)


def test_an_interrupted_call_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    path, short = tmp_path / "state", QUICK | {"iterations": 10, "refinements": 2}
    observed, lessons = counted(scene(), 50, 2), []

    def interrupted(*arguments):
        lessons.append(arguments)
        if len(lessons) == 2:
            raise KeyboardInterrupt
        return teach(*arguments)

    monkeypatch.setattr(taught, "teach", interrupted)
    with pytest.raises(KeyboardInterrupt):
        denoise(observed, Poisson(50, 2), checkpoint=path, **short)
    with pytest.raises(ValueError, match="of another fit"):
        denoise(observed, Poisson(51, 2), checkpoint=path, **short)
    found = denoise(observed, Poisson(50, 2), checkpoint=path, **short)
    assert len(lessons) == 4
    assert not path.exists()
    monkeypatch.undo()
    np.testing.assert_array_equal(found.signal, denoise(observed, Poisson(50, 2), **short).signal)
