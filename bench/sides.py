"""The two sides of a case, which fit the same data: the plain reference and the library."""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import torch

from bench import reference
from bench.cases import Case, draw
from deeptensor.fit import Fit, factorise_many
from deeptensor.models import Model
from deeptensor.networks import Network
from deeptensor.operators import Radon
from deeptensor.presets import PAPER
from deeptensor.stopping import HeldOut, LowestLoss, Rule

Arrays = Sequence[np.ndarray]

# So patient that it never stops: the number of iterations must be the one asked for.
HELD_OUT = HeldOut(patience=10**9)


def by_reference(case: Case, Ys: Arrays, iterations: int, device: str) -> list[reference.Fit]:
    """Fit one array after the other by the reference, with the seeds 0, 1, ..."""
    measure = partial(reference.project, angles=case.projection_angles) if case.angles else None
    settings = {"channels": case.channels, "scales": case.scales_each, "perturbation": case.perturbation}
    return [
        reference.factorise(
            torch.from_numpy(Y).to(device),
            case.shape,
            case.modes,
            case.rank,
            iterations=iterations,
            measure=measure,
            seed=seed,
            **settings,
        )
        for seed, Y in enumerate(Ys)
    ]


def by_library(
    case: Case,
    Ys: Arrays,
    iterations: int,
    device: str,
    seeds: Sequence[int] | None = None,
    stopping: Rule = LowestLoss(),  # noqa: B008, it is frozen
) -> list[Fit]:
    """Fit all arrays at once by the library, with the seeds 0, 1, ... unless others are given."""
    network = Network(
        channels=case.channels, scales=case.scales, perturbation=case.perturbation, precision=case.precision
    )
    model = Model(rank=case.rank, modes=case.modes, network=network)
    operator = radon_of(case) if case.angles else None
    return factorise_many(
        Ys,
        model,
        operator=operator,
        stopping=stopping,
        iterations=iterations,
        learning_rate=PAPER["learning_rate"],
        schedule=PAPER["schedule"],
        seeds=seeds,
        device=device,
        progress=False,
    )


SIDES = {"reference": by_reference, "library": by_library, "library, held out": partial(by_library, stopping=HELD_OUT)}


@cache
def radon_of(case: Case) -> Radon:
    """Return the library's operator of a case."""
    return Radon(case.shape, case.projection_angles)


def observations(case: Case, number: int) -> list[np.ndarray]:
    """Return the data of the case's first realisations: noisy arrays, or the projections of noisy arrays."""
    noisy = [draw(case, seed)[1] for seed in range(number)]
    if not case.angles:
        return noisy
    return [reference.project(torch.from_numpy(Y), case.projection_angles).numpy() for Y in noisy]
