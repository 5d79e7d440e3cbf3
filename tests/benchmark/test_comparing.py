"""Two results beside each other: paired differences, and what was made otherwise."""

import gzip
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmark.comparing import NotComparable, as_html, as_text, compare, past
from benchmark.report.tables import write
from benchmark.source import ROOT


@pytest.fixture
def results(tmp_path, row):
    """Return a maker of a folder of results of one experiment, with the PSNR of each method and seed."""

    def make(name, values, experiment="fig9", **changes):
        rows = [
            row(method=method, seed=seed, value=value, **changes)
            for method, own in values.items()
            for seed, value in enumerate(own)
        ]
        (tmp_path / name / experiment).mkdir(parents=True)
        write(pd.DataFrame(rows).assign(experiment=experiment), tmp_path / name / experiment / "scores.csv")
        (tmp_path / name / "experiments.yaml").write_text(yaml.safe_dump({experiment: {"id": experiment}}))
        return tmp_path / name

    return make


def test_a_difference_is_the_mean_over_paired_runs_with_its_interval(results):
    first = results("first", {"svd": [30.0, 32.0, 31.0], "tv": [20.0, 20.0, 20.0]}, seconds=2.0)
    second = results("second", {"svd": [30.5, 33.5, 31.1], "tv": [20.0, 20.0, 20.0]}, seconds=3.0)
    differences = compare(first, second).set_index("method")
    svd = differences.loc["svd"]
    assert (svd["n"], svd["difference"]) == (3, pytest.approx(0.7))
    assert (svd["low"], svd["high"]) == pytest.approx((0.1, 1.5))  # of three units, their range
    assert differences.loc["tv", "difference"] == 0
    assert set(differences["time_ratio"]) == {1.5}
    assert set(differences["changed"]) == {""}
    assert list(past(compare(first, second), 0.5)["method"]) == ["svd"]
    assert past(compare(first, second), 0.8).empty


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("params", '{"rank": 3}', "parameters"),
        ("code_sha256", "e" * 64, "code"),
        ("data_sha256", "e" * 64, "data"),
    ],
)
def test_what_was_made_otherwise_is_said(results, column, value, word):
    first, second = results("first", {"svd": [30.0]}), results("second", {"svd": [30.0]}, **{column: value})
    assert list(compare(first, second)["changed"]) == [word]


def test_runs_that_one_folder_alone_has_are_past_any_tolerance(results):
    first = results("first", {"svd": [30.0, 31.0], "tv": [20.0]})
    second = results("second", {"svd": [30.0], "nlm": [25.0]})
    changed = compare(first, second).set_index("method")["changed"].to_dict()
    assert changed == {"svd": "not all runs are in both", "tv": "only in the first", "nlm": "only in the second"}
    assert set(past(compare(first, second), 1e9)["method"]) == {"svd", "tv", "nlm"}


def test_runs_that_ended_well_in_one_folder_alone_are_past_any_tolerance(results):
    first, second = results("first", {"svd": [30.0]}), results("second", {"svd": [np.nan]}, status="failed")
    assert list(past(compare(first, second), 1e9)["changed"]) == ["status"]


def test_folders_without_a_run_in_common_are_past_any_tolerance_and_print(results):
    first, second = results("first", {"svd": [30.0]}), results("second", {"svd": [30.0]}, dataset="other")
    differences = compare(first, second)
    assert len(past(differences, 1e9)) == len(differences) > 0
    assert "only in" in as_text(differences, 0.1)


def test_an_experiment_that_one_folder_alone_has_is_past_any_tolerance(results):
    folders = [results(name, {"svd": [30.0]}) for name in ("first", "second")]
    for folder, name in zip(folders, ("fig2", "fig3"), strict=True):
        (folder / "experiments.yaml").write_text(yaml.safe_dump({"fig9": {}, name: {}}))
    beyond = past(compare(*folders), 1e9).set_index("experiment")["changed"].to_dict()
    assert beyond == {"fig2": "only in the first", "fig3": "only in the second"}
    assert "fig3" in as_text(compare(*folders), 0.1)


