"""Prices of several products at once, in the unit ball, whose demands are linear in them and are learnt by asking.

Demands q = c - B p of products at prices p; the revenue p . q of a round is what a seller is after.
"""

from collections.abc import Callable

import numpy as np

from benchmark.contract import Estimate, Problem

Rng = np.random.Generator
# From the demands of a round to a basis, N x d.
Learn = Callable[[np.ndarray], np.ndarray]
HALVINGS = 60


def best_price(c: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return the price (N,) in the unit ball of the largest revenue p . (c - B p), of any B (N x N).

    p = (2 S + m I)^-1 c with the symmetric part S of B, and the least m, not negative, for which 2 S + m I has no
    negative eigenvalue and p is in the ball; found by bisection. Where 2 S has a negative eigenvalue, and c nothing
    along its vector, p may be inside of the ball; the best price then goes on along that vector, up to the sphere.
    """
    values, vectors = np.linalg.eigh(B + B.T)
    values[np.abs(values) <= 1e-12 * np.abs(values).max()] = 0  # rounding must not make a flat direction a rising one
    along = vectors.T @ c
    largest = float(np.linalg.norm(c))
    least = max(0.0, -values[0])

    def price(m: float) -> np.ndarray:
        return np.divide(along, values + m, out=np.zeros_like(along), where=np.abs(along) > 1e-9 * largest)

    with np.errstate(divide="ignore", over="ignore"):
        low, high = least, least + largest
        if values[0] > 0 and np.linalg.norm(price(low)) <= 1:
            return vectors @ price(low)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if np.linalg.norm(price(middle)) <= 1 else (middle, high)
        found = price(high)
    if values[0] < 0 and (square := found @ found) < 1 - 1e-6:
        found[0] += np.copysign(np.sqrt(1 - square), along[0])
    return vectors @ found


def in_ball(point: np.ndarray, radius: float = 1.0) -> np.ndarray:
    """Return the nearest point of a ball around 0."""
    return point * min(1.0, radius / max(float(np.linalg.norm(point)), 1e-300))


def on_sphere(size: int, rng: Rng) -> np.ndarray:
    """Return a point of the unit sphere, each as likely as any other."""
    point = rng.standard_normal(size)
    return point / np.linalg.norm(point)


def random_price(size: int, rng: Rng) -> np.ndarray:
    """Return a price of a random direction, and of a length between 0 and 1, each as likely as any other."""
    return rng.uniform() * on_sphere(size, rng)


def rounds_of(problem: Problem) -> int:
    """Return the number of rounds of a problem."""
    return int(problem.granted["rounds"])


class Shop:
    """The rounds of a problem as a method plays them: prices, demands and revenues."""

    def __init__(self, problem: Problem):
        self.play, self.prices = problem.play, []

    def sell(self, price: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the demands (N,) at a price (N,), and the revenue."""
        demand = self.play(price)
        self.prices.append(price)
        return demand, float(price @ demand)

    @property
    def estimate(self) -> Estimate:
        """The prices of all rounds, T x N."""
        return Estimate(signal=np.array(self.prices), iterations=len(self.prices))


def steps_of(problem: Problem, d: int) -> tuple[float, float]:
    """Return how far gradient ascent in d dimensions moves, and how far around a price it asks: eta and delta.

    Of T rounds, with bounds B on a revenue and L on its slope over prices, eta = 1 / (B T^1/2) and
    delta = T^-1/4 (B d / (3 (L + B)))^1/2, of which the authors' simulation takes 0.1 at most.
    """
    rounds, bound, slope = (float(problem.granted[name]) for name in ("rounds", "revenue_bound", "revenue_slope"))
    return 1 / (bound * np.sqrt(rounds)), min(0.1, rounds**-0.25 * np.sqrt(bound * d / (3 * (slope + bound))))


def ascend(problem: Problem, rng: Rng, shop: Shop, basis: np.ndarray, learn: Learn | None = None) -> None:
    """Play the rounds that are left by gradient ascent without a gradient, on prices U x of a basis U (N x d).

    In each round with a random direction xi of length 1 the price is U (x + delta xi), and of its revenue R
    x <- the nearest point to x + eta R xi of the ball of radius 1 - delta. Where the basis is learnt it is another one
    after each round, of its demands; x is then the same.
    """
    d = basis.shape[1]
    eta, delta = steps_of(problem, d)
    x = np.zeros(d)
    for _ in range(len(shop.prices), rounds_of(problem)):
        xi = on_sphere(d, rng)
        demand, revenue = shop.sell(basis @ (x + delta * xi))
        x = in_ball(x + eta * revenue * xi, 1 - delta)
        if learn:
            basis = learn(demand)
