"""Whatever the input: a finite result of the right shape that scales with it, or an error that says what is wrong."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from deeptensor import (
    DeepNMF,
    DeepPCA,
    DeepSemiNMF,
    Discrepancy,
    HeldOut,
    Model,
    Network,
    cp,
    factorise,
    recover,
    svd,
    tucker,
)
from deeptensor.operators import CodedExposure, EntrySampling, Matrix

TINY = {"network": Network(channels=2, scales=1), "iterations": 2}
ESTIMATORS = [DeepPCA, DeepNMF, DeepSemiNMF]
WAYS = ["svd", "cp", "tucker"]

any_input = settings(
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

real_types = st.sampled_from(["f2", "f4", "f8", ">f4", ">f8", "g", "i1", "u1", ">i2", "i4", "u8", "?"])
sizes = st.integers(1, 5)
shapes = st.tuples(sizes, sizes) | st.lists(sizes, min_size=1, max_size=6).map(tuple)


@st.composite
def layouts(draw, shapes=shapes, types=real_types):
    """Return an array of entries from -3 to 3, in some order, with some strides."""
    shape, dtype = draw(shapes), np.dtype(draw(types))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    X = rng.uniform(0 if dtype.kind in "ub" else -3, 3, [2 * size for size in shape]).round(2).astype(dtype)
    X = X[
        tuple(
            slice(None, None, step)
            for step in draw(st.lists(st.sampled_from([2, -2]), min_size=len(shape), max_size=len(shape)))
        )
    ]
    return draw(st.sampled_from([lambda X: X, np.asfortranarray, lambda X: X.T, np.ascontiguousarray]))(X)


def arrays_in(result) -> list[np.ndarray]:
    first, *rest = result
    return [first, *rest] if len(rest) == 2 else [first, *rest[0]]


def decomposed(way: str, X, rank, **options):
    """Return the arrays of a decomposition, and what they make."""
    result = {"svd": svd, "cp": cp, "tucker": tucker}[way](X, rank, **TINY, **options)
    if way == "svd":
        return list(result), (result.U * result.s) @ result.Vh
    return arrays_in(result), result.to_tensor()


@pytest.mark.parametrize("way", WAYS)
@given(X=layouts(), rank=st.sampled_from([0, 1, 2, 4, 7, None, 0.5, 0.99]))
@any_input
def test_decomposition_is_finite_and_of_the_right_shape_or_refused(way, X, rank):
    possible = X.ndim == 2 if way == "svd" else X.ndim >= 2
    allowed = rank in (None, 0.5, 0.99) or 1 <= rank <= (min(X.shape) if way != "cp" else rank)
    if not (possible and allowed):
        with pytest.raises(ValueError, match=r"rank|X must"):
            decomposed(way, X, rank)
        return
    arrays, made = decomposed(way, X, rank)
    assert made.shape == X.shape
    single = X.dtype.kind == "f" and X.dtype.itemsize <= 4
    assert {array.dtype for array in arrays} == {np.dtype("f4" if single else "f8")}
    assert all(np.isfinite(array).all() for array in arrays)
    assert np.isfinite(made).all()
    assert (np.abs(made).max() > 0) == bool(np.any(X))
    # The same values in another layout are the same matrix.
    again, _ = decomposed(way, np.array(X.astype("f4" if single else "f8"), order="C"), rank)
    for one, other in zip(arrays, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("way", WAYS)
@given(
    X=layouts(st.tuples(st.integers(2, 5), st.integers(2, 5)), st.just("f8")),
    exponent=st.integers(-1070, 1010),
    options=st.sampled_from([{}, {"loss": "l1"}, {"weights": True}, {"random_state": 3}]),
)
@any_input
def test_decomposition_scales_over_the_range_of_double(way, X, exponent, options):
    options = {**options, "weights": np.abs(X) < 2.5} if "weights" in options else options
    if "weights" in options and not options["weights"].any():
        return
    # So that a scale within the subnormal numbers takes no digits away.
    X = np.sign(X) * np.ceil(np.abs(X))
    scaled = np.ldexp(X, exponent)
    if way == "cp":
        options = options | {"normalize_factors": True}
    _, expected = decomposed(way, X, 2, **options)
    arrays, made = decomposed(way, scaled, 2, **options)
    assert all(np.isfinite(array).all() for array in arrays)
    # Subnormal results are whole multiples of 2^-1074.
    tolerance = 1e-9 * np.abs(expected).max() + 8 * 2.0 ** min(-1074 - exponent, 0)
    np.testing.assert_allclose(np.ldexp(made, -exponent), expected, atol=tolerance)


@given(
    X=layouts(st.tuples(st.integers(3, 6), st.integers(3, 6)), st.sampled_from(["f4", "f8"])),
    power=st.integers(-36, 36),
)
@any_input
def test_decomposition_scales_in_single_precision(X, power):
    scaled = np.ldexp(X, 3 * power)
    expected, result = svd(X, 2, **TINY), svd(scaled, 2, **TINY)
    assert result.s.dtype == X.dtype
    np.testing.assert_allclose(result.s, np.ldexp(expected.s, 3 * power), rtol=1e-5)
    np.testing.assert_allclose(result.U, expected.U, atol=1e-5)


@pytest.mark.parametrize("Estimator", ESTIMATORS)
@given(
    X=layouts(st.tuples(st.integers(3, 6), st.integers(2, 6))),
    exponent=st.integers(-900, 900),
    n_components=st.sampled_from([1, 2, None, 0.7]),
    options=st.sampled_from([{}, {"loss": "poisson"}]),
)
@any_input
def test_estimator_scales_over_the_range_of_double(Estimator, X, exponent, n_components, options):
    X = X.astype(float) if Estimator is not DeepNMF else np.abs(X.astype(float))
    options = options if Estimator is DeepNMF else {}
    scale = 2.0**exponent  # of a power of two, that rounds no entry otherwise
    with np.errstate(under="ignore"):
        first, other = (Estimator(n_components, **TINY, **options).fit(Y) for Y in (X, scale * X))
    np.testing.assert_allclose(other.components_, first.components_, atol=1e-6 * (np.abs(first.components_).max() or 1))
    for of_first, of_other in (
        (first.transform(X), other.transform(scale * X)),
        (first.inverse_transform(first.transform(X)), other.inverse_transform(other.transform(scale * X))),
    ):
        assert np.isfinite(of_other).all()
        np.testing.assert_allclose(of_other / scale, of_first, rtol=1e-5, atol=1e-5 * (np.abs(of_first).max() or 1))
    if Estimator is DeepPCA:
        np.testing.assert_allclose(other.mean_ / scale, first.mean_, atol=1e-14 * np.abs(X).max())
        np.testing.assert_allclose(other.singular_values_ / scale, first.singular_values_, atol=1e-6 * np.abs(X).max())
        np.testing.assert_allclose(other.explained_variance_ratio_, first.explained_variance_ratio_, atol=1e-6)
    else:
        assert other.reconstruction_err_ / scale == pytest.approx(first.reconstruction_err_, rel=1e-5)


@pytest.mark.parametrize("Estimator", ESTIMATORS)
@given(X=layouts(st.tuples(st.integers(2, 6), st.integers(1, 6))), rows=st.lists(st.integers(-300, 300), min_size=6))
@any_input
def test_transform_is_of_each_sample_alone(Estimator, X, rows):
    X = np.abs(X.astype(float)) if Estimator is DeepNMF else X.astype(float)
    loss = {"loss": "poisson"} if Estimator is DeepNMF else {}
    deep = Estimator(1, **TINY, **loss).fit(X)
    X = np.vstack([X, np.zeros(X.shape[1])])
    if Estimator is not DeepPCA:  # whose mean would be lost in a large sample
        X = X * 10.0 ** np.resize(rows, len(X))[:, None]
    together, alone = deep.transform(X), np.vstack([deep.transform(x[None]) for x in X])
    magnitude = np.abs(together).max(axis=1, keepdims=True)
    assert (np.abs(together - alone) <= 1e-12 * magnitude + 1e-12 * (Estimator is DeepPCA)).all()
    if Estimator is not DeepPCA:
        assert (together[-1] == 0).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("loss", ["l2", "poisson"])
def test_activations_of_a_batch_are_those_of_its_rows_and_satisfy_the_conditions_of_optimality(loss):
    rng = np.random.default_rng(0)
    deep = DeepNMF(4, loss=loss, **TINY).fit(rng.random((20, 12)))
    H = deep.components_ = rng.random((4, 12)) ** 4
    X = np.vstack([rng.poisson(5 * rng.random((30, 4)) @ H), np.zeros(12)])
    W = deep.transform(X)
    np.testing.assert_allclose(W, np.vstack([deep.transform(x[None]) for x in X]), rtol=1e-7, atol=1e-12)
    assert (W[-1] == 0).all()
    W, X = W[:-1], X[:-1]
    predicted = W @ H
    if loss == "l2":
        gradient = (predicted - X) @ H.T
    else:
        gradient = H.sum(axis=1) - np.divide(X, predicted, out=np.zeros_like(predicted), where=predicted > 0) @ H.T
    assert (gradient > -1e-3).all()
    assert np.abs(gradient * W).max() < 1e-3
    assert W.max() > 1


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gradients_are_enabled_within_a_fit(mode):
    X, weights = torch.rand(6, 5), torch.ones(6, 5)
    expected = svd(X, 2, weights=weights, **TINY)
    samples = X.numpy().astype(float)
    with mode():
        # Tensors made here are those of the mode.
        for one, other in zip(svd(1 * X, 2, weights=1 * weights, **TINY), expected, strict=True):
            assert torch.equal(one, other)
        cp(1 * X, 2, stopping=HeldOut(0.2), **TINY)
        tucker(1 * X, 2, **TINY)
        operator = EntrySampling(torch.ones(6, 5))
        assert recover(operator(1 * X), operator, Model(2, network=TINY["network"]), iterations=2).shape == (6, 5)
        for Estimator in ESTIMATORS:
            assert Estimator(2, **TINY).fit_transform(samples).shape == (6, 2)


@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**1000])
@pytest.mark.parametrize(
    "model", [Model(2), Model(2, weights=True), Model(2, "tucker"), Model(2, "symmetric")], ids=str
)
def test_fit_with_a_scale_scales(model, scale):
    X = np.random.default_rng(0).random((6, 6))
    X, model = X + X.T, replace(model, network=TINY["network"])
    plain = factorise(X, model, scale=2.0, iterations=3)
    scaled = factorise(scale * X, model, scale=2 * scale, iterations=3)
    np.testing.assert_array_equal(scaled.loss, plain.loss)
    for one, other in (
        (scaled.decomposition, plain.decomposition),
        (scaled.average, plain.average),
        (scaled.snapshots[-1].last, plain.snapshots[-1].last),
    ):
        np.testing.assert_allclose(one.reconstruct() / scale, other.reconstruct(), rtol=1e-6)
    operator = EntrySampling(np.tri(6))
    settings = {"model": model, "operator": operator, "iterations": 3}
    recovered = recover(scale * operator(X), scale=2 * scale, **settings)
    np.testing.assert_allclose(recovered / scale, recover(operator(X), scale=2.0, **settings), rtol=1e-6)


def test_data_far_from_one_without_a_scale_are_warned_of_or_refused(caplog):
    X, model = np.random.default_rng(0).random((6, 5)), Model(2, network=TINY["network"])
    factorise(X, model, iterations=1)
    assert not caplog.records
    for factor in (1e-6, 1e6):
        factorise(factor * X, model, iterations=1)
        assert "give a `scale` that brings the data to about 1" in caplog.messages.pop()
    with pytest.raises(ValueError, match=r"Y has entries that are not finite in single precision: .*give a `scale`"):
        factorise(1e200 * X, model, iterations=1)


def test_variances_of_data_whose_scale_is_tiny_are_refused_where_they_vanish():
    X = np.random.default_rng(0).random((6, 5))
    expected, small = (svd(f * X, 2, stopping=Discrepancy(0.1 * f**2), **TINY) for f in (1.0, 2.0**-500))
    np.testing.assert_allclose(small.s, 2.0**-500 * expected.s)
    with pytest.raises(ValueError, match="variance of the noise must be positive"):
        svd(2.0**-600 * X, 2, stopping=Discrepancy(0.1 * 2.0**-1200), **TINY)


def test_result_beyond_single_precision_is_an_error_that_says_so():
    X = np.full((6, 5), 3e38, np.float32)
    settings = TINY | {"iterations": 60, "learning_rate": 1e-2, "schedule": "fixed"}
    with pytest.raises(ValueError, match=r"the result exceeds the range of torch.float32: divide the data"):
        svd(X, 1, **settings)
    assert svd(X.astype(float), 1, **settings).s == pytest.approx(3e38 * 30**0.5, rel=0.2)


@pytest.mark.parametrize("factor", [1e-300, 1e38, 1e300])
def test_ratios_of_weights_alone_matter(factor):
    X, weights = np.random.default_rng(0).random((2, 6, 5))
    weights = np.round(16 * weights) / 16
    weights[0, 0] = 1
    expected = svd(X, 2, weights=weights, **TINY)
    np.testing.assert_allclose(svd(X, 2, weights=factor * weights, **TINY).s, expected.s, rtol=1e-4)
    assert not np.allclose(svd(X, 2, weights=weights > 0.5, **TINY).s, expected.s, rtol=1e-4)


def test_settings_of_torch_change_nothing_and_are_left_as_they_are():
    X = np.random.default_rng(0).random((6, 5))
    expected = svd(X, 2, **TINY)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        within = svd(X, 2, **TINY)
        assert torch.is_autocast_enabled("cpu")
    torch.set_default_dtype(torch.float64)
    try:
        in_double = svd(X, 2, **TINY)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    for arrays in zip(expected, within, in_double, strict=True):
        np.testing.assert_array_equal(arrays[0], arrays[1])
        np.testing.assert_array_equal(arrays[0], arrays[2])


def test_missing_entries_need_weights():
    X = np.random.default_rng(0).random((6, 5))
    X[2, 3] = np.nan
    for way in WAYS:
        with pytest.raises(
            ValueError, match="X has entries that are not finite: replace them, or give them weights of 0"
        ):
            decomposed(way, X, 2)
        arrays, _ = decomposed(way, X, 2, weights=np.isfinite(X))
        assert all(np.isfinite(array).all() for array in arrays)
        with pytest.raises(ValueError, match="rank must be a whole number where there are weights"):
            decomposed(way, X, None, weights=np.isfinite(X))


MASKED = np.ma.array(np.ones((4, 3)), mask=np.eye(4, 3))
SQUARE = np.random.default_rng(0).random((4, 3))


@pytest.mark.parametrize(
    "call",
    [
        lambda: svd(MASKED, 1),
        lambda: cp(MASKED, 1),
        lambda: tucker(MASKED, 1),
        lambda: factorise(MASKED, Model(1)),
        lambda: svd(SQUARE, 1, weights=MASKED),
        lambda: recover(MASKED, Matrix(np.eye(12), (4, 3)), Model(1)),
        *(lambda Estimator=Estimator: Estimator(1, **TINY).fit(MASKED) for Estimator in ESTIMATORS),
        *(lambda Estimator=Estimator: Estimator(1, **TINY).fit(SQUARE).transform(MASKED) for Estimator in ESTIMATORS),
        *(
            lambda Estimator=Estimator: Estimator(3, **TINY).fit(SQUARE).inverse_transform(MASKED)
            for Estimator in ESTIMATORS
        ),
        lambda: EntrySampling(MASKED),
        lambda: CodedExposure(MASKED, 1),
        lambda: Matrix(MASKED, (3,)),
        lambda: EntrySampling(np.ones((4, 3)))(MASKED),
    ],
)
def test_masked_array_is_refused_with_what_to_do(call):
    with pytest.raises(ValueError, match="is a masked array: give its data, and what is not masked as weights"):
        call()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((4, 3), complex), "X must hold real numbers, not complex128"),
        (np.array([[1, None], [2, 3]]), "X must hold real numbers, not object; missing values must be NaN"),
        (np.array([["a", "b"]]), "X must hold real numbers"),
        (sparse.eye_array(4, 3), r"X is sparse \(dia_array\): convert it to a dense array first"),
        (torch.eye(4).to_sparse(), r"X is sparse \(torch.sparse_coo\): convert it"),
        ([[1, 2], [3]], "X cannot be made an array"),
        (None, "X must hold real numbers"),
        (np.ones((0, 3)), r"X is empty, of shape \(0, 3\)"),
        (1.0, "X must"),
        (np.ones(3), "X must"),
        (np.array([[1.0, np.inf], [0, 1]]), "X has entries that are not finite"),
        (np.array([["9" * 400, "1"]]).astype(np.longdouble), "X has entries that are not finite"),
    ],
)
@pytest.mark.parametrize("decompose", [svd, cp, tucker])
def test_what_is_no_array_of_finite_real_numbers_is_refused_by_name(decompose, X, message):
    with pytest.raises(ValueError, match=message):
        decompose(X, 1, **TINY)


RANK = "rank must be a whole number of at least 1, not {}; None and a share of the energy"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rank": "2"}, RANK.format("'2'")),
        ({"rank": True}, RANK.format("True")),
        ({"rank": 2.5}, RANK.format("2.5")),
        ({"rank": np.nan}, RANK.format("nan")),
        ({"rank": 1.0}, RANK.format("1.0")),
        ({"rank": -1}, RANK.format("-1")),
        ({"network": "mlp"}, r"network must be a deeptensor.Network, such as Network\('mlp'\), .* not 'mlp'"),
        ({"network": Network}, "network must be a deeptensor.Network"),
        ({"network": (Network(),) * 3}, "give one network, or 2, not 3"),
        ({"stopping": "held-out"}, r"stopping must be a rule .*, such as HeldOut\(\), not 'held-out'"),
        ({"stopping": HeldOut}, r"stopping must be a rule .*, such as HeldOut\(\), not <class"),
        ({"device": "gpu"}, "device 'gpu' is none that torch"),
        ({"device": 5}, "device must be 'auto', 'cpu', 'cuda' or another name of a torch.device, not 5"),
        ({"random_state": "1"}, "random_state must be a number"),
        ({"random_state": -1}, "random_state must be a whole number of at least 0, not -1"),
        ({"random_state": True}, "random_state must be a whole number of at least 0, not True"),
        ({"weights": np.ones(3)}, r"weights must have the shape \(4, 3\) of X, not \(3,\)"),
        ({"weights": "none"}, "weights must hold real numbers"),
        ({"iterations": 2.5}, "iterations must be a whole number of at least 1, not 2.5"),
        ({"iterations": True}, "iterations must be a whole number of at least 1, not True"),
        ({"iterations": "9"}, "iterations must be a whole number of at least 1, not '9'"),
        ({"learning_rate": np.nan}, "learning_rate must be a positive number, not nan"),
        ({"learning_rate": np.inf}, "learning_rate must be a positive number, not inf"),
        ({"learning_rate": "fast"}, "learning_rate must be a positive number, not 'fast'"),
        ({"learning_rate": True}, "learning_rate must be a positive number, not True"),
        ({"delta": None}, "delta must be a positive number, not None"),
        ({"l1_penalty": np.nan}, "l1_penalty must be a number that is not negative, not nan"),
        ({"l2_penalty": "much"}, "l2_penalty must be a number that is not negative, not 'much'"),
        ({"schedule": "linaer"}, "unknown schedule 'linaer'; there are: linear, fixed, step, exponential, cosine"),
        ({"loss": "l3"}, "unknown loss 'l3'; there are: l1, l2, huber, poisson"),
        ({"loss": ["l2"]}, r"unknown loss \['l2'\]"),
        ({"loss": None}, "unknown loss None"),
        ({"progress": "yes"}, "progress must be True or False, not 'yes'"),
        ({"checkpoint": 3}, "checkpoint must be the path of a file, or None, not 3"),
    ],
)
def test_wrong_argument_is_refused_by_its_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        svd(**{"X": SQUARE, "rank": 1, **TINY, **arguments})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: svd(SQUARE, 2, seed=1), "svd has no setting 'seed'; random_state is the seed"),
        (lambda: cp(SQUARE, 2, seeds=[1]), "cp has no setting 'seeds'; random_state is the seed"),
        (lambda: tucker(SQUARE, 2, iteration=3), "tucker has no setting 'iteration'; there are: .*iterations"),
        (lambda: svd(SQUARE, 2, scale=3), "svd has no setting 'scale'"),
        (lambda: factorise(SQUARE, Model(1), iteration=3), "iteration"),
    ],
)
def test_setting_that_there_is_not_is_named(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: factorise(SQUARE, 2), r"model must be a deeptensor.Model, such as Model\(rank=3\), not 2"),
        (lambda: factorise(SQUARE, Model), "model must be a deeptensor.Model"),
        (lambda: factorise(SQUARE, Model(1), operator=Matrix), "operator must be an operator of deeptensor.operators"),
        (lambda: factorise(SQUARE, Model(1), operator=torch.nn.Identity()), "operator must have a `shape`"),
        (lambda: factorise(SQUARE, Model(1), seed=0.5), "a seed must be a whole number of at least 0, not 0.5"),
        (lambda: cp(SQUARE, 1, normalize_factors="yes"), "normalize_factors must be True or False, not 'yes'"),
        (lambda: tucker(SQUARE, "12"), "rank must be a whole number"),
        (lambda: tucker(SQUARE, (1, 2.5)), "rank must be a whole number of at least 1, not 2.5"),
        (lambda: Model("3"), "rank must be a whole number of at least 1, not '3'"),
        (lambda: Model(1, structure=None), "unknown structure None; there are: cp, symmetric, tucker"),
        (lambda: Model(1, modes=3), "modes must be groups of axes"),
        (lambda: Model(1, modes=((0,), ("1",))), "modes must be groups of axes"),
        (lambda: Model(1, activation=3), "unknown activation 3"),
        (lambda: Model(1, weights=np.ones(3)), "weights must be True or False"),
        (lambda: HeldOut("0.1"), "fraction must be a number between 0 and 1, not '0.1'"),
        (lambda: HeldOut(patience=1.5), "patience must be a whole number of at least 1, not 1.5"),
    ],
)
def test_wrong_argument_of_a_model_or_fit_is_refused_by_its_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
