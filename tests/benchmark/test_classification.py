"""Classification on the projections of samples, against cases known by hand."""

import numpy as np
import pytest

from benchmark.classification import accuracy, check_classes

KERNELS = ("linear", "rbf")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def classes(rng):
    """Return samples of two classes that a pattern tells apart, what is withheld of others, and the pattern."""
    pattern = np.linspace(-1, 1, 12)
    labels = np.arange(120) % 2
    samples = np.outer(2 * labels - 1, pattern) + rng.standard_normal((120, 12))
    return samples[:60], {"labels": labels[:60], "test": samples[60:], "test_labels": labels[60:]}, pattern


@pytest.mark.parametrize("kernel", KERNELS)
def test_projections_on_the_pattern_tell_the_classes_and_on_another_do_not(classes, kernel):
    observed, withheld, pattern = classes
    other = np.linalg.svd(pattern[None])[2][1:2]
    assert accuracy(kernel, pattern[None], observed, withheld) > 90
    assert accuracy(kernel, other, observed, withheld) < 75


@pytest.mark.parametrize("kernel", KERNELS)
def test_all_pixels_tell_what_any_complete_basis_tells(classes, rng, kernel):
    observed, withheld, _ = classes
    rotated = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    one, other = (accuracy(kernel, basis, observed, withheld) for basis in (np.eye(12), rotated))
    assert one == other


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_scale_of_a_basis_changes_no_accuracy(classes, kernel):
    observed, withheld, pattern = classes
    one, other = (accuracy(kernel, scale * pattern[None], observed, withheld) for scale in (1, 100))
    assert one == other


def test_a_basis_of_zeros_tells_what_a_guess_tells(classes):
    observed, withheld, _ = classes
    assert accuracy("linear", np.zeros((1, 12)), observed, withheld) == pytest.approx(50, abs=10)


def test_names_of_classes_may_be_words(classes):
    observed, withheld, pattern = classes
    words = {name: np.where(own, "cat", "dog") if "labels" in name else own for name, own in withheld.items()}
    found = accuracy("linear", pattern[None], observed, words)
    assert found == accuracy("linear", pattern[None], observed, withheld)


def test_too_few_samples_of_a_class_are_refused_with_how_many_there_must_be():
    check_classes(np.array([0, 0, 1, 1]), 0.25)
    with pytest.raises(ValueError, match=r"a class has 1 training samples, .* give at least 8 samples a class"):
        check_classes(np.array([0] * 59 + [1]), 0.25)
    with pytest.raises(ValueError, match="give at least 4 samples a class"):
        check_classes(np.array([0, 0, 1]), 0.5)
