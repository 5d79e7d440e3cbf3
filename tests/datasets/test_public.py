"""Each published data set, fetched from a mirror, holds what it is known to hold."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from tensorly.datasets import load_indian_pines

from benchmark.algorithms.networks import answers, tensors_of
from benchmark.contract import Item
from benchmark.download import fetch
from benchmark.source import literals_of
from deeptensor.images import read_image

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "mirror"
MIRROR = os.environ.get("DEEPTENSOR_MIRROR")

Load = Callable[..., list[Item]]


def registry_of(path: Path) -> Path:
    return ROOT / "datasets" / "registry" / f"{literals_of(path).get('REGISTRY', path.stem)}.txt"


PUBLIC = [path.stem for path in sorted((ROOT / "datasets").glob("*.py")) if registry_of(path).exists()]


@pytest.fixture(scope="session")
def fetched(tmp_path_factory) -> Callable[[str, str], Path]:
    """Return a function that fetches the files of a data set from a mirror, and returns their folder."""
    root = tmp_path_factory.mktemp("downloads")

    def folder_of(name: str, mirror: str) -> Path:
        registry = registry_of(ROOT / "datasets" / f"{name}.py")
        fetch(registry.stem, registry, root / registry.stem, [mirror], pauses=())
        return root / registry.stem

    return folder_of


def cave_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (512, 512, 31)
    counts = item.signal.astype(float) * 62423
    assert counts[100, 200, 10] == pytest.approx(43002, rel=1e-6)


def cave_toy_crop_facts(load: Load, item: Item, folder: Path) -> None:
    """The crop has the counts of the scene at the scale of 16 bits, of which it uses two thirds."""
    assert item.signal.shape == (101, 101, 31)
    [scene] = load("cave", folder)
    np.testing.assert_allclose(item.signal * 65535.0, scene.signal[199:300, 199:300] * 62423.0, rtol=1e-6)
    assert item.signal.max() == pytest.approx(0.6774, abs=1e-4)
    assert item.signal.mean() == pytest.approx(0.1848, abs=1e-4)


def cave_scenes_facts(load: Load, item: Item, folder: Path) -> None:
    assert [own.name for own in load("cave_scenes", folder)] == ["fake_and_real_peppers", "jelly_beans"]
    assert item.signal.shape == (512, 512, 31)
    [crop, _] = load("cave_scenes", folder, size=32)
    part = item.signal[240:272, 240:272]
    np.testing.assert_allclose(crop.signal, part / part.max(), rtol=1e-6)


def simu_indian_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (145, 145, 224)
    assert len(np.unique(item.signal.reshape(-1, 224), axis=0)) == 17


def cave_cloth_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (256, 256, 31)
    assert np.abs(item.signal * 50642.0 - np.round(item.signal * 50642.0)).max() < 0.01  # whole counts up to 50642
    [crop] = load("cave_cloth", folder, size=32)
    part = item.signal[112:144, 112:144]
    np.testing.assert_allclose(crop.signal, part / part.max(), rtol=1e-6)


def samson_facts(load: Load, item: Item, folder: Path) -> None:
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


def cat_video_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (128, 128, 64)
    counts = item.signal * 221.0
    assert np.abs(counts - np.round(counts)).max() < 1e-3


def lung_ct_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (128, 128, 56)
    assert np.mean(item.signal == 0) == pytest.approx(0.2, abs=0.02)
    [few] = load("lung_ct", folder, slices=3)
    first, alone = item.signal[..., 0], few.signal[..., 0]
    np.testing.assert_allclose(alone / alone.max(), first / first.max(), atol=1e-6)


def yale_b_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (192, 168, 160)
    few = load("yale_b", folder, images=3)[0].signal
    np.testing.assert_allclose(few / few.max(), (kept := item.signal[..., [0, 80, 159]]) / kept.max(), rtol=1e-6)
    [first, _] = load("yale_b", folder, images=8, truncated=4, ranks=[2, 4])
    assert first.signal.shape == (192, 168, 8)
    assert np.linalg.matrix_rank(first.signal.reshape(-1, 8), tol=1e-2) == 4


def yale_b_eigenfaces_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (840, 96, 84)
    numbers, counts = np.unique(item.extras["labels"], return_counts=True)
    assert set(counts) == {30}
    assert set(numbers) == set(range(11, 40)) - {14}
    first = read_image(min(folder.glob("yaleB11/*.pgm"))).astype(float)
    corner = [first[:2, :2].mean(), first[:2, 2:4].mean(), first[2:4, :2].mean()]
    scaled = item.signal[0] / item.signal[0, 0, 0] * corner[0]
    np.testing.assert_allclose([scaled[0, 0], scaled[0, 1], scaled[1, 0]], corner, rtol=1e-5)


def yale_b_32_facts(load: Load, item: Item, folder: Path) -> None:
    """The subset of most frontal lights is evenly lit, the hard ones are not; all are in place within a subject."""
    assert item.signal.shape == (961, 32, 32)
    assert item.extras["training"].sum() == 31 * 19
    assert set(np.unique(item.extras["labels"])) == set(range(1, 39)) - set(range(11, 18))
    sizes, unlike = {}, {}
    for subset in (1, 2, 3, 4, 5):
        [own] = load("yale_b_32", folder, train=[subset], test=[3 if subset != 3 else 4])
        lit = own.signal[own.extras["training"]]
        sizes[subset] = len(lit) // 31
        unlike[subset] = np.abs(lit - lit[..., ::-1]).mean() / lit.mean()
    assert sizes == {1: 7, 2: 12, 3: 12, 4: 14, 5: 19}
    assert sorted(unlike, key=unlike.get)[:3] == [1, 2, 3]
    with pytest.raises(ValueError, match=r"train on the subsets \[1, 3\], test on \[3\]: give different ones"):
        load("yale_b_32", folder, train=[1, 3])


def olivetti_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (400, 32, 32)
    np.testing.assert_array_equal(np.bincount(item.extras["labels"][item.extras["training"]]), [5] * 40)
    means = item.signal.reshape(40, 10, -1).mean(axis=1)
    within = np.linalg.norm(item.signal.reshape(40, 10, -1) - means[:, None], axis=2).mean()
    between = np.linalg.norm(means[:, None] - means, axis=2).mean()
    assert between > 1.1 * within  # images of a person are alike, and rows and columns in place
    smooth = [np.abs(np.diff(item.signal, axis=axis)).mean() for axis in (1, 2)]
    assert max(smooth) < 0.06


def lfw_funneled_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (620, 32, 28)
    np.testing.assert_array_equal(np.bincount(item.extras["labels"]), [10] * 62)
    np.testing.assert_array_equal(np.bincount(item.extras["labels"][item.extras["training"]]), [8] * 62)
    # The mean is a face: eyes darker than cheeks, left like right.
    mean = item.signal.mean(axis=0)
    assert np.corrcoef(mean.ravel(), mean[:, ::-1].ravel())[0, 1] > 0.9
    assert mean[9:12, 5:10].mean() < 0.85 * mean[15:19, 5:10].mean()


def mnist_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (2048, 28, 28)
    # The first image, a five, is known to have the sum 27525 at a range of 0 to 255.
    assert 255 * item.signal[0].astype(float).sum() == pytest.approx(27525)
    np.testing.assert_array_equal(item.signal.max(axis=(1, 2)), 1)
    [few] = load("mnist", folder, images=10)
    np.testing.assert_array_equal(few.signal, item.signal[:10])
    with pytest.raises(ValueError, match="3001 images of MNIST: give 1 to 3000"):
        load("mnist", folder, images=3001)


def cifar10_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (2048, 32, 32)
    np.testing.assert_array_equal(item.signal.max(axis=(1, 2)), 1)
    np.testing.assert_array_equal(item.signal.min(axis=(1, 2)), 0)
    # Means of three channels are thirds of whole numbers; the frog's first pixel is known to be (59, 62, 63).
    thirds = read_image(folder / "cifar10_batch_0.png")[0].astype(float).sum(axis=-1)
    corner = (59 + 62 + 63 - thirds.min()) / np.ptp(thirds)
    assert item.signal[0, 0, 0] == pytest.approx(corner, rel=1e-6)
    smooth = [np.abs(np.diff(item.signal, axis=axis)).mean() for axis in (1, 2)]
    assert max(smooth) < 0.08  # rows and columns in place: else neighbours differ by 0.2
    with pytest.raises(ValueError, match="0 images of CIFAR-10: give 1 to 3000"):
        load("cifar10", folder, images=0)


def speech_commands_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (40, 500, 500)
    np.testing.assert_array_equal(item.signal.max(axis=(1, 2)), 1)
    # Voices: most of the power is below 4 kHz, bin 256.
    assert item.signal[:, :256].sum() > 0.9 * item.signal.sum()
    [small] = load("speech_commands", folder, size=64)
    part = item.signal[3, :64, 218:282]
    scaled = (part - part.min()) / np.ptp(part)
    np.testing.assert_allclose(small.signal[3], scaled, atol=1e-5)


def mri_t1_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (128, 128, 150)
    assert item.signal[[0, -1]].mean() < 0.01  # air beside the head
    left_right = np.corrcoef(item.signal.ravel(), item.signal[::-1].ravel())[0, 1]
    front_back = np.corrcoef(item.signal.ravel(), item.signal[:, ::-1].ravel())[0, 1]
    assert left_right > 0.85 > front_back
    [small] = load("mri_t1", folder, size=32, slices=20)
    assert small.signal.shape == (32, 32, 20)


def sci_video_facts(load: Load, item: Item, folder: Path) -> None:
    """The frames, coded by the masks in the file, sum up to the measurements in it."""
    for clip, frames in (("runner", 40), ("traffic", 48)):
        [item] = load("sci_video", folder, clip=clip)
        assert item.signal.shape == (256, 256, frames)
        file = scipy.io.loadmat(folder / f"{clip}.mat")
        coded = (item.signal.reshape(256, 256, -1, 8) * 255.0 * file["mask"][:, :, None]).sum(axis=-1)
        np.testing.assert_allclose(coded, file["meas"], atol=1e-2)


def cs_images_facts(load: Load, item: Item, folder: Path) -> None:
    """The images are whole counts of 255, on the scale of their files."""
    items = load("cs_images", folder)
    assert {own.signal.shape for own in items} == {(256, 256)}
    counts = {own.name: 255 * own.signal.astype(float) for own in items}
    assert max(np.abs(own - np.round(own)).max() for own in counts.values()) < 1e-4
    peaks = {name: round(own.max()) for name, own in counts.items()}
    assert list(peaks.values()) == [231, 220, 253, 237, 239, 245, 243, 255]
    [crop] = load("cs_images", folder, names=["house"], size=64)
    np.testing.assert_array_equal(crop.signal, items[list(peaks).index("house")].signal[96:160, 96:160])
    with pytest.raises(ValueError, match="no image 'pepper'; there are: barbara, "):
        load("cs_images", folder, names=["pepper"])


def lobby_composite_facts(load: Load, item: Item, folder: Path) -> None:
    """Read as frames of three planes the lobby has three lights; as 90 grey frames it would flicker at every frame."""
    assert len(load("lobby_composite", folder)) == 3
    assert item.signal.shape == (128, 160, 30)
    means = item.extras["background"].astype(float).mean(axis=(0, 1))
    jumps = np.flatnonzero(np.abs(np.diff(means)) > 0.02)
    np.testing.assert_array_equal(jumps, [1, 16])
    assert 0.03 < item.extras["masks"].mean() < 0.07


def yale_b_moving_facts(load: Load, item: Item, folder: Path) -> None:
    """Six faces, whose lights differ from frame to frame and are those of no still scene times a gain."""
    items = load("yale_b_moving", folder)
    assert [own.name for own in items] == [f"subject-{number}" for number in (11, 15, 20, 25, 30, 35)]
    assert {own.signal.shape for own in items} == {(96, 84, 30)}
    values = np.linalg.svd(item.extras["background"].reshape(-1, 30).astype(float), compute_uv=False)
    assert values[1] > 0.1 * values[0]
    with pytest.raises(ValueError, match="there are no images of a subject 14: give others"):
        load("yale_b_moving", folder, subjects=[14])


def frame_of(mask: np.ndarray, video: np.ndarray) -> int:
    """Return the frame whose pixels far from the median, as many as the mask has, are most of them in the mask."""
    distance = np.abs(video - np.median(video, axis=2, keepdims=True))
    least = np.quantile(distance, 1 - mask.mean(), axis=(0, 1))
    return int((distance > least)[mask].sum(axis=0).argmax())


def hall_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (144, 176, 50)
    known = np.flatnonzero((item.extras["masks"] != 2).any(axis=(0, 1)))
    np.testing.assert_array_equal(known, [18])
    mask = item.extras["masks"][..., 18] == 1
    assert mask.mean() == pytest.approx(0.11, abs=0.005)
    assert frame_of(mask, item.signal) == 18


def cdnet_highway_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (120, 160, 60)
    masks = item.extras["masks"]
    assert np.mean(masks == 2) < 0.05
    assert (masks == 1).any(axis=(0, 1)).mean() > 0.9
    distance = np.abs(item.signal - np.median(item.signal, axis=2, keepdims=True))
    assert distance[masks == 1].mean() > 5 * distance[masks == 0].mean()


def waving_trees_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (120, 160, 50)
    known = np.flatnonzero((item.extras["masks"] != 2).any(axis=(0, 1)))
    np.testing.assert_array_equal(known, [35])
    assert frame_of(item.extras["masks"][..., 35] == 1, item.signal) == 35


def movielens_100k_facts(load: Load, item: Item, folder: Path) -> None:
    """The folds part the 100 000 ratings, whose mean is known; a rating of none of five stars is refused."""
    items = load("movielens_100k", folder)
    assert [own.name for own in items] == ["u1", "u2", "u3", "u4", "u5"]
    rated = item.signal > 0
    assert rated.sum() == 100_000
    assert 5 * item.signal[rated].mean(dtype=float) == pytest.approx(3.52986, abs=1e-5)
    scored = np.array([own.extras["scored"] for own in items])
    np.testing.assert_array_equal(scored.sum(axis=0), rated)
    assert {own.extras["scored"].sum() for own in items} == {20_000}
    np.testing.assert_array_equal(item.extras["observed"], rated & ~scored[0])
    assert item.signal[0, 5] == 1  # the first line of u1.test
    assert scored[0][0, 5]
    with pytest.raises(ValueError, match="no fold 6: give some of 1 to 5"):
        load("movielens_100k", folder, folds=[1, 6])


def mnist_cnn_facts(load: Load, item: Item, folder: Path) -> None:
    """The labels are those of the images: what one epoch learns from some holds for others."""
    assert item.signal.shape == (12_800 + 128 * 1568,)
    assert item.budget == item.signal.size // 10
    assert item.extras["train"].shape == (12_000, 1, 28, 28)
    assert item.extras["test_labels"][:5].tolist() == [7, 2, 1, 0, 4]
    network = {name.removeprefix("network."): v for name, v in item.extras.items() if name.startswith("network.")}
    said = answers(item.extras["program"], tensors_of(network), torch.tensor(item.extras["test"][:500]))
    assert np.mean(said == item.extras["test_labels"][:500]) > 0.85


def mnist_images_facts(load: Load, item: Item, folder: Path) -> None:
    """The first images are those of both parts, with their labels."""
    assert item.signal.shape == (15_000, 28, 28)
    assert item.extras["training"].tolist() == [True] * 12_000 + [False] * 3000
    [few] = load("mnist_images", folder, train=5, test=5)
    assert few.extras["labels"].tolist() == [5, 0, 4, 1, 9, 7, 2, 1, 0, 4]
    np.testing.assert_array_equal(few.signal, item.signal[[*range(5), *range(12_000, 12_005)]])
    with pytest.raises(ValueError, match="give 1 to 12000 and 1 to 3000"):
        load("mnist_images", folder, train=12_001)


def cifar10_images_facts(load: Load, item: Item, folder: Path) -> None:
    """Classes are about even in both parts, no image is in both, and the labels are those of the images."""
    assert item.signal.shape == (4000, 32, 32, 3)
    labels, training = item.extras["labels"], item.extras["training"]
    assert training.tolist() == [True] * 3000 + [False] * 1000
    for part, number in ((training, 3000), (~training, 1000)):
        counts = np.bincount(labels[part], minlength=10)
        assert len(counts) == 10
        assert np.abs(counts - number / 10).max() < 5 * np.sqrt(number / 10 * 0.9)
    assert len(np.unique(item.signal.reshape(4000, -1), axis=0)) == 4000
    # A frog, two trucks, a deer and a car come first; the frog's first pixel is known to be (59, 62, 63).
    [few] = load("cifar10_images", folder, train=5, test=2)
    assert few.extras["labels"].tolist() == [6, 9, 9, 4, 1, *labels[3000:3002]]
    np.testing.assert_allclose(few.signal, item.signal[[*range(5), 3000, 3001]], rtol=1e-6)
    np.testing.assert_allclose(255 * item.signal[0, 0, 0], [59, 62, 63], rtol=1e-5)
    means = np.stack([item.signal[training & (labels == own)].mean(axis=0).ravel() for own in range(10)])
    away = np.linalg.norm(item.signal[~training].reshape(1000, 1, -1) - means, axis=2)
    assert np.mean(away.argmin(axis=1) == labels[~training]) > 0.2  # twice as many as by chance
    with pytest.raises(ValueError, match="give 1 to 3000 and 1 to 1000"):
        load("cifar10_images", folder, test=1001)


def cifar10_resnet_facts(load: Load, item: Item, folder: Path) -> None:
    """The network has the parameters that its authors count, knows its training images, and 80 % of the copies."""

    def right(item: Item, kind: str) -> float:
        said = answers(item.extras["program"], tensors_of(network_of(item)), torch.tensor(item.extras[kind]))
        return np.mean(said == item.extras[f"{kind}_labels"])

    def network_of(item: Item) -> dict[str, np.ndarray]:
        return {name.removeprefix("network."): v for name, v in item.extras.items() if name.startswith("network.")}

    assert sum(v.size for name, v in network_of(item).items() if "running_" not in name) == 269_722
    assert len(item.extras["layers"]) == 18
    assert right(item, "train") == pytest.approx(0.999, abs=0.003)
    assert right(item, "test") == pytest.approx(0.804, abs=0.003)
    *others, deepest = load("cifar10_resnet", folder, depths=[20, 32, 44, 56], layers=["conv1"], reduction=2.5)
    assert [own.name for own in others] == ["resnet20", "resnet32", "resnet44"]
    assert (deepest.signal.size, deepest.budget) == (432, 172)
    assert right(deepest, "train") > 0.999
    with pytest.raises(ValueError, match="no network of 21 layers; there are: 20, 32, 44, 56"):
        load("cifar10_resnet", folder, depths=[21])


def amino_acids_facts(load: Load, item: Item, folder: Path) -> None:
    """The first three samples hold one acid each: their landscapes are of rank 1, and the others' of three terms."""
    assert item.signal.shape == (5, 201, 61)
    assert np.count_nonzero(item.extras["concentrations"][:3]) == 3
    for pure in item.signal[:3].astype(float):
        values = np.linalg.svd(pure, compute_uv=False)
        assert values[1] < 0.05 * values[0]
    values = np.linalg.svd(item.signal[3].astype(float), compute_uv=False)
    assert values[1] > 0.1 * values[0]
    last = load("amino_acids", folder, left_out=True)[-1]
    np.testing.assert_array_equal(last.signal, item.signal[:4])
    np.testing.assert_array_equal(last.extras["concentrations"], item.extras["concentrations"][:4])


