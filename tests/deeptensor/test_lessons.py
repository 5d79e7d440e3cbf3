"""What denoise, fill and reconstruct share: answers that scale with the data, and errors that come in time and true."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deeptensor import denoise, fill, lessons, reconstruct
from deeptensor.noise import Gaussian, Poisson
from deeptensor.operators import Functions, Radon

SIZE, ANGLES, SIGMA = 12, 8, 0.1
OPERATOR = Radon((SIZE, SIZE), np.linspace(0, 180, ANGLES, endpoint=False))
TINY = {"channels": 4, "scales": 1, "iterations": 3, "progress": False, "device": "cpu"}
few = settings(deadline=None, derandomize=True, max_examples=10)


def scene(bands: int = 3) -> np.ndarray:
    """Return a stack (12, 12, bands) with noise, of magnitudes up to about 1.3."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    images = [np.hypot(rows - 5, columns - 6) < 3 + band for band in range(bands)]
    return np.stack(images, axis=-1) + SIGMA * np.random.default_rng(0).standard_normal((SIZE, SIZE, bands))


KNOWN = np.random.default_rng(1).random((SIZE, SIZE, 3)) < 0.6


def denoised(scale: float = 1.0, dtype: str = "f8", **options):
    return denoise((scale * scene()).astype(dtype), Gaussian(scale * SIGMA), **TINY | {"refinements": 1} | options)


def filled(scale: float = 1.0, dtype: str = "f8", **options):
    return fill((scale * scene()).astype(dtype), KNOWN, exact=False, **TINY | options)


def reconstructed(scale: float = 1.0, dtype: str = "f8", gain: float = 1.0, operator=OPERATOR, **options):
    """Correct back-projections of each part; `gain` makes them wrong."""
    Y = np.stack([OPERATOR(image) for image in np.moveaxis(scene() / SIZE, -1, 0)], axis=-1)

    def start(kept: np.ndarray) -> np.ndarray:
        images = [OPERATOR.adjoint(y) for y in np.moveaxis(np.where(kept, Y, 0), -1, 0)]
        return gain * (scale * (np.stack(images, axis=-1)[None] / ANGLES))

    return reconstruct((scale * Y).astype(dtype), operator, start, **TINY | {"parts": 2} | options)


WAYS = {"denoise": denoised, "fill": filled, "reconstruct": reconstructed}
each = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def squares(found) -> list[float]:
    """Return the mean squares that an answer reports."""
    return [found.misfit, found.start_misfit] if hasattr(found, "misfit") else [found.risk]


@pytest.fixture(scope="module")
def expected():
    return {way: way() for way in WAYS.values()}


# The mean, spread and one entry of each answer, and its mean squares, as they were before any scale was allowed for.
VALUES = {
    denoised: (0.3141877, 0.455113, 1.039039, 0.01098743),
    filled: (0.3240127, 0.4001501, 1.006858, 0.06642915),
    reconstructed: (0.1547282, 0.106351, 0.2998805, 2.836824, 2.825354),
}


@each
def test_ordinary_answers_stay_what_they_were(way, expected):
    signal = expected[way].signal
    found = (signal.mean(), signal.std(), signal[5, 6, 1], *squares(expected[way]))
    assert found == pytest.approx(VALUES[way], rel=1e-4)


@each
@given(exponent=st.integers(-1000, 1000))
@few
def test_powers_of_two_scale_answers_without_a_rounding_error(way, expected, exponent):
    found = way(2.0**exponent)
    np.testing.assert_array_equal(np.ldexp(found.signal, -exponent), expected[way].signal)
    for value, one in zip(squares(found), squares(expected[way]), strict=True):
        if abs(exponent) < 450:
            assert value == np.ldexp(one, 2 * exponent) != 0
        elif abs(exponent) > 550:
            assert np.isnan(value)


@each
@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_powers_of_ten_scale_answers(way, expected, scale):
    found = way(scale)
    np.testing.assert_allclose(found.signal / scale, expected[way].signal, atol=1e-4)
    for value, one in zip(squares(found), squares(expected[way]), strict=True):
        assert np.isnan(value) if abs(np.log10(scale)) > 200 else value == pytest.approx(one * scale * scale, rel=1e-3)


@each
@pytest.mark.parametrize("scale", [1e-36, 1e36, 1e38])
def test_single_precision_is_used_to_its_edge(way, expected, scale):
    found = way(scale, "f4")
    assert found.signal.dtype == np.float32
    np.testing.assert_allclose(found.signal / np.float32(scale), expected[way].signal, atol=1e-4)
    for value, one in zip(squares(found), squares(expected[way]), strict=True):
        assert value == pytest.approx(one * scale * scale, rel=1e-3)


