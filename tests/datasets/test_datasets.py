"""Each data set declares itself; those that need no download hold what they are known to hold."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from sklearn.datasets import load_digits
from tensorly.datasets import load_indian_pines

from benchmark.download import read_registry
from benchmark.loaders.signals import AXES
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.settings import adapter
from benchmark.source import REQUIRED, docstring_of, literals_of, parameters_of

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "datasets").glob("*.py"))
REGISTRIES = {path.stem for path in (ROOT / "datasets" / "registry").glob("*.txt")}


def registry_of(path: Path) -> str:
    return literals_of(path).get("REGISTRY", path.stem)


def needs_nothing(path: Path) -> bool:
    parameters = parameters_of(path, "load").values()
    return registry_of(path) not in REGISTRIES and not any(own.default is REQUIRED for own in parameters)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_data_set_declares_itself_without_being_imported(path):
    literals = literals_of(path)
    assert {"KIND", "TITLE", "LICENCE", "CITATION", "STANDS_IN_FOR"} <= literals.keys()
    assert literals["KIND"] in AXES
    assert all(isinstance(literals[key], str) and literals[key] for key in ("TITLE", "LICENCE", "CITATION"))
    assert literals["STANDS_IN_FOR"] is None or len(literals["STANDS_IN_FOR"]) > 10
    assert docstring_of(path).splitlines()[0].endswith(".")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_picture_of_a_stack_is_made_of_three_bands_or_of_one_image(path):
    literals = literals_of(path)
    shown = {"RGB", "IMAGE"} & literals.keys()
    assert len(shown) <= (literals["KIND"] == "stack")
    bands = literals.get("RGB", (2, 1, 0))
    assert len(bands) == 3
    assert bands == tuple(sorted(bands, reverse=True)), "red is the longest wavelength and bands ascend"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_parameters_of_a_data_set_have_types_that_can_be_checked_and_defaults_of_these(path):
    for name, parameter in parameters_of(path, "load").items():
        kind = adapter(parameter.annotation)
        assert kind.core_schema["type"] != "any", f"{name}: {parameter.annotation!r}"
        if parameter.default is not REQUIRED:
            default = parameter.default
            kind.validate_python(list(default) if isinstance(default, tuple) else default)


def test_every_registry_belongs_to_a_data_set_and_can_be_read():
    assert {registry_of(path) for path in FILES} >= REGISTRIES
    files = {name: len(read_registry(ROOT / "datasets" / "registry" / f"{name}.txt")) for name in REGISTRIES}
    assert files.items() >= {"cave": 31, "samson": 1}.items()


def test_a_data_set_that_names_a_registry_shares_one_that_there_is():
    named = {literals_of(path)["REGISTRY"] for path in FILES if "REGISTRY" in literals_of(path)}
    assert "yale_b" in named
    assert named <= REGISTRIES


# What would train for long.
SHORT = {"chords_gru": {"epochs": 2}, "digits_cnn": {"epochs": 2}}


@pytest.mark.parametrize("path", [path for path in FILES if needs_nothing(path)], ids=lambda path: path.stem)
def test_a_data_set_that_needs_no_file_makes_the_same_items_of_its_kind_each_time(load, tmp_path, path):
    items, again = (load(path.stem, tmp_path, **SHORT.get(path.stem, {})) for _ in range(2))
    assert items
    assert all(item.signal.dtype == np.float32 and item.signal.any() for item in items)
    for item, other in zip(items, again, strict=True):
        np.testing.assert_array_equal(item.signal, other.signal)


def test_indian_pines_is_the_published_scene_over_its_peak(load, tmp_path):
    [item] = load("indian_pines", tmp_path)
    assert item.signal.shape == (145, 145, 200)
    assert item.signal.dtype == np.float32
    counts = item.signal.astype(float) * 9604
    np.testing.assert_allclose([counts.min(), counts.max()], [955, 9604], rtol=1e-6)
    np.testing.assert_allclose(counts, load_indian_pines()["tensor"], rtol=1e-6)


def test_indian_pines_can_be_cropped(load, tmp_path):
    [item] = load("indian_pines", tmp_path, size=33, bands=16)
    raw = load_indian_pines()["tensor"][56:89, 56:89, :16]
    np.testing.assert_allclose(item.signal, raw / raw.max(), rtol=1e-6)


def test_every_sixth_band_of_indian_pines_can_be_taken(load, tmp_path):
    [item] = load("indian_pines", tmp_path, size=10, bands=31, every=6)
    raw = load_indian_pines()["tensor"][67:77, 67:77, 0:181:6]
    np.testing.assert_allclose(item.signal, raw / raw.max(), rtol=1e-6)


def test_the_multispectral_scene_is_of_rank_six_and_smooth_along_its_spectra(load, tmp_path):
    [item] = load("msi_scene", tmp_path)
    assert item.signal.shape == (64, 64, 31)
    values = np.linalg.svd(item.signal.reshape(-1, 31).astype(float), compute_uv=False)
    assert values[6] < 1e-5 * values[0] < 1e-3 * values[0] < values[5]
    rough = [np.abs(np.diff(item.signal, 2, axis=axis)).mean() for axis in range(3)]
    assert rough[2] < 0.2 * min(rough[:2])
    [other] = load("msi_scene", tmp_path, seed=1)
    assert np.abs(item.signal - other.signal).max() > 0.1


def test_lfw_faces_are_the_first_hundred_images(load, tmp_path):
    [item] = load("lfw_faces", tmp_path)
    assert item.signal.shape == (25, 25, 100)
    np.testing.assert_allclose(np.moveaxis(item.signal, 2, 0), skimage.data.lfw_subset()[:100], rtol=1e-6)


def test_some_of_the_lfw_faces_stand_at_equal_distances(load, tmp_path):
    [item] = load("lfw_faces", tmp_path, images=4)
    faces = np.moveaxis(skimage.data.lfw_subset()[[0, 33, 66, 99]], 0, 2)
    np.testing.assert_allclose(item.signal, faces / faces.max(), rtol=1e-6)


def test_truncated_lfw_faces_are_of_the_rank_and_come_for_each_that_methods_are_told(load, tmp_path):
    items = load("lfw_faces", tmp_path, truncated=5, ranks=[2, 5, 300])
    assert [(item.name, item.rank) for item in items] == [("rank-2", 2), ("rank-5", 5), ("rank-300", 300)]
    assert np.linalg.matrix_rank(items[0].signal.reshape(25, -1), tol=1e-4) == 5
    [faces] = load("lfw_faces", tmp_path)
    # Up to the offset and the scale, the few terms tell most faces apart from their mean.
    assert np.corrcoef(items[0].signal.ravel(), faces.signal.ravel())[0, 1] > 0.7


def test_a_crop_of_indian_pines_can_be_truncated(load, tmp_path):
    items = load("indian_pines", tmp_path, size=32, truncated=20, ranks=[1, 20, 30])
    assert [(item.name, item.rank) for item in items] == [("rank-1", 1), ("rank-20", 20), ("rank-30", 30)]
    singular_values = np.linalg.svd(items[0].signal.reshape(-1, 200).astype(float), compute_uv=False)
    # What is left beyond the rank is the rounding of float32.
    assert singular_values[20] < 1e-4 < 1e-2 < singular_values[19]
    [whole] = load("indian_pines", tmp_path, size=32)
    assert np.corrcoef(items[0].signal.ravel(), whole.signal.ravel())[0, 1] > 0.999


def test_all_lfw_images_are_labelled_face_or_not(load, tmp_path):
    [item] = load("lfw_all", tmp_path)
    assert item.signal.shape == (200, 25, 25)
    np.testing.assert_array_equal(item.extras["labels"], [1] * 100 + [0] * 100)
    [faces] = load("lfw_faces", tmp_path)
    np.testing.assert_allclose(item.signal[7] / item.signal[7].max(), faces.signal[..., 7] / faces.signal[..., 7].max())


def test_relit_faces_are_variants_of_the_face_of_their_class(load, tmp_path):
    first, second = load("lfw_relit", tmp_path, people=6, variants=5, train=3, realisations=2)
    assert first.signal.shape == (30, 25, 25)
    np.testing.assert_array_equal(first.extras["labels"], np.repeat(np.arange(6), 5))
    np.testing.assert_array_equal(first.extras["training"], [True, True, True, False, False] * 6)
    assert np.abs(first.signal - second.signal).max() > 0.1
    faces = skimage.data.lfw_subset()[:6].reshape(6, -1)
    alike = np.corrcoef(first.signal.reshape(30, -1), faces)[:30, 30:]
    assert np.mean(alike.argmax(axis=1) == first.extras["labels"]) > 0.6  # chance has 0.17
    light = first.signal.mean(axis=(1, 2)).reshape(6, 5)
    assert (light.std(axis=1) > 0.01).all()
    with pytest.raises(ValueError, match="101 people, 8 of 12 variants to train: give up to 100"):
        load("lfw_relit", tmp_path, people=101)


def test_photographs_keep_their_scale_and_their_mean(load, tmp_path):
    items = load("photographs", tmp_path, size=32)
    assert [item.name for item in items] == ["camera", "brick", "astronaut"]
    camera, brick, _ = items
    assert camera.signal.shape == (32, 32)
    for item, image in ((camera, skimage.data.camera()), (brick, skimage.data.brick())):
        assert item.signal.mean() == pytest.approx(image.mean() / 255, rel=0.01)
        blocks = image.reshape(32, 16, 32, 16).mean(axis=(1, 3)) / 255
        assert np.corrcoef(item.signal.ravel(), blocks.ravel())[0, 1] > 0.95
    assert brick.signal.max() < 1
    with pytest.raises(ValueError, match="no photograph 'cat'; there are: camera, brick, astronaut"):
        load("photographs", tmp_path, names=["cat"])


def test_digits_are_sixteenths_with_their_labels(load, tmp_path):
    [item] = load("digits", tmp_path)
    np.testing.assert_array_equal(16 * item.signal, load_digits().images)
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    np.testing.assert_array_equal(np.bincount(item.extras["labels"]), counts)
    [plain] = load("digits", tmp_path, labelled=False)
    assert plain.extras == {}


def test_random_matrices_have_the_rank_that_methods_are_told_plus_one_for_the_offset(load, tmp_path):
    for signal in ("gaussian", "piecewise"):
        items = load("low_rank_matrices", tmp_path, signal=signal, ranks=[3, 10], realisations=2)
        assert [item.name for item in items] == ["rank-3-0", "rank-3-1", "rank-10-0", "rank-10-1"]
        assert [np.linalg.matrix_rank(item.signal, tol=1e-4) for item in items] == [4, 4, 11, 11]
        assert [item.rank for item in items] == [3, 3, 10, 10]
        assert np.abs(items[0].signal - items[1].signal).max() > 0.1


def test_planted_matrices_are_of_the_rank_and_measured_with_noise_at_few_entries(load, tmp_path):
    items = load("planted_matrices", tmp_path, size=120, realisations=2)
    assert [item.name for item in items] == ["planted-0", "planted-1"]
    for item in items:
        unit, observed = float(item.extras["unit"]), item.extras["observed"]
        assert np.linalg.matrix_rank(item.signal.astype(float), rtol=1e-4) == 5
        assert (unit * item.signal).var() == pytest.approx(5, rel=0.3)
        assert unit * np.std(item.extras["measured"] - item.signal) == pytest.approx(0.1, rel=0.05)
        assert observed.sum() == round(2 * 5 * np.log(120) * 120)
    assert (items[0].extras["observed"] != items[1].extras["observed"]).any()
    [item] = load("planted_matrices", tmp_path, size=50, rank=2, share=0.3, realisations=1)
    assert np.linalg.matrix_rank(item.signal.astype(float), rtol=1e-4) == 2
    assert item.extras["observed"].mean() == pytest.approx(0.3)


def test_the_matrix_of_digits_has_an_image_in_each_row_and_masks_of_the_share(load, tmp_path):
    items = load("digit_matrix", tmp_path, realisations=2)
    names = ["observed-0.25-0", "observed-0.25-1", "observed-0.5-0", "observed-0.5-1"]
    assert [item.name for item in items] == names
    for item, share in zip(items, (0.25, 0.25, 0.5, 0.5), strict=True):
        np.testing.assert_array_equal(16 * item.signal.reshape(-1, 8, 8), load_digits().images)
        assert item.extras["observed"].mean() == pytest.approx(share, abs=1e-4)
    assert (items[0].extras["observed"] != items[1].extras["observed"]).any()


def test_gaussian_samples_are_signed_of_norm_one_and_of_the_rank(load, tmp_path):
    items = load("gaussian_samples", tmp_path, numbers=[12, 40], realisations=2)
    assert [item.name for item in items] == ["samples-12-0", "samples-12-1", "samples-40-0", "samples-40-1"]
    assert [item.signal.shape for item in items] == [(12, 64), (12, 64), (40, 64), (40, 64)]
    for item in items:
        np.testing.assert_allclose(np.linalg.norm(item.signal, axis=1), 1, rtol=1e-5)
        assert np.linalg.matrix_rank(item.signal, tol=1e-4) == 10 == item.rank
        assert item.signed
        assert abs(item.signal.mean()) < 0.02
    assert np.abs(items[0].signal - items[1].signal).max() > 0.1


def test_gaussian_samples_are_spread_evenly_over_an_orthonormal_basis(load, tmp_path):
    [item] = load("gaussian_samples", tmp_path, numbers=[20000], realisations=1, features=12, rank=3)
    eigenvalues = np.linalg.eigvalsh(item.signal.T.astype(float) @ item.signal / 20000)
    # The relative standard deviation of each of the three is below 1 %.
    np.testing.assert_allclose(eigenvalues[-3:], 1 / 3, rtol=0.05)
    np.testing.assert_allclose(eigenvalues[:-3], 0, atol=1e-6)


def test_voiced_sounds_are_harmonic_and_glide(load, tmp_path):
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


def test_piecewise_matrices_are_constant_between_few_jumps_and_gaussian_ones_are_not(load, tmp_path):
    flat = {}
    for signal in ("gaussian", "piecewise"):
        [item] = load("low_rank_matrices", tmp_path, signal=signal, ranks=[2], realisations=1)
        flat[signal] = np.mean(np.abs(np.diff(item.signal, axis=0)) < 1e-6)
    # At most ten jumps in each of two columns, at 63 places.
    assert flat["piecewise"] > 0.65
    assert flat["gaussian"] < 0.01


def test_shuffling_keeps_the_singular_values_and_breaks_the_runs(load, tmp_path):
    [plain] = load("low_rank_matrices", tmp_path, ranks=[4], realisations=1)
    [shuffled] = load("low_rank_matrices", tmp_path, ranks=[4], realisations=1, shuffled=True)
    values = [np.linalg.svd(item.signal.astype(float), compute_uv=False) for item in (plain, shuffled)]
    np.testing.assert_allclose(*values, atol=1e-5)
    rough = [np.abs(np.diff(item.signal, axis=0)).mean() for item in (plain, shuffled)]
    assert rough[1] > 2 * rough[0]


def test_the_pan_shows_the_photograph_moved_by_about_a_pixel_a_frame(load, tmp_path):
    [item] = load("photo_pan", tmp_path)
    assert item.signal.shape == (64, 64, 32)
    moved = np.abs(np.diff(item.signal, axis=2)).mean(axis=(0, 1))
    assert (moved > 0).all()
    step = np.abs(item.signal - np.roll(item.signal, 5, axis=2))[..., 5:].mean()
    assert step > 1.5 * moved.mean()


def test_the_phantom_is_a_body_of_few_densities_in_an_empty_field(load, tmp_path):
    [item] = load("ellipsoids", tmp_path)
    assert item.signal.shape == (64, 64, 16)
    assert (item.signal[0] == 0).all()
    assert (item.signal[:, 0] == 0).all()
    common = np.unique(item.signal.round(4), return_counts=True)[1]
    assert np.sort(common)[-4:].sum() > 0.8 * item.signal.size
    [other] = load("ellipsoids", tmp_path, seed=1)
    assert np.abs(item.signal - other.signal).max() > 0.1


def test_moments_of_digits_are_symmetric_and_of_positive_energy(load, tmp_path):
    [item] = load("digit_moments", tmp_path)
    assert item.signal.shape == (64, 64, 10)
    for moment in np.moveaxis(item.signal, 2, 0).astype(float):
        np.testing.assert_array_equal(moment, moment.T)
        assert np.linalg.eigvalsh(moment).min() > -1e-5
    images = load_digits().data[load_digits().target == 3]
    ratio = item.signal[..., 3] / np.maximum(images.T @ images / len(images), 1e-9)
    assert ratio[ratio > 0].std() < 1e-4 * ratio.max()


def test_planted_tensors_come_in_all_settings_of_some_models(load, tmp_path):
    items = load("planted_tensors", tmp_path, models=["paratuck2", "btd"], realisations=2)
    assert [item.name for item in items] == [f"{name}-{n}" for name in ("r22", "r32", "r33", "b333") for n in (0, 1)]
    assert np.abs(items[0].signal - items[1].signal).max() > 0.1
    assert [item.rank for item in items[::2]] == [4, 6, 9, 6]
    with pytest.raises(ValueError, match="unknown model 'cpd'; there are: cp, tucker, "):
        load("planted_tensors", tmp_path, models=["cpd"])


def test_the_serology_is_that_of_tensorly_over_its_largest_magnitude(load, tmp_path):
    [item] = load("covid19", tmp_path)
    assert item.signal.shape == (438, 6, 11)
    assert item.signed
    assert item.signal.min() == -1


def test_the_planted_stream_has_its_signal_above_the_noise_and_comes_for_each_size_of_a_sketch(load, tmp_path):
    items = load("planted_stream", tmp_path, number=4000, features=60, rank=4, budgets=[8, 16], realisations=2)
    assert [item.name for item in items] == ["l8-0", "l16-0", "l8-1", "l16-1"]
    assert [item.budget for item in items] == [8, 16, 8, 16]
    np.testing.assert_array_equal(items[0].signal, items[1].signal)
    values = np.linalg.svd(items[0].signal.astype(float), compute_uv=False) / np.sqrt(4000)
    # Deviations 1, 3/4, 1/2, 1/4 and the noise's 0.1 add up by squares, at a scale that is not told.
    wanted = np.sqrt(np.append((1 - np.arange(4) / 4) ** 2, 0) + 0.01)
    np.testing.assert_allclose(values[:5] / values[0], wanted / wanted[0], atol=0.02)


def test_the_spectra_of_indian_pines_are_those_of_its_pixels_in_order(load, tmp_path):
    [scene], [spectra] = load("indian_pines", tmp_path), load("indian_pines_pixels", tmp_path, budgets=[20])
    np.testing.assert_allclose(spectra.signal[145 * 3 + 7], scene.signal[3, 7], rtol=1e-6)


def test_bands_are_parted_in_halves_that_differ_from_split_to_split(load, tmp_path):
    items = load("indian_pines_bands", tmp_path, size=20, every=10, budgets=[6, 9], splits=3)
    assert [item.name for item in items] == ["m6-0", "m6-1", "m6-2", "m9-0", "m9-1", "m9-2"]
    marks = np.stack([item.extras["training"] for item in items])
    assert marks.sum(axis=1).tolist() == [10] * 6
    np.testing.assert_array_equal(marks[:3], marks[3:])
    assert len(np.unique(marks, axis=0)) == 3


def test_photographs_follow_the_bands_that_a_sketch_is_learned_from(load, tmp_path):
    items = load("pines_to_photographs", tmp_path, size=40, every=20, budgets=[8])
    assert [item.name for item in items] == ["m8-camera", "m8-brick", "m8-grass", "m8-gravel"]
    for item in items:
        assert item.signal.shape == (40, 40, 10 + 25)
        np.testing.assert_array_equal(item.extras["training"], np.arange(35) < 10)
    first, other = (items[place].signal / items[place].signal[..., :10].max() for place in (0, 1))
    np.testing.assert_allclose(first[..., :10], other[..., :10], rtol=1e-5)
    assert np.abs(first[..., 10:] - other[..., 10:]).max() > 0.2


@pytest.mark.parametrize(
    "sizes", [{"products": [9]}, {"products": [10, 9]}, {"products": []}, {"features": 0}, {"shocks": -1}]
)
def test_planted_demands_of_fewer_products_than_features_are_refused(load, tmp_path, sizes):
    with pytest.raises(ValueError, match=r"products of \d+ features, .*: give 1 or more features .* as many products"):
        load("planted_demand", tmp_path, **sizes)


@pytest.mark.parametrize("sizes", [{"frames": 1}, {"epochs": 0}, {"networks": 0}, {"chords": 0}])
def test_networks_of_chords_that_predict_nothing_are_refused_before_they_are_trained(load, tmp_path, sizes):
    with pytest.raises(ValueError, match=r"networks, .* frames: give 1 or more of each, and 2 or more frames"):
        load("chords_gru", tmp_path, **sizes)


def test_planted_demands_depend_on_features_alone_and_alike_for_any_number_of_products(load, tmp_path):
    few, many = load("planted_demand", tmp_path, products=[10, 40], realisations=1, shocks=1)
    latent = []
    for item, products in ((few, 10), (many, 40)):
        U = item.extras["features"]
        assert item.signal.shape == (products, products + 1, 2)
        np.testing.assert_allclose(U.T @ U, np.eye(10), atol=1e-12)
        own = np.einsum("nd,nms->dms", U, item.signal.astype(float))
        np.testing.assert_allclose(np.einsum("nd,dms->nms", U, own), item.signal, atol=1e-6)
        latent.append((own[:, 0], np.einsum("dms,me->des", own[:, 1:], U)))
    (z, V), (other_z, other_V) = latent
    np.testing.assert_allclose(z, other_z, atol=1e-6)
    np.testing.assert_allclose(V, other_V, atol=1e-6)
    assert np.abs(z[:, 0] - z[:, 1]).max() > 0.01
    assert z.min() > 0
    for number in range(2):
        own = V[..., number]
        assert np.linalg.eigvalsh((own + own.T) / 2)[0] == pytest.approx(0.2, abs=1e-5)
        assert np.abs(own - own.T).max() > 0.02


def test_labelled_photographs_keep_their_labels_and_those_of_the_last_file_are_withheld(load, tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (4000, 1, 3), dtype=np.uint8)
    colours[0] = 255
    for number, own in enumerate(np.split(colours, 4)):
        Image.fromarray(np.tile(own, (1, 1024, 1))).save(tmp_path / f"cifar10_batch_{number}.png")
    labels = np.arange(50_000) % 7 % 3
    torch.save({"clean_label": labels, "random_label1": 2 - labels}, tmp_path / "CIFAR-10_human.pt")
    [item] = load("cifar10_images", tmp_path, train=20, test=10)
    task = load_module(ROOT / "tasks" / "train.py")
    posed = task.pose(item, Observation(), np.random.default_rng(0))
    for images, found, first, number in (
        (posed.given["observed"], posed.given["labels"], 0, 20),
        (posed.withheld["signal"], posed.withheld["test_labels"], 3000, 10),
    ):
        own = np.tile(colours[first : first + number].reshape(number, 3, 1, 1) / 255, (1, 1, 32, 32))
        np.testing.assert_allclose(images, own, rtol=1e-6)
        np.testing.assert_array_equal(found, labels[first : first + number])
