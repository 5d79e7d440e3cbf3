"""Data of one's own, named by a path, are read, normalised, and refused with the reason."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import scipy.io
import skimage.io
import tifffile
import torch
from scipy.io import wavfile


def write_images(folder: Path, names: list[str], shape: tuple[int, ...] = (6, 5)) -> np.ndarray:
    images = np.random.default_rng(3).integers(0, 256, size=(len(names), *shape), dtype=np.uint8)
    for name, image in zip(names, images, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        skimage.io.imsave(folder / name, image, check_contrast=False)
    return images


def test_an_own_cube_is_read_normalised_and_cropped(load, tmp_path):
    counts = np.random.default_rng(1).integers(0, 900, size=(6, 5, 4))
    np.save(tmp_path / "my cube.npy", counts)
    [item] = load("cube", tmp_path, path=str(tmp_path / "my cube.npy"))
    assert item.name == "my_cube"
    np.testing.assert_allclose(item.signal, counts / counts.max(), rtol=1e-6)
    [item] = load("cube", tmp_path, path=str(tmp_path / "my cube.npy"), size=3, bands=2)
    assert item.signal.shape == (3, 3, 2)


def test_an_own_cube_needs_clean_values(load, tmp_path):
    np.save(tmp_path / "x.npy", np.where(np.arange(24.0).reshape(2, 3, 4) == 5, np.nan, 1))
    with pytest.raises(ValueError, match=r"x\.npy: 1 of 24 values, the first at index \(0, 1, 1\), are NaN"):
        load("cube", tmp_path, path=str(tmp_path / "x.npy"))


def test_an_own_cube_can_be_a_folder_of_images_in_natural_order_without_hidden_ones(load, tmp_path):
    bands = write_images(tmp_path / "bands", [f"band_{number}.tif" for number in range(12)])
    (tmp_path / "bands" / "._band_0.tif").write_bytes(b"what macOS lays beside a file")
    [item] = load("cube", tmp_path, path=str(tmp_path / "bands"))
    np.testing.assert_allclose(item.signal, np.moveaxis(bands, 0, -1) / bands.max(), rtol=1e-6)


def test_an_own_cube_of_one_band_keeps_its_three_axes(load, tmp_path):
    write_images(tmp_path / "bands", ["band.png"])
    assert load("cube", tmp_path, path=str(tmp_path / "bands"))[0].signal.shape == (6, 5, 1)


def test_bands_in_colour_are_no_cube(load, tmp_path):
    write_images(tmp_path / "bands", ["a.png", "b.png"], shape=(6, 5, 3))
    with pytest.raises(ValueError, match=r"a\.png: an image in colour; a grey one is needed"):
        load("cube", tmp_path, path=str(tmp_path / "bands"))


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4)])
def test_own_samples_are_read_from_a_file_with_their_labels(load, tmp_path, shape):
    counts = np.random.default_rng(1).integers(0, 900, size=shape)
    scipy.io.savemat(tmp_path / "faces.mat", {"faces": counts, "person": np.array([[1], [1], [2], [2], [3]])})
    [item] = load("samples", tmp_path, path=str(tmp_path / "faces.mat"), key="faces", labels="person")
    assert item.name == "faces"
    np.testing.assert_allclose(item.signal, counts / counts.max(), rtol=1e-6)
    np.testing.assert_array_equal(item.extras["labels"], [1, 1, 2, 2, 3])
    [plain] = load("samples", tmp_path, path=str(tmp_path / "faces.mat"))
    np.testing.assert_array_equal(plain.signal, item.signal)
    assert plain.extras == {}


def test_own_samples_may_be_marked_for_training(load, tmp_path):
    np.savez(tmp_path / "x.npz", samples=np.arange(12).reshape(4, 3), person=[1, 1, 2, 2], clear=[1, 0, 1, 0])
    [item] = load("samples", tmp_path, path=str(tmp_path / "x.npz"), labels="person", training="clear")
    np.testing.assert_array_equal(item.extras["training"], [1, 0, 1, 0])
    assert set(item.extras) == {"labels", "training"}


def test_labels_of_own_samples_may_be_texts(load, tmp_path):
    np.savez(tmp_path / "x.npz", samples=np.arange(12).reshape(4, 3), species=np.array(["a", "a", "b", "b"]))
    [item] = load("samples", tmp_path, path=str(tmp_path / "x.npz"), labels="species")
    np.testing.assert_array_equal(item.extras["labels"], ["a", "a", "b", "b"])


def test_pages_of_own_samples_are_samples_and_volumes_and_members_of_structures_can_be_named(load, tmp_path):
    pages = np.random.default_rng(1).integers(0, 256, size=(4, 6, 5), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "x.tif", pages, photometric="minisblack")
    [item] = load("samples", tmp_path, path=str(tmp_path / "x.tif"))
    np.testing.assert_allclose(item.signal, pages / pages.max(), rtol=1e-6)
    with pytest.raises(ValueError, match=r"x\.tif is a folder or a file of images; leave out `key`, `labels`, `train"):
        load("samples", tmp_path, path=str(tmp_path / "x.tif"), key="x")
    nibabel.Nifti1Image(pages, np.eye(4)).to_filename(tmp_path / "x.nii")
    nibabel.Nifti1Image(np.stack([pages, 255 - pages], axis=-1), np.eye(4)).to_filename(tmp_path / "y.nii")
    scipy.io.savemat(tmp_path / "x.mat", {"data": {"faces": pages, "person": [[1, 2, 3, 4]]}})
    for params in ({"path": "x.nii"}, {"path": "y.nii", "volume": 0}, {"path": "x.mat", "labels": "data.person"}):
        [item] = load("samples", tmp_path, **params | {"path": str(tmp_path / params["path"])})
        np.testing.assert_allclose(item.signal, pages / pages.max(), rtol=1e-6)
    np.testing.assert_array_equal(item.extras["labels"], [1, 2, 3, 4])
    [item] = load("cube", tmp_path, path=str(tmp_path / "y.nii"), volume=1)
    np.testing.assert_allclose(item.signal, (255 - pages) / (255 - pages).max(), rtol=1e-6)


def test_an_own_image_may_be_an_array_of_another_format(load, tmp_path):
    image = np.random.default_rng(1).integers(1, 256, size=(6, 5, 3))
    np.save(tmp_path / "x.npy", image)
    [item] = load("images", tmp_path, path=str(tmp_path / "x.npy"), channels="colour")
    np.testing.assert_allclose(item.signal, image / image.max(), rtol=1e-6)


def test_the_sub_folders_of_own_samples_are_their_labels(load, tmp_path):
    faces = write_images(tmp_path / "faces", ["ann/b.bmp", "ann/c.png", "bob/a.png"])
    [item] = load("samples", tmp_path, path=str(tmp_path / "faces"))
    np.testing.assert_allclose(item.signal, faces / faces.max(), rtol=1e-6)
    np.testing.assert_array_equal(item.extras["labels"], [0, 0, 1])


def test_folders_and_images_of_own_samples_are_in_natural_order_without_hidden_ones(load, tmp_path):
    names = ["person2/face_2.png", "person2/face_10.png", "person10/face_1.png"]
    faces = write_images(tmp_path / "faces", names)
    for hidden in (".thumbnails/face.png", "person2/._face_2.png"):
        (tmp_path / "faces" / hidden).parent.mkdir(exist_ok=True)
        (tmp_path / "faces" / hidden).write_bytes(b"no image")
    [item] = load("samples", tmp_path, path=str(tmp_path / "faces"))
    np.testing.assert_allclose(item.signal, faces / faces.max(), rtol=1e-6)
    np.testing.assert_array_equal(item.extras["labels"], [0, 0, 1])


@pytest.mark.parametrize("name", ["cube", "samples", "images"])
def test_an_image_that_cannot_be_read_is_named_with_what_to_do(load, tmp_path, name):
    write_images(tmp_path / "mine", ["1.png", "2.png"], shape=(60, 50))
    content = (tmp_path / "mine" / "2.png").read_bytes()
    (tmp_path / "mine" / "2.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"2\.png cannot be read: .*[Tt]runcated.*; replace the file, or take it away"):
        load(name, tmp_path, path=str(tmp_path / "mine"))


@pytest.mark.parametrize("name", ["cube", "samples", "images", "speech_commands"])
def test_a_path_without_anything_is_named(load, tmp_path, name):
    with pytest.raises(FileNotFoundError, match="gone does not exist; check the `path`"):
        load(name, tmp_path, path=str(tmp_path / "gone"))


def test_own_images_are_items_of_any_size_in_natural_order_named_by_their_files(load, tmp_path):
    folder = tmp_path / "mine"
    [first], [second], [tenth] = (
        write_images(folder, [name], shape=shape)
        for name, shape in (("no 1.png", (6, 5)), ("no 2.bmp", (3, 9)), ("no 10.tif", (5, 8)))
    )
    (folder / "._no 1.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("no image")
    items = load("images", tmp_path, path=str(folder))
    assert [item.name for item in items] == ["no_1", "no_2", "no_10"]
    for item, image in zip(items, (first, second, tenth), strict=True):
        np.testing.assert_allclose(item.signal, image / image.max(), rtol=1e-6)


def test_colours_of_own_images_become_their_luminance_or_stay(load, tmp_path):
    [colours] = write_images(tmp_path / "mine", ["a.png"], shape=(6, 5, 3)).astype(float)
    [grey] = write_images(tmp_path / "mine", ["b.png"], shape=(6, 5)).astype(float)
    weighted, plain = load("images", tmp_path, path=str(tmp_path / "mine"))
    luminance = 0.299 * colours[..., 0] + 0.587 * colours[..., 1] + 0.114 * colours[..., 2]
    np.testing.assert_allclose(weighted.signal, luminance / luminance.max(), rtol=1e-6)
    np.testing.assert_allclose(plain.signal, grey / grey.max(), rtol=1e-6)
    kept, tripled = load("images", tmp_path, path=str(tmp_path / "mine"), channels="colour")
    np.testing.assert_allclose(kept.signal, colours / colours.max(), rtol=1e-6)
    np.testing.assert_allclose(tripled.signal, np.stack([grey / grey.max()] * 3, axis=-1), rtol=1e-6)


def test_own_images_whose_names_would_be_equal_are_numbered_and_one_array_is_named(load, tmp_path):
    write_images(tmp_path / "mine", ["ä.png", "ö.png", "b.png"])
    names = [item.name for item in load("images", tmp_path, path=str(tmp_path / "mine"))]
    assert sorted(names) == ["_-1", "_-2", "b"]
    np.savez(tmp_path / "two.npz", low=np.eye(4), high=1 + np.eye(4))
    [item] = load("images", tmp_path, path=str(tmp_path / "two.npz"), key="high")
    np.testing.assert_allclose(item.signal, (1 + np.eye(4)) / 2)


def test_one_own_image_is_cropped_to_its_centre(load, tmp_path):
    [image] = write_images(tmp_path, ["a.png"], shape=(6, 5)).astype(float)
    [item] = load("images", tmp_path, path=str(tmp_path / "a.png"), size=3)
    np.testing.assert_allclose(item.signal, image[1:4, 1:4] / image[1:4, 1:4].max(), rtol=1e-6)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"path": "mine", "size": 6}, r"a\.png: a crop of 6 x 6 pixels does not fit into 6 x 5"),
        ({"path": "flat"}, r"flat.a\.png: every value is 7"),
        ({"path": "empty"}, "empty: no image in this folder"),
        ({"path": "x.npy"}, r"x\.npy: an array of shape \(2, 2, 3, 1\) is no image; h x w or h x w x 3 is needed"),
    ],
)
def test_own_images_that_cannot_be_used_are_refused_with_the_reason(load, tmp_path, monkeypatch, params, complaint):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path, ["mine/a.png", "flat/a.png"])
    skimage.io.imsave(tmp_path / "flat" / "a.png", np.full((6, 5), 7, np.uint8), check_contrast=False)
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "x.npy", np.arange(12).reshape(2, 2, 3, 1))
    with pytest.raises(ValueError, match=complaint):
        load("images", tmp_path, **params)


def test_own_samples_in_one_folder_have_no_labels_and_colours_become_their_mean(load, tmp_path):
    faces = write_images(tmp_path / "faces", ["a.png", "b.png"], shape=(6, 5, 3)).astype(float).mean(axis=-1)
    [item] = load("samples", tmp_path, path=str(tmp_path / "faces"))
    np.testing.assert_allclose(item.signal, faces / faces.max(), rtol=1e-6)
    assert item.extras == {}


def test_own_samples_can_be_reduced_by_the_mean_over_squares(load, tmp_path):
    faces = write_images(tmp_path / "faces", ["a.png", "b.png"])
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
def test_own_samples_that_cannot_be_used_are_refused_with_the_reason(load, tmp_path, monkeypatch, params, complaint):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "faces", ["ann/a.png", "bob/a.png"])
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "x.npy", np.arange(12).reshape(4, 3))
    with pytest.raises(ValueError, match=complaint):
        load("samples", tmp_path, **params)


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


def test_clips_of_an_own_folder_are_the_first_full_ones_each_over_its_range(load, tmp_path):
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


def test_hidden_clips_are_skipped_and_damaged_ones_named(load, tmp_path):
    write_clips(tmp_path / "mine")
    (tmp_path / "mine" / "word0" / "._0.wav").write_bytes(b"no sound")
    [item] = load("speech_commands", tmp_path, path=str(tmp_path / "mine"), clips=4, size=20)
    assert len(item.signal) == 4
    (tmp_path / "mine" / "word1" / "3.wav").write_bytes(b"no sound")
    with pytest.raises(ValueError, match=r"3\.wav cannot be read: .*; replace the file, or take it away"):
        load("speech_commands", tmp_path, path=str(tmp_path / "mine"), clips=4, size=20)
