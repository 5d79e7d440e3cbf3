"""Each data set declares itself, and returns the signals that its source is known to hold."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import skimage.data
from sklearn.datasets import load_digits
from tensorly.datasets import load_indian_pines

from benchmark.contract import Item
from benchmark.download import fetch, read_registry
from benchmark.loading import load_module
from benchmark.plan import literals_of
from benchmark.signals import validated

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


def test_all_lfw_images_are_labelled_face_or_not(tmp_path):
    [item] = load("lfw_faces", tmp_path, subset="all")
    assert item.signal.shape == (200, 25, 25)
    np.testing.assert_array_equal(item.labels, [1] * 100 + [0] * 100)
    with pytest.raises(ValueError, match="known: faces, all"):
        load("lfw_faces", tmp_path, subset="half")


def test_digits_are_sixteenths_with_their_labels(tmp_path):
    [item] = load("digits", tmp_path)
    np.testing.assert_array_equal(16 * item.signal, load_digits().images)
    np.testing.assert_array_equal(np.bincount(item.labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


def test_random_matrices_have_the_rank_that_methods_are_told_plus_one_for_the_offset(tmp_path):
    for signal in ("gaussian", "piecewise"):
        items = load("low_rank_matrices", tmp_path, signal=signal, ranks=[3, 10], realisations=2)
        assert [item.name for item in items] == ["rank-3-0", "rank-3-1", "rank-10-0", "rank-10-1"]
        assert [np.linalg.matrix_rank(item.signal, tol=1e-4) for item in items] == [4, 4, 11, 11]
        assert [item.rank for item in items] == [3, 3, 10, 10]
        assert np.abs(items[0].signal - items[1].signal).max() > 0.1


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


FACTS: dict[str, Callable[[Item, Path], None]] = {
    "cave": cave_facts,
    "cave_cloth": cave_cloth_facts,
    "samson": samson_facts,
    "cat_video": cat_video_facts,
    "lung_ct": lung_ct_facts,
    "yale_b": yale_b_facts,
}


@pytest.mark.skipif(not MIRROR, reason="DEEPTENSOR_MIRROR names no mirror to fetch the public data sets from")
@pytest.mark.parametrize("name", FACTS)
def test_a_public_data_set_comes_from_the_mirror_and_is_what_it_is_known_to_be(tmp_path, name):
    [item] = load(name, fetched(name, MIRROR, tmp_path))
    assert item.signal.dtype == np.float32
    assert item.signal.max() == 1
    FACTS[name](item, tmp_path)
