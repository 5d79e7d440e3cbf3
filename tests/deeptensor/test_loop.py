"""An iteration never makes the device wait for a value, and on a GPU gives what it gives on the CPU."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from deeptensor import (
    Discrepancy,
    ExponentialVariance,
    HeldOut,
    LowestLoss,
    Model,
    Network,
    WindowedVariance,
    factorise_many,
)
from deeptensor.loop import State, Task
from deeptensor.operators import CodedExposure, Radon, random_code

SHAPE = (9, 8, 6)
RULES = [LowestLoss(), HeldOut(), Discrepancy(0.1), WindowedVariance(3, 9), ExponentialVariance(0.1, 3)]
MODELS = [
    Model(3, network=Network(channels=4, scales=2)),
    Model((2, 3, 2), "tucker", network=Network("mlp", channels=4, input="positional")),
    Model(3, modes=((0,), (1,), (2,)), network=Network("decoder", 4, 2), activation="relu", weights=True),
]


def task(model=MODELS[0], rule=RULES[0], operator=None, device="cpu", loss="l2") -> Task:
    shape = SHAPE if operator is None else operator.measured
    data = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)).to(device)
    penalties, rate = (0.1, 0.1), (1e-3, "cosine")
    return Task(data, None, operator, SHAPE, 1.0, model, loss, 0.1, penalties, *rate, (0, 1), rule, 9, (9, 9))


class NoValueIsRead(TorchDispatchMode):
    """Raises where an operation must wait for the device: to read a value, or because its result has its size."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "equal")

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        assert name not in self.WAITING, f"{name} waits for the device"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.structure + model.network.kind)
def test_iteration_reads_no_value_from_the_device(model, rule):
    todo = task(model, rule)
    state = State(todo)
    state.advance(todo)  # the optimiser makes its state
    with NoValueIsRead():
        for _ in range(5):
            state.advance(todo)
    with pytest.raises(AssertionError, match="waits for the device"), NoValueIsRead():
        state.losses[0].sum().item()


@pytest.mark.parametrize("operator", [Radon(SHAPE, [0, 45]), CodedExposure(random_code(SHAPE, 3, 0), 3)], ids=repr)
@pytest.mark.parametrize("loss", ["l1", "huber", "poisson"])
def test_iteration_with_an_operator_reads_no_value_from_the_device(operator, loss):
    todo = task(operator=operator, loss=loss)
    state = State(todo)
    state.advance(todo)
    with NoValueIsRead():
        state.advance(todo)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.structure + model.network.kind)
def test_gpu_gives_the_iterates_of_the_cpu_and_is_not_waited_for(model):
    todo = task(model, HeldOut(), device="cuda")
    state = State(todo)
    state.advance(todo)
    torch.cuda.set_sync_debug_mode("error")
    try:
        state.advance(todo)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    quiet = Model(model.rank, model.structure, model.modes, Network(channels=4, scales=2, perturbation=0))
    Ys = np.random.default_rng(0).random((2, *SHAPE))
    on = {device: factorise_many(Ys, quiet, iterations=10, device=device) for device in ("cpu", "cuda")}
    for one, two in zip(on["cpu"], on["cuda"], strict=True):
        np.testing.assert_allclose(one.loss, two.loss, rtol=1e-3)
        assert isinstance(two.decomposition.factors[0], np.ndarray)
