"""The scorecard as a table and in Markdown."""

import numpy as np
import pandas as pd
import pytest

from benchmark.report.claims import scorecard
from benchmark.report.overview import make_scorecard
from benchmark.report.scorecard import NO_CLAIMS, as_markdown, claims_of, needed, read_card, read_cards
from benchmark.report.tables import write
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
def card(scores, tmp_path):
    """Write the scorecard of experiments that all have the same scores; return it as read again, and its Markdown."""

    def write_of(*experiments):
        for entry in experiments:
            folder = tmp_path / entry["id"]
            folder.mkdir()
            write(scores.assign(experiment=entry["id"]), folder / "scores.csv")
            write(CURVES, folder / "curves.csv")
        make_scorecard(tmp_path, {entry["id"]: entry for entry in experiments})
        markdown = (tmp_path / "scorecard.md").read_text(encoding="utf-8")
        return {claim["id"]: claim for claim in claims_of(read_card(tmp_path / "scorecard.csv"))}, markdown

    return write_of


@pytest.fixture
def deep(entry):
    """Return a maker of the experiment of the scores."""
    return lambda **changes: entry(**{"methods": ("deep", "svd", "bm3d"), "subject": ["deep"]} | changes)


def test_a_scorecard_that_is_read_again_has_each_claim_with_its_verdict(card, deep, claims):
    judged, _ = card(deep(claims=claims))
    assert {name: claim["summary"] for name, claim in judged.items()} == {
        "good": "reproduced, uncertain",  # on the source's own data
        "mixed": "partly, on other data, uncertain",
        "bad": "not reproduced, on other data, uncertain",
        "lost": "not run",
    }
    assert judged["lost"]["reason"] == "bm3d on toy (cube), gaussian, seed 0: failed: out of <luck>"
    assert judged["good"]["reason"] == ""


def test_conditions_have_effect_interval_and_whether_they_hold(card, deep, claims):
    judged, _ = card(deep(claims=claims))
    [good], [bad] = (judged[name]["conditions"] for name in ("good", "bad"))
    assert (good["effect"], good["text"]) == ("PSNR over <SVD> [dB]", "3.00 [2.95, 3.05], 2 units")
    assert (good["holds"], bad["holds"]) == (True, False)
    assert [row["test"] for row in judged["mixed"]["conditions"]] == ["at least 2.5", "at least 11"]
    assert judged["lost"]["conditions"][1]["text"] == "-"


def test_the_markdown_has_verdict_effect_other_method_and_reason_of_each_claim(card, deep, claims):
    _, markdown = card(deep(claims=claims))
    rows = {row.split(" ")[4]: row for row in markdown.splitlines()[2:]}
    assert "The strongest other method is SVD, 3.00 dB behind DeepTensor (PSNR)." in rows["good"]
    assert "**partly, on other data, uncertain**" in rows["mixed"]
    assert "Few iterations & a small cube." in rows["mixed"]
    assert "failed: out of <luck>" in rows["lost"]


def test_the_scorecards_of_experiments_are_together_that_of_all(card, deep, claims, scores, tmp_path):
    experiments = [deep(claims=claims), deep(id="silent"), deep(id="lesson", source=LECTURE, claims=claims[1:3])]
    _, markdown = card(*experiments)
    paths = [tmp_path / f"{entry['id']}.csv" for entry in experiments]
    for entry, path in zip(experiments, paths, strict=True):
        write(scorecard({entry["id"]: entry}, {entry["id"]: (scores, CURVES)}), path)
    together = read_cards(paths)
    assert len(together) == 9
    pd.testing.assert_frame_equal(together, read_card(tmp_path / "scorecard.csv"), check_exact=True)
    assert as_markdown(together) == markdown
    assert as_markdown(read_cards(paths[1:2])) == f"{NO_CLAIMS}\n"


@pytest.mark.parametrize(
    ("value", "how"),
    [(33.0, "level with"), (35.0, "2.00 dB ahead of"), (32.0, "1.00 dB behind"), (np.inf, "∞ dB ahead of")],
)
def test_the_strongest_other_is_ahead_of_the_own_method_level_with_it_or_behind(scores, row, deep, claims, value, how):
    better = [row(method="bm4d", label="BM4D", seed=seed, value=value) for seed in (0, 1)]
    entry = deep(claims=claims[:1], methods=("deep", "svd", "bm3d", "bm4d"))
    judged = scorecard({"fig9": entry}, {"fig9": (pd.concat([scores, pd.DataFrame(better)]), CURVES)})
    assert claims_of(judged)[0]["other_text"] == f"The strongest other method is BM4D, {how} DeepTensor (PSNR)."


def test_claims_of_two_sources_stand_apart_and_each_in_the_name_of_its_subject(card, deep, claims):
    taught = claims[2] | {"id": "taught"}
    lesson = deep(id="lesson", source=LECTURE, place="Lecture 3", claims=[taught])
    judged, markdown = card(deep(claims=claims[:1]), lesson, deep(id="silent", source=LECTURE))
    places = [markdown.index(text) for text in ("A paper on <", "A good claim", "A lecture", "A bad claim")]
    assert places == sorted(places)
    assert judged["taught"]["other_text"] == "The strongest other method is SVD, 3.00 dB behind Ours (PSNR)."


def test_without_claims_the_scorecard_is_empty_and_says_so(card, bare):
    judged, markdown = card(bare(methods=("deep", "svd", "bm3d")))
    assert judged == {}
    assert markdown == f"{NO_CLAIMS}\n"


@pytest.mark.parametrize(
    ("test", "places"),
    [
        ("at least 5", [(5, True)]),
        ("at most -6.02", [(-6.02, False)]),
        ("above 0 by 0.1", [(0.1, True)]),
        ("below 0 by 0.1", [(-0.1, False)]),
        ("above -1", [(-1, True)]),
        ("above 0 by 0.1 and 2 standard deviations", [(1.2, True)]),
        ("below 1 by 2 standard errors", [(0.6, False)]),
        ("above 0 by 3 and 1 standard error", [(3, True)]),
        ("within ±1", [(-1, True), (1, False)]),
    ],
)
def test_what_a_condition_needs_has_its_margins_and_tells_where_it_holds(test, places):
    found = needed({"test": test, "n": 9, "sd": 0.6})
    assert [upwards for _, upwards in found] == [upwards for _, upwards in places]
    assert [place for place, _ in found] == pytest.approx([place for place, _ in places])


def test_one_unit_has_no_standard_error_from_which_on_a_condition_could_hold():
    assert needed({"test": "above 0 by 0.1 and 2 standard errors", "n": 1, "sd": np.nan}) == []