def test_the_factors_share_a_scale_that_one_of_them_cannot_hold(expected):
    found = denoised(1e38, "f4")
    U, V = found.factors
    assert np.isfinite(U).all()
    np.testing.assert_allclose((U / 1e38) @ V.T, expected[denoised].signal, atol=1e-4)
    # Elsewhere U has it all.
    np.testing.assert_array_equal(denoised(2.0**80, "f4").factors[1], denoised(1.0, "f4").factors[1])


# What each calls after its last iteration.
LAST = {denoised: "taught._denoised", filled: "filling.like", reconstructed: "reconstructing.like"}


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """Return the function that makes the checkpoint of a call that is interrupted at its end, and returns its path."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    def call(way):
        with monkeypatch.context() as patch:
            patch.setattr(lessons, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
            patch.setattr(f"deeptensor.{LAST[way]}", interrupt)
            with pytest.raises(KeyboardInterrupt):
                way(checkpoint=tmp_path / "state")
        return tmp_path / "state"

    return call


@each
@pytest.mark.parametrize("mistake", ["edge", "learning rate", "other settings"])
def test_a_failed_call_keeps_its_checkpoint(way, mistake, interrupted):
    path = interrupted(way)
    state = path.read_bytes()
    arguments = {
        "edge": {"scale": 2.5e38, "dtype": "f4"} | ({"gain": 1e3} if way is reconstructed else {}),
        "learning rate": {"learning_rate": 1e30},
        "other settings": {"seed": 1},
    }[mistake]
    with pytest.raises(ValueError, match=r"exceed the range of torch.float32|is the checkpoint of another fit"):
        way(checkpoint=path, **arguments)
    assert path.read_bytes() == state
    way(checkpoint=path)
    assert not path.exists()


@each
def test_what_exceeds_its_precision_is_refused_before_the_first_iteration(way, monkeypatch):
    def fit(*_, **__):
        raise AssertionError("the fit began")

    monkeypatch.setattr("deeptensor.taught.taught", fit)
    monkeypatch.setattr("deeptensor.filling.learn", fit)
    monkeypatch.setattr("deeptensor.reconstructing.learn", fit)
    for scale, dtype in ((2.4e38, "f4"), (1.3e308, "f8")):
        options = {"gain": 3.0} if way is reconstructed else {}
        with pytest.raises(ValueError, match=r"values of up to .* can exceed the range of torch.float(32|64)"):
            way(scale, dtype, **options)


@each
@pytest.mark.parametrize("learning_rate", [1e10, 1e300])
def test_divergence_is_told_with_the_iteration_of_it(way, learning_rate):
    where = " of lesson 1 of 2" if way is denoised else ""
    message = rf"the network diverged in iteration [23] of 3{where}: lower learning_rate, which is 1"
    with pytest.raises(FloatingPointError, match=message):
        way(learning_rate=learning_rate)


@each
def test_an_answer_beyond_all_data_is_divergence(way):
    where = "lesson 1 of 2, of 1 iterations" if way is denoised else "its 1 iterations"
    with pytest.raises(FloatingPointError, match=f"the network diverged in {where}: lower learning_rate"):
        way(learning_rate=1e5, iterations=1)


def test_divergence_in_a_later_lesson_is_told_as_that(monkeypatch):
    monkeypatch.setattr("deeptensor.taught.REFINED_RATE", 1e8)
    with pytest.raises(FloatingPointError, match=r"diverged in (iteration \d of 2 of )?lesson 2 of 2"):
        denoised(iterations=4)


@pytest.mark.parametrize("gain", [0.0, 1e-30, 1e20, 1e100, 1e300])
def test_a_start_that_is_far_from_the_data_is_refused(gain):
    with pytest.raises(ValueError, match=r"start has returned values of (more|less) than"):
        reconstructed(gain=gain)


def test_a_start_of_which_far_more_is_measured_is_refused():
    large = Functions((SIZE, SIZE), lambda x: 1e25 * OPERATOR(x), lambda y: 1e25 * OPERATOR.adjoint(y), (ANGLES, SIZE))
    with pytest.raises(ValueError, match="of which the operator measures far more than Y"):
        reconstructed(operator=large)


def test_a_result_too_small_for_its_precision_is_refused():
    with pytest.raises(ValueError, match=r"what start returns has values of up to .* too small for torch.float32"):
        reconstructed(3e-45, "f4", gain=0.01)


def test_zeros_are_reconstructed_from_zeros():
    found = reconstructed(0.0)
    assert squares(found) == [0, 0]
    assert found.stop.iteration == TINY["iterations"]
    np.testing.assert_array_equal(found.signal, 0)


def test_a_checkpoint_of_another_operator_is_refused_and_of_the_same_gone_on_from(interrupted):
    path = interrupted(reconstructed)
    state = path.read_bytes()
    turned = Radon((SIZE, SIZE), OPERATOR.angles + 1)
    with pytest.raises(ValueError, match="is the checkpoint of another fit"):
        reconstructed(checkpoint=path, operator=turned)
    assert path.read_bytes() == state
    same = Functions((SIZE, SIZE), OPERATOR, OPERATOR.adjoint, (ANGLES, SIZE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deeptensor.reconstructing._lesson", pytest.fail)  # no lesson is left
        found = reconstructed(checkpoint=path, operator=same)
    np.testing.assert_array_equal(found.signal, reconstructed().signal)


@pytest.mark.parametrize("sigma", [1e-8, 1e-20, 1e-30])
@pytest.mark.parametrize(
    ("data", "make"),
    [
        (scene(), Gaussian),
        (scene()[..., 0], Gaussian),
        (scene(), lambda sigma: Gaussian(covariance=sigma**2 * np.eye(3))),
    ],
    ids=["stack", "matrix", "covariance"],
)
def test_noise_within_the_rounding_leaves_the_data_and_is_their_risk(sigma, data, make):
    found = denoise(data, make(sigma), **TINY)
    np.testing.assert_allclose(found.signal, data, rtol=1e-6)
    assert found.iterations == 0
    assert found.risk == pytest.approx(sigma**2, rel=1e-5, abs=0)


def test_noise_out_of_proportion_to_the_data_is_refused():
    with pytest.raises(ValueError, match=r"noise is Poisson\(photons=1e\+200.*give both in one unit"):
        denoise(1e200 * np.abs(scene()), Poisson(1e200), **TINY)


def test_half_precision_and_integers_are_far_from_their_edge():
    assert filled(3e4, "f2").signal.dtype == np.float32
    assert np.isfinite(filled(100, "i1").signal).all()


MASKED = np.ma.masked_less(scene(), 0.5)
OBJECTS = np.where(KNOWN, scene(), None)


@pytest.mark.parametrize("data", [MASKED, OBJECTS])
def test_the_advice_on_missing_entries_is_that_of_the_function(data):
    calls = {
        "fill what is missing first, as by `deeptensor.fill`": partial(denoise, data),
        "make what is missing NaN, or say by `known`": partial(fill, data),
        "make what it masks False": partial(fill, scene(), data),
        "leave out these measurements": partial(reconstruct, data, OPERATOR, np.asarray),
        "give a number for each band": partial(Gaussian, data),
    }
    for advice, call in calls.items():
        with pytest.raises(ValueError, match=advice) as refused:
            call()
        assert "weights" not in str(refused.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fill(scene(), 0.5 * KNOWN), "known must be true .* where Y is known, .* not 0.5"),
        (lambda: fill(scene(), 0 * KNOWN), "`known` is nowhere true"),
        (lambda: fill(scene() * np.nan), "no entry is finite"),
        (lambda: fill(scene() * np.nan, KNOWN), "make it false there"),
        (lambda: denoise(scene() * np.nan), "fill them first, as by `deeptensor.fill`"),
        (
            lambda: reconstruct(scene(), OPERATOR, np.asarray),
            r"\(8, 12\) .*, or \(8, 12, B\) for B images, not \(12, 12, 3\)",
        ),
    ],
)
def test_messages_name_the_argument_and_shapes_plainly(call, message):
    with pytest.raises(ValueError, match=message) as refused:
        call()
    assert "torch.Size" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "what start returns must hold real numbers, not object; it must return reconstructions"),
        (scene(), r"start must return reconstructions \(F, 12, 12, 3\), not an array of shape \(12, 12, 3\)"),
        (torch.ones(2, 3), r"not an array of shape \(2, 3\)"),
        (MASKED[None], "what start returns is a masked array: it must return reconstructions"),
    ],
)
def test_what_start_returns_is_told(answer, message):
    Y = np.ones((ANGLES, SIZE, 3))
    with pytest.raises(ValueError, match=message) as refused:
        reconstruct(Y, OPERATOR, lambda kept: answer, **TINY)
    assert "torch.Size" not in str(refused.value)
    assert "weights" not in str(refused.value)
