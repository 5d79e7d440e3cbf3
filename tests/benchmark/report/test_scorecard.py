"""The page of the scorecard, and its link from the index."""

import re
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from benchmark.report.claims import entries_of, scorecard
from benchmark.report.manifest import manifest_of
from benchmark.report.pages import write_index, write_scorecard
from benchmark.report.tables import summarise, write
from benchmark.scoring import CURVE_COLUMNS

ENTRY = {"title": "Denoising", "mirrors": "Figure 9", "departures": "A small cube & few iterations."}
CURVES = pd.DataFrame(columns=CURVE_COLUMNS)


def condition(**changes):
    asked = {"statistic": "difference", "metric": "psnr", "of": "deep", "to": ["svd"], "at_least": 2}
    return {"effect": "PSNR over <SVD> [dB]", **asked, **changes}


@pytest.fixture
def page(row, tmp_path):
    """Return the page of claims with every verdict, beside what it links."""
    deep = {"method": "deep", "label": "Deep", "file": "deeptensor_cube"}
    gains = {0: 2.95, 1: 3.05}
    rows = [row(seed=seed, value=30.0) for seed in gains]
    rows += [row(**deep, seed=seed, value=30.0 + gain) for seed, gain in gains.items()]
    rows += [row(**deep, seed=seed, value=40.0, iterate="oracle") for seed in gains]
    rows += [row(method="bm3d", label="BM3D", value=np.nan, status="failed", message="out of <luck>")]
    scores = pd.DataFrame(rows)
    conditions = {
        "good": [condition()],
        "mixed": [condition(at_least=2.5), condition(of="deep:oracle", at_least=11)],
        "bad": [condition(at_least=4)],
        "lost": [condition(), condition(to=["bm3d"])],
    }
    claims = [
        {"id": name, "experiment": "fig9", "where": "Figure 9", "claim": f"A {name} claim.", "conditions": own}
        for name, own in conditions.items()
    ]
    claims[0]["own_data"] = ["toy"]
    claims[1]["why"] = "Few iterations & a small cube."
    claims.append(claims[0] | {"id": "absent", "experiment": "fig11"})
    card = scorecard(claims, {"fig9": (scores, CURVES)}, ["fig9"], {"toy": "toy"}, "smoke")
    folder = tmp_path / "fig9"
    folder.mkdir()
    write(card, tmp_path / "scorecard.csv")
    write(scores.assign(experiment="fig9"), folder / "scores.csv")
    write(summarise(scores), folder / "summary.csv")
    for name in ("fig9/table.html", "scorecard.md"):
        (tmp_path / name).touch()
    write_scorecard(entries_of(card), {"fig9": ENTRY}, "smoke", tmp_path / "scorecard.html")
    products = [tmp_path / "scorecard.html", tmp_path / "scorecard.csv", folder / "table.html"]
    every = {"fig9": scores}
    write_index(products, [ENTRY | {"id": "fig9"}], every, manifest_of("smoke", every), {}, tmp_path / "index.html")
    return tmp_path / "scorecard.html"


def claims_of(page):
    """Return the text of each claim on the page by its id."""
    parts = re.findall(r'<tbody id="(\w+)">(.*?)</tbody>', page.read_text(encoding="utf-8"), re.S)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", html).split()) for name, html in parts}


def test_each_claim_stands_with_its_verdict_and_the_counts_add_up(page):
    claims = claims_of(page)
    verdicts = {
        "good": "A good claim. reproduced PSNR",  # on the paper's own data
        "mixed": "partly, on other data, uncertain PSNR",
        "bad": "not reproduced, on other data",
        "lost": "not run bm3d on toy (cube), gaussian, seed 0: failed: out of &lt;luck&gt;",
        "absent": "not run the config has no experiment &#39;fig11&#39;; it has: fig9",
    }
    assert set(claims) == set(verdicts)
    for name, text in verdicts.items():
        assert text in claims[name]
    counts = re.findall(r'<b class="[\w-]+">(\d)</b> ([\w ]+?)\s*·', page.read_text(encoding="utf-8"))
    assert counts == [("1", "reproduced"), ("1", "partly"), ("1", "not reproduced"), ("2", "not run")]


def test_each_condition_stands_with_effect_interval_threshold_and_whether_it_holds(page):
    claims = claims_of(page)
    # Student's 97.5 % point of one degree of freedom is 12.706; the standard error is 0.5.
    assert "PSNR over &lt;SVD&gt; [dB] 3.00 [2.36, 3.64], 2 units at least 2 holds" in claims["good"]
    assert "at least 4 does not hold" in claims["bad"]
    assert "uses the truth 10.0 [10.0, 10.0], 2 units at least 11 does not hold" in claims["mixed"]
    assert claims["lost"].count("at least 2") == 2
    assert claims["lost"].endswith("- at least 2 -")


def test_the_strongest_other_method_the_data_and_the_reason_stand_beside_the_verdict(page):
    claims = claims_of(page)
    text = "SVD is the strongest other method: DeepTensor&#39;s PSNR [dB] minus its is +3.00."
    assert f"{text} toy table · figures" in claims["good"]
    assert "Few iterations &amp; a small cube." in claims["mixed"]
    assert "- -" in claims["absent"]
    assert "table" not in claims["absent"]


def test_the_page_and_the_index_load_nothing_from_a_network_and_link_each_other(page):
    linked = {}
    for source in (page, page.parent / "index.html"):
        html = source.read_text(encoding="utf-8")
        assert not re.search(r"url\(|@import|fetch\(|<script", html)
        linked[source.name] = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", html)
        for address in linked[source.name]:
            if not address.startswith(("#", "data:")):
                assert (source.parent / unquote(address.partition("#")[0])).is_file(), address
    assert {"fig9/table.html", "index.html#fig9", "scorecard.csv", "scorecard.md"} <= set(linked["scorecard.html"])
    assert {"scorecard.html", "scorecard.csv"} <= set(linked["index.html"])
    assert 'id="fig9"' in (page.parent / "index.html").read_text(encoding="utf-8")


def test_the_departures_stand_on_the_page(page):
    assert "A small cube &amp; few iterations." in page.read_text(encoding="utf-8")