def nations_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (14, 14, 56)
    assert set(np.unique(item.signal)) == {0, 1}
    assert item.signal.mean() == pytest.approx(0.184, abs=0.001)
    assert (item.signal != item.signal.swapaxes(0, 1)).any()
    assert [own.name for own in load("nations", folder, draws=2)] == ["nations-0", "nations-1"]


def kinship_facts(load: Load, item: Item, folder: Path) -> None:
    assert item.signal.shape == (104, 104, 26)
    assert item.signal.sum(axis=2).max() == 1  # of all terms each person uses at most one for another


def samson_members_facts(load: Load, item: Item, folder: Path) -> None:
    """The end-members, on the scale of the scene, explain most of it."""
    spectra, pixels = item.extras["spectra"], item.signal.reshape(-1, 156).astype(float)
    assert spectra.shape == (156, 3)
    left = pixels.T - spectra @ np.linalg.lstsq(spectra, pixels.T)[0]
    assert np.linalg.norm(left) < 0.15 * np.linalg.norm(pixels)


def bbc_stream_facts(load: Load, item: Item, folder: Path) -> None:
    """Rows are articles of norm one before the scaling."""
    assert item.signal.shape == (2225, 9635)
    assert np.count_nonzero(item.signal) == 286774
    norms = np.linalg.norm(item.signal, axis=1)
    np.testing.assert_allclose(norms, norms[0], rtol=1e-5)
    [half] = load("bbc_stream", folder, every=2)
    rows = item.signal[::2]
    np.testing.assert_allclose(half.signal, rows / rows.max(), rtol=1e-6)


