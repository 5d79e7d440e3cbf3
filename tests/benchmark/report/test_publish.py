"""Publishing a made-up profile."""

import gzip
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from benchmark.report import tables
from benchmark.report.figures import COLOURS
from benchmark.report.publish import PublishError, publish
from benchmark.scoring import CURVE_COLUMNS

CLAIM = {
    "id": "fig9",
    "experiment": "fig9",
    "where": "Figure 9",
    "claim": "A claim.",
    "conditions": [
        {
            "effect": "PSNR | over SVD [dB]",
            "statistic": "difference",
            "metric": "psnr",
            "of": "deeptensor",
            "to": ["svd"],
            "at_least": 1.5,
        }
    ],
}
CLAIMS = [CLAIM, CLAIM | {"id": "fig10", "experiment": "fig10", "where": "Figure 10"}]
PSNR = {"svd": (20.0, 21.0), "deeptensor": (22.9, 24.1)}


def lines():
    """Return a picture, 60 x 400 x 3, with a thick line of one colour, thin ones of the others, and blurred edges."""
    picture = np.full((60, 400, 3), 255.0)
    for number, colour in enumerate(COLOURS):
        rgb = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)])
        blur = np.linspace(0, 1, 300)[:, None]
        rows = slice(4, 20) if number == 4 else slice(22 + 3 * number, 23 + 3 * number)
        picture[rows, 50:350] = blur * rgb + (1 - blur) * 255
    return picture.astype(np.uint8)


def run(root, row, *experiments, iterations=100, departures="All."):
    """Leave what a finished profile leaves of these experiments in `results/`."""
    folder = root / "results" / "embedded"
    entry = {"title": "Toy", "mirrors": "Figure 9", "departures": departures, "duration": "seconds", "task": "denoise"}
    entry |= {"datasets": ["toy"], "noise": ["gaussian"], "figures": ["strip"]}
    config = {
        "profile": "embedded",
        "select": list(experiments),
        "datasets": {"toy": {"file": "indian_pines", "rank": 4}},
        "noise": {"gaussian": {"model": "gaussian", "sigma": 0.1}},
        "methods": {"deeptensor": {"params": {"iterations": iterations}}},
        "experiments": {"fig9": entry, "fig10": entry},
    }
    for part in ("runs", "data", *(f"{name}/toy/gaussian" for name in experiments)):
        (folder / part).mkdir(parents=True)
        (folder / part / "secret.npz").touch()
    for name in experiments:
        (folder / name / "toy" / "gaussian" / "secret.npz").unlink()
        rows = [
            row(method=method, label=method, file=method, seed=seed, value=value)
            for method, values in PSNR.items()
            for seed, value in enumerate(values)
        ]
        tables.write(pd.DataFrame(rows), folder / name / "scores.csv")
        tables.write(tables.summarise(pd.DataFrame(rows)), folder / name / "summary.csv")
        tables.write(pd.DataFrame(columns=CURVE_COLUMNS), folder / name / "curves.csv")
        Image.fromarray(lines()).save(folder / name / "toy" / "gaussian" / "strip.png")
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


