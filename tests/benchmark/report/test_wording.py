"""Data sets and noise in words."""

import pytest

from benchmark.report.wording import data_in_words


@pytest.mark.parametrize(
    ("params", "texts"),
    [
        ([{"size": 1}], ["T"]),
        ([{"size": 1, "bands": 3}, {"size": 2, "bands": 3}], ["T, size 1", "T, size 2"]),
        ([{"size": 1}, {"size": 1}, {"size": 2}], ["T, size 1 (a)", "T, size 1 (b)", "T, size 2"]),
        ([{"q": False}, {}, {"q": None}], ["T (a)", "T (b)", "T (c)"]),
        ([{"q": True}, {}], ["T, q", "T"]),
    ],
)
def test_no_two_data_sets_are_called_the_same(params, texts):
    entry = {"data": {name: {"title": "T", "params": own} for name, own in zip("abc", params, strict=False)}}
    assert [data_in_words(entry, name) for name in entry["data"]] == texts