def test_a_run_that_stands_twice_is_refused(results):
    first, second = (results(name, {"svd": [30.0]}) for name in ("first", "second"))
    scores = pd.read_csv(second / "fig9" / "scores.csv")
    write(pd.concat([scores, scores]), second / "fig9" / "scores.csv")
    with pytest.raises(NotComparable, match=r"second/fig9/scores\.csv has two rows of .*svd.*: make it again"):
        compare(first, second)


def test_infinite_values_that_are_equal_differ_by_nothing(results):
    first, second = results("first", {"clean": [np.inf]}), results("second", {"clean": [np.inf]})
    assert list(compare(first, second)["difference"]) == [0.0]


def test_folders_that_cannot_be_compared_say_why(results, tmp_path):
    first = results("first", {"svd": [30.0]})
    other = results("other", {"svd": [30.0]}, experiment="fig3")
    with pytest.raises(NotComparable, match=r"no experiment is in both folders: .*first: fig9; .*other: fig3"):
        compare(first, other)
    with pytest.raises(NotComparable, match=r"has no experiments\.yaml: give the folder of a profile"):
        compare(first, tmp_path / "nowhere")
    (first / "fig9" / "scores.csv").unlink()
    second = results("second", {"svd": [30.0]})
    with pytest.raises(NotComparable, match="fig9 has no scores: run the experiment to its end first"):
        compare(first, second)
    (second / "experiments.yaml").write_text("hello")
    with pytest.raises(NotComparable, match=r"experiments\.yaml names no experiments: make it again"):
        compare(second, first)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1,2\n", "lacks the columns code_sha256, data_sha256, dataset"),
        (b"", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("cut", "cannot be read"),
        ("no gzip", "cannot be read"),
    ],
)
def test_damaged_scores_are_named(results, content, told):
    first, second = results("first", {"svd": [30.0]}), results("second", {"svd": [30.0]})
    path = second / "fig9" / "scores.csv"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        packed = gzip.compress(path.read_bytes())
        path.with_name("scores.csv.gz").write_bytes(packed[: len(packed) // 2] if content == "cut" else b"no gzip")
        path.unlink()
    with pytest.raises(NotComparable, match=f"second/fig9/scores.csv.* {told}"):
        compare(first, second)
    (second / "experiments.yaml").write_text("a: [1")
    with pytest.raises(NotComparable, match=r"second/experiments\.yaml cannot be read"):
        compare(first, second)


def test_a_measure_that_is_not_known_any_more_is_compared(results):
    first, second = (
        results(name, {"svd": [value]}, metric="gone") for name, value in (("first", 1.0), ("second", 3.0))
    )
    assert "+2.000" in as_text(compare(first, second), 0.1)


def test_text_and_page_have_the_digits_of_the_measure_and_the_page_no_tag_of_a_name(results):
    first, second = results("first", {"svd": [30.0]}), results("second", {"svd": [31.23456]})
    differences = compare(first, second)
    assert as_text(differences, 0.1).startswith("1 rows compared, 0 made otherwise, 1 past 0.1.\n")
    assert "+1.23" in as_text(differences, 0.1)
    page = as_html(differences, ("<a>", "b"))
    assert "+1.23" in page
    assert "<a>" not in page


def test_the_exit_status_says_whether_the_tolerance_holds(results, tmp_path):
    first, second = results("first", {"svd": [30.0]}), results("second", {"svd": [31.0]})
    command = [sys.executable, "-m", "benchmark", "compare", str(first), str(second), "--csv", str(tmp_path / "d.csv")]
    codes = [subprocess.run([*command, "--tolerance", str(own)], cwd=ROOT).returncode for own in (0.5, 2)]
    assert codes == [1, 0]
    assert pd.read_csv(tmp_path / "d.csv")["difference"].tolist() == [1.0]
    for tolerance in ("nan", "-1", "x"):
        refused = subprocess.run([*command, "--tolerance", tolerance], cwd=ROOT, capture_output=True, text=True)
        assert refused.returncode == 2
        assert f"{tolerance} is no difference: give a number from 0 on" in refused.stderr
    failed = subprocess.run([*command[:4], "nowhere", str(first)], cwd=ROOT, capture_output=True, text=True)
    assert failed.returncode == 2
    assert failed.stderr.startswith("python -m benchmark: error: nowhere has no experiments.yaml")
