"""Minimises ||A f(z) - y||^2 over the weights of a three-dimensional network f, A the projections, y the sinogram.

A skip network of three scales maps a fixed random volume z of 32 channels to the slices, H x W x S; its untrained
weights are fitted end to end, through the projections. Of a noisy volume itself, A is the identity. The estimate is the
iterate of lowest training loss.

Gong, Catana, Qi and Li, PET image reconstruction using deep image prior, IEEE Transactions on Medical Imaging 38
(2019), DOI 10.1109/TMI.2018.2888491.

Departures from the paper: it has the patient's MR image as input, a U-Net, a Poisson likelihood, and the alternating
direction method of multipliers; here it has the form in which the DeepTensor paper (arXiv 2204.03145) compares with it,
random input and a loss through the operator. What that leaves open is set as there for its own networks: Adam at 1e-3,
5000 iterations, the input perturbed by 1/30. Sides too short for three scales get fewer.
"""

from benchmark.contract import Estimate, Problem, Snapshot
from deeptensor import Model, Network, factorise

LABEL = "3-D deep image prior"
TASKS = {"tomography", "denoise"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 5000,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 32,
    scales: int = 3,
) -> Estimate:
    """Return the slices, of shape H x W x S, with a trace."""
    signal = problem.observed if problem.operator is None else problem.operator
    network = Network(
        channels=channels, scales=scales, input_channels=32, optimise_input=False, perturbation=perturbation
    )
    fit = factorise(
        problem.observed,
        # One group of axes makes the network's single output channel the model.
        Model(1, modes=(tuple(range(len(signal.shape))),), network=network),
        operator=problem.operator,
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
    trace = [
        Snapshot(s.iteration, s.seconds, s.loss, s.last.factors[0][..., 0], s.average.factors[0][..., 0])
        for s in fit.snapshots
    ]
    return Estimate(signal=fit.decomposition.reconstruct(), trace=trace, iterations=fit.iterations)
