"""The results that ship are what the code makes of the scores that ship, and the README says the same."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmark.plan import Plan
from benchmark.report.claims import scorecard
from benchmark.report.manifest import manifest_of
from benchmark.report.overview import read_entries
from benchmark.report.publish import PUBLISHED, check, profiles_of, published_cards, read_card
from benchmark.report.readme import LONGEST, between, markers_of
from benchmark.report.tables import file_of, read_scores, read_table, rows_at
from benchmark.storage import load_json

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / PUBLISHED


@pytest.fixture(scope="module", params=profiles_of(FOLDER))
def profile(request):
    """Return the folder of a published profile, its entries, and its scores by experiment."""
    folder = FOLDER / request.param
    entries = read_entries(folder)
    return folder, entries, {name: read_scores(file_of(folder / name / "scores.csv")) for name in entries}


@pytest.fixture(scope="module")
def plan(profile):
    """Return the plan of a published profile."""
    return Plan.read({"profile": profile[0].name})


def test_there_are_published_results():
    assert profiles_of(FOLDER)


def test_the_published_verdicts_follow_from_the_published_scores(profile, plan):
    folder, entries, scores = profile
    results = {name: (own, read_table(file_of(folder / name / "curves.csv"))) for name, own in scores.items()}
    published = read_card(folder / "scorecard.csv")
    again = scorecard({name: plan.entry(name) for name in entries}, results)
    numbers = ["mean", "sd", "low", "high", "other_difference"]
    pd.testing.assert_frame_equal(again.drop(columns=numbers), published.drop(columns=numbers), check_dtype=False)
    pd.testing.assert_frame_equal(again[numbers], published[numbers], rtol=1e-6)


def test_the_published_manifest_is_that_of_the_scores_and_every_run_can_be_had_again(profile):
    folder, entries, scores = profile
    manifest = load_json(folder / "manifest.json")
    assert manifest == manifest_of(folder.name, scores)
    assert list(manifest["experiments"]) == list(entries)
    assert not any(facts["uncommitted_changes"] for facts in manifest["experiments"].values())


def test_what_is_published_is_what_the_plan_would_run(profile, plan):
    _, entries, scores = profile
    check(entries, plan.entries(), "publish it anew")
    for name, entry in entries.items():
        runs = [run for run in plan.runs_of(name) if run.method in entry["methods"]]  # others have come since
        planned = {(run.dataset, run.noise, run.method, run.seed, canonical(run.params)) for run in runs}
        columns = scores[name][["dataset", "noise", "method", "seed", "params"]].drop_duplicates()
        published = {(*own[:3], int(own[3]), canonical(json.loads(own[4]))) for own in columns.itertuples(index=False)}
        assert published == planned


def canonical(params):
    """Return parameters as a text that is the same for the same parameters."""
    return json.dumps(params, sort_keys=True)


def test_the_readme_has_the_published_verdicts_and_is_short():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for marker, content in markers_of(published_cards(FOLDER), FOLDER):
        assert between(text, marker, content) == text
    assert len(text.encode()) <= 8 * 2**10
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert max(len(cell) for row in rows for cell in row) <= LONGEST


def test_what_is_published_fits_into_git():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 20e6


def test_every_number_that_a_source_prints_of_an_item_is_of_one_that_there_is(profile):
    _, entries, scores = profile
    printed = [(name, own) for name, entry in entries.items() for own in entry["printed"] if own["item"] is not None]
    if not printed:
        pytest.skip("none is printed")
    for name, own in printed:
        place = {"item": own["item"], "metric": own["metric"], "dataset": own["data"], "noise": own["noise"]}
        assert rows_at(scores[name], {key: value for key, value in place.items() if value is not None}).any(), own
