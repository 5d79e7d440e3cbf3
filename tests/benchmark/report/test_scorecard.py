"""The page of the scorecard, and its link from the index."""

import re
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from benchmark.report.overview import make_index, make_scorecard
from benchmark.report.tables import summarise, write
from benchmark.scoring import CURVE_COLUMNS

CURVES = pd.DataFrame(columns=CURVE_COLUMNS)
LECTURE = {"id": "lecture", "title": "A lecture", "citation": "Roe.", "url": None, "code": None, "subject": "Ours"}


def condition(**changes):
    asked = {"statistic": "difference", "metric": "psnr", "of": "deep", "to": ["svd"], "at_least": 2}
    return {"effect": "PSNR over <SVD> [dB]", **asked, **changes}


@pytest.fixture
def scores(row):
    deep = {"method": "deep", "label": "Deep", "file": "deeptensor_cube"}
    gains = {0: 2.95, 1: 3.05}
    rows = [row(seed=seed, value=30.0) for seed in gains]
    rows += [row(**deep, seed=seed, value=30.0 + gain) for seed, gain in gains.items()]
    rows += [row(**deep, seed=seed, value=40.0, iterate="oracle") for seed in gains]
    rows += [row(method="bm3d", label="BM3D", value=np.nan, status="failed", message="out of <luck>")]
    return pd.DataFrame(rows)


@pytest.fixture
def claims():
    conditions = {
        "good": [condition()],
        "mixed": [condition(at_least=2.5), condition(of="deep:oracle", at_least=11)],
        "bad": [condition(at_least=4)],
        "lost": [condition(), condition(to=["bm3d"])],
    }
    claims = [
        {"id": name, "where": "Figure 9", "claim": f"A {name} claim.", "conditions": own, "why": {}}
        for name, own in conditions.items()
    ]
    claims[0]["own_data"] = ["toy"]
    claims[1]["why"] = {"*": "Few iterations & a small cube."}
    return claims


@pytest.fixture
def write_pages(scores, tmp_path):
    """Write scorecard and index of experiments that all have the same scores; return the scorecard's page."""

    def write_of(*experiments):
        for entry in experiments:
            folder = tmp_path / entry["id"]
            folder.mkdir()
            write(scores.assign(experiment=entry["id"]), folder / "scores.csv")
            write(CURVES, folder / "curves.csv")
            write(summarise(scores, entry["metric"], entry["reference"]), folder / "summary.csv")
            (folder / "table.html").touch()
        entries = {entry["id"]: entry for entry in experiments}
        make_scorecard(tmp_path, entries)
        make_index(tmp_path, entries, {"profile": "embedded"})
        return tmp_path / "scorecard.html"

    return write_of


@pytest.fixture
def page(write_pages, entry, claims):
    """Return the page of claims with every verdict, beside what it links."""
    return write_pages(entry(methods=("deep", "svd", "bm3d"), subject=["deep"], claims=claims))


def claims_of(page):
    """Return the text of each claim on the page by its id."""
    parts = re.findall(r'<tbody id="(\w+)">(.*?)</tbody>', page.read_text(encoding="utf-8"), re.S)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", html).split()) for name, html in parts}


def test_each_claim_stands_with_its_verdict_and_the_counts_add_up(page):
    claims = claims_of(page)
    verdicts = {
        "good": "A good claim. reproduced, uncertain PSNR",  # on the source's own data
        "mixed": "partly, on other data, uncertain PSNR",
        "bad": "not reproduced, on other data",
        "lost": "not run bm3d on toy (cube), gaussian, seed 0: failed: out of &lt;luck&gt;",
    }
    assert set(claims) == set(verdicts)
    for name, text in verdicts.items():
        assert text in claims[name]
    counts = re.findall(r'<b class="[\w-]+">(\d)</b> ([\w ]+?)\s*(?:·|</p>)', page.read_text(encoding="utf-8"))
    assert counts == [("1", "reproduced"), ("1", "partly"), ("1", "not reproduced"), ("1", "not run")]


def test_each_condition_stands_with_effect_interval_threshold_and_whether_it_holds(page):
    claims = claims_of(page)
    # Student's 97.5 % point of one degree of freedom is 12.706; the standard error is 0.5.
    assert "PSNR over &lt;SVD&gt; [dB] 3.00 [2.95, 3.05], 2 units at least 2 holds" in claims["good"]
    assert "at least 4 does not hold" in claims["bad"]
    assert "uses the truth 10.0 [10.0, 10.0], 2 units at least 11 does not hold" in claims["mixed"]
    assert claims["lost"].count("at least 2") == 2
    assert claims["lost"].endswith("- at least 2 -")


def test_the_strongest_other_method_the_data_and_the_reason_stand_beside_the_verdict(page):
    claims = claims_of(page)
    text = "SVD is the strongest other method: DeepTensor&#39;s PSNR [dB] minus its is +3.00."
    assert f"{text} toy table · figures" in claims["good"]
    assert "Few iterations &amp; a small cube." in claims["mixed"]


def test_the_page_and_the_index_load_nothing_from_a_network_and_link_each_other(page):
    linked = {}
    for source in (page, page.parent / "index.html"):
        html = source.read_text(encoding="utf-8")
        assert not re.search(r"url\(|@import|fetch\(|<script", html)
        linked[source.name] = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", html)
        for address in linked[source.name]:
            if not address.startswith(("#", "data:", "https://example.org/")):
                assert (source.parent / unquote(address.partition("#")[0])).is_file(), address
    assert {"fig9/table.html", "index.html#fig9", "scorecard.csv", "scorecard.md"} <= set(linked["scorecard.html"])
    assert {"scorecard.html", "scorecard.csv"} <= set(linked["index.html"])
    assert 'id="fig9"' in (page.parent / "index.html").read_text(encoding="utf-8")


def test_the_departures_and_the_notes_stand_on_the_page(page):
    html = page.read_text(encoding="utf-8")
    assert "<td>deeptensor: iterations</td>" in html
    assert "The paper &amp; its script differ." in html


def test_claims_of_two_sources_stand_apart_and_each_in_the_name_of_its_subject(write_pages, entry, claims):
    deep = {"methods": ("deep", "svd", "bm3d"), "subject": ["deep"]}
    taught = claims[2] | {"id": "taught"}
    page = write_pages(
        entry(**deep, claims=claims[:1]),
        entry(id="lesson", source=LECTURE, place="Lecture 3", claims=[taught], **deep),
        entry(id="silent", source=LECTURE, **deep),
    )
    html = page.read_text(encoding="utf-8")
    places = [html.index(text) for text in ("A paper on &lt;", "A good claim", "A lecture", "A bad claim")]
    assert places == sorted(places)
    assert html.count('<table class="claims">') == 2
    assert "Ours&#39;s PSNR [dB] minus its is +3.00" in claims_of(page)["taught"]
    index = (page.parent / "index.html").read_text(encoding="utf-8")
    assert re.findall(r">Best ([\w ]+)</th>", index) == ["other method", "DeepTensor", "other method", "Ours"]
    assert index.index('id="fig9"') < index.index("A lecture", index.index('id="fig9"')) < index.index('id="lesson"')


def test_without_claims_the_page_says_so_and_the_index_does_not_link_it(write_pages, bare):
    page = write_pages(bare(methods=("deep", "svd", "bm3d")))
    html = page.read_text(encoding="utf-8")
    assert "No experiment that was selected makes a claim" in html
    assert "<table" not in html
    assert "scorecard" not in (page.parent / "index.html").read_text(encoding="utf-8")
    assert pd.read_csv(page.parent / "scorecard.csv").empty
