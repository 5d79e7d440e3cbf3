"""Groups of similar patches, against a search by hand."""

import numpy as np
import pytest
import torch

from benchmark.algorithms.nonlocal_patches import similar_patches


def test_groups_are_those_of_a_search_by_hand():
    image = np.random.default_rng(0).random((13, 11))
    side, number, reach = 3, 5, 4
    groups = similar_patches(torch.from_numpy(image), side, number, 4, reach)
    rows, columns = [0, 4, 8, 10], [0, 4, 8]
    keys = [(row, column) for row in rows for column in columns]
    assert groups.pixels.shape == (len(keys), 9, number)
    patches = groups.gather(torch.from_numpy(image)).numpy()
    starts = groups.pixels[:, 0].numpy()
    for (row, column), own, found in zip(keys, starts, patches, strict=True):
        key = image[row : row + side, column : column + side]
        distances = {
            i * 11 + j: np.sum((image[i : i + side, j : j + side] - key) ** 2)
            for i in range(max(0, row - reach), min(10, row + reach) + 1)
            for j in range(max(0, column - reach), min(8, column + reach) + 1)
        }
        assert set(own) == set(sorted(distances, key=distances.get)[:number])
        np.testing.assert_array_equal(found[:, own == row * 11 + column][:, 0], key.ravel())


def test_average_of_unchanged_patches_is_the_image_and_weights_count():
    image = torch.from_numpy(np.random.default_rng(1).random((12, 12)))
    groups = similar_patches(image, 4, 3, 3, 5)
    patches = groups.gather(image)
    weights = torch.rand(len(patches), generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.1
    torch.testing.assert_close(groups.average(patches), image)
    torch.testing.assert_close(groups.average(patches, weights), image)
    # A group that alone has weight decides its pixels.
    alone = torch.full_like(weights, 1e-12)
    alone[0] = 1
    changed = patches.clone()
    changed[0] += 1
    pixels = groups.pixels[0].unique()
    torch.testing.assert_close(groups.average(changed, alone).flatten()[pixels], image.flatten()[pixels] + 1)


def test_the_key_patch_is_of_its_group_where_all_are_equal():
    groups = similar_patches(torch.zeros(9, 9), 3, 2, 3, 6)
    keys = [row * 9 + column for row in (0, 3, 6) for column in (0, 3, 6)]
    assert all(key in own for key, own in zip(keys, groups.pixels[:, 0].tolist(), strict=True))


def test_small_image_has_smaller_groups_and_too_small_a_one_is_refused():
    assert similar_patches(torch.rand(5, 6), 4, 45, 5, 20).pixels.shape == (4, 16, 6)
    with pytest.raises(ValueError, match="patches of 6 x 6 are larger than the image of 5 x 9"):
        similar_patches(torch.rand(5, 9), 6, 45, 5, 20)
