"""The rule of the scorecard, on made-up scores whose effects are known by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.report.claims import effect_of, holds, is_firm, judge, scorecard, strongest_other
from benchmark.report.scorecard import as_markdown
from benchmark.report.statistics import Missing, with_best
from benchmark.scoring import CURVE_COLUMNS
from benchmark.settings import TESTS

PSNR = {"statistic": "difference", "metric": "psnr", "of": "deeptensor", "to": ["svd", "bm3d"]}
NO_CURVES = pd.DataFrame(columns=CURVE_COLUMNS)


@pytest.fixture
def judged(entry):
    """Return the rows of a claim with these conditions."""
    return lambda conditions, scores, **claim: judge({"conditions": conditions, **claim}, entry(), scores, NO_CURVES)


@pytest.fixture
def verdict(judged):
    """Return the verdict on conditions, and their reasons."""

    def told(conditions, scores):
        rows = judged(conditions, scores)
        assert len({row["verdict"] for row in rows}) == 1
        return rows[0]["verdict"], [row["reason"] for row in rows]

    return told


def condition(**changes):
    return {"effect": "PSNR over the others [dB]", **PSNR, **changes}


def test_the_interval_of_many_units_is_that_of_the_theory_and_of_few_ones_their_range():
    numbers = pd.Series(np.random.default_rng(3).normal(2, 1, 400))
    effect = effect_of(numbers)
    interval = stats.ttest_1samp(numbers, 0).confidence_interval(0.95)
    assert (effect.n, effect.mean) == (400, numbers.mean())
    assert (effect.low, effect.high) == pytest.approx((interval.low, interval.high), abs=0.01)
    assert vars(effect_of(pd.Series([1.0, 4.0]))) == pytest.approx(
        {"n": 2, "mean": 2.5, "sd": np.sqrt(4.5), "low": 1.0, "high": 4.0}
    )
    single = effect_of(numbers[:1])
    assert single.n == 1
    assert np.isnan([single.sd, single.low, single.high]).all()


def test_the_interval_never_leaves_the_values_that_there_can_be():
    effect = effect_of(pd.Series([-1.0, -1.0, -0.8, -0.6]))
    assert -1 <= effect.low < effect.mean < effect.high <= -0.6
    assert effect == effect_of(pd.Series([-1.0, -1.0, -0.8, -0.6]))


def test_a_difference_below_the_smallest_of_interest_supports_no_claim(judged, row):
    scores = pd.DataFrame(
        [
            row(method=name, seed=seed, value=30.0 + gain)
            for seed in (0, 1)
            for name, gain in (("deeptensor", 0.02), ("svd", 0.0))
        ]
    )
    asked = condition(to=["svd"], above=0)
    [own] = judged([asked], scores)
    assert (own["verdict"], own["test"]) == ("not reproduced", "above 0 by 0.1")
    assert own["mean"] == pytest.approx(0.02)
    [own] = judged([asked | {"smallest": 0.01}], scores)
    assert (own["verdict"], own["test"]) == ("reproduced", "above 0 by 0.01")
    [own] = judged([asked | {"beyond": "2 standard errors"}], scores.assign(value=scores["value"] * 10))
    assert (own["verdict"], own["test"]) == ("reproduced", "above 0 by 0.1 and 2 standard errors")


@pytest.mark.parametrize(
    ("test", "passing", "failing"), [("above", [0.3, 0.1], [0.2, 0.1]), ("below", [0.7, 0.9], [0.9, 0.8])]
)
def test_the_smallest_effect_is_past_the_threshold(test, passing, failing):
    asked = {test: 0.1 if test == "above" else 0.9, "smallest": 0.1 - 1e-12}
    assert holds(asked, effect_of(pd.Series(passing)))
    assert not holds(asked, effect_of(pd.Series(failing)))


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
def test_the_verdict_counts_the_conditions_that_hold(verdict, scores, thresholds, expected):
    conditions = [condition(at_least=threshold) for threshold in thresholds]
    assert verdict(conditions, scores) == (expected, ["", ""])


@pytest.mark.parametrize(
    ("tests", "uncertain"),
    [
        # Three times 1 and 2: the mean is 1.5, its standard error 0.22, and its interval goes from 1.17 to 1.83.
        ([{"at_least": 1.4}], True),
        ([{"at_least": 1.8}], True),
        ([{"at_least": 1.1}], False),
        ([{"at_least": 1.9}], False),
        ([{"above": 1, "beyond": "1 standard error"}], True),
        ([{"above": 0.9, "beyond": "1 standard error"}], False),
        ([{"within": 2}], False),
        ([{"within": 1.6}], True),
        ([{"at_least": 1.1}, {"at_least": 1.9}], False),
        ([{"at_least": 1.1}, {"at_least": 1.9}, {"at_least": 1.4}], False),  # partly, whatever the third one is
        ([{"at_least": 1.1}, {"at_least": 1.4}], True),
    ],
)
def test_a_verdict_is_uncertain_where_another_mean_of_the_interval_gives_another(judged, scores, tests, uncertain):
    conditions = [condition(**test) for test in tests]
    many = pd.concat(scores.assign(seed=scores["seed"] + shift) for shift in (0, 2, 4))
    assert {row["uncertain"] for row in judged(conditions, many)} == {uncertain}


def test_an_interval_with_means_within_the_band_and_on_both_sides_of_it_is_not_firm():
    across = effect_of(pd.Series([-4, -3, 2, 3, 4, 4.6]))
    assert across.low < -1
    assert across.mean > 1
    assert not is_firm({"within": 1}, across)
    assert is_firm({"within": 1}, effect_of(pd.Series([2, 3, 4, 4.6, 5])))


def test_a_verdict_that_hangs_on_few_units_is_uncertain(judged, scores):
    one = scores[scores["seed"] == 0]
    for number, uncertain in ((1, True), (4, True), (5, False)):
        some = pd.concat(one.assign(seed=seed) for seed in range(number))
        for threshold in (-99, 99):
            [row] = judged([condition(at_least=threshold)], some)
            assert (row["n"], row["uncertain"]) == (number, uncertain)


def test_each_part_must_hold_for_itself(judged, scores):
    both = pd.concat([scores, scores.assign(noise="poisson", value=scores["value"] - 9 * (scores["method"] == "svd"))])
    conditions = [condition(to=["svd"], each="noise", at_least=3)]
    rows = judged(conditions, both)
    assert [row["effect"].rpartition(", ")[2] for row in rows] == ["gaussian", "poisson"]
    assert [row["mean"] for row in rows] == [2.0, 11.0]
    assert {row["verdict"] for row in rows} == {"partly"}  # the mean of all, 6.5, would pass


def test_a_condition_that_cannot_be_judged_takes_the_verdict_from_those_that_can(verdict, scores):
    conditions = [condition(at_least=1), condition(to=["kdrsdl"], at_least=1)]
    name, reasons = verdict(conditions, scores)
    assert name == "not run"
    assert reasons == ["", "no run of the method 'kdrsdl'; there are: bm3d, deeptensor, svd"]


@pytest.mark.parametrize("status", ["failed", "skipped", "timeout", "nonfinite"])
@pytest.mark.parametrize("lost", ["deeptensor", "bm3d"])
def test_a_lost_run_on_either_side_is_the_reason_not_to_judge(verdict, scores, lost, status):
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
def test_what_a_condition_names_and_the_scores_lack_is_the_reason_not_to_judge(verdict, scores, changes, reason):
    asked = condition(at_least=-99) | changes
    if asked["statistic"] == "speed_up":
        del asked["metric"]
    assert verdict([asked], scores) == ("not run", [reason])


def test_methods_that_ran_on_different_signals_are_not_compared(verdict, scores):
    fewer = scores[(scores["method"] != "bm3d") | (scores["seed"] == 0)]
    assert verdict([condition(at_least=-99)], fewer) == (
        "not run",
        ["deeptensor and bm3d did not run on the same signals"],
    )


def test_filters_keep_what_they_name_alone(judged, scores):
    both = pd.concat([scores, scores.assign(noise="poisson", value=scores["value"] ** 2)])
    [row] = judged([condition(noise=["gauss*"], at_least=1.5)], both)
    assert (row["n"], row["mean"], row["verdict"]) == (2, 1.5, "reproduced")


def test_a_verdict_is_on_other_data_unless_every_data_set_is_from_a_file_of_the_source(entry, scores):
    both = pd.concat([scores, scores.assign(dataset="stand_in")])
    two = entry(data={"toy": {"file": "toy"}, "stand_in": {"file": "other"}})
    for rows, own_data, expected in (
        (scores, ["toy"], False),
        (scores, [], True),
        (both, ["toy"], True),
        (both, ["toy", "other"], False),
    ):
        [row] = judge({"conditions": [condition(at_least=1)], "own_data": own_data}, two, rows, NO_CURVES)
        assert row["other_data"] is expected


def test_the_strongest_other_method_is_no_control_no_oracle_no_subject_and_lost_no_run(entry, scores, table):
    rivals = table({"median": [31.0, 32.2], "median:oracle": [60.0, 60.0], "deeptensor_cp": [50.0, 50.0]})
    control = table({"clean": [70.0, 70.0]}, control=True)
    broken = table({"broken": [40.0, 40.0]})
    broken.loc[1, ["value", "status", "message"]] = [np.nan, "failed", "singular"]
    other = strongest_other(
        condition(),
        entry(subject=["deeptensor", "deeptensor_cp"]),
        pd.concat([scores, rivals, control, broken], ignore_index=True),
    )
    assert (other["other"], other["other_label"]) == ("median", "MEDIAN")
    assert other["other_difference"] == pytest.approx(32.5 - 31.6)


def test_the_strongest_other_method_is_by_the_claims_metric_on_the_claims_units(entry, scores, table):
    elsewhere = table({"deeptensor": [30.0], "svd": [99.0], "bm3d": [1.0]}, noise="poisson")
    both = pd.concat([scores, elsewhere], ignore_index=True)
    assert strongest_other(condition(noise=["poisson"]), entry(), both)["other"] == "svd"
    low = table({"deeptensor": [3.0], "svd": [5.0], "bm3d": [4.0]}, metric="sam", higher_is_better=False)
    other = strongest_other(condition(metric="sam"), entry(), low)
    assert (other["other"], other["other_metric"], other["other_difference"]) == ("bm3d", "sam", -1.0)


def test_rivals_that_also_ran_elsewhere_are_compared_on_the_claims_units(entry, table):
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
    other = strongest_other(condition(to="svd", **asked), entry(), scores)
    assert (other["other"], other["other_difference"]) == ("bm3d", 3.0)
    assert strongest_other(condition(), entry(), scores)["other"] == "svd"  # where rank 5 counts, too


def test_the_strongest_other_method_is_on_the_noise_of_the_levels_alone(entry, table):
    scores = pd.concat(
        [
            table({"deeptensor": [30.0], "svd": [29.0], "bm3d": [31.0]}, noise="weak"),
            table({"deeptensor": [20.0], "svd": [19.0], "bm3d": [24.0]}, noise="strong"),
            table({"deeptensor": [10.0], "svd": [99.0], "bm3d": [1.0]}, noise="extreme"),
        ],
        ignore_index=True,
    )
    asked = {"effect": "order", "statistic": "rank_correlation", "of": "deeptensor", "below": -0.8}
    other = strongest_other(asked | {"levels": {"weak": 0.1, "strong": 0.2}}, entry(), scores)
    assert (other["other"], other["other_difference"]) == ("bm3d", -2.5)


def test_the_answer_beside_the_strongest_other_method_is_never_the_oracle(entry, table):
    scores = table({"deeptensor": [32.0], "deeptensor:oracle": [39.0], "svd": [30.0]})
    for by_truth in ("oracle", "best"):
        assert strongest_other(condition(of=f"deeptensor:{by_truth}"), entry(), scores)["other_difference"] == 2.0


def test_this_suites_own_variant_is_no_opponent_of_a_source(entry, scores, table):
    variant = table({"deeptensor_taught": [60.0, 60.0]}, family="taught by the noise")
    both = pd.concat([scores, variant], ignore_index=True)
    assert strongest_other(condition(), entry(), both) == strongest_other(condition(), entry(), scores)


def test_the_best_iterate_is_of_those_that_a_method_passed_through_and_no_average(entry, row):
    scores = pd.DataFrame(
        [row(method=name, seed=0, value=value) for name, value in (("deeptensor", 30.0), ("svd", 31.0))]
    )
    points = [("last", 10, 33.5), ("last", 20, 30.0), ("average", 10, 32.0), ("average", 20, 36.0)]
    place = {column: scores[column].iloc[0] for column in ("dataset", "item", "noise", "seed")}
    curves = pd.DataFrame(
        [
            place | {"method": "deeptensor", "iterate": iterate, "iteration": when, "metric": "psnr", "value": value}
            for iterate, when, value in points
        ]
    )
    asked = condition(of="deeptensor:best", to=["svd"], above=0)
    [own] = judge({"conditions": [asked]}, entry(), with_best(scores, curves), curves)
    assert (own["verdict"], own["mean"]) == ("reproduced", 2.5)
    [own] = judge(
        {"conditions": [asked | {"of": "svd:best", "to": ["deeptensor"]}]}, entry(), with_best(scores, curves), curves
    )
    assert "svd has no psnr of its best iterate" in own["reason"]


def test_what_levels_of_noise_were_chosen_is_no_error_of_sampling(judged, row):
    gains = {"weak": [-11.0, -12.0, -10.0], "middle": [1.0, 1.5, 2.0], "strong": [22.0, 24.0, 26.0]}
    scores = pd.DataFrame(
        [
            row(method=name, noise=noise, seed=seed, value=50.0 + (name == "deeptensor") * gain)
            for noise, own in gains.items()
            for seed, gain in enumerate(own)
            for name in ("deeptensor", "svd")
        ]
    )
    asked = condition(to=["svd"], above=0, beyond="2 standard errors")
    [pooled] = judged([asked], scores)
    [averaged] = judged([asked | {"mean_over": "noise"}], scores)
    assert (pooled["n"], pooled["verdict"]) == (9, "not reproduced")
    assert (averaged["n"], averaged["verdict"], averaged["uncertain"]) == (3, "reproduced", True)
    assert (averaged["low"], averaged["mean"], averaged["high"]) == pytest.approx((4.0, 29 / 6, 6.0))
    assert "mean_over noise" in averaged["statistic"]


def test_nothing_stands_beside_a_claim_without_scores_or_rivals(entry, scores):
    for rows in (scores[scores["method"] == "deeptensor"], scores[scores["method"] != "deeptensor"]):
        assert strongest_other(condition(), entry(), rows)["other"] == ""


def test_the_strongest_other_method_is_by_the_primary_metric_where_the_condition_names_none(entry, table):
    low = table({"deeptensor": [3.0], "svd": [5.0], "bm3d": [4.0]}, metric="sam", higher_is_better=False)
    asked = {"effect": "speed", "statistic": "speed_up", "of": "deeptensor", "to": "svd"}
    other = strongest_other(asked, entry(metric="sam"), low)
    assert (other["other"], other["other_metric"], other["other_difference"]) == ("bm3d", "sam", -1.0)


def test_a_claim_on_another_method_than_the_subject_is_not_told_in_the_subjects_name(entry, scores):
    assert strongest_other(condition(), entry(), scores)["own_label"] == "DeepTensor"
    other = strongest_other(condition(of="svd"), entry(), scores)
    assert (other["own_label"], other["other"]) == ("SVD", "bm3d")
    assert strongest_other(condition(), entry(source=None), scores)["own_label"] == "DEEPTENSOR"


def claim(name="judged", **changes):
    known = {"id": name, "where": "", "claim": "Better | by far.", "conditions": [condition(at_least=1)], "why": {}}
    return known | changes


def card_of(scores, **entries):
    return scorecard(entries, dict.fromkeys(entries, (scores, NO_CURVES)))


def test_a_claim_is_judged_on_the_scores_of_its_experiment_and_told_with_place_and_source(entry, scores):
    other = {"id": "lecture", "title": "A lecture", "subject": None, "url": None, "code": None, "citation": "Roe."}
    card = card_of(
        scores,
        fig9=entry(claims=[claim(), claim("second", where="Section 4")]),
        lesson=entry(id="lesson", source=other, place="Lecture 3", claims=[claim("taught")]),
        silent=entry(id="silent"),
        own=entry(id="own", source=None, place="", claims=[claim("mine")]),
    ).set_index("id")
    assert card["experiment"].tolist() == ["fig9", "fig9", "lesson", "own"]
    assert card["source"].tolist() == ["A paper on <cubes>"] * 2 + ["A lecture", ""]
    assert card["where"].tolist() == ["Figure 9", "Section 4", "Lecture 3", "Denoising of <cubes>"]
    assert card["verdict"].tolist() == ["reproduced"] * 4
    assert card.loc["judged", ["n", "mean", "test"]].tolist() == [2, 1.5, "at least 1"]


def test_why_is_that_of_the_profile_or_of_all(entry, scores):
    own = {"embedded": "Small networks.", "*": "Networks."}
    for profile, why, expected in (
        ("embedded", own, "Small networks."),
        ("public-cpu", own, "Networks."),
        ("smoke", {"embedded": "Small networks."}, ""),
    ):
        card = card_of(scores, fig9=entry(claims=[claim(why=why)], profile=profile))
        assert card["why"].tolist() == [expected]


def test_the_markdown_table_has_a_row_a_claim_with_verdict_effect_and_a_sentence(entry, scores):
    missing = claim("missing", conditions=[condition(to=["kdrsdl"], at_least=1)])
    card = card_of(scores, fig9=entry(claims=[claim(why={"*": "Small networks."}), missing]))
    lines = as_markdown(card).splitlines()
    assert len(lines) == 2 + 2
    assert {line.count("|") for line in lines} == {5}
    for text in (
        "Figure 9: Better &#124; by far",
        "**reproduced, on other data, uncertain**",
        "1.50 [1.00, 2.00], 2 units",
        "Small networks. The strongest other method is SVD, 2.00 dB behind DeepTensor (PSNR).",
    ):
        assert text in lines[2]
    assert "**not run** | - | no run of the method 'kdrsdl'" in lines[3]


def test_the_markdown_of_two_sources_is_a_table_each_and_that_of_none_a_sentence(entry, bare, scores):
    own = bare(id="own", claims=[claim("mine")])
    text = as_markdown(card_of(scores, fig9=entry(claims=[claim()]), own=own))
    assert text.count("| claim | verdict |") == 2
    assert text.index("**A paper on <cubes>**") < text.index("Figure 9: ") < text.index("**Other experiments**")
    assert as_markdown(card_of(scores, fig9=entry())) == "No experiment that was run makes a claim.\n"


def test_the_tests_that_a_claim_may_have_are_those_of_the_settings():
    effect = effect_of(pd.Series([1.0, 2.0]))
    assert all(isinstance(holds({test: 1}, effect), bool) for test in TESTS)