def bbc_topics_facts(load: Load, item: Item, folder: Path) -> None:
    """The topics are those of NMF: with them alone the terms are explained better than by as many random articles."""
    [some] = load("bbc_topics", folder, every=4)
    terms, topics = some.signal.astype(float), some.extras["W"]
    assert (item.signal.shape, terms.shape, topics.shape) == ((9635, 2225), (9635, 557), (9635, 5))
    assert (topics >= 0).all()
    articles = np.linalg.qr(terms[:, :5])[0]
    left, other = (np.linalg.norm(terms - own @ (own.T @ terms)) for own in (np.linalg.qr(topics)[0], articles))
    assert left < 0.98 * other


def clip_to_clip_facts(load: Load, item: Item, folder: Path) -> None:
    """Of 40 frames of the runner are learned, and 48 of traffic are the test."""
    assert item.name == "m20-traffic"
    assert item.signal.shape == (256, 256, 88)
    assert item.extras["training"].tolist() == [True] * 40 + [False] * 48
    runner, traffic = (load("sci_video", folder, clip=clip)[0].signal for clip in ("runner", "traffic"))
    np.testing.assert_allclose(item.signal, np.concatenate([runner, traffic], axis=2), rtol=1e-6)


def bbc_news_facts(load: Load, item: Item, folder: Path) -> None:
    """They are the same articles, and labels the five classes."""
    bbc_stream_facts(load, item, folder)
    assert np.bincount(item.extras["labels"]).tolist() == [510, 386, 417, 511, 401]


