"""Each data set declares itself, and returns the signals that its source is known to hold."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import skimage.data
import skimage.io
import torch
from scipy.io import wavfile
from sklearn.datasets import load_digits
from tensorly.datasets import load_indian_pines

from benchmark.contract import Item
from benchmark.download import fetch, read_registry
from benchmark.loaders.signals import validated
from benchmark.loading import load_module
from benchmark.plan import literals_of

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "datasets").glob("*.py"))
FIXTURES = ROOT / "tests" / "fixtures" / "mirror"
MIRROR = os.environ.get("DEEPTENSOR_MIRROR")


def load(name: str, folder: Path, **params: object) -> list[Item]:
    return validated(load_module(ROOT / "datasets" / f"{name}.py").load(folder, **params))


def fetched(name: str, mirror: str, folder: Path) -> Path:
    fetch(name, ROOT / "datasets" / "registry" / f"{name}.txt", folder, [mirror], pauses=())
    return folder


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_data_set_declares_itself_without_being_imported(path):
    literals = literals_of(path)
    assert {"TITLE", "LICENCE", "CITATION", "STANDS_IN_FOR"} <= literals.keys()
    assert all(isinstance(literals[key], str) and literals[key] for key in ("TITLE", "LICENCE", "CITATION"))
    assert literals["STANDS_IN_FOR"] is None or len(literals["STANDS_IN_FOR"]) > 10
    assert not {"RGB", "IMAGE"} <= literals.keys(), "a picture is made of three bands or of one image"
    bands = literals.get("RGB", (2, 1, 0))
    assert len(bands) == 3
    assert bands == tuple(sorted(bands, reverse=True)), "red is the longest wavelength and bands ascend"


def test_every_registry_belongs_to_a_data_set_and_can_be_read():
    registries = sorted((ROOT / "datasets" / "registry").glob("*.txt"))
    assert {path.stem for path in registries} <= {path.stem for path in FILES}
    assert {path.stem: len(read_registry(path)) for path in registries}.items() >= {"cave": 31, "samson": 1}.items()


def test_indian_pines_is_the_published_scene_over_its_peak(tmp_path):
    [item] = load("indian_pines", tmp_path)
    assert item.signal.shape == (145, 145, 200)
    assert item.signal.dtype == np.float32
    counts = item.signal.astype(float) * 9604
    np.testing.assert_allclose([counts.min(), counts.max()], [955, 9604], rtol=1e-6)
    np.testing.assert_allclose(counts, load_indian_pines()["tensor"], rtol=1e-6)


def test_indian_pines_can_be_cropped(tmp_path):
    [item] = load("indian_pines", tmp_path, size=33, bands=16)
    raw = load_indian_pines()["tensor"][56:89, 56:89, :16]
    np.testing.assert_allclose(item.signal, raw / raw.max(), rtol=1e-6)


def test_lfw_faces_are_the_first_hundred_images(tmp_path):
    [item] = load("lfw_faces", tmp_path)
    assert item.signal.shape == (25, 25, 100)
    np.testing.assert_allclose(np.moveaxis(item.signal, 2, 0), skimage.data.lfw_subset()[:100], rtol=1e-6)


def test_some_of_the_lfw_faces_stand_at_equal_distances(tmp_path):
    [item] = load("lfw_faces", tmp_path, images=4)
    faces = np.moveaxis(skimage.data.lfw_subset()[[0, 33, 66, 99]], 0, 2)
    np.testing.assert_allclose(item.signal, faces / faces.max(), rtol=1e-6)


def test_truncated_lfw_faces_are_of_the_rank_and_come_for_each_that_methods_are_told(tmp_path):
    items = load("lfw_faces", tmp_path, truncated=5, ranks=[2, 5, 300])
    assert [(item.name, item.rank) for item in items] == [("rank-2", 2), ("rank-5", 5), ("rank-300", 300)]
    assert np.linalg.matrix_rank(items[0].signal.reshape(25, -1), tol=1e-4) == 5
    [faces] = load("lfw_faces", tmp_path)
    # Up to the offset and the scale, the few terms tell most faces apart from their mean.
    assert np.corrcoef(items[0].signal.ravel(), faces.signal.ravel())[0, 1] > 0.7


def test_a_crop_of_indian_pines_can_be_truncated(tmp_path):
    items = load("indian_pines", tmp_path, size=32, truncated=20, ranks=[1, 20, 30])
    assert [(item.name, item.rank) for item in items] == [("rank-1", 1), ("rank-20", 20), ("rank-30", 30)]
    singular_values = np.linalg.svd(items[0].signal.reshape(-1, 200).astype(float), compute_uv=False)
    # What is left beyond the rank is the rounding of float32.
    assert singular_values[20] < 1e-4 < 1e-2 < singular_values[19]
    [whole] = load("indian_pines", tmp_path, size=32)
    assert np.corrcoef(items[0].signal.ravel(), whole.signal.ravel())[0, 1] > 0.999


def test_all_lfw_images_are_labelled_face_or_not(tmp_path):
    [item] = load("lfw_faces", tmp_path, subset="all")
    assert item.signal.shape == (200, 25, 25)
    np.testing.assert_array_equal(item.labels, [1] * 100 + [0] * 100)
    with pytest.raises(ValueError, match="known: faces, all"):
        load("lfw_faces", tmp_path, subset="half")


def test_digits_are_sixteenths_with_their_labels(tmp_path):
    [item] = load("digits", tmp_path)
    np.testing.assert_array_equal(16 * item.signal, load_digits().images)
    [plain] = load("digits", tmp_path, labelled=False)
    assert plain.labels is None
    np.testing.assert_array_equal(np.bincount(item.labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


def test_random_matrices_have_the_rank_that_methods_are_told_plus_one_for_the_offset(tmp_path):
    for signal in ("gaussian", "piecewise"):
        items = load("low_rank_matrices", tmp_path, signal=signal, ranks=[3, 10], realisations=2)
        assert [item.name for item in items] == ["rank-3-0", "rank-3-1", "rank-10-0", "rank-10-1"]
        assert [np.linalg.matrix_rank(item.signal, tol=1e-4) for item in items] == [4, 4, 11, 11]
        assert [item.rank for item in items] == [3, 3, 10, 10]
        assert np.abs(items[0].signal - items[1].signal).max() > 0.1


def test_gaussian_samples_are_signed_of_norm_one_and_of_the_rank(tmp_path):
    items = load("gaussian_samples", tmp_path, numbers=[12, 40], realisations=2)
    assert [item.name for item in items] == ["samples-12-0", "samples-12-1", "samples-40-0", "samples-40-1"]
    assert [item.signal.shape for item in items] == [(12, 64), (12, 64), (40, 64), (40, 64)]
    for item in items:
        np.testing.assert_allclose(np.linalg.norm(item.signal, axis=1), 1, rtol=1e-5)
        assert np.linalg.matrix_rank(item.signal, tol=1e-4) == 10 == item.rank
        assert item.signed
        assert abs(item.signal.mean()) < 0.02
    assert np.abs(items[0].signal - items[1].signal).max() > 0.1


def test_gaussian_samples_are_spread_evenly_over_an_orthonormal_basis(tmp_path):
    [item] = load("gaussian_samples", tmp_path, numbers=[20000], realisations=1, features=12, rank=3)
    eigenvalues = np.linalg.eigvalsh(item.signal.T.astype(float) @ item.signal / 20000)
    # The relative standard deviation of each of the three is below 1 %.
    np.testing.assert_allclose(eigenvalues[-3:], 1 / 3, rtol=0.05)
    np.testing.assert_allclose(eigenvalues[:-3], 0, atol=1e-6)


def test_voiced_sounds_are_harmonic_and_glide(tmp_path):
    [item] = load("voiced_sounds", tmp_path, clips=12)
    assert item.signal.shape == (12, 64, 64)
    np.testing.assert_array_equal(item.signal.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(item.signal.max(axis=(1, 2)), 1)
    strongest = item.signal.argmax(axis=1)
    assert 31.25 * strongest[:, 32].mean() == pytest.approx(500, abs=200)  # about the first formant, in Hz
    ridges = (np.diff(np.sign(np.diff(item.signal[:, :, 32], axis=1)), axis=1) < 0).sum(axis=1)
    assert (ridges >= 4).all()
    loud = item.signal.max(axis=1) > 0.01
    glides = [np.ptp(row[kept]) for row, kept in zip(strongest, loud, strict=True)]
    assert np.mean(np.array(glides) > 0) > 0.5
    [other] = load("voiced_sounds", tmp_path, clips=12, seed=1)
    assert np.abs(item.signal - other.signal).max() > 0.1


def write_clips(folder: Path) -> np.ndarray:
    """Write four sounds of a second and ones of other lengths and rates; return the former in their order."""
    rng = np.random.default_rng(2)
    sounds = rng.integers(-9000, 9000, size=(4, 16000)).astype(np.int16)
    for number, sound in enumerate(sounds):
        word = folder / f"word{number // 2}"
        word.mkdir(parents=True, exist_ok=True)
        wavfile.write(word / f"{number}.wav", 16000, sound)
    wavfile.write(folder / "word0" / "0_short.wav", 16000, sounds[0, :-1])
    wavfile.write(folder / "word0" / "0_slow.wav", 8000, sounds[0])
    return sounds


def test_clips_of_an_own_folder_are_the_first_full_ones_each_over_its_range(tmp_path):
    sounds = write_clips(tmp_path / "mine")
    [item] = load("speech_commands", tmp_path / "none", path=str(tmp_path / "mine"), clips=3, size=20)
    assert item.signal.shape == (3, 20, 20)
    power = (
        torch.stft(
            torch.from_numpy(sounds[2].astype(float)),
            1024,
            32,
            512,
            torch.hann_window(512).double(),
            return_complex=True,
        ).abs()[:20, 240:260]
        ** 2
    )
    expected = ((power - power.min()) / (power.max() - power.min())).numpy()
    np.testing.assert_allclose(item.signal[2], expected, atol=1e-5)
    with pytest.raises(ValueError, match=r"mine: 4 clips .* 5 are needed"):
        load("speech_commands", tmp_path, path=str(tmp_path / "mine"), clips=5, size=20)


def test_piecewise_matrices_are_constant_between_few_jumps_and_gaussian_ones_are_not(tmp_path):
    flat = {}
    for signal in ("gaussian", "piecewise"):
        [item] = load("low_rank_matrices", tmp_path, signal=signal, ranks=[2], realisations=1)
        flat[signal] = np.mean(np.abs(np.diff(item.signal, axis=0)) < 1e-6)
    # At most ten jumps in each of two columns, at 63 places.
    assert flat["piecewise"] > 0.65
    assert flat["gaussian"] < 0.01


def test_shuffling_keeps_the_singular_values_and_breaks_the_runs(tmp_path):
    [plain] = load("low_rank_matrices", tmp_path, ranks=[4], realisations=1)
    [shuffled] = load("low_rank_matrices", tmp_path, ranks=[4], realisations=1, shuffled=True)
    values = [np.linalg.svd(item.signal.astype(float), compute_uv=False) for item in (plain, shuffled)]
    np.testing.assert_allclose(*values, atol=1e-5)
    rough = [np.abs(np.diff(item.signal, axis=0)).mean() for item in (plain, shuffled)]
    assert rough[1] > 2 * rough[0]


def test_the_pan_shows_the_photograph_moved_by_about_a_pixel_a_frame(tmp_path):
    [item] = load("photo_pan", tmp_path)
    assert item.signal.shape == (64, 64, 32)
    moved = np.abs(np.diff(item.signal, axis=2)).mean(axis=(0, 1))
    assert (moved > 0).all()
    step = np.abs(item.signal - np.roll(item.signal, 5, axis=2))[..., 5:].mean()
    assert step > 1.5 * moved.mean()


def test_the_phantom_is_a_body_of_few_densities_in_an_empty_field(tmp_path):
    [item] = load("ellipsoids", tmp_path)
    assert item.signal.shape == (64, 64, 16)
    assert (item.signal[0] == 0).all()
    assert (item.signal[:, 0] == 0).all()
    common = np.unique(item.signal.round(4), return_counts=True)[1]
    assert np.sort(common)[-4:].sum() > 0.8 * item.signal.size
    [other] = load("ellipsoids", tmp_path, seed=1)
    assert np.abs(item.signal - other.signal).max() > 0.1


def test_tiny_comes_from_a_mirror_and_is_the_crop_that_it_claims_to_be(tmp_path):
    [item] = load("tiny", fetched("tiny", str(FIXTURES), tmp_path))
    raw = load_indian_pines()["tensor"][56:88, 56:88, 0:181:12]
    np.testing.assert_allclose(item.signal, raw / raw.max(), rtol=1e-6)
    assert (tmp_path / "tiny.npy").stat().st_size < 40_000


def test_an_own_cube_is_read_normalised_and_cropped(tmp_path):
    counts = np.random.default_rng(1).integers(0, 900, size=(6, 5, 4))
    np.save(tmp_path / "my cube.npy", counts)
    [item] = load("cube", tmp_path, path=str(tmp_path / "my cube.npy"))
    assert item.name == "my_cube"
    np.testing.assert_allclose(item.signal, counts / counts.max(), rtol=1e-6)
    [item] = load("cube", tmp_path, path=str(tmp_path / "my cube.npy"), size=3, bands=2)
    assert item.signal.shape == (3, 3, 2)


def test_an_own_cube_needs_clean_values(tmp_path):
    np.save(tmp_path / "x.npy", np.where(np.arange(24.0).reshape(2, 3, 4) == 5, np.nan, 1))
    with pytest.raises(ValueError, match=r"x\.npy: 1 of 24 values, the first at index \(0, 1, 1\), are NaN"):
        load("cube", tmp_path, path=str(tmp_path / "x.npy"))


def test_an_own_cube_can_be_a_folder_of_images(tmp_path):
    cube = np.random.default_rng(1).integers(0, 256, size=(6, 5, 4), dtype=np.uint8)
    (tmp_path / "bands").mkdir()
    for band in range(4):
        skimage.io.imsave(tmp_path / "bands" / f"{band}.tif", cube[..., band], check_contrast=False)
    [item] = load("cube", tmp_path, path=str(tmp_path / "bands"))
    np.testing.assert_allclose(item.signal, cube / cube.max(), rtol=1e-6)


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4)])
def test_own_samples_are_read_from_a_file_with_their_labels(tmp_path, shape):
    counts = np.random.default_rng(1).integers(0, 900, size=shape)
    scipy.io.savemat(tmp_path / "faces.mat", {"faces": counts, "person": np.array([[1], [1], [2], [2], [3]])})
    [item] = load("samples", tmp_path, path=str(tmp_path / "faces.mat"), key="faces", labels="person")
    assert item.name == "faces"
    np.testing.assert_allclose(item.signal, counts / counts.max(), rtol=1e-6)
    np.testing.assert_array_equal(item.labels, [1, 1, 2, 2, 3])
    [plain] = load("samples", tmp_path, path=str(tmp_path / "faces.mat"), key="faces")
    assert plain.labels is None


def write_faces(folder: Path, names: list[str], shape: tuple[int, ...] = (6, 5)) -> np.ndarray:
    faces = np.random.default_rng(3).integers(0, 256, size=(len(names), *shape), dtype=np.uint8)
    for name, face in zip(names, faces, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        skimage.io.imsave(folder / name, face, check_contrast=False)
    return faces


def test_the_sub_folders_of_own_samples_are_their_labels(tmp_path):
    faces = write_faces(tmp_path / "faces", ["ann/b.bmp", "ann/c.png", "bob/a.png"])
    [item] = load("samples", tmp_path, path=str(tmp_path / "faces"))
    np.testing.assert_allclose(item.signal, faces / faces.max(), rtol=1e-6)
    np.testing.assert_array_equal(item.labels, [0, 0, 1])


def test_own_samples_in_one_folder_have_no_labels_and_colours_become_their_mean(tmp_path):
    faces = write_faces(tmp_path / "faces", ["a.png", "b.png"], shape=(6, 5, 3)).astype(float).mean(axis=-1)
    [item] = load("samples", tmp_path, path=str(tmp_path / "faces"))
    np.testing.assert_allclose(item.signal, faces / faces.max(), rtol=1e-6)
    assert item.labels is None


def test_own_samples_can_be_reduced_by_the_mean_over_squares(tmp_path):
    faces = write_faces(tmp_path / "faces", ["a.png", "b.png"])
    [item] = load("samples", tmp_path, path=str(tmp_path / "faces"), reduction=2)
    means = faces[:, :, :4].reshape(2, 3, 2, 2, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(item.signal, means / means.max(), rtol=1e-6)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"path": "faces", "labels": "person"}, "faces is a folder.*leave out"),
        ({"path": "empty"}, "empty: no image in this folder"),
        ({"path": "faces", "reduction": 7}, r"shape \(2, 6, 5\) cannot be reduced by 7"),
        ({"path": "x.npy", "reduction": 2}, r"shape \(4, 3\) cannot be reduced by 2"),
        ({"path": "x.npy", "labels": "person"}, "x.npy holds one array without a name"),
    ],
)
def test_own_samples_that_cannot_be_used_are_refused_with_the_reason(tmp_path, monkeypatch, params, complaint):
    monkeypatch.chdir(tmp_path)
    write_faces(tmp_path / "faces", ["ann/a.png", "bob/a.png"])
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "x.npy", np.arange(12).reshape(4, 3))
    with pytest.raises(ValueError, match=complaint):
        load("samples", tmp_path, **params)


def cave_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (512, 512, 31)
    counts = item.signal.astype(float) * 62423
    assert counts[100, 200, 10] == pytest.approx(43002, rel=1e-6)


def cave_cloth_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (256, 256, 31)
    assert np.abs(item.signal * 50642.0 - np.round(item.signal * 50642.0)).max() < 0.01  # whole counts up to 50642


def samson_facts(item: Item, folder: Path) -> None:
    """The abundance maps in the file explain the scene better than the transposed scene."""
    assert item.signal.shape == (95, 95, 156)
    abundances = scipy.io.loadmat(folder / "Samson.mat")["S_GT"].reshape(-1, 3)
    residual, transposed = (
        np.linalg.norm(pixels - abundances @ np.linalg.lstsq(abundances, pixels)[0])
        for pixels in (item.signal.reshape(-1, 156), item.signal.transpose(1, 0, 2).reshape(-1, 156))
    )
    assert residual < 0.7 * transposed  # 0.31 against 0.53 of the norm of the scene
    [crop] = load("samson", folder, size=31, bands=100)
    part = item.signal[32:63, 32:63, :100]
    np.testing.assert_allclose(crop.signal, part / part.max(), rtol=1e-6)
    truncated = load("samson", folder, truncated=20, ranks=[10, 20])
    assert [entry.rank for entry in truncated] == [10, 20]
    assert np.linalg.matrix_rank(truncated[0].signal.reshape(-1, 156), tol=1e-3) == 20
    assert np.corrcoef(truncated[0].signal.ravel(), item.signal.ravel())[0, 1] > 0.999


def cat_video_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (128, 128, 64)
    counts = item.signal * 221.0
    assert np.abs(counts - np.round(counts)).max() < 1e-3


def lung_ct_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (128, 128, 56)
    assert np.mean(item.signal == 0) == pytest.approx(0.2, abs=0.02)
    [few] = load("lung_ct", folder, slices=3)
    first, alone = item.signal[..., 0], few.signal[..., 0]
    np.testing.assert_allclose(alone / alone.max(), first / first.max(), atol=1e-6)


def yale_b_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (192, 168, 160)
    [faces] = load("yale_b", folder, selection="eigenfaces")
    assert faces.signal.shape == (840, 96, 84)
    numbers, counts = np.unique(faces.labels, return_counts=True)
    assert set(counts) == {30}
    assert set(numbers) == set(range(11, 40)) - {14}
    with pytest.raises(ValueError, match="known: frontal, eigenfaces"):
        load("yale_b", folder, selection="half")
    [first, _] = load("yale_b", folder, images=8, truncated=4, ranks=[2, 4])
    assert first.signal.shape == (192, 168, 8)
    assert np.linalg.matrix_rank(first.signal.reshape(-1, 8), tol=1e-2) == 4


def mnist_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (2048, 28, 28)
    # The first image, a five, is known to have the sum 27525 at a range of 0 to 255.
    assert 255 * item.signal[0].astype(float).sum() == pytest.approx(27525)
    np.testing.assert_array_equal(item.signal.max(axis=(1, 2)), 1)
    [few] = load("mnist", folder, images=10)
    np.testing.assert_array_equal(few.signal, item.signal[:10])
    with pytest.raises(ValueError, match="3001 images of MNIST: give 1 to 3000"):
        load("mnist", folder, images=3001)


def cifar10_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (2048, 32, 32)
    np.testing.assert_array_equal(item.signal.max(axis=(1, 2)), 1)
    np.testing.assert_array_equal(item.signal.min(axis=(1, 2)), 0)
    # Means of three channels are thirds of whole numbers; the frog's first pixel is known to be (59, 62, 63).
    thirds = skimage.io.imread(folder / "cifar10_batch_0.png")[0].astype(float).sum(axis=-1)
    corner = (59 + 62 + 63 - thirds.min()) / np.ptp(thirds)
    assert item.signal[0, 0, 0] == pytest.approx(corner, rel=1e-6)
    smooth = [np.abs(np.diff(item.signal, axis=axis)).mean() for axis in (1, 2)]
    assert max(smooth) < 0.08  # rows and columns in place: else neighbours differ by 0.2
    with pytest.raises(ValueError, match="0 images of CIFAR-10: give 1 to 3000"):
        load("cifar10", folder, images=0)


def speech_commands_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (40, 500, 500)
    np.testing.assert_array_equal(item.signal.max(axis=(1, 2)), 1)
    # Voices: most of the power is below 4 kHz, bin 256.
    assert item.signal[:, :256].sum() > 0.9 * item.signal.sum()
    [small] = load("speech_commands", folder, size=64)
    part = item.signal[3, :64, 218:282]
    scaled = (part - part.min()) / np.ptp(part)
    np.testing.assert_allclose(small.signal[3], scaled, atol=1e-5)


def mri_t1_facts(item: Item, folder: Path) -> None:
    assert item.signal.shape == (128, 128, 150)
    assert item.signal[[0, -1]].mean() < 0.01  # air beside the head
    left_right = np.corrcoef(item.signal.ravel(), item.signal[::-1].ravel())[0, 1]
    front_back = np.corrcoef(item.signal.ravel(), item.signal[:, ::-1].ravel())[0, 1]
    assert left_right > 0.85 > front_back
    [small] = load("mri_t1", folder, size=32, slices=20)
    assert small.signal.shape == (32, 32, 20)


def sci_video_facts(item: Item, folder: Path) -> None:
    """The frames, coded by the masks in the file, sum up to the measurements in it."""
    for clip, frames in (("runner", 40), ("traffic", 48)):
        [item] = load("sci_video", folder, clip=clip)
        assert item.signal.shape == (256, 256, frames)
        file = scipy.io.loadmat(folder / f"{clip}.mat")
        coded = (item.signal.reshape(256, 256, -1, 8) * 255.0 * file["mask"][:, :, None]).sum(axis=-1)
        np.testing.assert_allclose(coded, file["meas"], atol=1e-2)
    with pytest.raises(ValueError, match="known: runner, traffic"):
        load("sci_video", folder, clip="walker")


FACTS: dict[str, Callable[[Item, Path], None]] = {
    "cave": cave_facts,
    "cave_cloth": cave_cloth_facts,
    "samson": samson_facts,
    "cat_video": cat_video_facts,
    "lung_ct": lung_ct_facts,
    "yale_b": yale_b_facts,
    "mnist": mnist_facts,
    "cifar10": cifar10_facts,
    "speech_commands": speech_commands_facts,
    "mri_t1": mri_t1_facts,
    "sci_video": sci_video_facts,
}


@pytest.mark.skipif(not MIRROR, reason="DEEPTENSOR_MIRROR names no mirror to fetch the public data sets from")
@pytest.mark.parametrize("name", FACTS)
def test_a_public_data_set_comes_from_the_mirror_and_is_what_it_is_known_to_be(tmp_path, name):
    [item] = load(name, fetched(name, MIRROR, tmp_path))
    assert item.signal.dtype == np.float32
    assert item.signal.max() == 1
    FACTS[name](item, tmp_path)
