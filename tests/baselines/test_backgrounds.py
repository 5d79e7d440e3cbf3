"""Methods for the background of a video, each against a case whose answer is known."""

import os
from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.motion import projected
from benchmark.contract import Problem
from benchmark.loading import load_module
from deeptensor.reading import read_array, read_cube

BASELINES = Path(__file__).parents[2] / "baselines"
MIRROR = os.environ.get("DEEPTENSOR_MIRROR")


def method(name: str):
    return load_module(BASELINES / f"{name}.py")


def parts(name: str, video: np.ndarray, rank: int = 2, **params) -> dict[str, np.ndarray]:
    return method(name).solve(Problem(video, rank=rank), seed=0, device="cpu", **params).parts


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def scene(rng):
    return 0.2 + 0.6 * rng.random((20, 18, 1))


def walked(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return frames before which a bright square of 5 x 5 pixels walks, two pixels a frame, and the mask of it."""
    video, mask = frames.copy(), np.zeros(frames.shape, bool)
    for frame in range(frames.shape[2]):
        left = 2 * frame % (frames.shape[1] - 4)
        mask[8:13, left : left + 5, frame] = True
    video[mask] = 1.0
    return video, mask


def test_the_temporal_median_is_exact_where_less_than_half_of_the_frames_are_covered(scene):
    video, mask = walked(np.repeat(scene, 14, axis=2))
    assert mask.mean(axis=2).max() < 0.5
    np.testing.assert_allclose(parts("temporal_median", video)["background"], np.repeat(scene, 14, axis=2), rtol=1e-6)


def test_gains_and_offsets_are_found_in_spite_of_outliers(scene, rng):
    gain, offset = rng.uniform(0.5, 1, 12), rng.uniform(-0.1, 0.1, 12)
    frames = scene * gain + offset
    video = np.where(rng.random(frames.shape) < 0.05, rng.random(frames.shape), frames)
    # Outliers are mostly on one side, and pull as much as an error of 0.02 does.
    np.testing.assert_allclose(parts("gain_median", video)["background"], frames, atol=3e-3)
    assert np.abs(parts("temporal_median", video)["background"] - frames).max() > 0.1


def test_the_median_of_reflectance_follows_a_light_that_is_switched(scene):
    frames = scene * np.where(np.arange(14) % 5 < 2, 1.0, 0.5)
    video, mask = walked(frames)
    background = parts("invariant_median", video)["background"]
    errors, others = (
        np.abs(own - frames)[~mask] for own in (background, parts("temporal_median", video)["background"])
    )
    assert errors.mean() < 0.03 < 0.08 < others.mean()
    assert np.abs(video - background)[mask].mean() > 5 * errors.mean()


@pytest.fixture
def outliers(rng):
    """Return a video of rank 2, 60 pixels and 40 frames, and the same with 5 % of gross outliers."""
    clean = (rng.random((60, 2)) @ rng.random((2, 40))).reshape(10, 6, 40) / 2
    return clean, np.where(rng.random(clean.shape) < 0.05, clean + rng.choice([-0.5, 0.5], clean.shape), clean)


def test_godec_and_robust_rank_recover_a_matrix_of_their_rank_from_sparse_outliers(outliers):
    clean, video = outliers
    np.testing.assert_allclose(parts("godec", video, share=0.06, iterations=100)["background"], clean, atol=1e-3)
    # An outlier pulls as much as an error of h does.
    for huber in (0.02, 0.005):
        robust = parts("robust_rank", video, huber=huber, iterations=2000)["background"]
        np.testing.assert_allclose(robust, clean, atol=0.5 * huber)
    assert np.abs(projected(video.reshape(60, 40), 2) - clean.reshape(60, 40)).max() > 0.05


def test_godec_never_raises_its_objective_and_keeps_its_share(rng):
    frames = rng.random((50, 20))
    objectives = []
    for turns in range(1, 12):
        low_rank, sparse = method("godec").parted(frames, 3, 0.1, turns)
        objectives.append(np.sum((frames - low_rank - sparse) ** 2))
        assert np.count_nonzero(sparse) <= 100
        assert np.linalg.matrix_rank(low_rank) == 3
    assert (np.diff(objectives) <= 1e-12).all()
    assert objectives[-1] < 0.95 * objectives[0]


def test_robust_rank_never_raises_the_huber_loss(rng):
    frames = rng.random((50, 20))

    def loss(iterations: int) -> float:
        error = np.abs(frames - method("robust_rank").fitted(frames, 3, 0.1, iterations))
        return np.where(error < 0.1, error**2 / 2, 0.1 * error - 0.005).sum()

    losses = [loss(iterations) for iterations in range(1, 12)]
    assert (np.diff(losses) <= 1e-12).all()
    assert losses[-1] < 0.98 * losses[0]


def test_pursuits_part_the_video_into_background_and_foreground(scene):
    video, mask = walked(np.repeat(scene, 14, axis=2))
    for tensor in (False, True):
        own = parts("background_pursuit", video, tensor=tensor)
        np.testing.assert_allclose(own["foreground"], np.abs(video - own["background"]), atol=1e-6)
    still = parts("background_pursuit", video)["background"]
    assert np.abs(still - scene)[~mask].max() < 0.05


def test_online_robust_pca_finds_the_space_and_stores_nothing_of_the_frames(rng):
    basis = np.linalg.qr(rng.standard_normal((200, 2)))[0]

    def frames(number: int):
        for _ in range(number):
            frame = basis @ (4 * rng.standard_normal(2))
            yield np.where(rng.random(200) < 0.02, frame + rng.choice([-1, 1], 200), frame)

    online = method("or_pca").Online(np.stack(list(frames(10)), axis=1), 2)
    sizes = set()
    for number in (5, 1000):
        assert all(len(own) == 200 for own in online.follow(frames(number)))
        sizes.add(sum(own.size for own in vars(online).values() if isinstance(own, np.ndarray)))
    assert sizes == {200 * 2 * 2 + 4}
    cosines = np.linalg.svd(np.linalg.qr(online.basis)[0].T @ basis)[1]
    assert np.degrees(np.arccos(cosines.min())) < 5


def test_decolor_finds_a_square_that_walks_and_steady_light_behind_it(rng):
    scene = np.clip(0.5 + 0.2 * np.cumsum(rng.standard_normal((40, 36, 1)), axis=0) / 6, 0, 0.8)
    video, mask = walked(np.repeat(scene, 20, axis=2))
    video = video + 0.01 * rng.standard_normal(video.shape)
    own = parts("decolor", video)
    assert set(np.unique(own["foreground"])) == {0, 1}
    found = own["foreground"] == 1
    assert np.sum(found & mask) > 0.9 * np.sum(found | mask)
    assert np.abs(own["background"] - scene)[~mask].mean() < 0.02


def test_turns_of_decolor_never_raise_its_energy_at_fixed_weights(rng):
    decolor = method("decolor")
    frames = np.outer(rng.random(30), rng.random(8)) + 0.02 * rng.standard_normal((30, 8))
    frames.reshape(6, 5, 8)[2:5, 1:4, 3] += 0.8
    alpha, beta, gamma, height, width = 0.3, 0.002, 0.0005, 6, 5
    B, still, energies = frames, np.ones(frames.shape, bool), []
    for _ in range(6):
        B, _, nuclear = decolor.soft_impute(frames, still, B, alpha, -1)
        errors = frames - B
        costs = (beta - errors**2 / 2).reshape(height, width, -1)
        energies.append(decolor.energy_of(errors, ~still.reshape(costs.shape), alpha * nuclear, beta, gamma))
        moving = np.stack([decolor.Grid(height, width).cheapest(costs[..., t], gamma) for t in range(8)], axis=2)
        energies.append(decolor.energy_of(errors, moving, alpha * nuclear, beta, gamma))
        still = ~moving.reshape(frames.shape)
    assert (np.diff(energies) <= 1e-6).all()
    assert 0 < moving.mean() < 0.5
    assert energies[-1] < energies[0] - 1e-3


def test_our_readings_mark_a_square_under_switched_light_and_name_the_light(scene):
    video, mask = walked(scene * np.where(np.arange(20) % 7 < 3, 1.0, 0.6))
    for name, params, named in (("ilisd", {}, False), ("ilisd", {"light": 0.2}, True), ("tlisd", {}, True)):
        own = parts(name, video, **params)
        assert ("illumination" in own) == named
        assert own["foreground"][mask].mean() > 5 * own["foreground"][~mask].mean()
    assert own["illumination"].any()
    without = parts("tlisd", video, light=None)
    assert set(without) == {"background", "foreground"}


@pytest.mark.skipif(not MIRROR or not (Path(MIRROR) / "decolor_clips").is_dir(), reason="no mirror has decolor_clips")
def test_decolor_finds_the_masks_of_its_authors():
    folder = Path(MIRROR) / "decolor_clips"
    video = read_cube(folder / "hall.mat", key="ImData").astype(np.float32) / 255
    theirs = read_array(folder / "masks" / "hall_DECOLOR.mat", key="Mask") > 0
    ours = parts("decolor", video)["foreground"] == 1
    assert np.sum(ours & theirs) > 0.9 * np.sum(ours | theirs)