def sbi_hall_and_monitor_facts(load: Load, item: Item, folder: Path) -> None:
    """Frames are in order: each is nearest to its neighbours."""
    assert item.signal.shape == (120, 176, 74)
    frames = item.signal.reshape(-1, 74).T.astype(float)
    near, far = (np.abs(frames[step:] - frames[:-step]).mean() for step in (1, 30))
    assert near < 0.7 * far


def polyphonic_music_facts(load: Load, item: Item, folder: Path) -> None:
    """The first one is JSB, 3.9 notes a frame; frames of training, validation and test are those of the splits."""
    frames = {"jsb": (13807, 4602, 4725), "piano_midi": (75911, 8540, 19036)}
    for name, wanted in frames.items():
        [own] = load("polyphonic_music", folder, collection=name)
        lengths, split = own.extras["lengths"], own.extras["split"]
        assert tuple(lengths[split == part].sum() for part in range(3)) == wanted
        assert lengths.min() > 1
    assert item.signal.sum(axis=1).mean() == pytest.approx(3.9, abs=0.05)


def music_gru_facts(load: Load, item: Item, folder: Path) -> None:
    """Three gates of a state of 512 see an input of 256 and that state; 229 chorales are there to learn from."""
    assert item.signal.shape == (3 * 512 * (256 + 512),)
    assert item.budget == item.signal.size // 16
    assert np.bincount(item.extras["split"]).tolist() == [229, 76, 77]
    assert 0.01 < item.signal.std() < 1


