from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.report.tables import (
    as_text,
    failures,
    gather,
    missing,
    read_scores,
    read_table,
    shortened,
    summarise,
    timed_per_item,
    with_printed,
    write,
)
from benchmark.scoring import CURVE_COLUMNS
from benchmark.storage import Unusable

RESULTS = Path("results/test")


@pytest.fixture
def scores(row):
    """Two seeds of SVD, a deep method with an oracle, a control, and methods that lost one run and both."""
    deep = {"method": "deep", "label": "Deep", "iterations": 600}
    slow = {"method": "slow", "label": "Slow"}
    lost = {"value": np.nan, "status": "timeout", "message": "no estimate after 60 s", "seconds": np.nan}
    broken = {"value": np.nan, "status": "failed", "message": "singular matrix", "seconds": np.nan}
    rows = [
        row(seed=0, value=30.0, seconds=1.0, peak_rss_mib=100.0),
        row(seed=1, value=32.0, seconds=3.0, peak_rss_mib=140.0),
        row(**deep, seed=0, value=31.0),
        row(**deep, seed=1, value=34.0),
        row(**deep, seed=0, value=41.0, iterate="oracle"),
        row(**deep, seed=1, value=41.0, iterate="oracle"),
        row(method="clean", label="Clean", control=True, seed=0, value=50.0),
        row(method="clean", label="Clean", control=True, seed=1, value=50.0),
        row(**slow, seed=0, value=40.0),
        row(**slow, seed=1, **lost),
        row(method="broken", label="Broken", seed=0, **broken),
        row(method="broken", label="Broken", seed=1, **broken),
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def summary(scores):
    return summarise(scores, "psnr", "svd")


def of(summary, method, iterate="returned"):
    return summary[(summary["method"] == method) & (summary["iterate"] == iterate)].iloc[0]


def test_mean_sd_and_n_are_those_computed_by_hand(summary):
    svd = of(summary, "svd")
    assert (svd["n"], svd["runs"], svd["psnr_mean"]) == (2, 2, 31.0)
    assert svd["psnr_sd"] == pytest.approx(np.sqrt(2))
    assert (svd["seconds"], svd["peak_rss_mib"]) == (2.0, 140.0)


def test_names_that_look_like_numbers_stay_what_they_are(scores, tmp_path):
    names = {"dataset": "0010", "item": "001", "noise": "1e5", "method": "nan", "label": "1_000"}
    curve = pd.DataFrame([names | {"seed": 0, "iterate": "last", "metric": "psnr", "value": 1.0}])
    write(curve, tmp_path / "curves.csv")
    assert read_table(tmp_path / "curves.csv").iloc[0][list(names)].to_dict() == names
    write(scores.assign(**names, experiment="7"), tmp_path / "scores.csv")
    assert read_scores(tmp_path / "scores.csv").iloc[0][list(names)].to_dict() == names


def test_scores_and_curves_have_seeds_of_one_type_also_where_there_are_no_curves(row, tmp_path):
    write(pd.DataFrame([row(iterations=600), row(iterations=None)]).assign(experiment="7"), tmp_path / "scores.csv")
    write(pd.DataFrame(columns=CURVE_COLUMNS), tmp_path / "curves.csv")
    scores, curves = read_scores(tmp_path / "scores.csv"), read_table(tmp_path / "curves.csv")
    assert scores["seed"].dtype == curves["seed"].dtype == np.int64
    assert scores["iterations"].isna().tolist() == [False, True]
    assert timed_per_item(curves, scores).empty


def test_runs_of_the_plan_that_no_row_is_of_are_told(scores):
    cells = [["toy", "gaussian", method, seed] for method in ("svd", "deep") for seed in (0, 1)]
    assert missing(scores, cells, RESULTS) == ""
    told = missing(scores, [*cells, ["toy", "gaussian", "svd", 2], ["toy", "poisson", "svd", 0]], RESULTS)
    assert told.startswith("2 runs are not in the table")
    assert "svd on toy, gaussian, seed 2" in told
    assert "svd on toy, poisson, seed 0" in told
    assert told.endswith("\n  rm results/test/toy/gaussian/2.csv results/test/toy/poisson/0.csv\n")


def test_a_file_of_scores_that_is_cut_off_is_named_with_what_to_delete(row, tmp_path):
    write(pd.DataFrame([row(seed=0), row(seed=1)]), tmp_path / "0.csv")
    content = (tmp_path / "0.csv").read_text()
    (tmp_path / "0.csv").write_text(content[: int(0.8 * len(content))])
    with pytest.raises(Unusable, match=r"0.csv cannot be read: .*\n.*\n  rm \S+/0.csv$"):
        gather([tmp_path / "0.csv"], "fig9")


def test_the_sd_of_a_single_run_is_empty(summary):
    slow = of(summary, "slow")
    assert slow["n"] == 1
    assert slow["psnr_mean"] == 40.0
    assert np.isnan(slow["psnr_sd"])


def test_items_count_as_runs(row):
    scores = pd.DataFrame([row(item="a", value=20.0), row(item="b", value=26.0)])
    assert summarise(scores, "psnr", "svd")[["n", "psnr_mean"]].values.tolist() == [[2, 23.0]]


def test_the_gain_is_the_mean_of_the_differences_to_the_reference_on_the_same_noisy_signals(scores, summary):
    assert of(summary, "deep")["gain"] == 1.5
    assert of(summary, "slow")["gain"] == 10.0  # to seed 0's 30 dB, not to SVD's mean
    assert of(summary, "svd")["gain"] == 0.0
    assert of(summarise(scores, "psnr", "deep"), "svd")["gain"] == -1.5
    assert "gain" not in summarise(scores, "psnr", None)
    assert summarise(scores, "psnr", "bm3d")["gain"].isna().all()  # a profile may leave the reference out


def test_the_gain_and_the_order_are_by_the_primary_metric_and_its_direction(row):
    other = {"method": "other", "label": "Other"}
    values = {"psnr": (30.0, 20.0), "sam": (5.0, 3.0)}
    scores = pd.DataFrame(
        [
            row(metric=metric, higher_is_better=metric == "psnr", value=value, **method)
            for metric, pair in values.items()
            for value, method in zip(pair, ({}, other), strict=True)
        ]
    )
    summary = summarise(scores, "sam", "svd")
    assert summary[["method", "gain"]].values.tolist() == [["other", -2.0], ["svd", 0.0]]
    assert [name for name in summary if name.endswith("_mean")] == ["sam_mean", "psnr_mean"]
    assert summary["sam_best"].tolist() == [True, False]
    assert summarise(scores, "psnr", "svd")["method"].tolist() == ["svd", "other"]


def test_the_family_of_a_method_stands_in_the_summary(scores, tmp_path):
    summary = summarise(scores.assign(family=scores["method"] + "s"), "psnr", None)
    assert of(summary, "deep")["family"] == "deeps"
    write(summary, tmp_path / "summary.csv")
    assert read_table(tmp_path / "summary.csv")["family"].tolist() == summary["family"].tolist()


def test_printed_numbers_stand_at_their_iterate_data_and_noise(scores, summary):
    nowhere = {"data": None, "noise": None, "item": None}
    printed = [
        {"metric": "psnr", "iterate": "returned", **nowhere, "values": {"svd": 14.4, "lost": 1.0}},
        {"metric": "psnr", "iterate": "oracle", **nowhere, "values": {"deep": 17.6}},
        {"metric": "psnr", "iterate": "returned", **nowhere, "item": "cube", "values": {"slow": 3.0}},
        {"metric": "psnr", "iterate": "returned", **nowhere, "noise": "poisson", "values": {"deep": 9.0}},
        {"metric": "ssim", "iterate": "returned", **nowhere, "data": "toy", "values": {"svd": 0.9}},
    ]
    told = with_printed(summary, printed, "psnr")
    assert of(told, "svd")[["printed", "printed_ssim"]].tolist() == [14.4, 0.9]
    assert of(told, "deep", "oracle")["printed"] == 17.6
    assert told["printed"].notna().sum() == 2
    assert told["printed_ssim"].notna().sum() == 1
    assert with_printed(summary, [], "psnr")["printed"].isna().all()


def test_a_lost_run_is_told_with_its_count_and_message_and_keeps_its_row(summary):
    assert of(summary, "slow")["status"] == "timeout (1 of 2): no estimate after 60 s"
    broken = of(summary, "broken")
    assert broken["status"] == "failed (2 of 2): singular matrix"
    assert broken["n"] == 0
    assert np.isnan(broken["psnr_mean"])
    assert of(summary, "deep")["status"] == "ok"


def test_a_lost_run_is_a_hole_in_every_iterate_of_its_method(row):
    deep = {"method": "deep", "label": "Deep"}
    scores = pd.DataFrame(
        [
            row(**deep, value=31.0),
            row(**deep, value=35.0, iterate="last"),
            row(**deep, seed=1, value=np.nan, status="timeout", message="too slow"),
        ]
    )
    last = of(summarise(scores, "psnr", None), "deep", "last")
    assert (last["n"], last["runs"], last["status"]) == (1, 2, "timeout (1 of 2): too slow")
    assert not last["psnr_best"]


def test_best_is_neither_a_control_nor_an_oracle_nor_a_method_that_lost_a_run(summary):
    best = summary[summary["psnr_best"]]
    assert best[["method", "iterate"]].values.tolist() == [["deep", "returned"]]


def test_a_method_on_fewer_seeds_has_a_row_and_is_not_ranked(row):
    lucky = {"method": "lucky", "label": "Lucky"}  # SVD itself, on its better seed alone
    rows = [row(seed=0, value=32.0), row(seed=1, value=30.0), row(**lucky, seed=0, value=32.0)]
    summary = summarise(pd.DataFrame(rows), "psnr", "svd")
    assert summary[["method", "runs", "psnr_mean", "gain"]].values.tolist() == [["lucky", 1, 32, 0], ["svd", 2, 31, 0]]
    assert summary["psnr_best"].tolist() == [False, True]


def test_best_is_the_smallest_where_lower_is_better(row):
    sam = {"metric": "sam", "higher_is_better": False}
    scores = pd.DataFrame([row(**sam, value=5.0), row(**sam, method="other", label="Other", value=3.0)])
    summary = summarise(scores, "sam", None)
    assert summary["method"].tolist() == ["other", "svd"]
    assert summary["sam_best"].tolist() == [True, False]


def test_rows_are_sorted_by_data_set_then_by_falling_psnr_with_holes_last(scores):
    summary = summarise(pd.concat([scores, scores.assign(dataset="area")]), "psnr", "svd")
    order = ["clean", "deep", "slow", "deep", "svd", "broken"]
    assert summary["method"].tolist() == order * 2
    assert summary["dataset"].tolist() == ["area"] * 6 + ["toy"] * 6


def test_gather_adds_the_experiment_and_keeps_names_that_look_like_numbers(row, tmp_path):
    files = [tmp_path / "0.csv", tmp_path / "1.csv"]
    write(pd.DataFrame([row(item="007", git_commit="12345e6")]), files[0])
    write(pd.DataFrame([row(item="NA", value=np.inf)]), files[1])
    scores = gather(files, "fig9")
    assert scores["experiment"].tolist() == ["fig9", "fig9"]
    assert scores["item"].tolist() == ["007", "NA"]
    assert scores["git_commit"].iloc[0] == "12345e6"
    assert scores["value"].tolist() == [30.0, np.inf]


def test_gather_refuses_a_run_that_would_count_twice_and_an_empty_list(row, tmp_path):
    write(pd.DataFrame([row()]), tmp_path / "0.csv")
    with pytest.raises(ValueError, match="more than once"):
        gather([tmp_path / "0.csv"] * 2, "fig9")
    with pytest.raises(ValueError, match="no score files"):
        gather([], "fig9")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_failed_run_keeps_its_message_in_the_files(scores, tmp_path, suffix):
    path = tmp_path / f"scores{suffix}"
    write(scores, path)
    again = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    assert again.loc[again["method"] == "broken", "message"].tolist() == ["singular matrix"] * 2
    assert len(again) == len(scores)


def test_the_text_stars_the_best_and_tells_the_failure(summary):
    lines = as_text(summary).splitlines()
    assert lines[0] == "toy, gaussian"
    starred = [line.split()[:2] for line in lines[2:8] if " *" in line]
    assert starred == [["deep", "returned"]]
    assert any("32.50 ± 2.12" in line for line in lines)
    assert any(line.startswith("broken") and "failed (2 of 2): singular matrix" in line for line in lines)
    assert any("oracle" in line and "uses the truth" in line for line in lines)


LONG = "<b>" + "long " * 2400


def test_a_message_of_more_than_300_characters_is_cut_and_says_where_the_whole_is(row, tmp_path):
    assert shortened("x" * 300) == "x" * 300
    short = shortened(LONG)
    assert short.startswith(LONG[:290])
    assert len(short) < 400
    assert "the scores, and mostly the run's log, have the whole message" in short
    lost = row(value=np.nan, status="failed", message=LONG)
    write(pd.DataFrame([lost, row(method="other", label="Other")]), tmp_path / "0.csv")
    scores = gather([tmp_path / "0.csv"], "fig9")
    assert scores["message"].iloc[0] == LONG  # whole in the scores
    summary = summarise(scores, "psnr", None)
    assert of(summary, "svd")["status"] == f"failed (1 of 1): {short}"
    assert max(map(len, failures(scores, RESULTS).splitlines())) < 500


def test_failures_name_the_records_to_delete(row):
    lost = {"value": np.nan, "status": "failed", "message": "singular matrix", "experiment": "fig9"}
    skipped = {"value": np.nan, "status": "skipped", "message": "no package", "experiment": "fig9"}
    told = failures(pd.DataFrame([row(**lost), row(item="other", **lost), row(method="bm3d", **skipped)]), RESULTS)
    assert told.startswith("2 runs failed:")
    assert "  svd on toy (cube), gaussian, seed 0: failed: singular matrix\n" in told
    assert told.endswith("\n  rm results/test/runs/fig9/toy/gaussian/svd/0/record.json\n")
    assert "bm3d" not in told
    assert failures(pd.DataFrame([row(experiment="fig9")]), RESULTS) == ""
