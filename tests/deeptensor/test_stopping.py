"""Each stopping rule by its definition on made-up iterates, and by what it costs where the truth is known."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from deeptensor import (
    Discrepancy,
    Diverged,
    ExponentialVariance,
    HeldOut,
    LowestLoss,
    Model,
    Network,
    WindowedVariance,
    factorise,
    factorise_many,
    losses,
)
from deeptensor.losses import Evaluation, Misfit


def evaluation(prediction: np.ndarray, errors: np.ndarray | None = None) -> Evaluation:
    """Return the evaluation of predictions (B, N)."""
    tensors = [None if value is None else torch.as_tensor(value).float() for value in (prediction, errors)]
    return Evaluation(torch.zeros(len(prediction)), [], prediction=tensors[0], errors=tensors[1])


def scores(rule, predictions: np.ndarray, Y: np.ndarray, **misfit) -> np.ndarray:
    """Return the rule's scores (T, B) of a series of predictions (T, B, N) of the data (B, N)."""
    monitor = rule.start(Misfit(torch.as_tensor(Y).float(), "l2", 0.1, **misfit), 3, 1.0, seeds=range(len(Y)))
    return np.array([monitor(evaluation(prediction)).tolist() for prediction in predictions])


def test_windowed_variance_is_the_mean_variance_of_the_last_predictions():
    predictions = np.random.default_rng(0).random((12, 2, 30))
    actual = scores(WindowedVariance(window=5), predictions, predictions[0])
    assert np.isinf(actual[:4]).all()
    expected = [predictions[end - 5 : end].var(axis=0).mean(axis=1) for end in range(5, 13)]
    np.testing.assert_allclose(actual[4:], expected, rtol=1e-5)


def test_windowed_variance_stays_exact_where_predictions_hardly_change():
    predictions = 0.5 + 1e-4 * np.random.default_rng(0).standard_normal((2000, 1, 30))
    predictions = predictions.astype(np.float32)
    actual = scores(WindowedVariance(window=50), predictions, predictions[0])
    np.testing.assert_allclose(actual[-1], predictions[-50:].astype(float).var(axis=0).mean(), rtol=1e-4)


def test_exponential_variance_follows_its_recursion_after_the_burn_in():
    predictions = np.random.default_rng(0).random((9, 2, 30))
    actual = scores(ExponentialVariance(share=0.2, burn_in=3), predictions, predictions[0])
    mean, variance, expected = np.zeros((2, 30)), np.zeros(2), []
    for prediction in predictions:
        difference = prediction - mean
        mean = mean + 0.2 * difference
        variance = 0.8 * (variance + 0.2 * (difference**2).mean(axis=1))
        expected.append(variance)
    assert np.isinf(actual[:3]).all()
    np.testing.assert_allclose(actual[3:], expected[3:], rtol=1e-5)


@pytest.mark.parametrize("variance", [0.04, np.linspace(0.01, 0.1, 30)], ids=["a number", "an array"])
def test_discrepancy_is_the_excess_of_the_standardised_residual(variance):
    rng = np.random.default_rng(0)
    Y, predictions = rng.random((2, 30)), rng.random((4, 2, 30))
    expected = np.maximum((((Y - predictions) ** 2) / variance).mean(axis=2) - 1, 0)
    np.testing.assert_allclose(scores(Discrepancy(variance), predictions, Y), expected, rtol=1e-5)


def test_discrepancy_leaves_out_what_is_not_observed_and_knows_the_scale():
    rng = np.random.default_rng(0)
    Y, prediction = rng.random((2, 30)), rng.random((2, 30))
    weights = torch.tensor(rng.random((2, 30)) < 0.5).float()
    misfit = Misfit(torch.tensor(Y / 10).float(), "l2", 0.1, weights)
    actual = Discrepancy(0.02).start(misfit, 3, 10.0, (0, 1))(evaluation(prediction / 10))
    standardised = np.where(weights > 0, (Y - prediction) ** 2 / 0.02, np.nan)
    np.testing.assert_allclose(actual, np.maximum(np.nanmean(standardised, axis=1) - 1, 0), rtol=1e-4)


