"""The statistics of the claims, on made-up scores whose effects are known by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.metrics import METRICS, Metric
from benchmark.report.claims import effect_of, holds
from benchmark.report.statistics import STATISTICS, Missing, narrowed
from benchmark.scoring import CURVE_COLUMNS

NO_CURVES = pd.DataFrame(columns=CURVE_COLUMNS)


def trace(levels, *, iterations=(1, 10, 100), seconds=(1.0, 2.0, 3.0), **names):
    place = {
        "dataset": "toy",
        "item": "cube",
        "noise": "gaussian",
        "method": "deeptensor",
        "seed": 0,
        "iterate": "last",
        "metric": "psnr",
    }
    columns = {"iteration": iterations, "seconds": seconds, "value": levels}
    return pd.DataFrame(columns).assign(**place | names)


def values(statistic, scores, curves=NO_CURVES, **arguments):
    return STATISTICS[statistic](scores, curves, **arguments).tolist()


def test_a_difference_is_to_the_best_of_the_others_on_each_unit(scores):
    assert values("difference", scores, metric="psnr", of="deeptensor", to=["svd", "bm3d"]) == [2.0, 1.0]
    assert values("difference", scores, metric="psnr", of="svd", to=["bm3d"]) == [1.0, -1.0]


def test_a_difference_takes_the_smallest_where_lower_is_better(table):
    scores = table({"deeptensor": [3.0], "svd": [5.0], "bm3d": [4.0]}, metric="sam", higher_is_better=False)
    assert values("difference", scores, metric="sam", of="deeptensor", to=["svd", "bm3d"]) == [-1.0]


def test_a_ratio_is_that_of_the_other_method_on_each_unit_and_infinite_over_nothing(table):
    scores = table({"fast": [2.0, 4.0, 0.0], "slow": [6.0, 2.0, 1.0]})
    assert values("ratio", scores, metric="psnr", of="fast", to="slow") == [3.0, 0.5, np.inf]


def test_a_ratio_of_times_is_that_of_the_seconds_of_the_runs_whatever_they_reached(table):
    scores = table({"fast": [30.0, 31.0], "slow": [1.0, 2.0]})
    scores["seconds"] = scores["method"].map({"fast": 0.5, "slow": 2.0}) * (1 + scores["seed"])
    more = scores.assign(metric="ssim")
    assert values("time_ratio", pd.concat([scores, more]), of="fast", to="slow") == [4.0, 4.0]
    scores.loc[0, ["status", "message"]] = "failed", "no memory"
    with pytest.raises(Missing, match=r"fast on toy .*: failed: no memory"):
        values("time_ratio", scores, of="fast", to="slow")


def test_units_are_paired_by_name_and_not_by_position(scores):
    shuffled = scores.iloc[::-1]
    assert values("difference", shuffled, metric="psnr", of="deeptensor", to=["svd", "bm3d"]) == [1.0, 2.0]


def test_a_method_is_judged_by_what_it_returned_unless_an_iterate_is_named(table):
    scores = table({"deeptensor": [32.0], "deeptensor:average": [34.0], "deeptensor:oracle": [39.0], "svd": [30.0]})
    for name, expected in {"deeptensor": 2, "deeptensor:average": 4, "deeptensor:oracle": 9}.items():
        assert values("difference", scores, metric="psnr", of=name, to=["svd"]) == [expected]


@pytest.fixture
def by_rank(table):
    """DeepTensor loses 1 and 3 dB from rank 2 to 8, SVD 4 and 6."""
    low = table({"deeptensor": [30.0, 31.0], "svd": [30.0, 30.0]}, item="rank-2")
    high = table({"deeptensor": [29.0, 28.0], "svd": [26.0, 24.0]}, item="rank-8")
    return pd.concat([low, high], ignore_index=True)


PLACES = {"start": {"item": "rank-2"}, "end": {"item": "rank-8"}}


def test_a_change_is_that_of_the_metric_or_of_the_difference(by_rank):
    assert values("change", by_rank, metric="psnr", of="deeptensor", **PLACES) == [-1.0, -3.0]
    assert values("change", by_rank, metric="psnr", of="deeptensor", to=["svd"], **PLACES) == [3.0, 3.0]


def test_a_place_with_a_wild_card_is_the_mean_over_what_it_names(by_rank):
    more = by_rank.assign(item=by_rank["item"] + "-b", value=by_rank["value"] + 2 * (by_rank["item"] == "rank-8"))
    places = {"start": {"item": "rank-2*"}, "end": {"item": "rank-8*"}}
    both = pd.concat([by_rank, more], ignore_index=True)
    assert values("change", both, metric="psnr", of="deeptensor", **places) == [0.0, -2.0]


def test_a_ratio_of_losses_is_infinite_where_the_other_loses_nothing(by_rank):
    assert values("loss_ratio", by_rank, metric="psnr", of="deeptensor", to="svd", **PLACES) == [0.25, 0.5]
    level = by_rank.assign(value=by_rank["value"].where(by_rank["method"] == "deeptensor", 30.0))
    assert values("loss_ratio", level, metric="psnr", of="deeptensor", to="svd", **PLACES) == [np.inf, np.inf]
    gained = by_rank.assign(value=by_rank["value"].where(by_rank["method"] == "deeptensor", [*6 * [30.0], 31.0, 33.0]))
    assert values("loss_ratio", gained, metric="psnr", of="deeptensor", to="svd", **PLACES) == [np.inf, np.inf]
    assert values("loss_ratio", by_rank.assign(metric="sam"), metric="sam", of="svd", to="deeptensor", **PLACES) == [
        np.inf,
        np.inf,
    ]
    turned = by_rank.assign(value=-by_rank["value"], metric="sam")
    assert values("loss_ratio", turned, metric="sam", of="deeptensor", to="svd", **PLACES) == [0.25, 0.5]
    assert not holds({"below": 0.33}, effect_of(pd.Series([np.inf, np.inf])))


def test_a_spread_is_the_largest_less_the_smallest_of_the_methods_on_each_unit(scores):
    assert values("spread", scores, metric="psnr", of=["deeptensor", "svd", "bm3d"]) == [3.0, 2.0]


def test_a_ratio_of_spreads_is_of_the_same_methods_by_two_metrics(table):
    methods = {"deeptensor": [1.0, 4.0], "svd": [3.0, 4.0], "bm3d": [2.0, 2.0]}
    before = table({name: [4 * own for own in values] for name, values in methods.items()}, metric="sam")
    after = table(methods, metric="ssim")
    arguments = {"metric": "ssim", "over": "sam", "of": ["deeptensor", "svd", "bm3d"]}
    assert values("spread_ratio", pd.concat([before, after]), **arguments) == [0.25, 0.25]
    level = pd.concat([before.assign(value=1.0), after])
    assert values("spread_ratio", level, **arguments) == [np.inf, np.inf]


def test_an_error_reduction_is_from_the_other_answer_and_read_between_snapshots_along_logarithms(table):
    methods = {"of": "deeptensor", "to": "constant"}
    scores = table({"deeptensor": [30.0], "constant": [15.0]})
    curves = trace([5, 25, 45])
    for after, factor in {1: 0.1, 10: 10, 100: 1000}.items():
        assert values("error_reduction", scores, curves, **methods, after=after) == pytest.approx([factor])
    between = values("error_reduction", scores, curves, **methods, after=31)
    assert between == pytest.approx([10 * 100 ** np.log10(3.1)])
    with pytest.raises(Missing, match="goes from iteration 1 to 100, not to 101"):
        values("error_reduction", scores, curves, **methods, after=101)


def test_a_speed_up_is_to_the_best_psnr_of_the_slow_method_and_none_where_the_fast_one_never_has_it(table):
    scores = table({"deeptensor": [30.0, 30.0], "slow": [30.0, 30.0]})
    slow = trace([20, 25, 24], seconds=(60, 120, 180), method="slow")
    fast = trace([22, 25, 27])
    curves = pd.concat([fast, slow, fast.assign(seed=1, value=24.9), slow.assign(seed=1)])
    assert values("speed_up", scores, curves, of="deeptensor", to="slow") == [60.0, 0.0]


def test_what_one_unit_lacks_is_missing_and_not_left_out(table):
    scores = table({"deeptensor": [30.0, 30.0], "slow": [30.0, 30.0]})
    more = table({"deeptensor": [0.9]}, metric="ssim")
    with pytest.raises(Missing, match="deeptensor has no ssim of its returned iterate on some signals"):
        values("difference", pd.concat([scores, more]), metric="ssim", of="deeptensor")
    fast = scores.drop(scores.index[(scores["method"] == "deeptensor") & (scores["seed"] == 1)])
    slow = trace([20, 25], method="slow", iterations=(1, 10), seconds=(1, 2))
    curves = pd.concat([trace([22, 25, 27]), slow, slow.assign(seed=1)])
    with pytest.raises(Missing, match="deeptensor and slow"):
        values("speed_up", fast, curves, of="deeptensor", to="slow")
    scores = pd.concat(
        [table({"deeptensor": [30.0]}, noise="weak"), table({"deeptensor": [30.0, 31.0]}, noise="strong")]
    )
    curves = pd.concat(
        [trace([1, 2, 1], noise=noise, seed=seed) for noise, seed in (("weak", 0), ("strong", 0), ("strong", 1))]
    )
    with pytest.raises(Missing, match="deeptensor did not run under every noise on the same signals"):
        values("rank_correlation", scores, curves, of="deeptensor", levels={"weak": 0.1, "strong": 0.3})


LEVELS = {"weak": 0.1, "middle": 0.2, "strong": 0.3}


@pytest.mark.parametrize("best", [(2, 1, 0), (0, 1, 2), (1, 2, 0), (1, 1, 0)])
def test_a_rank_correlation_is_spearmans_of_noise_and_best_iteration(table, best):
    scores = pd.concat([table({"deeptensor": [30.0]}, noise=noise) for noise in LEVELS])
    curves = pd.concat([trace(np.eye(3)[i], noise=noise) for noise, i in zip(LEVELS, best, strict=True)])
    expected = stats.spearmanr([1, 2, 3], best).statistic
    assert values("rank_correlation", scores, curves, of="deeptensor", levels=LEVELS) == pytest.approx([expected])


def test_a_rank_correlation_is_none_where_all_best_iterations_are_equal(table):
    scores = pd.concat([table({"deeptensor": [30.0]}, noise=noise) for noise in LEVELS])
    curves = pd.concat([trace([1, 2, 1], noise=noise) for noise in LEVELS])
    assert values("rank_correlation", scores, curves, of="deeptensor", levels=LEVELS) == [0.0]


def test_psnr_lost_past_the_best_iteration_is_compared_and_needs_the_trace_to_go_on(table):
    scores = table({"deeptensor": [30.0], "decoder": [30.0]})
    steep = trace([20, 28, 22])
    flat = trace([20, 25, 24], method="decoder")
    arguments = {"of": "decoder", "to": "deeptensor"}
    curves = pd.concat([steep, flat])
    assert values("lost_past_best", scores, curves, multiple=10, **arguments) == pytest.approx([1 - 6])
    # Half a decade past the best, half of it is lost.
    assert values("lost_past_best", scores, curves, multiple=10**0.5, **arguments) == pytest.approx([0.5 - 3])
    with pytest.raises(Missing, match="the trace of decoder goes from iteration 1 to 100, not to 300"):
        values("lost_past_best", scores, pd.concat([steep, flat.assign(value=[20, 25, 26])]), **arguments)


@pytest.fixture
def rmse(monkeypatch):
    """A measure of which less is better, and whose square is the squared error."""
    monkeypatch.setitem(METRICS, "rmse", Metric("RMSE", False, 3, 0.01, error=lambda value: value**2))
    return {"metric": "rmse", "higher_is_better": False}


def test_an_error_reduction_is_of_squared_errors_whatever_the_measure_of_the_curves(table, rmse):
    scores = table({"deeptensor": [0.1], "constant": [0.6]}, **rmse)
    curves = trace([0.9, 0.3, 0.2], metric="rmse")
    assert values("error_reduction", scores, curves, of="deeptensor", to="constant", after=10) == pytest.approx([4.0])


def test_an_error_reduction_needs_a_measure_that_tells_the_error(table):
    sam = {"metric": "sam", "higher_is_better": False}
    scores = table({"deeptensor": [3.0], "constant": [9.0]}, **sam)
    with pytest.raises(Missing, match="sam, by which the curves are, does not tell the squared error"):
        values("error_reduction", scores, trace([9, 5, 3], metric="sam"), of="deeptensor", to="constant", after=10)


def test_where_less_is_better_a_trace_is_best_where_it_is_lowest(table, rmse):
    scores = table({"deeptensor": [0.1], "slow": [0.1]}, **rmse)
    slow = trace([0.5, 0.2, 0.3], seconds=(60, 120, 180), method="slow", metric="rmse")
    fast = trace([0.4, 0.2, 0.6], metric="rmse")
    curves = pd.concat([fast, slow])
    assert values("speed_up", scores, curves, of="deeptensor", to="slow") == [60.0]
    never = pd.concat([fast.assign(value=0.25), slow])
    assert values("speed_up", scores, never, of="deeptensor", to="slow") == [0.0]
    lost = values("lost_past_best", scores, curves, of="deeptensor", to="slow", multiple=10)
    assert lost == pytest.approx([(0.6 - 0.2) - (0.3 - 0.2)])
    levels = {"weak": 0.1, "strong": 0.3}
    both = pd.concat([table({"deeptensor": [0.1]}, noise=noise, **rmse) for noise in levels])
    later = pd.concat([trace([3, 2, 1], noise="weak", metric="rmse"), trace([1, 2, 3], noise="strong", metric="rmse")])
    assert values("rank_correlation", both, later, of="deeptensor", levels=levels) == pytest.approx([-1.0])


def test_a_long_message_of_a_lost_run_is_shortened(scores):
    scores.loc[0, ["value", "status", "message"]] = [np.nan, "failed", "x" * 12_000]
    with pytest.raises(Missing) as missing:
        values("difference", scores, metric="psnr", of="deeptensor")
    assert len(str(missing.value)) < 450
    assert "the scores" in str(missing.value)


def test_a_filter_takes_patterns_and_leaves_out_what_is_marked(table):
    scores = pd.concat([table({"svd": [1.0]}, dataset=name) for name in ("cave_toy", "cave_cloth", "simu")])

    def passing(*patterns):
        return narrowed(scores, {"dataset": patterns})["dataset"].tolist()

    assert passing("!simu") == passing("cave_*") == ["cave_toy", "cave_cloth"]
    assert passing("cave_*", "!*_cloth") == ["cave_toy"]
    with pytest.raises(Missing, match="no run has the dataset 'pines'"):
        passing("pines", "!simu")
