"""Clean signals and observations: what is checked, what is written, and that noise is drawn once."""

import numpy as np
import pytest

from benchmark.data import corrupt, prepare
from benchmark.noise import noise_from
from benchmark.storage import load_arrays, load_json, sha256_of_array

LOADER = '''"""Two items."""

import numpy as np

from benchmark.contract import Item

IMAGE = 2


def load(folder, *, scale=1.0):
    values = np.linspace(0, 1, 60)
    return [
        Item("cube", scale * values.reshape(4, 5, 3)),
        Item("matrix", values.reshape(12, 5), rank=4, labels=np.arange(12)),
    ]
'''
NOISE = {"model": "poisson", "photons": 50, "readout": 1}


@pytest.fixture
def prepared(tmp_path):
    (tmp_path / "two.py").write_text(LOADER)
    clean, facts = tmp_path / "clean.npz", tmp_path / "facts.json"

    def call(rank=2, **params):
        prepare(tmp_path / "two.py", tmp_path, params, rank, clean, facts)
        return clean, load_json(facts)

    return call


def test_facts_hold_what_a_method_may_know_and_no_value_of_the_signal(prepared):
    clean, facts = prepared()
    signal = load_arrays(clean)["cube"]
    assert facts["shown"] == [2]
    assert [(item["name"], item["rank"], item["shape"]) for item in facts["items"]] == [
        ("cube", 2, [4, 5, 3]),
        ("matrix", 4, [3, 5]),
    ]
    assert facts["items"][0]["sha256"] == sha256_of_array(signal)


def test_labelled_samples_are_split_and_methods_get_a_quarter(prepared, tmp_path):
    clean, facts = prepared()
    arrays = load_arrays(clean)
    assert arrays["matrix"].shape == (3, 5)
    assert arrays["matrix/test"].shape == (9, 5)
    samples = np.linspace(0, 1, 60, dtype=np.float32).reshape(12, 5)
    np.testing.assert_array_equal(arrays["matrix"], samples[arrays["matrix/labels"]])
    np.testing.assert_array_equal(arrays["matrix/test"], samples[arrays["matrix/test_labels"]])
    assert set(arrays["matrix/labels"]) | set(arrays["matrix/test_labels"]) == set(range(12))

    corrupt(clean, facts, NOISE, "two", "weak", 0, tmp_path / "noisy.npz", tmp_path / "withheld.npz")
    noisy, withheld = load_arrays(tmp_path / "noisy.npz"), load_arrays(tmp_path / "withheld.npz")
    assert set(noisy) == {"cube", "matrix"}
    assert set(withheld) == {f"matrix/{part}" for part in ("observed", "labels", "test", "test_labels")}
    np.testing.assert_array_equal(withheld["matrix/observed"], noisy["matrix"])
    assert 0.01 < np.abs(withheld["matrix/test"] - arrays["matrix/test"]).mean() < 0.5


def test_a_rank_that_no_array_of_the_shape_has_is_refused_with_the_limit(prepared):
    with pytest.raises(ValueError, match=r"rank 13 does not fit item 'cube' of shape \(4, 5, 3\): .* from 1 to 12"):
        prepared(rank=13)


def test_a_loader_that_breaks_the_contract_is_refused(prepared):
    with pytest.raises(ValueError, match=r"maximum is 2"):
        prepared(scale=2.0)


def test_an_observation_is_the_noise_model_applied_once_for_each_item_and_seed(prepared, tmp_path):
    clean, facts = prepared()
    draws = {}
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        corrupt(clean, facts, NOISE, "two", "weak", seed, tmp_path / f"{name}.npz", tmp_path / "withheld.npz")
        draws[name] = load_arrays(tmp_path / f"{name}.npz")
    assert set(draws["first"]) == {"cube", "matrix"}
    np.testing.assert_array_equal(draws["first"]["cube"], draws["again"]["cube"])
    assert np.abs(draws["first"]["cube"] - draws["other"]["cube"]).max() > 0.01
    signals = load_arrays(clean)
    error, other = (draws["first"][name] - signals[name] for name in ("cube", "matrix"))
    assert np.abs(error.ravel()[: other.size] - other.ravel()).max() > 0.01
    expected = noise_from(NOISE).variance(signals["cube"]).mean()
    assert error.var() == pytest.approx(expected, rel=0.5)


def test_gaussian_noise_can_be_drawn_from_a_signed_signal_and_photon_noise_cannot(prepared, tmp_path):
    (tmp_path / "two.py").write_text(
        'import numpy as np\n\nfrom benchmark.contract import Item\n\nTITLE = "Signed"\n\n\n'
        'def load(folder):\n    return [Item("signed", np.linspace(-0.5, 0.3, 600).reshape(30, 20), signed=True)]\n'
    )
    clean, facts = prepared()
    signal = load_arrays(clean)["signed"]
    assert (signal.min(), signal.max()) == (np.float32(-0.5), np.float32(0.3))
    out = (tmp_path / "noisy.npz", tmp_path / "withheld.npz")
    corrupt(clean, facts, {"model": "gaussian", "sigma": 0.1}, "two", "weak", 0, *out)
    assert np.std(load_arrays(out[0])["signed"] - signal) == pytest.approx(0.1, rel=0.15)
    with pytest.raises(ValueError, match="where the signal is negative"):
        corrupt(clean, facts, NOISE, "two", "photons", 0, *out)
