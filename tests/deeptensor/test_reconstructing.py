"""Reconstructions corrected by what hidden measurements teach: an unbiased loss, and better than their start."""

import numpy as np
import pytest
import torch

from deeptensor import lessons, reconstruct, reconstructing
from deeptensor.operators import Radon

SIZE, ANGLES, SIGMA = 24, 16, 0.3
OPERATOR = Radon((SIZE, SIZE), np.linspace(0, 180, ANGLES, endpoint=False))
MATRIX = np.stack([OPERATOR(image).ravel() for image in np.eye(SIZE * SIZE).reshape(-1, SIZE, SIZE)], axis=1)
QUICK = {"parts": 4, "channels": 16, "scales": 2, "iterations": 200, "progress": False, "device": "cpu"}


def discs(slices: int = 3) -> np.ndarray:
    """Return a stack of a disc with a hole that grows from slice to slice."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    distance = np.hypot(rows - 11, columns - 13)
    return np.stack([(distance < 9) * 1.0 - 0.6 * (distance < 3 + number) for number in range(slices)], axis=-1)


def project(signal: np.ndarray) -> np.ndarray:
    """Return the projections (angles, W, B) of a stack."""
    return (MATRIX @ signal.reshape(-1, signal.shape[-1])).reshape(ANGLES, SIZE, -1)


def noisy(seed: int = 0, sigma: float = SIGMA) -> np.ndarray:
    """Return projections of the discs with noise."""
    clean = project(discs())
    return clean + sigma * np.random.default_rng(seed).standard_normal(clean.shape)


def solver(kept: np.ndarray, penalty: float) -> np.ndarray:
    """Return the matrix from the measurements kept, of one slice, to x that minimises |A x - y|^2 + penalty |x|^2."""
    A = MATRIX[kept.reshape(ANGLES * SIZE, -1)[:, 0]]
    return np.linalg.solve(A.T @ A + penalty * np.eye(SIZE * SIZE), A.T)


def ridge(Y: np.ndarray, penalties: tuple[float, ...] = (3.0, 30.0)):
    """Return the start that has a volume of least squares for each penalty."""

    def start(kept: np.ndarray) -> np.ndarray:
        kept = np.asarray(kept)
        y = np.asarray(Y)[kept].reshape(-1, *np.shape(Y)[2:])
        volumes = np.stack([solver(kept, penalty) @ y for penalty in penalties])
        return volumes.reshape(-1, SIZE, SIZE, *np.shape(Y)[2:])

    return start


def error(estimate: np.ndarray) -> float:
    """Return the mean square error."""
    return np.mean((estimate - discs()) ** 2)


@pytest.fixture(scope="module")
def found():
    return reconstruct(noisy(), OPERATOR, ridge(noisy()), **QUICK)


def excess_of_the_loss(shared: bool) -> np.ndarray:
    """Return by how much the loss exceeds the true error of the hidden projections, in each of many draws of noise.

    All noise is drawn anew; `shared` noise is of the signal, before the projections. The network is a fixed one.
    """
    rng, clean, excesses = np.random.default_rng(0), project(discs()), []
    kept = np.ones(clean.shape, bool)
    kept[1::4] = False
    solvers = np.stack([solver(kept, penalty) for penalty in (3.0, 30.0)])
    for _ in range(300):
        noise = rng.standard_normal((discs() if shared else clean).shape)
        Y = project(discs() + SIGMA * noise) if shared else clean + SIGMA * noise
        starts = (solvers @ Y[kept].reshape(-1, 3)).reshape(1, 2, SIZE, SIZE, 3)
        starts = torch.from_numpy(starts).float().movedim(-1, 2).expand(2, -1, -1, -1, -1)
        corrector = reconstructing._Corrector(starts, 8, 1)
        corrector.unit = 0.2
        corrector.network.initialise(torch.Generator().manual_seed(0))
        with torch.no_grad():
            guess = corrector.guess(1, 2, 3)
        losses = [
            reconstructing._Hidden(torch.from_numpy(y).float().movedim(-1, 0), OPERATOR, 4).error(guess, 1, 2)
            for y in (Y, clean)
        ]
        excesses.append((losses[0] - losses[1]).item())
    return np.array(excesses)


def test_the_loss_is_the_error_of_the_hidden_projections_and_the_variance_of_their_noise():
    excesses = excess_of_the_loss(shared=False)
    standard_error = excesses.std(ddof=1) / len(excesses) ** 0.5
    assert standard_error < 0.05 * SIGMA**2
    assert abs(excesses.mean() - SIGMA**2) < 3 * standard_error


def test_noise_that_the_projections_share_biases_the_loss():
    excesses = excess_of_the_loss(shared=True)
    variance = SIGMA**2 * np.mean((MATRIX**2).sum(1).reshape(ANGLES, SIZE)[1::4])
    assert excesses.mean() < variance - 10 * excesses.std(ddof=1) / len(excesses) ** 0.5


def test_each_measurement_is_hidden_from_one_start_and_a_start_sees_no_hidden_one():
    Y, masks = noisy(), []

    def start(kept: np.ndarray) -> np.ndarray:
        masks.append(kept)
        return ridge(np.where(kept, Y, np.nan))(kept)

    found = reconstruct(Y, OPERATOR, start, **QUICK | {"iterations": 2})
    assert np.isfinite(found.signal).all()
    np.testing.assert_array_equal(np.sum(~np.array(masks), axis=0), 1)
    for part, kept in enumerate(masks):
        np.testing.assert_array_equal(np.flatnonzero(~kept.any((1, 2))), np.arange(part, ANGLES, 4))


def test_it_is_better_than_what_it_starts_from(found):
    starts = [ridge(noisy())(np.arange(ANGLES)[:, None, None] % 4 != part + 0 * noisy())[0] for part in range(4)]
    assert error(found.signal) < 0.85 * error(np.mean(starts, axis=0))
    assert found.misfit < 0.8 * found.start_misfit


def test_what_is_right_already_stays():
    exact = ridge(noisy(sigma=0), (1e-6, 1e-5))
    assert error(exact(np.ones(noisy().shape, bool))[0]) < 0.02
    clean = discs()
    found = reconstruct(project(clean), OPERATOR, lambda kept: np.stack([clean, 0.9 * clean]), **QUICK)
    np.testing.assert_allclose(found.signal, clean, atol=1e-3)
    assert found.start_misfit < 1e-10


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_the_units_do_not_matter(scale, found):
    Y = scale * noisy()
    answer = reconstruct(Y, OPERATOR, lambda kept: scale * ridge(noisy())(kept), **QUICK)
    np.testing.assert_allclose(answer.signal / scale, found.signal, atol=1e-3)


def test_the_seed_decides_and_the_kind_of_array_does_not():
    Y, short = noisy()[..., 0], QUICK | {"iterations": 5}
    first = reconstruct(Y, OPERATOR, ridge(Y), seed=3, **short).signal
    assert first.shape == (SIZE, SIZE)
    assert not np.array_equal(first, reconstruct(Y, OPERATOR, ridge(Y), seed=4, **short).signal)
    stack = reconstruct(Y[..., None], OPERATOR, ridge(Y[..., None]), seed=3, **short).signal
    np.testing.assert_array_equal(stack[..., 0], first)

    def start(kept: torch.Tensor) -> torch.Tensor:
        assert kept.dtype == torch.bool
        return torch.from_numpy(ridge(Y)(kept))

    tensor = reconstruct(torch.tensor(Y), OPERATOR, start, seed=3, **short).signal
    assert tensor.dtype == torch.float64
    np.testing.assert_array_equal(tensor, first)


def test_an_interrupted_call_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    path, short, Y, guesses = tmp_path / "state", QUICK | {"iterations": 10}, noisy(), []
    guess = reconstructing._Corrector.guess

    def interrupted(*arguments):
        guesses.append(arguments)
        if len(guesses) == 6:
            raise KeyboardInterrupt
        return guess(*arguments)

    monkeypatch.setattr(lessons, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(reconstructing._Corrector, "guess", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reconstruct(Y, OPERATOR, ridge(Y), checkpoint=path, **short)
    with pytest.raises(ValueError, match="of another fit"):
        reconstruct(Y, OPERATOR, ridge(Y), checkpoint=path, **short | {"seed": 1})
    answer = reconstruct(Y, OPERATOR, ridge(Y), checkpoint=path, **short)
    assert len(guesses) == 6 + 5 + 4 * 3 * 8
    assert not path.exists()
    monkeypatch.undo()
    np.testing.assert_array_equal(answer.signal, reconstruct(Y, OPERATOR, ridge(Y), **short).signal)


@pytest.mark.parametrize(
    ("Y", "operator", "start", "settings", "message"),
    [
        (noisy()[1:], OPERATOR, ridge(noisy()), {}, r"Y must have the shape \(16, 24\)"),
        (noisy()[..., None], OPERATOR, ridge(noisy()), {}, "or .* for B images"),
        (noisy() * np.nan, OPERATOR, ridge(noisy()), {}, "not finite"),
        (noisy(), Radon((SIZE, SIZE, 3), range(16)), ridge(noisy()), {}, "of single images"),
        (noisy(), MATRIX, ridge(noisy()), {}, "operator must be"),
        (noisy(), OPERATOR, noisy(), {}, "start must be a function"),
        (noisy(), OPERATOR, lambda kept: discs(), {}, r"start must return reconstructions \(F, 24, 24, 3\)"),
        (noisy(), OPERATOR, lambda kept: np.stack([discs()] * (1 + kept[0, 0, 0])), {}, r"same number F .* \[1, 2\]"),
        (noisy(), OPERATOR, lambda kept: np.nan * discs()[None], {}, "not finite"),
        (noisy(), OPERATOR, ridge(noisy()), {"parts": 1}, "parts must be"),
        (noisy(), OPERATOR, ridge(noisy()), {"parts": 17}, "at most 16"),
        (noisy(), OPERATOR, ridge(noisy()), {"iterations": 0}, "iterations must be"),
        (noisy(), OPERATOR, ridge(noisy()), {"checkpoint": "no/such/folder/file"}, "does not exist"),
    ],
)
def test_what_makes_no_sense_is_refused(Y, operator, start, settings, message):
    with pytest.raises(ValueError, match=message):
        reconstruct(Y, operator, start, **QUICK | settings)
