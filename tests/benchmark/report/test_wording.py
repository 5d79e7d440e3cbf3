"""Data sets and noise in words."""

import pytest

from benchmark.report.wording import data_in_words, noise_in_words


@pytest.mark.parametrize(
    ("params", "texts"),
    [
        ([{"size": 1}], ["T"]),
        ([{"size": 1, "bands": 3}, {"size": 2, "bands": 3}], ["T, size 1", "T, size 2"]),
        (
            [{"size": 1, "bands": 3}, {"size": 2, "bands": 4}, {"size": 2}],
            ["T, size 1", "T, size 2, bands 4", "T, size 2"],
        ),
        ([{"size": 1}, {"size": 1}, {"size": 2}], ["T, size 1 (a)", "T, size 1 (b)", "T, size 2"]),
        ([{"q": False}, {}, {"q": None}], ["T (a)", "T (b)", "T (c)"]),
        ([{"q": True}, {}], ["T, q", "T"]),
    ],
)
def test_no_two_data_sets_are_called_the_same(params, texts):
    entry = {"data": {name: {"title": "T", "params": own} for name, own in zip("abc", params, strict=False)}}
    assert [data_in_words(entry, name) for name in entry["data"]] == texts


def test_numbers_have_three_significant_digits_and_whole_ones_all_of_their_own():
    noise = {"model": "band_gaussian", "least": 0.0392157, "most": 0.27451, "scale": 255.0, "bands": [103, 102400]}
    assert noise_in_words(noise) == "Band gaussian noise, least 0.0392, most 0.275, scale 255, bands 103, 102400"


def test_data_sets_that_differ_beyond_three_digits_are_told_apart_by_name():
    entry = {"data": {name: {"title": "T", "params": {"a": own}} for name, own in (("x", 0.12345), ("y", 0.12346))}}
    assert [data_in_words(entry, name) for name in "xy"] == ["T, a 0.123 (x)", "T, a 0.123 (y)"]
