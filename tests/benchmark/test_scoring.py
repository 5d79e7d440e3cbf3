"""Scores: which iterates a run offers, what the oracle is, and how failures are told."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmark.contract import Estimate, Snapshot
from benchmark.judges import judge_for
from benchmark.report.tables import failures, gather
from benchmark.scoring import CURVE_COLUMNS, iterates_of, score_run
from benchmark.storage import pack, save_arrays, save_json

RNG = np.random.default_rng(0)
CLEAN = RNG.random((16, 12, 9)).astype(np.float32)
JUDGE = judge_for("denoise", CLEAN, {}, rank=2, bias=0.0)
NAMES = {
    "task": "denoise",
    "dataset": "scene",
    "noise": "weak",
    "method": "m",
    "file": "m",
    "label": "M",
    "control": False,
    "licence_note": "",
}
RUN = {
    "seed": 0,
    "params": {"loss": "l1"},
    "code_sha256": "0" * 64,
    "git_commit": "1" * 40,
    "git_dirty": False,
    "cpu_name": "some processor",
    "threads": 1,
    "torch": "2.13.0",
    "python": "3.11.7",
    "started": "2026-01-02T03:04:05+00:00",
}
ITEM = {
    "rank": 2,
    "status": "ok",
    "message": "",
    "iterations": 3,
    "seconds": 0.5,
    "warmup_seconds": 0.1,
    "peak_rss_mib": 100.0,
    "peak_gpu_mib": None,
    "device_name": "cpu",
    "data_sha256": "2" * 64,
}


def noisy(level):
    return (CLEAN + level * RNG.standard_normal(CLEAN.shape)).astype(np.float32)


def trace(levels):
    return [Snapshot(i, i / 10, 1 / i, last=noisy(s), average=noisy(s / 2)) for i, s in enumerate(levels, 1)]


def test_the_oracle_is_the_best_iterate_and_the_others_are_what_they_say():
    answers, curve = iterates_of(Estimate(signal=noisy(0.2), trace=trace([0.3, 0.1, 0.4])), JUDGE)
    psnr = {name: -10 * np.log10(np.mean((value - CLEAN) ** 2)) for name, value in answers.items()}
    assert psnr == pytest.approx({"returned": 14, "oracle": 26, "last": 8, "average": 14}, abs=0.5)
    assert [(p["iterate"], p["iteration"]) for p in curve] == [(k, i) for i in (1, 2, 3) for k in ("last", "average")]
    assert curve[3]["psnr"] == pytest.approx(psnr["oracle"], abs=1e-3)


def test_nothing_that_a_run_offers_is_better_than_the_oracle():
    answers, _ = iterates_of(Estimate(signal=noisy(0.05), trace=trace([0.3, 0.2])), JUDGE)
    np.testing.assert_array_equal(answers["oracle"], answers["returned"])


def test_a_method_that_does_not_iterate_has_one_answer_and_no_curve():
    answers, curve = iterates_of(Estimate(signal=noisy(0.2)), JUDGE)
    assert set(answers) == {"returned"}
    assert curve == []


@pytest.fixture
def scored(tmp_path):
    save_arrays(tmp_path / "clean.npz", {"a": CLEAN, "b": CLEAN})

    def call(*outcomes, params=RUN["params"]):
        items = [ITEM | {"item": name} | outcome for name, outcome in zip("ab", outcomes, strict=False)]
        arrays = {
            key: value
            for item in items
            if item["status"] == "ok"
            for key, value in pack(Estimate(signal=noisy(0.1), trace=trace([0.2, 0.1])), item["item"]).items()
        }
        save_arrays(tmp_path / "estimate.npz", arrays)
        save_json(tmp_path / "record.json", {"run": RUN, "items": items})
        save_arrays(tmp_path / "withheld.npz", {})
        files = [tmp_path / name for name in ("clean.npz", "withheld.npz", "estimate.npz", "record.json")]
        score_run(*files, NAMES, params, 0.0, tmp_path / "scores.csv", tmp_path / "curves.csv")
        return tmp_path / "scores.csv", tmp_path / "curves.csv"

    return call


def test_rows_satisfy_the_schema_and_hold_every_metric_of_every_iterate(scored):
    scores_file, curves_file = scored({}, {})
    rows = gather([scores_file], "fig")
    assert len(rows) == 2 * 4 * 3
    assert set(rows["metric"]) == {"psnr", "ssim", "sam"}
    assert rows["value"].notna().all()
    assert json.loads(rows["params"][0]) == {"loss": "l1"}
    assert len(pd.read_csv(curves_file)) == 2 * 2 * 2


def test_a_failed_item_is_a_row_a_metric_without_value_and_the_other_item_is_scored(scored):
    scores_file, _ = scored({}, {"status": "failed", "message": "KeyError: 'x'", "seconds": None, "device_name": None})
    rows = gather([scores_file], "fig")
    failed = rows[rows["item"] == "b"]
    assert list(failed["metric"]) == ["psnr", "ssim", "sam"]
    assert failed["value"].isna().all()
    assert rows.loc[rows["item"] == "a", "value"].notna().all()
    told = failures(rows)
    assert "1 runs failed" in told
    assert "m on scene (b), weak, seed 0: failed: KeyError: 'x'" in told
    assert "scene/weak/m/0" in told


def test_a_last_iterate_that_blew_up_is_a_hole_beside_the_returned_one(scored, monkeypatch):
    blown = [Snapshot(1, 0.1, 1.0, last=CLEAN * np.inf, average=noisy(0.1))]
    monkeypatch.setitem(globals(), "trace", lambda levels: blown)
    status = gather([scored({})[0]], "fig").query("metric == 'psnr'").set_index("iterate")["status"]
    assert status.to_dict() == {"returned": "ok", "oracle": "ok", "last": "nonfinite", "average": "ok"}


def test_a_skipped_run_is_no_failure(scored):
    scores_file, curves_file = scored({"status": "skipped", "message": "needs x", "seconds": None, "device_name": None})
    assert failures(gather([scores_file], "fig")) == ""
    assert list(pd.read_csv(curves_file)) == CURVE_COLUMNS


def test_a_run_made_with_other_parameters_than_the_config_has_is_an_error_that_says_what_to_delete(scored, tmp_path):
    with pytest.raises(ValueError, match=r"'loss': 'l1'.*'loss': 'l2'.*delete the folder") as error:
        scored({}, params={"loss": "l2"})
    assert str(tmp_path) in str(error.value)
    assert not (tmp_path / "scores.csv").exists()