@pytest.fixture
def root(tmp_path):
    """Return a checkout with claims, and a README with markers."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "claims.yaml").write_text(yaml.safe_dump(CLAIMS))
    (tmp_path / "README.md").write_text("before\n<!-- scorecard -->\nold\n<!-- end of scorecard -->\nafter\n")
    return tmp_path


def forget(root):
    """Remove what was run, as on another machine or in a fresh clone."""
    (root / "results" / "embedded").rename(root / "forgotten")


def test_tables_and_pictures_are_kept_and_neither_data_nor_runs(root, row):
    source = run(root, row, "fig9")
    target = publish("embedded", root)
    assert not list(target.rglob("secret.npz"))
    for name in ("scores", "curves"):
        kept = gzip.decompress((target / "fig9" / f"{name}.csv.gz").read_bytes())
        assert kept == (source / "fig9" / f"{name}.csv").read_bytes()
    assert 'href="scores.csv.gz"' in (target / "fig9" / "table.html").read_text()
    assert 'href="fig9/scores.csv.gz"' in (target / "index.html").read_text()
    before = np.asarray(Image.open(source / "fig9" / "toy" / "gaussian" / "strip.png"))
    after = Image.open(target / "fig9" / "toy" / "gaussian" / "strip.png")
    assert after.mode == "P"
    np.testing.assert_allclose(np.asarray(after.convert("RGB")), before.astype(int), atol=24)


def test_the_readme_shows_verdict_effect_interval_and_what_was_not_run(root, row):
    run(root, row, "fig9")
    publish("embedded", root)
    text = (root / "README.md").read_text()
    assert text.startswith("before\n<!-- scorecard -->\n| claim | embedded |")
    assert text.endswith("<!-- end of scorecard -->\nafter\n")
    assert "old" not in text
    assert "**[reproduced, on other data](results/published/embedded/fig9)**" in text
    # Differences of 2.9 and 3.1: mean 3, standard error 0.1, and Student's t with one degree of freedom is 12.7.
    assert "PSNR &#124; over SVD [dB]: 3.00 [1.73, 4.27], 2 units (at least 1.5)" in text
    assert "not run: the experiment 'fig10' is not selected" in text


def test_what_was_published_before_stays_beside_what_is_new(root, row):
    run(root, row, "fig10")
    publish("embedded", root)
    forget(root)
    run(root, row, "fig9")
    target = publish("embedded", root)
    assert yaml.safe_load((target / "config.yaml").read_text())["select"] == ["fig9", "fig10"]
    assert list(json.loads((target / "manifest.json").read_text())["experiments"]) == ["fig9", "fig10"]
    index = (target / "index.html").read_text()
    assert {f"{name}/toy/gaussian/strip.png" for name in ("fig9", "fig10")} <= set(re.findall(r'src="([^"]+)"', index))
    text = (root / "README.md").read_text()
    assert text.count("reproduced, on other data") == 2
    assert "not run" not in text


def test_what_was_published_with_other_settings_is_an_error_and_nothing_is_lost(root, row):
    run(root, row, "fig10")
    target = publish("embedded", root)
    forget(root)
    run(root, row, "fig9", iterations=5000)
    with pytest.raises(PublishError, match=r"fig10 was published with other settings \(methods: deeptensor\)"):
        publish("embedded", root)
    assert not (target / "fig9").exists()
    assert "reproduced" in (target / "scorecard.md").read_text()


def test_what_is_said_of_an_experiment_may_change_and_reaches_its_page_without_any_runs(root, row):
    run(root, row, "fig10", departures="None.")
    target = publish("embedded", root)
    forget(root)
    run(root, row, "fig9", departures="Few iterations.")
    publish("embedded", root)
    page = (target / "fig10" / "table.html").read_text()
    assert "Few iterations." in page
    assert "Indian Pines" in page
    assert "23.50" in page  # the mean of DeepTensor's two


def test_a_changed_claim_is_judged_again_in_every_published_profile_without_any_runs(root, row):
    run(root, row, "fig9")
    target = publish("embedded", root)
    forget(root)
    other = shutil.copytree(target, target.with_name("public"))
    claims = (root / "config" / "claims.yaml").read_text().replace("at_least: 1.5", "at_least: 4")
    (root / "config" / "claims.yaml").write_text(claims)
    publish("embedded", root)
    assert (root / "README.md").read_text().count("not reproduced, on other data") == 2
    assert "not reproduced, on other data" in (other / "scorecard.md").read_text()
    assert (target / "fig9" / "toy" / "gaussian" / "strip.png").is_file()


def test_a_profile_that_was_not_run_to_its_end_is_an_error(root, row):
    (run(root, row, "fig9") / "config.yaml").unlink()
    with pytest.raises(PublishError, match="run the profile to its end first"):
        publish("embedded", root)
