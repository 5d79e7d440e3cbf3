"""The losses against their definitions, and the Gram form against the residual."""

from math import prod

import numpy as np
import pytest
import torch
from scipy.stats import poisson as poisson_distribution

from deeptensor import losses
from deeptensor.losses import Misfit, penalty, poisson
from deeptensor.operators import EntrySampling

SIZES = (7, 5, 4)


def factors_and_data(order: int = 3, positive: bool = False) -> tuple[list[torch.Tensor], torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    draw = torch.rand if positive else torch.randn
    kind = {"generator": generator, "dtype": torch.float64}
    factors = [draw(2, size, 3, **kind).requires_grad_() for size in SIZES[:order]]
    return factors, draw(2, *SIZES[:order], **kind)


def written_out(factors: list[torch.Tensor]) -> torch.Tensor:
    return torch.einsum({2: "zar,zbr->zab", 3: "zar,zbr,zcr->zabc"}[len(factors)], factors)


@pytest.mark.parametrize("order", [2, 3])
def test_gram_form_and_residual_agree_in_value_and_gradient(order, monkeypatch):
    factors, Y = factors_and_data(order)
    misfit = Misfit(Y, "l2", 0.1)
    residual = misfit(factors)
    monkeypatch.setattr(losses, "GRAM", 1)
    monkeypatch.setattr(losses, "GRAM_RATIO", 0)
    gram = misfit(factors)
    assert gram.errors is None
    assert residual.errors is not None
    one, two = gram.loss, residual.loss
    torch.testing.assert_close(one, two, rtol=1e-12, atol=0)
    for first, second in zip(
        torch.autograd.grad(one.sum(), factors), torch.autograd.grad(two.sum(), factors), strict=True
    ):
        torch.testing.assert_close(first, second, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", ["l1", "huber", "poisson", "weights", "operator"])
def test_what_is_no_plain_mean_square_is_never_taken_from_gram_matrices(case, monkeypatch):
    factors, Y = factors_and_data(positive=True)
    weights = torch.rand(Y.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sampling = EntrySampling(np.arange(prod(SIZES)).reshape(SIZES) % 3 == 0).to(torch.float64)
    loss = "l2" if case in ("weights", "operator") else case
    arguments = {"weights": {"weights": weights}, "operator": {"operator": sampling}}.get(case, {})
    data = sampling(Y) if case == "operator" else Y
    expected = Misfit(data, loss, 0.3, **arguments)(factors).loss
    monkeypatch.setattr(losses, "GRAM", 1)
    monkeypatch.setattr(losses, "GRAM_RATIO", 0)
    misfit = Misfit(data, loss, 0.3, **arguments)
    assert not misfit.by_gram(factors)
    torch.testing.assert_close(misfit(factors).loss, expected, rtol=0, atol=0)


def test_gram_form_in_single_precision_is_right_to_1e_6_of_the_energy(monkeypatch):
    monkeypatch.setattr(losses, "GRAM", 1)
    monkeypatch.setattr(losses, "GRAM_RATIO", 0)
    generator = torch.Generator().manual_seed(0)
    U, V = (torch.rand(1, size, 20, generator=generator) for size in (2000, 100))
    Y = U @ V.mT
    assert abs(Misfit(Y, "l2", 0.1)([U, V]).loss) < 1e-6 * Y.square().mean()


@pytest.mark.parametrize(
    ("loss", "definition"),
    [
        ("l1", lambda x, y: np.abs(x - y)),
        ("l2", lambda x, y: (x - y) ** 2),
        ("huber", lambda x, y: np.where(abs(x - y) < 0.3, (x - y) ** 2 / 2, 0.3 * (abs(x - y) - 0.15))),
        ("poisson", lambda x, y: x - y + y * np.log(y / x)),
    ],
)
def test_loss_is_the_weighted_mean_of_its_definition(loss, definition):
    factors, Y = factors_and_data(positive=True)
    weights = torch.rand(Y.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x, y, w = (value.detach().numpy() for value in (written_out(factors), Y, weights))
    plain = [definition(one, two).mean() for one, two in zip(x, y, strict=True)]
    weighted = [np.average(definition(one, two), weights=own) for one, two, own in zip(x, y, w, strict=True)]
    np.testing.assert_allclose(Misfit(Y, loss, 0.3)(factors).loss.detach(), plain, rtol=1e-12)
    np.testing.assert_allclose(Misfit(Y, loss, 0.3, weights)(factors).loss.detach(), weighted, rtol=1e-12)


def test_poisson_loss_is_the_negative_log_likelihood_up_to_a_constant():
    counts, means = np.array([0, 1, 4, 9]), np.array([[0.5, 2, 3, 7], [1, 1, 5, 12]])
    actual = poisson(torch.from_numpy(means), torch.from_numpy(counts.astype(float))).numpy()
    expected = -poisson_distribution.logpmf(counts, means)
    np.testing.assert_allclose(actual[0] - actual[1], expected[0] - expected[1], rtol=1e-12)


@pytest.mark.parametrize("count", [0.0, 1.0, 5.0])
def test_poisson_loss_is_convex_and_smooth_and_grows_where_the_prediction_is_negative(count):
    x = torch.linspace(-0.01, 0.01, 4001, dtype=torch.float64, requires_grad=True)
    value = poisson(x, torch.full_like(x, count))
    slope = torch.autograd.grad(value.sum(), x)[0]
    assert (slope.diff() >= -1e-12).all()
    assert slope.diff().max() < 2 * x.diff().max() * (count + 1e-3) / 1e-6
    assert slope[0] < 0
    assert value[0] > poisson(torch.tensor(max(count, 1e-3)), torch.tensor(count))


def test_entries_of_weight_zero_have_no_influence():
    factors, Y = factors_and_data()
    weights = (torch.rand(Y.shape, generator=torch.Generator().manual_seed(1)) < 0.5).double()
    other = torch.where(weights > 0, Y, 100.0)
    torch.testing.assert_close(
        Misfit(Y, "l1", 0.1, weights)(factors).loss, Misfit(other, "l1", 0.1, weights)(factors).loss
    )


def test_sampling_entries_is_weighting_them():
    factors, Y = factors_and_data()
    mask = torch.rand(Y.shape[1:], generator=torch.Generator().manual_seed(1)) < 0.5
    sampled = Misfit(Y[:, mask], "l2", 0.1, operator=EntrySampling(mask))(factors)
    weighted = Misfit(Y, "l2", 0.1, weights=mask.expand_as(Y))(factors)
    torch.testing.assert_close(sampled.loss, weighted.loss)


@pytest.mark.parametrize("by_gram", [False, True])
def test_predictions_are_entries_of_the_product(by_gram, monkeypatch):
    if by_gram:
        monkeypatch.setattr(losses, "GRAM", 1)
        monkeypatch.setattr(losses, "GRAM_RATIO", 0)
    factors, Y = factors_and_data()
    index = torch.tensor([0, 17, 139])
    predicted = Misfit(Y, "l2", 0.1)(factors).predicted(index)
    torch.testing.assert_close(predicted, written_out(factors).flatten(1)[:, index].detach())


def test_penalty_is_the_sum_over_the_factors_of_mean_magnitude_and_mean_square():
    factors = [torch.tensor([[[1.0, -3]]]), torch.tensor([[[2.0], [0]]])]
    torch.testing.assert_close(
        penalty(factors, l1=10, l2=1), torch.tensor([10 * (2 + 1) + (5 + 2)], dtype=torch.float32)
    )
    assert penalty(factors, 0, 0) == 0
