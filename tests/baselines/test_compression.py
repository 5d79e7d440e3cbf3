"""Methods that compress layers: optimality against theory and search, planted kernels found, counts as printed."""

from functools import partial

import numpy as np
import pytest
import torch
from tensorly.decomposition import parafac, partial_tucker

from benchmark.algorithms.execution import Executed, checked, stored
from benchmark.algorithms.layers import Factored, Layer, largest, patches, separable
from benchmark.contract import Skipped
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.source import ROOT

LARGE = 10**6


def method(name: str):
    return load_module(ROOT / "baselines" / f"{name}.py")


tai, tucker2, crossfilter, cp = map(method, ("tai", "tucker2", "crossfilter", "cp_layers"))
biclustering, monochromatic, denil, lre = map(method, ("biclustering", "monochromatic", "denil", "lre"))
fc_svd, response_pca, thinet, quantised = map(method, ("fc_svd", "response_pca", "thinet", "quantised"))
deep, COMPRESS = method("deeptensor_layers"), load_module(ROOT / "tasks" / "compress.py")
l1_pruning, taylor, l1_factors, ioannou = map(method, ("l1_pruning", "taylor_pruning", "l1_factors", "ioannou"))
cp_at = partial(cp.factorise, joint=False, iterations=1000, tolerance=1e-12)


def layer_of(kernel: np.ndarray, budget: int = LARGE, inputs: np.ndarray | None = None) -> Layer:
    """Return a layer without stride, whose inputs are random where none are given."""
    rng = np.random.default_rng(9)
    if inputs is None:
        inputs = rng.standard_normal((6, kernel.shape[1], 5, 5))
    padding = kernel.shape[2] // 2
    gradients = rng.standard_normal((len(inputs), len(kernel), *inputs.shape[2:]))
    return Layer(kernel, rng.standard_normal(len(kernel)), budget, 1, padding, inputs, gradients)


def kernel_of(*sizes: int) -> np.ndarray:
    return np.random.default_rng(2).standard_normal(sizes)


def composed(factored: Factored, layer: Layer) -> np.ndarray:
    return Executed(checked(factored, layer), layer, torch.float64).composed()


def error(factored: Factored, layer: Layer) -> float:
    """Return the relative error of the weights."""
    return float(np.linalg.norm(composed(factored, layer) - layer.kernel) / np.linalg.norm(layer.kernel))


@pytest.mark.parametrize(
    ("factorise", "sizes"),
    [
        (tai.factorise, (6, 4, 3, 3)),
        (tai.factorise, (3, 5, 5, 5)),
        (tucker2.factorise, (6, 4, 3, 3)),
        (crossfilter.across_filters, (6, 4, 3, 3)),
        (crossfilter.across_inputs, (6, 4, 3, 3)),
        (response_pca.factorise, (6, 4, 3, 3)),
        (response_pca.factorise, (6, 4, 1, 1)),
        (partial(biclustering.factorise, form="svd", seed=0), (6, 4, 3, 3)),
        (fc_svd.factorise, (6, 9, 1, 1)),
        (partial(lre.factorise, iterations=500, seed=0), (6, 4, 3, 3)),
        (partial(denil.predicted, width=1.0, ridge=1e-12), (6, 4, 3, 3)),
        (partial(thinet.pruned, places=10, rng=np.random.default_rng(0)), (6, 4, 3, 3)),
    ],
)
def test_full_rank_is_the_layer_itself(factorise, sizes):
    layer = layer_of(kernel_of(*sizes))
    assert error(factorise(layer), layer) < 1e-5


def test_the_closed_form_leaves_the_singular_values_that_it_drops_and_no_descent_finds_less():
    layer = layer_of(kernel_of(6, 4, 3, 3), budget=4 * 30)
    found = composed(tai.factorise(layer), layer)
    least = np.sum((found - layer.kernel) ** 2)
    values = np.linalg.svd(separable(layer.kernel), compute_uv=False)
    assert least == pytest.approx(np.sum(values[4:] ** 2), rel=1e-12)
    matrix, rng, reached = separable(layer.kernel), np.random.default_rng(0), []
    for _ in range(5):  # least squares in turns, from random filters
        right = rng.standard_normal((4, matrix.shape[1]))
        for _ in range(300):
            left = matrix @ np.linalg.pinv(right)
            right = np.linalg.pinv(left) @ matrix
        reached.append(np.sum((left @ right - matrix) ** 2))
    assert min(reached) >= least - 1e-9
    assert min(reached) == pytest.approx(least, rel=1e-6)