@pytest.mark.parametrize(
    "rule",
    [LowestLoss(), HeldOut(), HeldOut(refit=True), Discrepancy(0.01), WindowedVariance(3), ExponentialVariance(0.1, 3)],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_rule_works_whatever_form_the_loss_has(rule, weighted, monkeypatch):
    Y = np.random.default_rng(0).random((9, 7))
    weights = Y > 0.2 if weighted else None
    model = Model(2, network=Network(channels=4, scales=1))
    plain = factorise(Y, model, iterations=20, stopping=rule, weights=weights)
    monkeypatch.setattr(losses, "GRAM", 1)
    monkeypatch.setattr(losses, "GRAM_RATIO", 0)
    fit = factorise(Y, model, iterations=20, stopping=rule, weights=weights)
    np.testing.assert_allclose(fit.loss, plain.loss, rtol=1e-3)
    assert fit.decomposition.reconstruct().std() > 0


def test_something_is_left_to_fit_and_to_hold_out_however_few_the_data():
    for fraction in (0.01, 0.99):
        misfit = Misfit(torch.rand(1, 4), "l2", 0.1)
        HeldOut(fraction).start(misfit, 1, 1.0, (0,))
        assert 1 <= (misfit.weights > 0).sum() <= 3


def test_rules_watch_observed_data_alone():
    weights = torch.zeros(1, 10_000)
    weights[0, ::500] = 1
    misfit = Misfit(torch.ones(1, 10_000), "l2", 0.1, weights)
    score = Discrepancy(0.5).start(misfit, 900, 1.0, (0,))(evaluation(np.zeros((1, 10_000))))
    np.testing.assert_allclose(score, 1)


def test_held_out_entries_leave_the_fit_and_make_the_score():
    rng = np.random.default_rng(0)
    Y, errors = torch.tensor(rng.random((2, 400))).float(), rng.random((2, 400))
    weights = torch.tensor(rng.random((2, 400)) < 0.7).float()
    misfit = Misfit(Y, "l2", 0.1, weights.clone())
    score = HeldOut(fraction=0.1).start(misfit, 3, 1.0, (5, 6))(evaluation(Y.numpy(), errors))
    held = (weights > 0) & (misfit.weights == 0)
    assert held.sum(1).tolist() == (0.1 * weights.sum(1)).round().tolist()
    assert not torch.equal(held[0], held[1])
    np.testing.assert_allclose(score, [errors[b][held[b]].mean() for b in range(2)], rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HeldOut(fraction=0), "between 0 and 1, not 0"),
        (lambda: WindowedVariance(window=1), "window must be a whole number of at least 2, not 1"),
        (lambda: HeldOut(patience=0), "patience must be a whole number of at least 1, not 0"),
        (lambda: ExponentialVariance(share=5), "between 0 and 1, not 5"),
        (
            lambda: factorise(np.ones((4, 3)), Model(1), stopping=Discrepancy(np.ones((3, 4)))),
            r"shape \(3, 4\), the data",
        ),
        (lambda: factorise(np.eye(4), Model(1), stopping=Discrepancy(0)), "variance of the noise must be positive"),
        (lambda: factorise(np.eye(4), Model(1), stopping=Discrepancy(np.ones(3))), r"shape \(3,\), the data \(4, 4\)"),
        (
            lambda: factorise(np.eye(4), Model(1), stopping=HeldOut(), weights=np.eye(4) * [1, 0, 0, 0]),
            "two observed entries",
        ),
    ],
)
def test_rule_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_rule_that_never_scores_an_iterate_says_what_to_do():
    network = Network(channels=4, scales=1)
    with pytest.raises(Diverged, match=r"a score by WindowedVariance.*allow more iterations than 20"):
        factorise(np.eye(6), Model(2, network=network), stopping=WindowedVariance(), iterations=20)


@dataclass
class Replayed:
    """A rule whose scores are written down."""

    scores: tuple[float, ...]
    patience: int | None = None
    target: float | None = None
    reason = "as written"

    def start(self, misfit, rank, scale, seeds):
        """Return the monitor of the scores, of which the last one stays."""
        left = list(self.scores)
        return lambda evaluation: torch.full((1,), left.pop(0) if len(left) > 1 else left[0])


