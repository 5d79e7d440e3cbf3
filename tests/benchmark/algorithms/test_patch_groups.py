import numpy as np
import pytest
import torch

from benchmark.algorithms.patch_groups import (
    Grid,
    average,
    check_patch,
    closed_form,
    first_noise,
    group_size,
    key_places,
    levels_of,
    match,
    on_grey_scale,
    pixels_of,
    remaining_noise,
    reweighted,
    shrink,
    sums_of_estimates,
)

GRID = Grid(patch=3, step=2, reach=4)


def tensor(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def kept(values, strength: float, sigma: float, number: int) -> np.ndarray:
    values = torch.as_tensor(values, dtype=torch.float64)[None]
    return closed_form(strength)(values, torch.tensor([[sigma]], dtype=torch.float64), number)[0].numpy()


def test_the_closed_form_is_the_least_of_its_objective_where_that_has_one():
    """Of (x - s)^2 / 2 + C log x, whose stationary points are those of weights C / x, over x > 0."""
    weight = 1.5 * np.sqrt(4) * 0.5**2
    for value in (1.9, 3.0, 10.0):
        grid = np.linspace(value / 2, value, 200_001)
        least = grid[np.argmin((grid - value) ** 2 / 2 + weight * np.log(grid))]
        assert kept([value], 1.5, 0.5, 4) == pytest.approx([least], abs=1e-4)


def test_the_closed_form_is_zero_where_the_square_is_at_most_four_weights_and_only_there():
    weight = 2 * np.sqrt(9) * 0.3**2
    edge = np.sqrt(4 * weight)
    found = kept([0.0, 0.99 * edge, 1.01 * edge], 2, 0.3, 9)
    np.testing.assert_array_equal(found[:2], 0)
    assert found[2] > edge / 2


def test_the_closed_form_scales_with_values_and_noise():
    values = np.array([1.0, 2.0, 5.0])
    np.testing.assert_allclose(kept(7 * values, 1, 0.7, 16), 7 * kept(values, 1, 0.1, 16), rtol=1e-12)


def test_many_reweightings_come_to_the_closed_form():
    values, sigma = torch.tensor([[0.5, 4.0, 9.0]], dtype=torch.float64), torch.tensor([[0.4]], dtype=torch.float64)
    expected = closed_form(2.0)(values, sigma, 25)
    np.testing.assert_allclose(reweighted(2.0, 500)(values, sigma, 25), expected, atol=1e-9)
    three = reweighted(2.0, 3)(values, sigma, 25)
    np.testing.assert_allclose(three, expected, atol=1e-3)
    assert (three != expected)[0, 1:].all()


@pytest.mark.parametrize("shape", [(4, 9), (9, 4)])
def test_shrinking_by_the_smaller_gram_matrix_is_that_of_the_singular_value_decomposition(shape):
    matrix, sigma = tensor(*shape), 0.3
    left, values, right = np.linalg.svd(matrix.numpy(), full_matrices=False)
    expected = (left * kept(values, 1.0, sigma, shape[0])) @ right
    assert 0 < np.linalg.matrix_rank(expected) < 4
    found = shrink(matrix[None], torch.tensor([[sigma]], dtype=torch.float64), closed_form(1.0))[0]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_what_is_all_noise_becomes_zero():
    found = shrink(tensor(2, 5, 6), torch.full((2, 1), 10.0, dtype=torch.float64), closed_form(1.0))
    np.testing.assert_array_equal(found, 0)


def test_key_patches_stand_at_every_step_and_at_the_end():
    assert key_places(10, GRID) == [0, 2, 4, 6, 7]
    assert key_places(9, GRID) == [0, 2, 4, 6]
    assert key_places(3, GRID) == [0]


def test_a_group_has_the_nearest_patches_of_its_window_by_brute_force():
    image = tensor(11, 9)
    groups = match(image, GRID, 6)
    keys = [(row, column) for row in key_places(11, GRID) for column in key_places(9, GRID)]
    assert groups.shape == (len(keys), 6)
    for (row, column), group in zip(keys, groups.tolist(), strict=True):
        distances = {
            9 * r + c: float(((image[r : r + 3, c : c + 3] - image[row : row + 3, column : column + 3]) ** 2).sum())
            for r in range(max(row - 4, 0), min(row + 4, 8) + 1)
            for c in range(max(column - 4, 0), min(column + 4, 6) + 1)
        }
        assert group == sorted(distances, key=distances.get)[:6]
        assert group[0] == 9 * row + column


def test_a_small_window_has_smaller_groups():
    assert match(tensor(5, 4), GRID, 100).shape == (2 * 2, 3 * 2)


def test_the_key_patch_is_of_its_group_where_all_are_equal():
    groups = match(torch.zeros(9, 9), Grid(patch=3, step=3, reach=6), 2)
    assert groups[:, 0].tolist() == [row * 9 + column for row in (0, 3, 6) for column in (0, 3, 6)]
    # Else a pixel could be in no patch, and have no estimate.
    _, counts = sums_of_estimates(torch.zeros(9, 9, 2), groups, torch.ones(9), 3, closed_form(1.0))
    assert (counts > 0).all()


def test_the_pixels_of_a_patch_are_those_of_its_square():
    image = tensor(7, 5)
    [[found]] = image.flatten()[pixels_of(torch.tensor([[2 * 5 + 1]]), 3, 5)]
    np.testing.assert_array_equal(found, image[2:5, 1:4].flatten())


def test_average_of_unchanged_patches_is_the_image_and_weights_count():
    image = tensor(12, 12, seed=1)
    pixels = pixels_of(match(image, Grid(patch=4, step=3, reach=5), 3), 4, 12)
    patches = image.flatten()[pixels]
    weights = torch.rand(len(patches), generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.1
    torch.testing.assert_close(average(patches, pixels, (12, 12)), image)
    torch.testing.assert_close(average(patches, pixels, (12, 12), weights), image)
    # A group that alone has weight decides its pixels.
    alone = torch.full_like(weights, 1e-12)
    alone[0] = 1
    changed = patches.clone()
    changed[0] += 1
    first = pixels[0].unique()
    found = average(changed, pixels, (12, 12), alone).flatten()
    torch.testing.assert_close(found[first], image.flatten()[first] + 1)


def test_sums_over_their_number_are_the_cube_where_nothing_is_shrunk():
    cube = tensor(11, 9, 4)
    groups = match(cube.mean(-1), GRID, 6)
    sums, counts = sums_of_estimates(
        cube, groups, torch.zeros(len(groups), dtype=torch.float64), 3, lambda values, sigmas, number: values
    )
    assert int(counts.sum()) == groups.numel() * 9
    assert (counts > 0).all()
    np.testing.assert_allclose(sums / counts, cube, atol=1e-10)


def test_in_a_group_of_equal_patches_noise_falls_by_the_root_of_their_number():
    tile = np.random.default_rng(3).random((8, 8, 2))
    clean = torch.from_numpy(np.tile(tile, (4, 4, 1)))
    # The window holds 4 x 4 repeats of the key patch at most; a strong threshold leaves the mean of a group.
    grid = Grid(patch=8, step=8, reach=31)
    groups = match(clean.mean(-1), grid, 16)
    sigmas = torch.full((len(groups),), 0.01, dtype=torch.float64)
    sums, counts = sums_of_estimates(clean, groups, sigmas, 8, closed_form(1e3))
    np.testing.assert_allclose(sums / counts, clean, atol=1e-10)
    noisy = clean + 0.01 * tensor(*clean.shape, seed=4)
    sums, counts = sums_of_estimates(noisy, groups, sigmas, 8, closed_form(1e3))
    # Of 128 independent means of 16.
    assert float((sums / counts - clean).std()) == pytest.approx(0.01 / 4, rel=0.2)


def test_the_noise_that_is_left_is_what_was_not_taken():
    cube = torch.zeros((8, 7, 2), dtype=torch.float64)
    observed = torch.full_like(cube, 0.6)
    np.testing.assert_allclose(remaining_noise(cube, observed, 1.0, 3, 0.5), 0.5 * 0.8)
    assert remaining_noise(cube, observed, 1.0, 3, 0.5).shape == first_noise(cube, 1.0, 3).shape == (6, 5)
    places = torch.arange(30.0).reshape(6, 5)
    np.testing.assert_array_equal(
        levels_of(places, cube.shape, GRID), [5 * row + column for row in (0, 2, 4, 5) for column in (0, 2, 4)]
    )


def test_groups_become_smaller_at_every_second_iteration():
    assert [group_size(300, iteration) for iteration in range(5)] == [290, 290, 280, 280, 270]
    assert group_size(5, 4) == 2


def test_a_denoiser_of_grey_values_sees_them_and_the_levels_of_the_bands():
    seen = {}

    def halve(observed, scales, level):
        seen.update(observed=observed, scales=scales, level=level)
        return observed / 2

    stack = np.random.default_rng(0).random((4, 5, 2))
    result = on_grey_scale(halve, "cpu")(stack, np.array([0.1, 0.7]))
    np.testing.assert_allclose(result, stack / 2, rtol=1e-6)
    np.testing.assert_allclose(seen["observed"], 255 * stack, rtol=1e-6)
    np.testing.assert_allclose(seen["level"] * seen["scales"], [25.5, 178.5], rtol=1e-6)
    assert on_grey_scale(halve, "cpu")(stack, np.zeros(2)) is stack


def test_an_image_smaller_than_a_patch_is_refused():
    with pytest.raises(ValueError, match=r"llrt needs images of at least 7 x 7 pixels, one patch, not \(6, 9, 3\)"):
        check_patch("llrt", (6, 9, 3), 7)
    check_patch("llrt", (7, 9, 3), 7)