def test_the_closed_form_does_not_see_the_order_of_channels():
    kernel, rng = kernel_of(6, 4, 3, 3), np.random.default_rng(0)
    shuffled = kernel[rng.permutation(6)][:, rng.permutation(4)]
    errors = [error(tai.factorise(own), own) for own in (layer_of(kernel, 120), layer_of(shuffled, 120))]
    assert errors[0] == pytest.approx(errors[1], rel=1e-12)
    assert errors[0] > 0.1


def test_networks_as_priors_are_never_nearer_than_the_closed_form():
    item = COMPRESS.tiny_item(["two"])
    posed = COMPRESS.pose(item, Observation(), np.random.default_rng(0))
    problem = problem_of(posed.given, Observation(), 1, item.budget)
    measures = COMPRESS.measures(problem, posed.withheld)
    settings = {"iterations": 60, "channels": 8, "scales": 1}
    errors = [
        measures["weight_error"](deep.solve(problem, seed=0, device="cpu", order=order, **settings).parts)
        for order in ("trained", "sorted", "shuffled")
    ]
    assert measures["weight_error"](tai.solve(problem, seed=0, device="cpu").parts) - 1e-6 <= min(errors)
    assert max(errors) < 0.95


def test_planted_separable_terms_are_found_by_the_form_that_has_them():
    rng = np.random.default_rng(4)
    kernel = np.einsum("kci,nkj->ncij", rng.standard_normal((3, 8, 3)), rng.standard_normal((8, 3, 3)))
    layer = layer_of(kernel, budget=3 * 48)
    assert error(tai.factorise(layer), layer) < 1e-12
    assert error(tucker2.factorise(layer), layer) > 0.1


def test_planted_outer_products_are_found_from_most_starts():
    factors = [np.random.default_rng(number).standard_normal((size, 5)) for number, size in enumerate((12, 10, 3, 3))]
    factors[:2] = (np.linalg.qr(own)[0] for own in factors[:2])
    layer = layer_of(np.einsum("nr,cr,ir,jr->ncij", *factors), budget=5 * 28)
    errors = [error(cp_at(layer, seed=seed), layer) for seed in range(5)]
    assert sorted(errors)[3] < 1e-4  # one of the five ends in a local minimum
    fewer = layer_of(layer.kernel, budget=2 * 66)
    assert error(tai.factorise(fewer), fewer) > 0.1


@pytest.mark.parametrize("form", ["svd", "outer"])
def test_planted_blocks_are_found_by_biclustering(form):
    rng = np.random.default_rng(6)
    kernel = np.zeros((8, 4, 3, 3))
    ins, outs = rng.permutation(4).reshape(2, 2), rng.permutation(8).reshape(2, 4)
    for filters in outs:
        for channels in ins:
            block = np.einsum("f,c,ij->fcij", *(1 + rng.random(n) / 4 for n in (4, 2)), rng.standard_normal((3, 3)))
            kernel[np.ix_(filters, channels)] = 5 * block
    layer = layer_of(kernel, budget=4 * (4 + 2 + 9))
    assert error(biclustering.factorise(layer, form, 0), layer) < 1e-10


def test_planted_colours_are_found():
    rng = np.random.default_rng(7)
    colours = np.array([[0.6, 0.8, 0.0], [0.0, 0.6, -0.8]])
    owners = rng.integers(2, size=10)
    kernel = colours[owners][:, :, None, None] * rng.standard_normal((10, 1, 5, 5))
    layer = layer_of(kernel, budget=2 * 3 + 250)
    factored = monochromatic.factorise(layer, 0)
    assert error(factored, layer) < 1e-12
    assert stored(factored, layer) == 256
    with pytest.raises(Skipped, match="of grey images every filter has one colour already"):
        monochromatic.factorise(layer_of(kernel_of(4, 1, 3, 3)), 0)


def test_iteration_is_no_worse_than_singular_vectors_and_joint_terms_no_worse_than_greedy_ones():
    layer = layer_of(kernel_of(8, 8, 3, 3), budget=150)
    (core, factors), _ = partial_tucker(layer.kernel, rank=[3, 3], modes=[0, 1], init="svd", n_iter_max=1)
    (again, others), _ = partial_tucker(layer.kernel, rank=[3, 3], modes=[0, 1], init="svd", n_iter_max=100)
    assert np.linalg.norm(again) >= np.linalg.norm(core)
    assert len(factors) == len(others) == 2
    block = kernel_of(5, 4, 3, 3)
    inputs, pixels, combine = biclustering.block_outer(block, 4)
    greedy = np.linalg.norm(block - np.einsum("fk,kc,kij->fcij", combine, inputs, pixels[:, 0]))
    tensor = block.reshape(5, 4, 9)
    _, factors = parafac(tensor, 4, init="random", random_state=0, n_iter_max=2000, tol=1e-10)
    assert np.linalg.norm(tensor - np.einsum("fk,ck,pk->fcp", *factors)) < greedy < np.linalg.norm(block)


