"""Damped Gauss-Newton for multilinear decompositions of a compressed tensor, from several random starts.

The tensor is projected onto the leading singular vectors of its unfoldings, as many as the model has columns there: a
truncated higher-order SVD, which loses nothing of data that the model made. Levenberg-Marquardt with the gain rule of
Nielsen (IMM-REP-1999-05) fits the small core; limited-memory BFGS then polishes the best of the starts on the tensor
itself. Bro and Andersson, Improving the speed of multiway algorithms, Part II: Compression, Chemometrics and
Intelligent Laboratory Systems 42 (1998), DOI 10.1016/S0169-7439(98)00011-2; Sorber, Van Barel and De Lathauwer, SIAM
Journal on Optimization 23 (2013), DOI 10.1137/120868323.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmark.algorithms.multilinear import Factors, Multilinear, Watch, ignore, random_start

# Sums of squares, as shares of the target's, that are the rounding of double, and of single numbers, as problems are.
EXACT, ROUNDED = 1e-28, 1e-12
# The damping that a step starts with, and where it gives up, as shares of the largest diagonal entry of J^T J.
FIRST, LAST = 1e-3, 1e12
# Multiplications for J^T J from which on it is made without J.
LARGE = 3e7


def fit(
    model_of: Callable[[tuple[int, ...]], Multilinear],
    target: np.ndarray,
    rng: np.random.Generator,
    *,
    starts: int,
    ranks: Sequence[int | None],
    tied: bool = False,
    positive: Sequence[str] = (),
    mask: np.ndarray | None = None,
    watch: Watch = ignore,
) -> tuple[Multilinear, Factors]:
    """Return the model of a tensor and the factors that fit it best, of several starts.

    `model_of` makes the model of tensors of a shape; `ranks` are those of the compression, see `compressed`; the
    factors named `positive` start so. Entries of which a `mask` is False do not count: what is left cannot be
    compressed, and limited-memory BFGS does all the work. `watch` gets the factors and the objective at each start and
    after each step.
    """
    model = model_of(target.shape)
    if mask is None:
        core, bases = compressed(target, ranks, tied)
        small = model_of(core.shape)

        def lifted(factors: Factors, objective: float) -> None:
            watch(expanded(small, factors, bases), objective)

        factors = expanded(small, best_start(small, core, rng, starts, positive, lifted), bases)
        return model, polished(model, target, factors, watch=watch)
    return model, best_descent(model, target, rng, starts, 1000, positive, mask, watch)


def levenberg_marquardt(
    model: Multilinear,
    target: np.ndarray,
    start: Mapping[str, np.ndarray],
    tolerance: float = 1e-8,
    iterations: int = 200,
    held: Sequence[str] = (),
    watch: Watch = ignore,
) -> tuple[Factors, list[float]]:
    """Minimise the squared distance of a model to a target; return the factors and the objective after each step.

    It ends when a step lowers the objective by less than a share `tolerance`. The damping copes with the scales that
    the model leaves open, for which J^T J is singular. Factors that are `held` stay as they are.
    """
    vector, exact = model.vector(start), EXACT * np.sum(target**2)
    free = model.vector({name: np.full(shape, name not in held) for name, shape in model.shapes.items()})
    residual = model.value(start) - target
    objectives, damping, growth = [float(np.vdot(residual, residual))], None, 2.0
    watch(dict(start), objectives[0])
    for _ in range(iterations):
        if objectives[-1] <= exact:
            break
        hessian, gradient = _normal_equations(model, model.factors(vector), residual, free)
        largest = hessian.diagonal().max()
        damping = FIRST * largest if damping is None else damping
        while damping <= LAST * largest:
            try:
                step = -np.linalg.solve(hessian + damping * np.eye(len(gradient)), gradient)
            except np.linalg.LinAlgError:  # damping below the rounding of a singular matrix
                damping, growth = damping * growth, 2 * growth
                continue
            ahead = vector.copy()
            ahead[free] += step
            trial = model.value(model.factors(ahead)) - target
            objective = float(np.vdot(trial, trial))
            if objective < objectives[-1]:
                gain = (objectives[-1] - objective) / (step @ (damping * step - gradient))
                damping, growth = damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
                break
            damping, growth = damping * growth, 2 * growth
        else:
            break
        vector, residual = ahead, trial
        objectives.append(objective)
        watch(model.factors(vector), objective)
        if objectives[-2] - objective < tolerance * objectives[-2]:
            break
    return model.factors(vector), objectives


def _normal_equations(
    model: Multilinear, factors: Factors, residual: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return J^T J and J^T r of the free numbers for a residual r of the tensor's shape."""
    if residual.size * len(free) ** 2 < LARGE:
        jacobian = model.jacobian(factors)[:, free]
        return jacobian.T @ jacobian, jacobian.T @ residual.ravel()
    return model.gramian(factors)[np.ix_(free, free)], model.vector(model.gradient(factors, residual))[free]