def tiny_facts(load: Load, item: Item, folder: Path) -> None:
    raw = load_indian_pines()["tensor"][56:88, 56:88, 0:181:12]
    np.testing.assert_allclose(item.signal, raw / raw.max(), rtol=1e-6)
    assert (folder / "tiny.npy").stat().st_size < 40_000


FACTS: dict[str, Callable[[Load, Item, Path], None]] = {
    "cave": cave_facts,
    "cave_toy_crop": cave_toy_crop_facts,
    "cave_scenes": cave_scenes_facts,
    "simu_indian": simu_indian_facts,
    "cave_cloth": cave_cloth_facts,
    "samson": samson_facts,
    "cat_video": cat_video_facts,
    "lung_ct": lung_ct_facts,
    "yale_b": yale_b_facts,
    "yale_b_32": yale_b_32_facts,
    "yale_b_eigenfaces": yale_b_eigenfaces_facts,
    "olivetti": olivetti_facts,
    "lfw_funneled": lfw_funneled_facts,
    "mnist": mnist_facts,
    "cifar10": cifar10_facts,
    "speech_commands": speech_commands_facts,
    "mri_t1": mri_t1_facts,
    "sci_video": sci_video_facts,
    "cs_images": cs_images_facts,
    "lobby_composite": lobby_composite_facts,
    "yale_b_moving": yale_b_moving_facts,
    "hall": hall_facts,
    "movielens_100k": movielens_100k_facts,
    "cdnet_highway": cdnet_highway_facts,
    "waving_trees": waving_trees_facts,
    "mnist_cnn": mnist_cnn_facts,
    "mnist_images": mnist_images_facts,
    "cifar10_images": cifar10_images_facts,
    "cifar10_resnet": cifar10_resnet_facts,
    "amino_acids": amino_acids_facts,
    "nations": nations_facts,
    "kinship": kinship_facts,
    "samson_members": samson_members_facts,
    "bbc_news": bbc_news_facts,
    "bbc_stream": bbc_stream_facts,
    "bbc_topics": bbc_topics_facts,
    "clip_to_clip": clip_to_clip_facts,
    "sbi_hall_and_monitor": sbi_hall_and_monitor_facts,
    "polyphonic_music": polyphonic_music_facts,
    "music_gru": music_gru_facts,
    "tiny": tiny_facts,
}
# What would train for minutes.
SHORT = {
    "mnist_cnn": {"epochs": 1, "layers": ["conv2", "fc1"], "reduction": 10},
    "music_gru": {"epochs": 1},
}


def test_the_facts_are_of_data_sets_that_there_are():
    assert FACTS.keys() <= set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_data_set_comes_from_the_mirror_and_is_what_it_is_known_to_be(load, fetched, name):
    mirror = str(FIXTURES) if (FIXTURES / name).exists() else MIRROR
    if not mirror:
        pytest.skip("DEEPTENSOR_MIRROR names no mirror to fetch the public data sets from")
    source = registry_of(ROOT / "datasets" / f"{name}.py").stem
    if "://" not in mirror and not (Path(mirror) / source).is_dir():
        pytest.skip(f"the mirror {mirror} has no folder {source}")
    folder = fetched(name, mirror)
    item, *others = load(name, folder, **SHORT.get(name, {}))
    assert all(own.signal.dtype == np.float32 for own in (item, *others))
    if name in FACTS:
        FACTS[name](load, item, folder)