def test_response_pca_of_white_inputs_is_the_cross_filter_and_of_others_has_the_smaller_error_of_outputs():
    kernel = kernel_of(5, 6, 1, 1)
    white = np.linalg.qr(np.random.default_rng(0).standard_normal((200, 6)))[0] * np.sqrt(200)
    white = white - white.mean(axis=0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white.T))).T
    layer = layer_of(kernel, 3 * 11, white.reshape(200, 6, 1, 1))
    left, right = np.linalg.svd(kernel[..., 0, 0])[0][:, :3], composed(response_pca.factorise(layer), layer)
    np.testing.assert_allclose(right[..., 0, 0], left @ left.T @ kernel[..., 0, 0], atol=1e-10)
    kernel = kernel_of(6, 4, 3, 3)
    inputs = np.random.default_rng(1).standard_normal((20, 1, 5, 5)) * np.arange(1, 5)[:, None, None] ** 2 + 1
    layer = layer_of(kernel, 2 * 42, inputs)
    images = torch.tensor(inputs)
    wanted = torch.nn.functional.conv2d(images, torch.tensor(kernel), torch.tensor(layer.bias), padding=1)
    errors = [
        float(((Executed(own(layer), layer, torch.float64)(images) - wanted) ** 2).sum())
        for own in (response_pca.factorise, crossfilter.across_filters)
    ]
    assert errors[0] < 0.9 * errors[1]


def test_patches_are_what_the_kernel_meets():
    layer = layer_of(kernel_of(5, 3, 3, 3))
    met = np.einsum("npcij,ocij->nop", patches(layer), layer.kernel)
    expected = torch.nn.functional.conv2d(torch.tensor(layer.inputs), torch.tensor(layer.kernel), padding=1)
    np.testing.assert_allclose(met, expected.numpy().reshape(6, 5, -1), atol=1e-12)


def test_columns_and_rows_represent_a_cross_and_nothing_beside_it():
    kernel = kernel_of(6, 4, 3, 3)
    kernel[:, :, ::2, ::2] = 0
    layer = layer_of(kernel)
    assert error(ioannou.factorise(layer, 20), layer) < 1e-10
    few = layer_of(kernel_of(16, 3, 5, 5) * np.add.outer(np.arange(5) == 2, np.arange(5) == 2))
    assert error(ioannou.factorise(few, 20), few) < 1e-10  # a column of three channels has no more than 15 numbers
    corners = layer_of(kernel_of(6, 4, 3, 3))
    lost = composed(ioannou.factorise(corners, 20), corners)
    assert not lost[:, :, ::2, ::2].any()


def test_least_magnitudes_pass_by_outliers_that_least_squares_follow():
    rng = np.random.default_rng(3)
    low = rng.standard_normal((20, 2)) @ rng.standard_normal((2, 30))
    hit = low.copy()
    hit.flat[rng.choice(600, 20, replace=False)] += 20
    layer = layer_of(hit[..., None, None], 2 * 50)
    found = [
        composed(own, layer)[..., 0, 0] for own in (l1_factors.factorise(layer, 60, 1e-3), fc_svd.factorise(layer))
    ]
    assert np.linalg.norm(found[0] - low) < 1e-3 * np.linalg.norm(low)
    assert np.linalg.norm(found[1] - low) > 0.2 * np.linalg.norm(low)


def test_the_largest_filters_are_kept_and_the_others_make_zero():
    kernel = kernel_of(6, 4, 3, 3) * np.array([1, 5, 2, 6, 3, 4])[:, None, None, None]
    layer = layer_of(kernel, budget=3 * 36 + 20)
    factored = l1_pruning.kept_filters(layer, np.abs(kernel).sum(axis=(1, 2, 3)))
    found = composed(factored, layer)
    np.testing.assert_array_equal(found[[1, 3, 5]], kernel[[1, 3, 5]])
    assert not found[[0, 2, 4]].any()
    np.testing.assert_array_equal(factored.bias != 0, [False, True, False, True, False, True])


def test_the_taylor_criterion_is_the_slope_of_the_loss_along_each_channel():
    layer = layer_of(kernel_of(5, 3, 3, 3))
    scales = torch.ones(5, dtype=torch.float64, requires_grad=True)
    outputs = torch.nn.functional.conv2d(
        torch.tensor(layer.inputs), torch.tensor(layer.kernel), torch.tensor(layer.bias), padding=1
    )
    slopes = []
    for image, gradient in zip(outputs, torch.tensor(layer.gradients), strict=True):
        loss = torch.mean(image * scales[:, None, None] * gradient, (1, 2)).sum()
        slopes.append(torch.autograd.grad(loss, scales)[0].abs().numpy())
    np.testing.assert_allclose(taylor.missed(layer), np.mean(slopes, axis=0), rtol=1e-10)


