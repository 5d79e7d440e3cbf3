"""Ratings in files of the layout of MovieLens-100K, without the data set itself."""

import numpy as np
import pytest


def written(folder, lines):
    for fold in range(1, 6):
        (folder / f"u{fold}.test").write_text(lines[fold - 1])
    return folder


def test_each_fold_is_scored_once_and_the_others_are_observed(load, tmp_path):
    lines = ["1\t2\t3\t0\n943\t1682\t5\t0\n", *(f"2\t{fold}\t{fold}\t0\n3\t{fold}\t1\t0\n" for fold in range(2, 6))]
    first, last = load("movielens_100k", written(tmp_path, lines), folds=[1, 5])
    assert first.signal.shape == (943, 1682)
    np.testing.assert_allclose(first.signal[[0, 942, 1, 1], [1, 1681, 1, 4]], [0.6, 1, 0.4, 1])
    assert first.extras["scored"].nonzero()[0].tolist() == [0, 942]
    assert first.extras["observed"].sum() == 8
    assert last.extras["scored"].nonzero()[1].tolist() == [4, 4]
    assert last.extras["observed"].sum() == 8


@pytest.mark.parametrize("stars", [0, 6])
def test_a_rating_beyond_the_scale_is_refused(load, tmp_path, stars):
    lines = ["1\t2\t3\t0\n1\t3\t4\t0\n"] * 4 + [f"1\t2\t3\t0\n1\t3\t{stars}\t0\n"]
    with pytest.raises(ValueError, match=f"u5.test: a rating of {stars} stars; ratings are whole numbers from 1 to 5"):
        load("movielens_100k", written(tmp_path, lines))
