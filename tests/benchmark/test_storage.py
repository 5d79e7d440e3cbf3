"""Estimates survive the disk, and files appear whole or not at all."""

import numpy as np
import pytest

from benchmark.contract import Estimate, Snapshot, compose
from benchmark.storage import load_arrays, pack, save_arrays, sha256_of_array, unpack, written_whole

RNG = np.random.default_rng(0)
U, V = RNG.standard_normal((7, 6, 3)), RNG.standard_normal((5, 3))


def test_factors_and_trace_survive_the_disk(tmp_path):
    trace = [Snapshot(i, i / 7, 1 / i, last=(U * i, V), average=(U, V)) for i in (1, 10)]
    save_arrays(tmp_path / "e.npz", pack(Estimate(factors=(U, V), trace=trace), "a"))
    back = unpack(load_arrays(tmp_path / "e.npz"), "a")
    assert back.signal is None
    np.testing.assert_allclose(compose(back.factors), compose((U, V)), rtol=1e-5, atol=1e-5)
    assert [snapshot.iteration for snapshot in back.trace] == [1, 10]
    assert back.trace[1].seconds == pytest.approx(10 / 7)
    assert back.trace[1].loss == pytest.approx(0.1)
    np.testing.assert_allclose(compose(back.trace[1].last), compose((U * 10, V)), rtol=0, atol=0.2)


def test_half_precision_snapshots_cost_less_than_a_hundredth_of_a_decibel():
    clean = np.abs(compose((U, V))) / np.abs(compose((U, V))).max()
    left, values, right = np.linalg.svd(clean.reshape(42, 5) + 0.01 * RNG.standard_normal((42, 5)))
    factors = (left[:, :3] * values[:3]), right[:3].T
    estimate = Estimate(factors=factors, trace=[Snapshot(1, 0.0, 0.0, last=factors)])
    packed = unpack(pack(estimate, "a"), "a")

    def psnr(value):
        return -10 * np.log10(np.mean((compose(value) - clean.reshape(42, 5)) ** 2))

    assert psnr(packed.trace[0].last) == pytest.approx(psnr(factors), abs=0.01)


def test_signals_survive_too():
    signal = compose((U, V))
    estimate = Estimate(signal=signal, trace=[Snapshot(3, 0.1, 0.2, last=signal)])
    back = unpack(pack(Estimate(signal=-signal), "b") | pack(estimate, "a"), "a")
    np.testing.assert_array_equal(back.signal, signal.astype(np.float32))
    assert back.factors is None
    assert back.trace[0].average is None


def test_an_error_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.npz"
    save_arrays(path, {"x": np.ones(3)})

    def write_half():
        with written_whole(path) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    np.testing.assert_array_equal(load_arrays(path)["x"], np.ones(3))


def test_the_digest_tells_values_shapes_and_types_apart():
    x = np.arange(6.0)
    others = [x + 1e-9, x.reshape(2, 3), x.astype(np.float32)]
    assert len({sha256_of_array(a) for a in [x, *others]}) == 4
    assert sha256_of_array(np.asfortranarray(x.reshape(2, 3))) == sha256_of_array(x.reshape(2, 3))


def test_compose_equals_the_sum_of_outer_products():
    A, B, C = (RNG.standard_normal((n, 4)) for n in (3, 5, 2))
    np.testing.assert_allclose(compose((A, B, C)), np.einsum("ir,jr,kr->ijk", A, B, C))
    np.testing.assert_allclose(compose((U, V)), np.einsum("ijr,kr->ijk", U, V))
    assert compose((A, B)).shape == (3, 5)