def best_start(
    model: Multilinear,
    target: np.ndarray,
    rng: np.random.Generator,
    starts: int,
    positive: Sequence[str] = (),
    watch: Watch = ignore,
) -> Factors:
    """Return the best of fits from random starts; no more are made once one is exact."""
    best, least = {}, np.inf
    for _ in range(starts):
        start = random_start(model, target, rng, positive)
        factors, objectives = levenberg_marquardt(model, target, start, watch=watch)
        if objectives[-1] < least:
            best, least = factors, objectives[-1]
        if least <= ROUNDED * np.sum(target**2):
            break
    return best


def best_descent(
    model: Multilinear,
    target: np.ndarray,
    rng: np.random.Generator,
    starts: int,
    iterations: int,
    positive: Sequence[str] = (),
    mask: np.ndarray | None = None,
    watch: Watch = ignore,
) -> Factors:
    """Return the best of limited-memory BFGS from random starts, of the entries of a mask where there is one."""
    weight = 1.0 if mask is None else mask

    def objective(factors: Factors) -> float:
        return float(np.sum((weight * (model.value(factors) - target)) ** 2))

    fits = []
    for _ in range(starts):
        start = random_start(model, target, rng, positive)
        watch(start, objective(start))
        fits.append(polished(model, target, start, mask, iterations, watch))
    return min(fits, key=objective)


def polished(
    model: Multilinear,
    target: np.ndarray,
    factors: Mapping[str, np.ndarray],
    mask: np.ndarray | None = None,
    iterations: int = 100,
    watch: Watch = ignore,
) -> Factors:
    """Return factors after limited-memory BFGS on the squared distance, of the entries of a mask where there is one."""
    from scipy.optimize import minimize

    weight = 1.0 if mask is None else mask.astype(float)
    scale = np.sum((weight * target) ** 2)

    def objective(vector: np.ndarray) -> tuple[float, np.ndarray]:
        own = model.factors(vector)
        residual = weight * (model.value(own) - target)
        return np.sum(residual**2) / scale, model.vector(model.gradient(own, residual)) * (2 / scale)

    options = {"maxiter": iterations, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-12}

    def after(intermediate_result) -> None:  # SciPy goes by the name
        watch(model.factors(intermediate_result.x), intermediate_result.fun * scale)

    found = minimize(objective, model.vector(factors), jac=True, method="L-BFGS-B", options=options, callback=after)
    return model.factors(found.x)


def leading(matrices: Sequence[np.ndarray], rank: int) -> np.ndarray:
    """Return the leading left singular vectors of matrices side by side, n x rank."""
    square = sum(matrix @ matrix.T for matrix in matrices)
    return np.linalg.eigh(square)[1][:, ::-1][:, :rank]


def compressed(
    tensor: np.ndarray, ranks: Sequence[int | None], tied: bool = False
) -> tuple[np.ndarray, list[np.ndarray | None]]:
    """Return a tensor projected along its axes, and the orthonormal basis of each, n x rank, or None.

    Axes whose rank is None, or no less than their length, stay as they are. Where the first two are `tied`, they have
    one basis.
    """
    unfoldings = [np.moveaxis(tensor, axis, 0).reshape(size, -1) for axis, size in enumerate(tensor.shape)]
    bases: list[np.ndarray | None] = []
    for axis, (rank, size) in enumerate(zip(ranks, tensor.shape, strict=True)):
        if rank is None or rank >= size:
            bases.append(None)
        elif tied and axis == 1:
            bases.append(bases[0])
        else:
            bases.append(leading(unfoldings[:2] if tied and axis == 0 else [unfoldings[axis]], rank))
    core = tensor
    for axis, basis in enumerate(bases):
        if basis is not None:
            core = np.moveaxis(np.tensordot(basis, core, axes=(0, axis)), 0, axis)
    return core, bases


def expanded(model: Multilinear, factors: Mapping[str, np.ndarray], bases: Sequence[np.ndarray | None]) -> Factors:
    """Return the factors of a tensor from those of its compression, whose model has other shapes."""
    found = {}
    for subscripts, names in model.terms:
        inputs, output = subscripts.split("->")[0].split(","), subscripts.split("->")[1]
        for own, name in zip(inputs, names, strict=True):
            basis = bases[output.index(own[0])] if own[0] in output else None
            found[name] = factors[name] if basis is None else np.tensordot(basis, factors[name], axes=1)
    return found
