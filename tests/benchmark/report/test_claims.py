"""The scorecard, on made-up scores whose effects are known by hand."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from benchmark.report.claims import (
    SCHEMA,
    ClaimError,
    as_markdown,
    effect_of,
    holds,
    judge,
    read_claims,
    scorecard,
    strongest_other,
)
from benchmark.report.statistics import STATISTICS, Missing
from benchmark.scoring import CURVE_COLUMNS

ROOT = Path(__file__).parents[3]
SOURCES = {"toy": "toy"}
PSNR = {"statistic": "difference", "metric": "psnr", "of": "deeptensor", "to": ["svd", "bm3d"]}
NO_CURVES = pd.DataFrame(columns=CURVE_COLUMNS)


def verdict(conditions, scores, **claim):
    rows = judge({"conditions": conditions, **claim}, scores, NO_CURVES, SOURCES)
    assert len({row["verdict"] for row in rows}) == 1
    return rows[0]["verdict"], [row["reason"] for row in rows]


def condition(**changes):
    return {"effect": "PSNR over the others [dB]", **PSNR, **changes}


def test_the_interval_is_that_of_scipys_t_test():
    numbers = pd.Series([1.0, 2.5, 2.0, 4.0])
    effect = effect_of(numbers)
    interval = stats.ttest_1samp(numbers, 0).confidence_interval(0.95)
    assert (effect.n, effect.mean) == (4, 2.375)
    assert (effect.low, effect.high) == pytest.approx((interval.low, interval.high))
    single = effect_of(numbers[:1])
    assert (single.n, single.mean) == (1, 1.0)
    assert np.isnan([single.sd, single.low, single.high]).all()


@pytest.mark.parametrize(
    ("test", "passing", "failing"),
    [
        ({"at_least": 2}, [2.0, 2.0], [2.0, 1.9]),
        ({"at_most": 2}, [2.0, 2.0], [2.0, 2.1]),
        ({"above": 0}, [1.0, -0.9], [1.0, -1.0]),
        ({"below": -0.8}, [-0.9, -0.8], [-0.8, -0.8]),
        ({"within": 1}, [-1.5, -0.5], [-1.5, -0.6]),
        # The standard error of (3, 1) is 1, its standard deviation the root of 2, and the mean 2.
        ({"above": 0.9, "beyond": "1 standard error"}, [3.0, 1.0], [2.8, 0.8]),
        ({"above": 0.5, "beyond": "1 standard deviation"}, [3.0, 1.0], [2.9, 0.9]),
        ({"below": -0.9, "beyond": "1 standard error"}, [-3.0, -1.0], [-2.8, -0.8]),
        ({"above": 0, "beyond": "2 standard errors"}, [3.0, 1.1], [3.0, 0.9]),
    ],
)
def test_each_test_passes_up_to_its_threshold_and_not_past_it(test, passing, failing):
    assert holds(test, effect_of(pd.Series(passing)))
    assert not holds(test, effect_of(pd.Series(failing)))


def test_one_unit_can_fail_by_itself_but_not_pass_beyond_a_standard_error():
    test = {"above": 0, "beyond": "2 standard errors"}
    assert not holds(test, effect_of(pd.Series([-1.0])))
    with pytest.raises(Missing, match="a single unit has no standard errors: run more seeds"):
        holds(test, effect_of(pd.Series([1.0])))


def test_an_undefined_effect_passes_no_test():
    undefined = effect_of(pd.Series([np.nan]))
    for test in ({"at_least": 0}, {"at_most": 0}, {"above": 0}, {"below": 0}, {"within": 1}):
        assert not holds(test, undefined)


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [((1, 1.5), "reproduced"), ((1, 1.6), "partly"), ((1.6, 1), "partly"), ((2, 9), "not reproduced")],
)
def test_the_verdict_counts_the_conditions_that_hold(scores, thresholds, expected):
    conditions = [condition(at_least=threshold) for threshold in thresholds]
    assert verdict(conditions, scores) == (expected, ["", ""])


@pytest.mark.parametrize(
    ("tests", "uncertain"),
    [
        # The mean is 1.5, and its interval goes from -4.85 to 7.85.
        ([{"at_least": 1}], True),
        ([{"at_least": 7.8}], True),
        ([{"at_least": -4.9}], False),
        ([{"at_least": 7.9}], False),
        ([{"above": -4.9, "beyond": "1 standard error"}], True),
        ([{"within": 8}], False),
        ([{"within": 1}], True),
        ([{"at_least": -4.9}, {"at_least": 7.9}], False),
        ([{"at_least": -4.9}, {"at_least": 7.9}, {"at_least": 1}], False),  # partly, whatever the third one is
        ([{"at_least": -4.9}, {"at_least": 1}], True),
    ],
)
def test_a_verdict_is_uncertain_where_another_mean_of_the_interval_gives_another(scores, tests, uncertain):
    conditions = [condition(**test) for test in tests]
    assert {row["uncertain"] for row in judge({"conditions": conditions}, scores, NO_CURVES, SOURCES)} == {uncertain}


def test_a_verdict_that_hangs_on_one_unit_is_uncertain(scores):
    one = scores[scores["seed"] == 0]
    for threshold in (-99, 99):
        [row] = judge({"conditions": [condition(at_least=threshold)]}, one, NO_CURVES, SOURCES)
        assert row["uncertain"]


def test_each_part_must_hold_for_itself(scores):
    both = pd.concat([scores, scores.assign(noise="poisson", value=scores["value"] - 9 * (scores["method"] == "svd"))])
    conditions = [condition(to=["svd"], each="noise", at_least=3)]
    rows = judge({"conditions": conditions}, both, NO_CURVES, SOURCES)
    assert [row["effect"].rpartition(", ")[2] for row in rows] == ["gaussian", "poisson"]
    assert [row["mean"] for row in rows] == [2.0, 11.0]
    assert {row["verdict"] for row in rows} == {"partly"}  # the mean of all, 6.5, would pass


def test_a_condition_that_cannot_be_judged_takes_the_verdict_from_those_that_can(scores):
    conditions = [condition(at_least=1), condition(to=["kdrsdl"], at_least=1)]
    name, reasons = verdict(conditions, scores)
    assert name == "not run"
    assert reasons == ["", "no run of the method 'kdrsdl'; there are: bm3d, deeptensor, svd"]


@pytest.mark.parametrize("status", ["failed", "skipped", "timeout", "nonfinite"])
@pytest.mark.parametrize("lost", ["deeptensor", "bm3d"])
def test_a_lost_run_on_either_side_is_the_reason_not_to_judge(scores, lost, status):
    at = (scores["method"] == lost) & (scores["seed"] == 1)
    scores.loc[at, ["value", "status", "message"]] = [np.nan, status, "out of luck"]
    name, [reason] = verdict([condition(at_least=-99)], scores)
    assert name == "not run"
    assert reason == f"{lost} on toy (cube), gaussian, seed 1: {status}: out of luck"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"noise": ["gaussian", "rician"]}, "no run has the noise 'rician'; there are: gaussian"),
        ({"dataset": ["pines*"]}, "no run has the dataset 'pines*'; there are: toy"),
        (
            {"metric": "ssim"},
            "deeptensor has no ssim of its returned iterate on some signals; it has: psnr of: returned",
        ),
        ({"of": "svd:average"}, "svd has no psnr of its average iterate on some signals; it has: psnr of: returned"),
        (
            {"statistic": "speed_up", "to": "svd"},
            "deeptensor kept no trace of its last iterate on toy, cube, gaussian, 0",
        ),
    ],
)
def test_what_a_condition_names_and_the_scores_lack_is_the_reason_not_to_judge(scores, changes, reason):
    asked = condition(at_least=-99) | changes
    if asked["statistic"] == "speed_up":
        del asked["metric"]
    assert verdict([asked], scores) == ("not run", [reason])


def test_methods_that_ran_on_different_signals_are_not_compared(scores):
    fewer = scores[(scores["method"] != "bm3d") | (scores["seed"] == 0)]
    assert verdict([condition(at_least=-99)], fewer) == (
        "not run",
        ["deeptensor and bm3d did not run on the same signals"],
    )


def test_filters_keep_what_they_name_alone(scores):
    both = pd.concat([scores, scores.assign(noise="poisson", value=scores["value"] ** 2)])
    [row] = judge({"conditions": [condition(noise=["gauss*"], at_least=1.5)]}, both, NO_CURVES, SOURCES)
    assert (row["n"], row["mean"], row["verdict"]) == (2, 1.5, "reproduced")


def test_a_verdict_is_on_other_data_unless_every_data_set_is_the_papers(scores):
    both = pd.concat([scores, scores.assign(dataset="stand_in")])
    sources = SOURCES | {"stand_in": "other"}
    for rows, own_data, expected in (
        (scores, ["toy"], False),
        (scores, [], True),
        (both, ["toy"], True),
        (both, ["toy", "other"], False),
    ):
        [row] = judge({"conditions": [condition(at_least=1)], "own_data": own_data}, rows, NO_CURVES, sources)
        assert row["other_data"] is expected


def test_the_strongest_other_method_is_no_control_no_oracle_no_deeptensor_and_lost_no_run(scores, table):
    rivals = table({"median": [31.0, 32.2], "median:oracle": [60.0, 60.0], "deeptensor_cp": [50.0, 50.0]})
    control = table({"clean": [70.0, 70.0]}, control=True)
    broken = table({"broken": [40.0, 40.0]})
    broken.loc[1, ["value", "status", "message"]] = [np.nan, "failed", "singular"]
    other = strongest_other(condition(), pd.concat([scores, rivals, control, broken], ignore_index=True))
    assert (other["other"], other["other_label"]) == ("median", "MEDIAN")
    assert other["other_difference"] == pytest.approx(32.5 - 31.6)


def test_the_strongest_other_method_is_by_the_claims_metric_on_the_claims_units(scores, table):
    elsewhere = table({"deeptensor": [30.0], "svd": [99.0], "bm3d": [1.0]}, noise="poisson")
    both = pd.concat([scores, elsewhere], ignore_index=True)
    assert strongest_other(condition(noise=["poisson"]), both)["other"] == "svd"
    low = table({"deeptensor": [3.0], "svd": [5.0], "bm3d": [4.0]}, metric="sam", higher_is_better=False)
    other = strongest_other(condition(metric="sam"), low)
    assert (other["other"], other["other_metric"], other["other_difference"]) == ("bm3d", "sam", -1.0)


def test_rivals_that_also_ran_elsewhere_are_compared_on_the_claims_units(table):
    scores = pd.concat(
        [
            table({"deeptensor": [30.0], "svd": [20.0], "bm3d": [25.0]}, item="rank-20"),
            table({"deeptensor": [28.0], "svd": [10.0], "bm3d": [27.0]}, item="rank-30"),
            table({"deeptensor": [5.0], "svd": [99.0], "bm3d": [6.0]}, item="rank-5"),
            table({"svd": [99.0], "bm3d": [1.0]}, item="face"),
        ],
        ignore_index=True,
    )
    asked = {"start": {"item": "rank-20"}, "end": {"item": "rank-30"}}
    other = strongest_other(condition(to="svd", **asked), scores)
    assert (other["other"], other["other_difference"]) == ("bm3d", 3.0)
    assert strongest_other(condition(), scores)["other"] == "svd"  # where rank 5 counts, too


def test_deeptensors_answer_beside_the_strongest_other_method_is_never_the_oracle(table):
    scores = table({"deeptensor": [32.0], "deeptensor:oracle": [39.0], "svd": [30.0]})
    assert strongest_other(condition(of="deeptensor:oracle"), scores)["other_difference"] == 2.0


def test_nothing_stands_beside_a_claim_without_scores_or_rivals(scores):
    for rows in (scores[scores["method"] == "deeptensor"], scores[scores["method"] != "deeptensor"]):
        assert strongest_other(condition(), rows)["other"] == ""


@pytest.fixture
def claims():
    claim = {"where": "Figure 9", "claim": "Better | by far.", "conditions": [condition(at_least=1)]}
    why = {"embedded": "Small networks.", "public": "Large networks."}
    return [
        {"id": "judged", "experiment": "fig9", "why": why, **claim},
        {"id": "unselected", "experiment": "fig10", **claim},
        {"id": "absent", "experiment": "fig11", **claim},
    ]


def test_only_claims_of_selected_experiments_are_judged(claims, scores):
    card = scorecard(claims, {"fig9": (scores, NO_CURVES)}, ["fig9", "fig10"], SOURCES, "embedded").set_index("id")
    assert card["verdict"].tolist() == ["reproduced", "not run", "not run"]
    assert card["reason"].tolist() == [
        "",
        "the experiment 'fig10' is not selected",
        "the config has no experiment 'fig11'; it has: fig10, fig9",
    ]
    assert card.loc["judged", ["n", "mean", "why", "test"]].tolist() == [2, 1.5, "Small networks.", "at least 1"]
    assert card["other_data"].tolist() == [True, False, False]


def test_a_text_of_another_profile_is_not_shown(claims, scores):
    card = scorecard(claims, {"fig9": (scores, NO_CURVES)}, ["fig9"], SOURCES, "smoke")
    assert card["why"].tolist() == ["", "", ""]


def test_the_markdown_table_has_a_row_a_claim_with_verdict_effect_and_a_sentence(claims, scores):
    card = scorecard(claims, {"fig9": (scores, NO_CURVES)}, ["fig9"], SOURCES, "embedded")
    lines = as_markdown(card).splitlines()
    assert len(lines) == 2 + 3
    assert {line.count("|") for line in lines} == {5}
    for text in (
        "Better &#124; by far",
        "**reproduced, on other data, uncertain**",
        "1.50 [-4.85, 7.85], 2 units",
        "Small networks. SVD is the strongest other method: DeepTensor's PSNR [dB] minus its is +2.00.",
    ):
        assert text in lines[2]
    assert "**not run** | - | the config has no experiment 'fig10'" in lines[3]


def test_the_shipped_claims_are_valid_and_name_data_sets_that_exist():
    claims = read_claims(ROOT / "config" / "claims.yaml")
    assert len(claims) >= 15
    files = {path.stem for path in (ROOT / "datasets").glob("*.py")}
    assert {name for claim in claims for name in claim.get("own_data", ())} <= files


def test_the_schema_knows_every_statistic_and_its_arguments():
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["$defs"]["condition"]
    assert set(schema["properties"]["statistic"]["enum"]) == set(STATISTICS)
    cases = {case["if"]["properties"]["statistic"]["const"]: case["then"] for case in schema["allOf"]}
    for name, function in STATISTICS.items():
        keywords = [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        assert set(cases[name]["properties"]) == {keyword.name for keyword in keywords}
        assert set(cases[name]["required"]) == {
            keyword.name for keyword in keywords if keyword.default is keyword.empty
        }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"statistic": "diference"},
            "judged, conditions.0.statistic. 'diference' is not one of ['difference', 'change'",
        ),
        ({"metric": "pnsr"}, "unknown metric 'pnsr'; there are: accuracy_linear"),
        ({"too": ["svd"]}, "'too' was unexpected"),
        ({"of": None}, "judged, conditions.0. 'of' is a required property"),
        ({"to": "svd"}, "conditions.0.to. 'svd' is not of type 'array'"),
        ({"of": "deeptensor:best"}, "'deeptensor:best' does not match"),
        ({"above": 0}, "has one test of: above, at_least, at_most, below, within; this has: above, at_least"),
        ({"at_least": None}, "this has: none"),
        ({"beyond": "2 standard errors"}, "'beyond' goes with 'above' or 'below', not with 'at_least'"),
        ({"beyond": "twice"}, "'twice' does not match"),
    ],
)
def test_a_wrong_claim_is_refused_with_the_reason(claims, tmp_path, changes, message):
    wrong = {key: value for key, value in (claims[0]["conditions"][0] | changes).items() if value is not None}
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump([claims[0] | {"conditions": [wrong]}]))
    with pytest.raises(ClaimError) as error:
        read_claims(path)
    assert message in str(error.value)
    assert str(error.value).startswith("claims.yaml, judged, ")


def test_two_claims_of_one_name_are_refused(claims, tmp_path):
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump([claims[0], claims[0]]))
    with pytest.raises(ClaimError, match="more than one claim is called judged"):
        read_claims(tmp_path / "claims.yaml")
