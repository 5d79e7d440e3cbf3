"""Minimises sum_observed (Y_ij - X_ij)^2 / 2 + lambda sum_i r(sigma_i(X)) for penalties r that spare large values.

Completes a matrix, of whose singular values sigma_i the penalty is

- `nuclear`: s, the convex one, solved by the same algorithm (soft-impute);
- `tnn`: s, but 0 for the first theta ones: the truncated nuclear norm;
- `capped`: min(s, theta), the capped l1 norm;
- `lsp`: log(1 + s / theta), the log-sum penalty, whose lambda is given by the slope lambda / theta at zero;
- `best`: that of the last three which predicts held-out entries best.

A step thresholds the singular values of X + P(Y - X), P the observed entries, by the proximal operator of r. As only
values above a threshold survive, a partial decomposition is enough: power iterations from the span of the last two
right factors. Products are with a sparse matrix and factors, so that a step costs |P| k + (m + n) k^2 for rank k.

Yao, Kwok, Wang and Liu, Large-scale low-rank matrix learning with nonconvex regularizers, IEEE Transactions on Pattern
Analysis and Machine Intelligence 41 (2019), DOI 10.1109/TPAMI.2018.2858249. Mazumder, Hastie and Tibshirani, Spectral
regularization algorithms for learning large incomplete matrices, Journal of Machine Learning Research 11 (2010), for
the nuclear norm.

Our choices, as the paper leaves its grid open. What `benchmark.algorithms.completion.offset` takes off the matrix is
added again. With s_1 the largest singular value of the observed entries, zeros elsewhere, lambda is s_1 / 2, then half
of the last, each fit from the last, up to the first without a new best error at held-out entries, or s_1 / 64. Theta is
1 and the rank that is told for `tnn`; 1, 0.3, 0.1 times s_1 for `capped`; 10, 1, 0.1 times s_1 for `lsp`, from the
penalty that is nearest to the nuclear norm up to the first without a new best error. The fits up to the best one are
then done again with all entries. Departures: one power iteration in place of three, as it starts from the last
iterates; lambda decays within a fit from that of the last fit, not from s_1; five random directions join the span, so
that the rank can grow; of any answer, that of the nuclear norm too, at most `largest_rank` terms are kept; the stop
looks at the objective of one iterate, where the authors' code takes the misfit of the last iterate and the penalty of
this one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.completion import entries_of, joined, offset, split
from benchmark.contract import Estimate, Problem, compose

LABEL = "FaNCL"
FAMILY = "matrix completion"
TASKS = {"complete"}
DEVICES = {"cpu"}

DECAY = 0.9
RATIO, STEPS = 1 / 2, 6
RANDOM = 5


class State(NamedTuple):
    """An iterate X = left right^T, m x k and n x k with orthonormal columns of `right`; the last `right`; Y - X."""

    left: np.ndarray
    right: np.ndarray
    previous: np.ndarray
    misfit: np.ndarray


@dataclass(frozen=True)
class Penalty:
    """A penalty: its proximal operator and its value for singular values, its thetas, and how these are meant.

    A theta of None is the rank that is told. `multiples` says that thetas are multiples of s_1, `sloped` that lambda is
    theta times what is given for it, `continued` that lambda decays within a fit, and `added` that theta decays with
    it, from theta + lambda.
    """

    prox: Callable[[np.ndarray, float, float], np.ndarray]
    value: Callable[[np.ndarray, float], float]
    thetas: tuple[float | None, ...]
    multiples: bool = True
    sloped: bool = False
    continued: bool = True
    added: bool = False


class Setting(NamedTuple):
    """A penalty with its lambda and theta."""

    penalty: Penalty
    weight: float
    theta: float


def prox_nuclear(values: np.ndarray, weight: float, theta: float) -> np.ndarray:
    """Return (s - lambda)_+."""
    return np.maximum(values - weight, 0)


def prox_tnn(values: np.ndarray, weight: float, theta: float) -> np.ndarray:
    """Return the first theta of the descending values as they are, the others soft-thresholded."""
    return np.where(np.arange(len(values)) < theta, values, np.maximum(values - weight, 0))


def prox_capped(values: np.ndarray, weight: float, theta: float) -> np.ndarray:
    """Return the better of max(s, theta) and min(theta, (s - lambda)_+)."""
    above, below = np.maximum(values, theta), np.minimum(theta, np.maximum(values - weight, 0))
    gain = ((below - values) ** 2 - (above - values) ** 2) / 2 + weight * (below - theta)
    return np.where(gain > 0, above, below)


def prox_lsp(values: np.ndarray, weight: float, theta: float) -> np.ndarray:
    """Return the larger root of x + lambda / (x + theta) = s where it is positive and better than zero, else zero."""
    square = (values + theta) ** 2 - 4 * weight
    root = np.maximum((values - theta + np.sqrt(np.maximum(square, 0))) / 2, 0)
    better = (root - values) ** 2 / 2 + weight * np.log1p(root / theta) < values**2 / 2
    return np.where((square >= 0) & better, root, 0)


PENALTIES = {
    "nuclear": Penalty(prox_nuclear, lambda values, theta: values.sum(), (1,), continued=False),
    "tnn": Penalty(prox_tnn, lambda values, theta: values[int(theta) :].sum(), (1, None), multiples=False),
    "capped": Penalty(prox_capped, lambda values, theta: np.minimum(values, theta).sum(), (1, 0.3, 0.1), added=True),
    "lsp": Penalty(
        prox_lsp, lambda values, theta: np.log1p(values / theta).sum(), (10, 1, 0.1), sloped=True, continued=False
    ),
}


class Found(NamedTuple):
    """The best fit of a search by its error at held-out entries, as the settings of the fits that led to it."""

    error: float
    path: tuple[Setting, ...]


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    penalty: Literal["nuclear", "tnn", "capped", "lsp", "best"] = "best",
    largest_rank: int = 40,
    power_iterations: int = 1,
    tolerance: float = 1e-4,
    iterations: int = 200,
) -> Estimate:
    """Return factors, what was taken off included; a fit ends where the objective falls by less than `tolerance`."""
    check_choices(solve, penalty=penalty)
    matrix, mask = entries_of(problem)
    names = ("tnn", "capped", "lsp") if penalty == "best" else (penalty,)
    most = min(largest_rank, *matrix.shape)
    sizes = {"largest_rank": most, "power_iterations": power_iterations}
    fitting = partial(fit, tolerance=tolerance, iterations=iterations, **sizes)
    fitted, held = split(mask)
    off = compose(offset(matrix, fitted))
    target, left_out = entries(matrix - off, fitted), entries(matrix - off, held)
    best = min(
        (search(PENALTIES[name], problem.rank, target, left_out, most, fitting) for name in names),
        key=lambda found: found.error,
    )
    off = offset(matrix, mask)
    target, total = entries(matrix - compose(off), mask), 0
    state, _ = beginning(target, most)
    for setting in best.path:
        state, done = fitting(target, setting, state)
        total += done
    return Estimate(factors=joined(off, (state.left, state.right)), iterations=total)


def entries(matrix: np.ndarray, mask: np.ndarray) -> sparse.csr_array:
    """Return the entries that a mask marks, zeros among them, as a sparse matrix."""
    places = mask.nonzero()
    return sparse.csr_array((matrix[places], places), shape=matrix.shape)


def search(
    penalty: Penalty,
    rank: int | None,
    target: sparse.csr_array,
    left_out: sparse.csr_array,
    largest_rank: int,
    fitting: Callable,
) -> Found:
    """Return the best fit to a target by the error at entries that were left out."""
    (start, largest), best = beginning(target, largest_rank), Found(np.inf, ())
    thetas = [rank if theta is None else theta for theta in penalty.thetas]
    for theta in filter(None, dict.fromkeys(thetas)):
        own = theta * largest if penalty.multiples else theta
        found = follow(penalty, own, largest, start, target, left_out, fitting)
        if found.error >= best.error:
            break
        best = found
    return best


def follow(
    penalty: Penalty,
    theta: float,
    largest: float,
    state: State,
    target: sparse.csr_array,
    left_out: sparse.csr_array,
    fitting: Callable,
) -> Found:
    """Return the best fit for one theta, of those along the path of lambda, which starts from `largest`."""
    scale, best = theta if penalty.sloped else 1.0, Found(np.inf, ())
    for step in range(1, STEPS + 1):
        setting = Setting(penalty, scale * largest * RATIO**step, theta)
        state, _ = fitting(target, setting, state)
        error = float(np.mean((at(places_of(left_out), state) - left_out.data) ** 2))
        if error >= best.error:
            break
        best = Found(error, (*best.path, setting))
    return best


def fit(
    target: sparse.csr_array,
    setting: Setting,
    start: State,
    *,
    tolerance: float,
    iterations: int,
    **sizes: int,
) -> tuple[State, int]:
    """Return the fit to the entries of a target, and the number of iterations; lambda decays from that before it.

    The fit ends once lambda is within a tenth of its end and the objective falls by less than `tolerance`.
    """
    start = start._replace(misfit=target.data - at(places_of(target), start))
    value, above = objective(setting, start), setting.weight / RATIO
    for done, state in enumerate(islice(steps(target, setting, start, above, **sizes), iterations), start=1):
        last, value = value, objective(setting, state)
        settled = not setting.penalty.continued or decayed(setting.weight, above, done) < 1.1 * setting.weight
        if settled and last - value <= tolerance * last:
            break
    return state, done


def decayed(weight: float, above: float, iteration: int) -> float:
    """Return lambda at an iteration on its way from `above`."""
    return weight + (above - weight) * DECAY**iteration


def steps(
    target: sparse.csr_array, setting: Setting, state: State, above: float, *, largest_rank: int, power_iterations: int
) -> Iterator[State]:
    """Yield iterates: the singular values of X + P(Y - X), of the leading directions, thresholded."""
    penalty, weight, theta = setting
    rng, places, residual = np.random.default_rng(0), places_of(target), target.copy()
    for iteration in count():
        current = decayed(weight, above, iteration) if penalty.continued else weight
        bound = theta + current * DECAY**iteration if penalty.added and above > weight else theta
        residual.data = state.misfit
        rows, basis = span(state, residual, largest_rank, power_iterations, rng)
        left, values, right = np.linalg.svd(rows.T, full_matrices=False)
        values = penalty.prox(values, current, bound)
        kept = np.flatnonzero(values > 0)[:largest_rank]
        moved = State(basis @ (left[:, kept] * values[kept]), right[kept].T, state.right, state.misfit)
        state = moved._replace(misfit=target.data - at(places, moved))
        yield state


def span(
    state: State, residual: sparse.csr_array, largest_rank: int, power_iterations: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return A^T Q, n x k, and an orthonormal Q, m x k, near the leading left singular vectors of A = X + residual.

    Power iterations start from the right factors of the last two iterates and random directions.
    """
    outside = state.previous - state.right @ (state.right.T @ state.previous)
    outside = outside[:, np.sum(outside**2, axis=0) > 1e-6]
    width = min(largest_rank + RANDOM, *residual.shape)
    directions, _ = np.linalg.qr(
        np.hstack([state.right, outside, rng.standard_normal((residual.shape[1], RANDOM))])[:, :width]
    )
    for _ in range(power_iterations):
        basis, _ = np.linalg.qr(state.left @ (state.right.T @ directions) + residual @ directions)
        rows = state.right @ (state.left.T @ basis) + residual.T @ basis
        directions, _ = np.linalg.qr(rows)
    return rows, basis


def objective(setting: Setting, state: State) -> float:
    """Return half the squared misfit and lambda times the penalty, both of one iterate."""
    values = np.sort(np.linalg.norm(state.left, axis=0))[::-1]
    return float(np.sum(state.misfit**2) / 2 + setting.weight * setting.penalty.value(values, setting.theta))


def beginning(target: sparse.csr_array, rank: int) -> tuple[State, float]:
    """Return zero as an iterate after the leading right singular vectors of a target, and its largest singular value.

    That is 1 for a target of zeros, which any penalty leaves as they are.
    """
    _, values, right = randomized_svd(target, rank, n_iter=4, random_state=0)
    none = tuple(np.zeros((size, 0)) for size in target.shape)
    return State(*none, right.T, target.data), float(values[0]) or 1.0


def places_of(target: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of the entries of a sparse matrix, in the order of its data."""
    return np.repeat(np.arange(target.shape[0]), np.diff(target.indptr)), target.indices


def at(places: tuple[np.ndarray, np.ndarray], state: State) -> np.ndarray:
    """Return the entries of X in some places."""
    rows, columns = places
    return np.einsum("ij,ij->i", state.left[rows], state.right[columns])
