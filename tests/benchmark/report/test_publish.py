"""Publishing a made-up profile."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.report.publish import publish

ROW = {
    "id": "one",
    "experiment": "fig9",
    "where": "Figure 9",
    "claim": "A claim.",
    "why": "",
    "verdict": "reproduced",
    "other_data": True,
    "data": "toy",
    "effect": "PSNR | over SVD [dB]",
    "statistic": "difference",
    "n": 2,
    "mean": 3.0,
    "sd": 0.1,
    "low": 2.0,
    "high": 4.0,
    "test": "at least 2",
    "holds": True,
    "reason": "",
    "other": "svd",
    "other_label": "SVD",
    "other_metric": "psnr",
    "other_difference": 3.0,
}
LOST = {
    "id": "two",
    "verdict": "not run",
    "n": 0,
    "mean": np.nan,
    "holds": None,
    "reason": "no such run",
    "other": "",
}


@pytest.fixture
def root(tmp_path):
    """Return a checkout with the results of a profile, and a README with markers."""
    results = tmp_path / "results" / "embedded"
    for folder in ("fig9", "runs", "data"):
        (results / folder).mkdir(parents=True)
        (results / folder / "scores.csv").write_text("value\n1\n")
    pd.DataFrame([ROW, ROW | LOST]).to_csv(results / "scorecard.csv", index=False)
    grey = np.random.default_rng(0).integers(0, 256, (40, 30), dtype=np.uint8)
    Image.fromarray(grey).convert("RGB").save(results / "fig9" / "strip.png")
    (results / "index.html").write_text("<html>")
    (tmp_path / "README.md").write_text("before\n<!-- scorecard -->\nold\n<!-- end of scorecard -->\nafter\n")
    return tmp_path


def test_tables_and_pictures_are_kept_and_neither_data_nor_runs(root):
    target = publish("embedded", root)
    assert {path.name for path in target.iterdir()} == {"fig9", "scorecard.csv", "index.html"}
    before = np.asarray(Image.open(root / "results" / "embedded" / "fig9" / "strip.png"))
    after = Image.open(target / "fig9" / "strip.png")
    assert after.mode == "P"
    np.testing.assert_allclose(np.asarray(after.convert("RGB")), before, atol=2)


def test_the_readme_shows_verdict_effect_interval_and_what_was_not_run(root):
    publish("embedded", root)
    text = (root / "README.md").read_text()
    assert text.startswith("before\n<!-- scorecard -->\n| claim | embedded |")
    assert text.endswith("<!-- end of scorecard -->\nafter\n")
    assert "old" not in text
    assert "**[reproduced, on other data](results/published/embedded/fig9)**" in text
    assert "PSNR &#124; over SVD [dB]: 3.00 [2.00, 4.00], 2 units (at least 2)" in text
    assert "not run: no such run" in text


def test_a_profile_that_was_not_run_to_its_end_is_an_error_and_nothing_is_lost(root):
    publish("embedded", root)
    (root / "results" / "embedded" / "index.html").unlink()
    with pytest.raises(FileNotFoundError, match="run the profile to its end first"):
        publish("embedded", root)
    assert (root / "results" / "published" / "embedded" / "index.html").is_file()