def test_channels_that_say_nothing_go_first_and_what_is_kept_is_scaled_for_the_rest():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((20, 4, 5, 5))
    inputs[:, 1] *= 3
    inputs[:, 2] *= 0.01
    inputs[:, 3] = inputs[:, 0]  # of what is twice there, one suffices at another scale
    kernel = kernel_of(6, 4, 3, 3)
    kernel[:, 3] = kernel[:, 0]
    layer = layer_of(kernel, budget=2 * 54, inputs=inputs)
    factored = thinet.pruned(layer, 10, np.random.default_rng(0))
    [stage] = factored.branches[0]
    assert 1 in stage.order
    assert 2 not in stage.order
    np.testing.assert_allclose(
        stage.kernel, kernel[:, stage.order] * np.where(stage.order == 1, 1, 2)[:, None, None], rtol=0.02
    )


def test_quantised_weights_are_within_half_a_step_and_take_a_quarter():
    layer = layer_of(kernel_of(6, 4, 3, 3), budget=54)
    factored = quantised.quantise(layer)
    assert stored(factored, layer) == 54
    step = np.abs(layer.kernel).max() / 127
    assert np.abs(composed(factored, layer) - layer.kernel).max() <= step / 2 + 1e-12
    with pytest.raises(Skipped, match="1 bits a weight are left by a budget of 10: it needs 2"):
        quantised.quantise(layer_of(layer.kernel, budget=10))


@pytest.mark.parametrize(
    ("factorise", "sizes", "least"),
    [
        (tai.factorise, (6, 4, 3, 3), 30),
        (tucker2.factorise, (6, 4, 3, 3), 19),
        (crossfilter.across_filters, (6, 4, 3, 3), 42),
        (partial(lre.factorise, iterations=1, seed=0), (6, 4, 3, 3), 48),
        (fc_svd.factorise, (6, 9, 1, 1), 15),
        (partial(biclustering.factorise, form="outer", seed=0), (6, 4, 3, 3), 4 * (2 + 9 + 3)),
    ],
)
def test_a_budget_below_the_smallest_factorisation_is_a_reason_to_skip(factorise, sizes, least):
    kernel = kernel_of(*sizes)
    layer = layer_of(kernel, least)
    assert stored(factorise(layer), layer) == least
    with pytest.raises(Skipped, match=f"the least that it stores are {least} numbers, and the budget is {least - 1}"):
        factorise(layer_of(kernel, least - 1))


def test_no_rank_is_above_the_layer():
    assert largest(LARGE, lambda rank: rank, 7) == 7
    layer = layer_of(kernel_of(6, 4, 3, 3))
    assert stored(tai.factorise(layer), layer) == 12 * 30
    assert stored(tucker2.factorise(layer), layer) == 4 * 4 + 9 * 24 + 36


def test_counts_are_those_that_papers_print():
    """Of Denton's nine reductions six follow from the printed formulas; Tai's network is counted as its authors say."""
    assert 3 * 96 * 49 / monochromatic.numbers((96, 3, 7, 7), 6) == pytest.approx(3.0, abs=0.05)
    for sizes, rank, printed in [
        ((4096, 18432), 250, 13.4),
        ((4096, 18432), 950, 3.5),
        ((4096, 4096), 350, 5.8),
        ((4096, 4096), 650, 3.14),
    ]:
        assert sizes[0] * sizes[1] / fc_svd.numbers(sizes, rank) == pytest.approx(printed, abs=0.06)
    # The two of the last dense layer are those of a square matrix, not of its 4096 x 1000.
    assert 4096**2 / fc_svd.numbers((4096, 4096), 850) == pytest.approx(2.4, abs=0.05)
    assert 4096 * 1000 / fc_svd.numbers((4096, 1000), 850) < 1
    # Those of biclustering do not follow: the formulas give 6.9 and 10.0, and 5.3 and 3.9 are printed.
    second = (256, 96, 5, 5)
    assert 256 * 96 * 25 / biclustering.numbers(second, 48, 2, 6, None) == pytest.approx(6.88, abs=0.01)
    assert 256 * 96 * 25 / biclustering.numbers(second, 2, 2, 19, 24) == pytest.approx(9.98, abs=0.01)
    layers = [((96, 3, 5, 5), 10), ((128, 96, 5, 5), 51), ((256, 128, 5, 5), 51)]
    assert sum(int(np.prod(sizes)) for sizes, _ in layers) == 1_133_600
    assert sum(tai.numbers(sizes, rank) for sizes, rank in layers) == 159_990
