"""The results that ship are what the code makes of the scores that ship, and the README says the same."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from benchmark.plan import read_datasets
from benchmark.report.claims import read_claims, scorecard
from benchmark.report.manifest import manifest_of
from benchmark.report.publish import MARKED, PROFILES, published_cards, read_card, table_of
from benchmark.report.tables import file_of, read_scores
from benchmark.storage import load_json

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results" / "published"


@pytest.fixture(params=PROFILES)
def profile(request):
    """Return the folder of a published profile, its config, and its scores by experiment."""
    folder = PUBLISHED / request.param
    config = yaml.safe_load((folder / "config.yaml").read_text())
    return folder, config, {name: read_scores(file_of(folder / name / "scores.csv")) for name in config["select"]}


def test_the_published_verdicts_follow_from_the_published_scores(profile):
    folder, config, scores = profile
    results = {name: (own, pd.read_csv(file_of(folder / name / "curves.csv"))) for name, own in scores.items()}
    sources = {name: entry.path.stem for name, entry in read_datasets(config).items()}
    claims = read_claims(ROOT / "config" / "claims.yaml")
    again = scorecard(claims, results, config["experiments"], sources, folder.name)
    published = read_card(folder / "scorecard.csv")
    texts = ["id", "claim", "why", "verdict", "effect", "test", "reason", "other"]
    pd.testing.assert_frame_equal(again[texts], published[texts], check_dtype=False)
    pd.testing.assert_series_equal(again["mean"], published["mean"], rtol=1e-6)


def test_the_published_manifest_is_that_of_the_scores_and_every_run_can_be_had_again(profile):
    folder, config, scores = profile
    manifest = load_json(folder / "manifest.json")
    assert manifest == manifest_of(folder.name, scores)
    assert list(manifest["experiments"]) == config["select"]
    assert not any(facts["uncommitted_changes"] for facts in manifest["experiments"].values())


def test_the_readme_has_the_published_scorecards():
    [shown] = MARKED.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown == table_of(published_cards(PUBLISHED), "results/published")


def test_what_is_published_fits_into_git():
    assert sum(path.stat().st_size for path in PUBLISHED.rglob("*") if path.is_file()) < 15 * 2**20
