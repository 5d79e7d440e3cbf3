"""Scores: which iterates a run offers, what the oracle is, and how failures are told."""

import json
import re
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.contract import Estimate, Snapshot
from benchmark.methods import Run
from benchmark.metrics import psnr, sam
from benchmark.report.tables import failures, gather
from benchmark.scoring import CURVE_COLUMNS, iterates_of, score_cell
from benchmark.storage import Unusable, pack, save_arrays, save_json, sha256_of_items

RNG = np.random.default_rng(0)
CLEAN = RNG.random((16, 12, 9)).astype(np.float32)
BY_PSNR = {"psnr": partial(psnr, CLEAN, data_range=1.0)}
BY_ANGLE = {"sam": partial(sam, CLEAN)} | BY_PSNR
NAMES = {"file": "m", "label": "M", "family": "first", "control": False, "licence_note": ""}
RUN = Run(
    experiment="fig",
    task="denoise",
    dataset="scene",
    noise="weak",
    method="m",
    seed=0,
    file="baselines/m.py",
    params={"loss": "l1"},
    observation={"model": "gaussian", "sigma": 0.1},
    device="cpu",
    threads=1,
)
CODE = 64 * "0"
RESULTS = Path("results/test")
ORIGIN = {
    "file": "baselines/m.py",
    "seed": 0,
    "params": {"loss": "l1"},
    "observation": {"model": "gaussian", "sigma": 0.1},
    "code_sha256": CODE,
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
NO_ANSWER = {"seconds": None, "iterations": None, "device_name": None}


def noisy(level):
    return (CLEAN + level * RNG.standard_normal(CLEAN.shape)).astype(np.float32)


def trace(levels):
    return [Snapshot(i, i / 10, 1 / i, last=noisy(s), average=noisy(s / 2)) for i, s in enumerate(levels, 1)]


def test_the_oracle_is_the_best_iterate_and_the_others_are_what_they_say():
    answers, curve = iterates_of(Estimate(signal=noisy(0.2), trace=trace([0.3, 0.1, 0.4])), BY_PSNR)
    found = {name: -10 * np.log10(np.mean((value - CLEAN) ** 2)) for name, value in answers.items()}
    assert found == pytest.approx({"returned": 14, "oracle": 26, "last": 8, "average": 14}, abs=0.5)
    assert [(p["iterate"], p["iteration"]) for p in curve] == [(k, i) for i in (1, 2, 3) for k in ("last", "average")]
    assert {point["metric"] for point in curve} == {"psnr"}
    assert curve[3]["value"] == pytest.approx(found["oracle"], abs=1e-3)
    assert (curve[3]["seconds"], curve[3]["loss"]) == (0.2, 0.5)


def test_oracle_and_curve_follow_the_primary_measure_also_where_less_is_better():
    # A multiple has the spectra's angles, but a large error: the measures disagree on which iterate is the best.
    iterates = [3 * CLEAN, noisy(0.05)]
    estimate = Estimate(signal=noisy(0.2), trace=[Snapshot(i, i, i, last=own) for i, own in enumerate(iterates)])
    by_angle, curve = iterates_of(estimate, BY_ANGLE)
    np.testing.assert_array_equal(by_angle["oracle"], iterates[0])
    assert [point["metric"] for point in curve] == ["sam", "sam"]
    assert curve[0]["value"] < 0.1 < curve[1]["value"]
    np.testing.assert_array_equal(iterates_of(estimate, BY_PSNR)[0]["oracle"], iterates[1])


@pytest.mark.parametrize("measures", [BY_PSNR, BY_ANGLE])
def test_nothing_that_a_run_offers_is_better_than_the_oracle(measures):
    answers, _ = iterates_of(Estimate(signal=noisy(0.05), trace=trace([0.3, 0.2])), measures)
    np.testing.assert_array_equal(answers["oracle"], answers["returned"])


def test_a_method_that_does_not_iterate_has_one_answer_and_no_curve():
    answers, curve = iterates_of(Estimate(signal=noisy(0.2)), BY_PSNR)
    assert set(answers) == {"returned"}
    assert curve == []


def test_a_primary_measure_that_is_too_dear_for_every_snapshot_has_no_curve_and_no_oracle():
    taken = []
    measures = {"accuracy_linear": lambda answer: taken.append(answer) or 90.0} | BY_PSNR
    answers, curve = iterates_of(Estimate(signal=noisy(0.2), trace=trace([0.3, 0.1])), measures)
    assert set(answers) == {"returned"}
    assert curve == []
    assert taken == []


def test_iterates_may_be_factors_and_parts():
    maps, spectra = RNG.random((16, 12, 2)), RNG.random((9, 2))
    answers, _ = iterates_of(
        Estimate(factors=(maps, spectra), trace=[Snapshot(1, 0.1, 0.1, last=(maps, 0 * spectra))]), BY_PSNR
    )
    np.testing.assert_allclose(answers["returned"], np.einsum("ijr,br->ijb", maps, spectra))
    assert not answers["last"].any()
    of_part = {"psnr": lambda parts: psnr(CLEAN, parts["low"], 1.0)}
    parts = [{"low": noisy(level), "rest": np.ones(3)} for level in (0.2, 0.1)]
    answers, curve = iterates_of(Estimate(parts=parts[0], trace=[Snapshot(1, 0.1, 0.1, last=parts[1])]), of_part)
    np.testing.assert_array_equal(answers["oracle"]["low"], parts[1]["low"])
    assert curve[0]["value"] == pytest.approx(20, abs=0.5)


@pytest.fixture
def scored(tmp_path):
    """Return a way to score a run of the items `a` and `b`, of which outcomes and estimates can be given."""

    def call(a, b, estimate=None, run=RUN, truth=CLEAN, origin=None, damage=lambda home: None):
        items = [ITEM | {"item": "a"} | a, ITEM | {"item": "b"} | b]
        estimate = estimate or Estimate(signal=noisy(0.2), trace=trace([0.3, 0.1]))
        problems = {"given": tmp_path / "given.npz", "withheld": tmp_path / "withheld.npz"}
        problems |= {"facts": tmp_path / "facts.json"}
        home = tmp_path / run.folder
        home.mkdir(parents=True)
        arrays = {name: pack(estimate, name) for name in ("a", "b")}
        save_arrays(problems["given"], {f"{name}/observed": noisy(0.1) for name in "ab"})
        save_arrays(problems["withheld"], {f"{name}/signal": truth for name in "ab"})
        save_arrays(
            home / "estimate.npz",
            {k: v for own in items if own["status"] == "ok" for k, v in arrays[own["item"]].items()},
        )
        save_json(problems["facts"], {"items": [{"name": name, "budget": 30} for name in "ab"]})
        digests = sha256_of_items(problems["given"])
        items = [{"problem_sha256": digests[own["item"]]} | own for own in items]
        save_json(home / "record.json", {"run": ORIGIN | (origin or {}), "items": items})
        damage(home)
        asked = [{"run": asdict(run), "made_by": CODE, "names": NAMES}]
        score_cell(asked, [home / "record.json"], problems, tmp_path / "scores.csv", tmp_path / "curves.csv")
        return tmp_path / "scores.csv", tmp_path / "curves.csv"

    return call


def test_rows_satisfy_the_schema_and_hold_every_metric_of_every_iterate(scored):
    scores_file, curves_file = scored({}, {})
    rows = gather([scores_file], "fig")
    assert len(rows) == 2 * 4 * 4
    assert set(rows["metric"]) == {"psnr", "mpsnr", "ssim", "sam"}
    assert rows["value"].notna().all()
    assert set(rows["family"]) == {"first"}
    assert json.loads(rows["params"][0]) == {"loss": "l1"}
    curves = pd.read_csv(curves_file)
    assert list(curves) == CURVE_COLUMNS
    assert len(curves) == 2 * 2 * 2
    assert set(curves["metric"]) == {"psnr"}


def test_a_failed_item_is_a_row_a_metric_without_value_and_the_other_item_is_scored(scored):
    scores_file, _ = scored({}, {"status": "failed", "message": "KeyError: 'x'"} | NO_ANSWER)
    rows = gather([scores_file], "fig")
    failed = rows[rows["item"] == "b"]
    assert list(failed["metric"]) == ["psnr", "ssim", "mpsnr", "sam"]
    assert failed["value"].isna().all()
    assert rows.loc[rows["item"] == "a", "value"].notna().all()
    told = failures(rows, RESULTS)
    assert "1 runs failed" in told
    assert "m on scene (b), weak, seed 0: failed: KeyError: 'x'" in told
    assert told.endswith("\n  rm results/test/runs/fig/scene/weak/m/0/record.json\n")


def test_a_last_iterate_that_blew_up_is_a_hole_beside_the_returned_one(scored):
    blown = [Snapshot(1, 0.1, 1.0, last=CLEAN * np.inf, average=noisy(0.1))]
    rows = gather([scored({}, {}, Estimate(signal=noisy(0.2), trace=blown))[0]], "fig")
    status = rows.query("metric == 'psnr' and item == 'a'").set_index("iterate")["status"]
    assert status.to_dict() == {"returned": "ok", "oracle": "ok", "last": "nonfinite", "average": "ok"}


def test_an_estimate_that_cannot_be_read_is_a_hole_and_the_other_item_is_scored(scored):
    def damage(home):
        path = home / "estimate.npz"
        content = bytearray(path.read_bytes())
        content[content.find(b"b/answer.npy") + 300] ^= 1  # within its values
        path.write_bytes(content)

    rows = gather([scored({}, {}, damage=damage)[0]], "fig")
    assert re.search(r"its estimate \S+/estimate.npz cannot be read: BadZipFile: Bad CRC-32", failures(rows, RESULTS))
    assert rows.loc[rows["item"] == "a", "value"].notna().all()


@pytest.mark.parametrize("content", ['{"run": {"fi', "", '{"run": {}}', "[]"], ids=["half", "empty", "keyless", "list"])
def test_a_record_that_cannot_be_read_is_named_with_its_method_and_what_to_delete(scored, tmp_path, content):
    record = tmp_path / RUN.folder / "record.json"
    with pytest.raises(Unusable) as error:
        scored({}, {}, damage=lambda home: (home / "record.json").write_text(content))
    fault, advice = str(error.value).split("\n", 1)
    assert fault.startswith(f"the run of m: {record} cannot be read: ")
    assert advice.endswith(f"\n  rm {record}")
    assert not (tmp_path / "scores.csv").exists()


def test_a_skipped_run_is_no_failure(scored):
    skipped = {"status": "skipped", "message": "needs x"} | NO_ANSWER
    scores_file, curves_file = scored(skipped, skipped)
    assert failures(gather([scores_file], "fig"), RESULTS) == ""
    assert list(pd.read_csv(curves_file)) == CURVE_COLUMNS


def test_a_run_made_with_other_parameters_than_the_plan_has_is_an_error_that_says_what_to_delete(scored, tmp_path):
    with pytest.raises(Unusable, match=r"the run of m: .*'loss': 'l1'.*'loss': 'l2'") as error:
        scored({}, {}, run=replace(RUN, params={"loss": "l2"}))
    assert str(error.value).endswith(f"\n  rm {tmp_path / RUN.folder}/record.json")
    assert not (tmp_path / "scores.csv").exists()


def test_a_run_made_under_another_noise_of_the_same_name_is_refused(scored):
    with pytest.raises(Unusable, match=r"observation .*'sigma': 0.1.*'sigma': 0.2"):
        scored({}, {}, run=replace(RUN, observation={"model": "gaussian", "sigma": 0.2}))


@pytest.mark.parametrize(
    ("origin", "fault"),
    [
        ({"file": "baselines/other.py"}, "the file baselines/other.py, and here is baselines/m.py"),
        ({"code_sha256": 64 * "1"}, "the code_sha256 1+, and here is 0+"),
        ({"file": None}, "the file None, and here is baselines/m.py"),
    ],
)
def test_a_run_of_another_file_or_of_other_code_under_the_same_name_is_refused(scored, origin, fault):
    with pytest.raises(ValueError, match=fault):
        scored({}, {}, origin=origin)


def test_a_run_of_another_problem_of_the_same_clean_signal_is_refused(scored):
    with pytest.raises(ValueError, match="it got other problems of the items b than are here"):
        scored({}, {"problem_sha256": 64 * "3"})


MEASURES = """
def measures(problem, truth):
    def primary(answer):
        if answer[0, 0, 0] > 5:
            raise ZeroDivisionError("too bright")
        return float("nan") if answer[0, 0, 0] < -5 else psnr(truth["signal"], answer, data_range=1.0)

    def secondary(answer):
        if answer[0, 0, 1] > 5:
            raise ZeroDivisionError("too bright")
        return 0.5

    return {"psnr": primary, "ssim": secondary}
"""


def test_measures_know_the_rank_that_the_method_was_told_and_the_budget(house, monkeypatch, scored):
    path = house.root / "tasks" / "mend.py"
    told = "{'psnr': lambda answer: float(problem.rank), 'ssim': lambda answer: float(problem.budget)}"
    path.write_text(f"{path.read_text()}\ndef measures(problem, truth):\n    return {told}\n")
    monkeypatch.setattr("benchmark.scoring.ROOT", house.root)
    rows = gather([scored({}, {"rank": 7}, run=replace(RUN, task="mend"))[0]], "fig")
    found = rows[rows["iterate"] == "returned"].set_index(["metric", "item"])["value"].to_dict()
    assert found == {("psnr", "a"): 2, ("psnr", "b"): 7, ("ssim", "a"): 30, ("ssim", "b"): 30}


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [((0, 0, 1), 9, "too bright"), ((0, 0, 0), 9, "too bright"), ((0, 0, 0), -9, "")],
    ids=["secondary", "primary", "no value"],
)
@pytest.mark.parametrize("bad", ["returned", "last"])
def test_an_answer_that_a_measure_cannot_be_taken_of_is_a_failed_row_and_the_others_are_scored(
    house, monkeypatch, scored, place, value, message, bad
):
    path = house.root / "tasks" / "mend.py"
    path.write_text(path.read_text() + MEASURES)
    monkeypatch.setattr("benchmark.scoring.ROOT", house.root)
    answers = {"returned": noisy(0.2), "last": noisy(0.1)}
    answers[bad][place] = value
    estimate = Estimate(signal=answers["returned"], trace=[Snapshot(1, 0.1, 1.0, last=answers["last"])])
    rows = gather([scored({}, {}, estimate, run=replace(RUN, task="mend"))[0]], "fig")
    failed = rows[rows["iterate"] == bad]
    assert set(failed["status"]) == {"failed"}
    assert failed["message"].str.contains(message).all()
    assert failed["value"].isna().all()
    other = rows[rows["iterate"] == {"returned": "last", "last": "returned"}[bad]]
    assert set(other["status"]) == {"ok"}
    assert other["value"].notna().all()
    assert set(rows["item"]) == {"a", "b"}
    best = rows[rows["iterate"] == "oracle"]
    if bad == "returned" and place == (0, 0, 0):  # without a primary measure it is no best one
        assert set(best["status"]) == {"ok"}
    assert len(best) == len(other)
