"""Items of a data set: what is checked, what is written, and what a method may know of them."""

import numpy as np
import pytest

from benchmark.preparing import prepare
from benchmark.storage import load_arrays, load_json, sha256_of_array

LOADER = '''"""Two items."""

import numpy as np

from benchmark.contract import Item

KIND = "samples"
IMAGE = 2


def load(folder, *, scale=1.0):
    values = np.linspace(0, 1, 60)
    return [
        Item("cube", scale * values.reshape(4, 5, 3)),
        Item("matrix", values.reshape(12, 5), rank=4, budget=20, extras={"labels": ["cat"] * 6 + ["dog"] * 6}),
    ]
'''


@pytest.fixture
def prepared(tmp_path):
    """Return a maker of items: it writes a loader and returns what is prepared of it, arrays and facts."""

    def call(rank=2, budget=None, loader=LOADER, **params):
        path = tmp_path / "two.py"
        path.write_text(loader)
        items, facts = tmp_path / "items.npz", tmp_path / "facts.json"
        told = {"file": str(path), "params": params, "rank": rank, "budget": budget}
        prepare(told, tmp_path, items, facts)
        return load_arrays(items), load_json(facts)

    return call


def test_facts_hold_what_a_method_may_know_and_no_value_of_the_signal(prepared):
    arrays, facts = prepared(rank=2, budget=100)
    assert facts["shown"] == [2]
    cube, matrix = facts["items"]
    assert cube == {
        "name": "cube",
        "shape": [4, 5, 3],
        "rank": 2,
        "budget": 100,
        "signed": False,
        "sha256": sha256_of_array(arrays["cube/signal"]),
    }
    assert (matrix["name"], matrix["rank"], matrix["budget"], matrix["shape"]) == ("matrix", 4, 20, [12, 5])


def test_no_rank_is_told_where_none_is_given(prepared):
    assert prepared(rank=None)[1]["items"][0]["rank"] is None


def test_items_are_written_whole_with_what_belongs_to_them(prepared):
    arrays, _ = prepared()
    assert set(arrays) == {"cube/signal", "matrix/signal", "matrix/labels"}
    assert arrays["matrix/signal"].shape == (12, 5)
    assert arrays["matrix/signal"].dtype == np.float32
    assert list(arrays["matrix/labels"][5:7]) == ["cat", "dog"]


def test_the_bands_that_figures_show_are_left_out_where_a_crop_lacks_them(prepared):
    assert prepared(loader=LOADER.replace("IMAGE = 2", "IMAGE = 3"))[1]["shown"] is None
    assert prepared(loader=LOADER.replace("IMAGE = 2", "RGB = (2, 1, 0)"))[1]["shown"] == [2, 1, 0]
    assert prepared(loader=LOADER.replace("IMAGE = 2", ""))[1]["shown"] is None


def test_the_bands_that_figures_show_are_those_of_the_whole_cube_where_every_second_is_taken(prepared):
    loader = LOADER.replace("IMAGE = 2", "RGB = (5, 2, 1)").replace("load(folder", "load(folder, every=1", 1)
    assert prepared(loader=loader, every=2)[1]["shown"] == [2, 1, 0]
    assert prepared(loader=loader, every=1)[1]["shown"] is None


@pytest.mark.parametrize("rank", [0, 13])
def test_a_rank_that_no_array_of_the_shape_has_is_refused_with_the_limit(prepared, rank):
    with pytest.raises(
        ValueError, match=rf"rank {rank} does not fit item 'cube' of shape \(4, 5, 3\): .* from 1 to 12"
    ):
        prepared(rank=rank)


def test_a_loader_that_breaks_the_contract_is_refused(prepared):
    with pytest.raises(ValueError, match=r"maximum is 2"):
        prepared(scale=2.0)


def test_a_loader_that_makes_another_kind_than_it_says_is_refused(prepared):
    with pytest.raises(ValueError, match=r"matrix: .*\(12, 5\).* 'stack'"):
        prepared(loader=LOADER.replace('"samples"', '"stack"'))


def test_a_signed_signal_keeps_its_sign_and_scale(prepared):
    loader = (
        'import numpy as np\n\nfrom benchmark.contract import Item\n\nKIND = "matrices"\n\n\n'
        'def load(folder):\n    return [Item("signed", np.linspace(-0.5, 0.3, 600).reshape(30, 20), signed=True)]\n'
    )
    arrays, facts = prepared(loader=loader)
    signal = arrays["signed/signal"]
    assert (signal.min(), signal.max()) == (np.float32(-0.5), np.float32(0.3))
    assert facts["items"][0]["signed"] is True
