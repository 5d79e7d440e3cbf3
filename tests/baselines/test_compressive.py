"""Recovery of images from few measurements by orthonormal rows: each method against theory or brute force."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from skimage.transform import resize

from benchmark.algorithms.compressive import least_variation, measured
from benchmark.algorithms.total_variation import divergence, gradient, magnitude, total_variation
from benchmark.contract import Estimate, Problem, Skipped, compose
from benchmark.loading import load_module
from benchmark.metrics import psnr
from benchmark.noise import Gaussian
from benchmark.operators import ScrambledDct, ScrambledHadamard

BASELINES = Path(__file__).parents[2] / "baselines"
NAMES = "constant min_norm tv_cs gap_tv damp bm3d_cs nlr_cs nonlocal_cp deeptensor_cs untrained_cs".split()
METHODS = {name: load_module(BASELINES / f"{name}.py") for name in [*NAMES, "best_terms"]}
BRIEF = {
    "constant": {},
    "min_norm": {},
    "tv_cs": {},
    "damp": {"iterations": 4},
    "bm3d_cs": {"denoiser": "nlm", "iterations": 6, "excitation": False},
    "nlr_cs": {"matchings": 2, "number": 10},
    "nonlocal_cp": {"matchings": 2, "number": 10, "terms": 2},
}
# Those whose last step meets the measurements.
EXACT = ("min_norm", "tv_cs", "bm3d_cs", "nlr_cs", "nonlocal_cp")
AXES = (0, 1)


def problem_of(image: np.ndarray, rate: float, kind=ScrambledHadamard, **others) -> Problem:
    operator = kind(rate).build(kind(rate).draw(image.shape, np.random.default_rng(0)), image.shape)
    return Problem(observed=operator(image), operator=operator, rank=2, **others)


def solve(name: str, problem: Problem, **params) -> Estimate:
    return METHODS[name].solve(problem, seed=0, device="cpu", **params)


def answer_of(name: str, problem: Problem, **params) -> np.ndarray:
    answer = compose(solve(name, problem, **params).answer)
    return answer.reshape(problem.operator.shape)


def photograph(size: int) -> np.ndarray:
    return resize(skimage.data.camera() / 255, (size, size), anti_aliasing=True)


def rectangles() -> np.ndarray:
    image = np.full((64, 64), 0.2)
    image[10:30, 8:40] = 0.8
    image[36:58, 20:50] = 0.5
    return image


@pytest.mark.parametrize("name", EXACT)
def test_all_measurements_give_the_image(name):
    image = photograph(16)
    problem = problem_of(image, 1.0)
    np.testing.assert_allclose(answer_of(name, problem, **BRIEF[name]), image, atol=1e-6)


@pytest.mark.parametrize("name", BRIEF)
def test_a_constant_image_is_returned_as_it_is(name):
    problem = problem_of(np.full((16, 16), 0.3), 0.2)
    np.testing.assert_allclose(answer_of(name, problem, **BRIEF[name]), 0.3, atol=1e-9)


@pytest.mark.parametrize("name", BRIEF)
def test_a_brighter_image_has_a_brighter_answer(name):
    image = photograph(16)
    dark, bright = (answer_of(name, problem_of(image + shift, 0.4), **BRIEF[name]) for shift in (0, 0.1))
    np.testing.assert_allclose(bright, dark + 0.1, atol=1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_the_answer_meets_exact_measurements(name):
    problem = problem_of(photograph(32), 0.2, ScrambledDct)
    misfit = problem.operator(answer_of(name, problem, **BRIEF[name])) - problem.observed
    assert np.linalg.norm(misfit) < 1e-10 * np.linalg.norm(problem.observed)


def test_noise_widens_what_meets_the_measurements():
    image, sigma = photograph(32), 0.05
    exact = problem_of(image, 0.5)
    noise = sigma * np.random.default_rng(1).standard_normal(exact.observed.shape)
    noisy = Problem(exact.observed + noise, operator=exact.operator, noise=Gaussian(sigma))
    misfit = np.linalg.norm(noisy.operator(answer_of("tv_cs", noisy)) - noisy.observed)
    assert misfit == pytest.approx(sigma * np.sqrt(noise.size), rel=0.01)
    told, untold = (
        psnr(image, answer_of("tv_cs", Problem(noisy.observed, operator=exact.operator, noise=model)), 1.0)
        for model in (noisy.noise, None)
    )
    assert told > untold + 0.5


def test_minimum_norm_errs_by_the_share_that_is_not_measured():
    image, rate = photograph(64), 0.3
    answers = [answer_of(name, problem_of(image, rate)) for name in ("constant", "min_norm")]
    np.testing.assert_allclose(answers[0], image.mean(), atol=1e-12)
    gain = psnr(image, answers[1], 1.0) - psnr(image, answers[0], 1.0)
    assert gain == pytest.approx(-10 * np.log10(1 - rate), abs=0.1)


@pytest.mark.parametrize(("rate", "least", "most"), [(0.25, 100, np.inf), (0.1, 100, np.inf), (0.02, 10, 25)])
def test_total_variation_recovers_rectangles_from_enough_measurements(rate, least, most):
    image = rectangles()
    result = answer_of("tv_cs", problem_of(image, rate), iterations=3000, tolerance=0)
    assert least < psnr(image, result, 1.0) < most
    # The truth meets the measurements, too.
    assert total_variation(result, AXES) <= total_variation(image, AXES) * (1 + 1e-9)


def test_total_variation_is_least_as_its_dual_certifies():
    image = photograph(32)
    known = measured(problem_of(image, 0.3))
    result, _ = least_variation(known, 3000, 0)
    assert total_variation(result, AXES) < total_variation(image, AXES)
    # Whatever is added along what is not measured, total variation grows.
    rng = np.random.default_rng(2)
    for _ in range(20):
        free = rng.standard_normal(image.shape)
        free -= known.operator.adjoint(known.operator(free))
        for size in (1e-3, 1e-1):
            moved = result + size * free
            assert total_variation(moved, AXES) > total_variation(result, AXES) * (1 - 1e-6)


def test_gradient_and_divergence_are_adjoint():
    rng = np.random.default_rng(3)
    image, field = rng.standard_normal((7, 5)), rng.standard_normal((2, 7, 5))
    assert np.sum(gradient(image, AXES) * field) == pytest.approx(-np.sum(image * divergence(field, AXES)))
    assert magnitude(field).shape == (7, 5)


def test_transposing_image_and_measurements_transposes_the_answer():
    image = photograph(32)
    problem = problem_of(image, 0.3)
    height, width = image.shape
    order = problem.operator.order.numpy()
    turned = ScrambledHadamard(0.3).build(
        {"order": order % width * height + order // width, "rows": problem.operator.rows.numpy()}, (width, height)
    )
    np.testing.assert_allclose(turned(image.T), problem.observed, atol=1e-12)
    result = answer_of("tv_cs", Problem(problem.observed, operator=turned))
    np.testing.assert_allclose(result.T, answer_of("tv_cs", problem), atol=1e-6)


def test_shuffled_pixels_cost_total_variation_its_gain_but_not_the_minimum_norm():
    image = photograph(64)
    shuffled = np.random.default_rng(4).permutation(image.ravel()).reshape(image.shape)
    levels = {
        name: [psnr(own, answer_of(name, problem_of(own, 0.25)), 1.0) for own in (image, shuffled)]
        for name in ("min_norm", "tv_cs")
    }
    assert levels["min_norm"][0] == pytest.approx(levels["min_norm"][1], abs=0.3)
    assert levels["tv_cs"][0] > levels["tv_cs"][1] + 10


def test_best_terms_are_better_than_any_other_choice_of_them():
    image = photograph(32)
    problem = Problem(observed=image, granted={"measurements": np.array(100)})
    result = solve("best_terms", problem).signal
    assert psnr(image, result, 1.0) > psnr(image, answer_of("tv_cs", problem_of(image, 100 / 1024)), 1.0)
    whole = solve("best_terms", Problem(observed=image, granted={"measurements": np.array(image.size)})).signal
    np.testing.assert_allclose(whole, image, atol=1e-10)
    assert np.count_nonzero(METHODS["best_terms"].largest(np.random.default_rng(5).random((9, 9)), 7)) == 7
    with pytest.raises(Skipped, match="number of measurements"):
        solve("best_terms", Problem(observed=image))


def test_gap_tv_recovers_an_image():
    image = photograph(32)
    assert psnr(image, answer_of("gap_tv", problem_of(image, 0.4)), 1.0) > psnr(image, image.mean(), 1.0) + 6


def test_log_shrinkage_is_the_minimiser_and_the_fixed_point():
    weight, values = 0.7, torch.linspace(0, 20, 41, dtype=torch.float64)
    result = METHODS["nlr_cs"].log_shrinkage(values, weight)
    positive = values**2 > 4 * weight
    assert not result[~positive].any()
    np.testing.assert_allclose(result[positive], (values - weight / result)[positive], rtol=1e-10)
    grid = torch.linspace(1e-3, 25, 250_000, dtype=torch.float64)
    for value, own in zip(values[positive], result[positive], strict=True):
        # Below the inflection the logarithm falls without bound: the minimum is that of the branch above.
        branch = grid[grid > weight**0.5]
        cost = (branch - value) ** 2 / 2 + weight * branch.log()
        assert own.item() == pytest.approx(branch[cost.argmin()].item(), abs=2e-4)
    assert result[-1].item() == pytest.approx(20 - weight / 20, abs=1e-3)


def test_nlr_cs_recovers_repeated_tiles_from_near_by_and_is_lost_far_off(monkeypatch):
    tile = np.random.default_rng(6).random((8, 8))
    image = np.tile(tile, (8, 8))
    problem = problem_of(image, 0.1)
    far = answer_of("tv_cs", problem)
    settings = {"matchings": 6, "first_sigma": 5 / 255, "last_sigma": 0.2 / 255}
    lost = answer_of("nlr_cs", problem, **settings)
    assert psnr(image, lost, 1.0) < psnr(image, far, 1.0) + 1
    near = image - image.mean() + 0.02 * np.random.default_rng(7).standard_normal(image.shape)
    monkeypatch.setattr(METHODS["nlr_cs"], "least_variation", lambda *_: (near, 0))
    assert psnr(image, answer_of("nlr_cs", problem, **settings), 1.0) > 55


def test_divergence_of_a_linear_denoiser_is_its_trace():
    image = photograph(64)
    result, spread = METHODS["damp"].with_divergence(lambda v: 0.3 * v, image, np.random.default_rng(8))
    np.testing.assert_allclose(result, 0.3 * image)
    # One random direction has a relative deviation of sqrt(2 / N).
    assert spread == pytest.approx(0.3 * image.size, rel=4 * np.sqrt(2 / image.size))


def test_the_level_that_damp_estimates_is_that_of_its_error(monkeypatch):
    image, damp = photograph(64), METHODS["damp"]
    problem = problem_of(image, 0.5)
    seen, denoise = [], damp.plug_in("damp", "nlm", image.shape)

    def watching(pseudo, sigma):
        # Each level is met twice, the second time to take the divergence.
        if not seen or seen[-1][0] != sigma:
            seen.append((sigma, np.sqrt(np.mean((pseudo - image) ** 2))))
        return denoise(pseudo, sigma)

    monkeypatch.setattr(damp, "plug_in", lambda *_: watching)
    solve("damp", problem, iterations=5)
    estimated, true = np.array(seen).T
    # Of independent entries the two are one; orthonormal rows make the error smaller by sqrt(1 - m / N).
    assert true[0] == pytest.approx(np.sqrt(1 - 0.5) * estimated[0], rel=0.05)
    assert (true < estimated).all()
    assert (np.diff(estimated) < 0).all()


def term(strength: float) -> torch.Tensor:
    """Return a group (1, 36, 45) that is one outer product of the strength."""
    rng = np.random.default_rng(9)
    a, b, c = (vector / np.linalg.norm(vector) for vector in map(rng.standard_normal, (6, 6, 45)))
    return torch.from_numpy(strength * np.einsum("i,j,k->ijk", a, b, c).reshape(1, 36, 45))


@pytest.mark.parametrize(("share", "kept"), [(0.5, 0), (0.9, 0.3195), (1.1, 0.6393), (2.0, 1.6652), (10.0, 9.8146)])
def test_a_term_is_shrunken_to_the_root_of_its_equation_or_to_zero(share, kept):
    method, threshold = METHODS["nonlocal_cp"], 0.2
    weight, patches = method.weight_at(threshold), term(share * threshold)
    factors = method.leading_terms(patches, 1, weight)
    for _ in range(300):
        factors = method.balanced(method.sweep(patches, factors, weight))
    A, B, C = factors
    approximation = method.pairs(A, B) @ C.mT
    assert approximation.norm().item() / threshold == pytest.approx(kept, abs=2e-4)
    if kept:
        cosine = (approximation * patches).sum() / approximation.norm() / patches.norm()
        assert cosine.item() == pytest.approx(1, abs=1e-8)
        strength = kept * threshold
        assert strength + weight * strength ** (-1 / 3) == pytest.approx(share * threshold, rel=1e-3)


def test_sweeps_and_balancing_lower_the_objective():
    method = METHODS["nonlocal_cp"]
    patches = torch.from_numpy(np.random.default_rng(10).standard_normal((5, 36, 20)))
    weight = method.weight_at(3.0)
    factors = method.leading_terms(patches, 4, weight)
    before = method.objective(patches, factors, weight)
    for _ in range(5):
        swept = method.sweep(patches, factors, weight)
        factors = method.balanced(swept)
        after, balanced = (method.objective(patches, own, weight) for own in (swept, factors))
        assert (after <= before + 1e-9).all()
        assert (balanced <= after + 1e-9).all()
        before = balanced


def test_white_noise_has_no_terms_above_its_level():
    method = METHODS["nonlocal_cp"]
    patches = torch.from_numpy(np.random.default_rng(11).standard_normal((30, 36, 45)))
    kept = {}
    for share in (1.2, 0.6):
        weight = method.weight_at(share * (2 * np.sqrt(6) + np.sqrt(45)))
        factors = method.leading_terms(patches, 8, weight)
        for _ in range(30):
            factors = method.balanced(method.sweep(patches, factors, weight))
        kept[share] = (method.pairs(factors[0], factors[1]) @ factors[2].mT).square().sum((1, 2))
    assert (kept[1.2] < 1e-6).all()
    assert (kept[0.6] > 0.1 * 36 * 45).all()


@pytest.mark.parametrize("name", ["nlr_cs", "nonlocal_cp"])
def test_groups_of_patches_gain_on_total_variation(name):
    image = np.tile(photograph(16), (2, 2)) * 0.5 + 0.25 * photograph(32)
    problem = problem_of(image, 0.4)
    gained = psnr(image, answer_of(name, problem, matchings=8, number=20), 1.0)
    assert gained > psnr(image, answer_of("tv_cs", problem), 1.0) + 1


@pytest.mark.parametrize("name", ["deeptensor_cs", "untrained_cs"])
def test_networks_keep_the_mean_and_come_near_the_measurements(name):
    image = photograph(16)
    problem = problem_of(image, 0.5)
    choice = {"model": "image"} if name == "deeptensor_cs" else {"network": "decoder"}
    result = answer_of(name, problem, **choice, iterations=200, channels=16, scales=2, learning_rate=0.02)
    assert result.mean() == pytest.approx(image.mean(), abs=1e-5)
    centred = problem.observed[1:]
    assert np.linalg.norm(problem.operator(result)[1:] - centred) < 0.3 * np.linalg.norm(centred)
    assert psnr(image, result, 1.0) > psnr(image, image.mean(), 1.0) + 2