@pytest.mark.parametrize(
    ("rule", "best", "last"),
    [
        (Replayed((*6 * [np.inf], 3, 2, 1, 1), patience=4), 9, 13),  # infinite scores, of a burn-in, cost no patience
        (Replayed((3, 2, 5, 5, 1, 4), patience=3), 5, 8),  # a gain within the patience renews it
        (Replayed((3, 2, 5, 5, 5, 1), patience=3), 2, 5),  # and one after it comes too late
        (Replayed((3, 2, 0.5, 0.1), target=0.5), 3, 3),
    ],
    ids=["burn-in", "renewed", "too late", "target"],
)
def test_fit_ends_after_as_many_iterations_without_a_lower_score_as_the_patience_says_or_at_the_target(
    rule, best, last
):
    fit = factorise(np.eye(6), Model(2, network=Network(channels=4, scales=1)), stopping=rule, iterations=30)
    assert (fit.best_iteration, fit.stop.iteration, fit.stop.reason) == (best, last, "as written")


# A piecewise constant matrix of rank 6 with Gaussian noise, where a network that is fitted for long follows the noise.
SIGMA = 0.1
BUDGET = 500
SETTINGS = {"iterations": BUDGET, "learning_rate": 3e-3, "schedule": "fixed"}


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    U, V = (np.repeat(rng.standard_normal((6, 4)).cumsum(axis=0), 8, axis=0) for _ in range(2))
    clean = U @ V.T
    clean = (clean - clean.min()) / np.ptp(clean)
    return SimpleNamespace(
        clean=clean,
        noisy=clean + SIGMA * rng.standard_normal(clean.shape),
        model=Model(10, network=Network(channels=32, scales=4, perturbation=0)),
    )


def error_in_decibels(case, decomposition) -> float:
    return 10 * np.log10(np.mean((decomposition.reconstruct() - case.clean) ** 2))


@pytest.fixture(scope="module")
def full(case):
    return factorise(case.noisy, case.model, **SETTINGS)


# What each rule may cost here, in decibels, against the best of the snapshots of a fit over the whole budget. The
# variances stop on the first plateau: here that is before the best iterate.
RULES = {
    "discrepancy": (Discrepancy(SIGMA**2), 1.5),
    "held out": (HeldOut(0.1, patience=100), 2.0),
    "held out, refitted": (HeldOut(0.1, patience=100, refit=True), 2.0),
    "windowed variance": (WindowedVariance(20, patience=50), 3.6),
    "exponential variance": (ExponentialVariance(burn_in=30, patience=50), 3.6),
}


WORDS = {
    "discrepancy": "the noise level",
    "held out": "the held-out error",
    "held out, refitted": "fitted again on all data",
    "windowed variance": "the windowed variance",
    "exponential variance": "the exponential variance",
}


@pytest.mark.parametrize("name", RULES)
def test_rule_stops_early_and_close_to_the_best_iterate(name, case, full):
    rule, tolerance = RULES[name]
    fit = factorise(case.noisy, case.model, stopping=rule, **SETTINGS)
    oracle = min(error_in_decibels(case, snapshot.last) for snapshot in full.snapshots)
    returned = error_in_decibels(case, fit.decomposition)
    assert returned < oracle + tolerance
    # The paper's rule, the lowest training loss, costs more on this case.
    assert returned < error_in_decibels(case, full.decomposition) - 0.5
    assert fit.iterations == fit.stop.iteration < BUDGET
    assert fit.best_iteration <= fit.stop.iteration
    assert fit.snapshots[-1].iteration <= fit.stop.iteration
    assert WORDS[name] in fit.stop.reason


def test_lowest_loss_uses_the_whole_budget(full):
    assert full.stop.iteration == full.iterations == BUDGET
    assert full.stop.reason == f"the {BUDGET} iterations are done"


@pytest.mark.parametrize("rule", [Discrepancy(SIGMA**2), HeldOut(0.1, patience=60)], ids=str)
def test_problems_side_by_side_stop_as_they_do_alone(case, rule):
    rng = np.random.default_rng(1)
    noisy = [case.clean + sigma * rng.standard_normal(case.clean.shape) for sigma in (SIGMA, 2 * SIGMA)]
    settings = {"iterations": 150, "learning_rate": 3e-3, "stopping": rule}
    together = factorise_many(noisy, case.model, seeds=[3, 4], **settings)
    for Y, seed, fit in zip(noisy, (3, 4), together, strict=True):
        alone = factorise(Y, case.model, seed=seed, **settings)
        # Rounding errors grow over the iterations: the best one may be another.
        assert abs(fit.stop.iteration / alone.stop.iteration - 1) < 0.2
        assert fit.stop.reason == alone.stop.reason
        np.testing.assert_allclose(
            error_in_decibels(case, fit.decomposition), error_in_decibels(case, alone.decomposition), atol=0.3
        )
