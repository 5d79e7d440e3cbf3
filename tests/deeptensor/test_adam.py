"""Adam beside PyTorch's own, and what it does not import."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from deeptensor.adam import Adam

RATES = (0.1, 0.03, 0.2, 0.01)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.Sigmoid(), nn.Conv2d(3, 1, 1))


def loss_of(student: nn.Module) -> torch.Tensor:
    image = torch.linspace(-1, 1, 2 * 5 * 6).reshape(1, 2, 5, 6)
    # A mean spreads one gradient without copying it, and the transpose hands it on in another order.
    return student(image).mT.square().mean() + student[0].bias.mean()


def taken(student: nn.Module, optimiser: Adam, rates: tuple[float, ...]) -> list[torch.Tensor]:
    for rate in rates:
        optimiser.step(loss_of(student), rate)
    return [own.detach().clone() for own in student.parameters()]


def test_steps_are_those_of_pytorch():
    student, other = network(), network()
    theirs = torch.optim.Adam(other.parameters(), fused=True)
    for rate in RATES:
        theirs.param_groups[0]["lr"] = rate
        theirs.zero_grad()
        loss_of(other).backward()
        theirs.step()
    ours = taken(student, Adam(student.parameters()), RATES)
    start = list(network().parameters())
    for mine, expected, first in zip(ours, other.parameters(), start, strict=True):
        assert torch.equal(mine, expected)
        assert not torch.equal(mine, first)


def test_first_step_is_the_rate_against_the_sign_of_the_gradient():
    value = nn.Parameter(torch.tensor([3.0, -2.0]))
    Adam([value]).step((value * torch.tensor([5.0, 0.01])).sum(), 0.5)
    torch.testing.assert_close(value.detach(), torch.tensor([2.5, -2.5]))


def test_parameter_that_needs_no_gradient_stays():
    student = network()
    student[0].weight.requires_grad_(False)
    before = student[0].weight.clone()
    taken(student, Adam(student.parameters()), RATES)
    assert torch.equal(student[0].weight, before)


def test_restored_state_goes_on_as_if_nothing_had_been_between():
    student = network()
    whole = taken(student, Adam(student.parameters()), RATES)
    student = network()
    half = Adam(student.parameters())
    taken(student, half, RATES[:2])
    other = Adam(student.parameters())
    other.restore(half.state())
    parts = taken(student, other, RATES[2:])
    assert all(torch.equal(one, two) for one, two in zip(whole, parts, strict=True))


@pytest.mark.parametrize("shapes", [[], [(3, 1)], [(3, 4), (2,)]])
def test_state_of_other_parameters_is_refused(shapes):
    own = Adam([nn.Parameter(torch.zeros(3, 4))])
    other = Adam([nn.Parameter(torch.zeros(shape)) for shape in shapes])
    with pytest.raises(ValueError, match=r"other parameters|argument"):
        own.restore(other.state())
    with pytest.raises(KeyError):
        own.restore({})


def test_fit_does_not_import_the_compiler_of_pytorch():
    program = (
        "import sys, numpy, deeptensor\n"
        "deeptensor.svd(numpy.eye(6), 2, iterations=2)\n"
        "assert 'torch' in sys.modules and 'torch._dynamo' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
