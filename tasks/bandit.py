"""Prices of many products, round by round, whose demands are seen after each: how much revenue learning costs.

Demands at the prices p (N,) are c - B p with noise. A method plays with an environment, in a process of its own: it
alone holds c, B and the seed of the noise, and its log of prices is what is scored.
"""

from collections.abc import Callable, Mapping

import numpy as np

from benchmark.algorithms.pricing import best_price, random_price
from benchmark.checks import check_signal, told_rank
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.kinds import Count
from benchmark.metrics import Taken
from benchmark.noise import Gaussian
from benchmark.observation import Observation

KINDS = {"stack"}
MEASURES = ["regret", "regret_slope"]
FIGURES = set()
FLOOR, CEILING = "random_prices", None

# By how much rounding may put a price outside of the ball.
ROUNDING = 1e-9
# Random prices that a bound on revenues is estimated at.
ASKED = 1000
# Regret below this share of the revenue is none that has a slope.
NO_REGRET = 1e-5

Arrays = Mapping[str, np.ndarray]


def pose(item: Item, observation: Observation, rng: np.random.Generator, *, rounds: Count = 400) -> Posed:
    """Give the demands at prices of zero, and the number of `rounds`; withhold the demands that there will be.

    The signal, N x (N + 1) x S, holds S demands [c B] of N products; each is that of an S-th of the rounds. Granted is
    what the published algorithms suppose known: the `features` (N x d) of the products where the item has them as an
    extra, orthonormal and with c and the range of B in their span; what the revenue of a round (`revenue_bound`) and
    its slope over prices (`revenue_slope`, |c| + 2 |B|) are at most. The former is estimated as in the authors'
    simulation, at the best price and at a thousand random ones, and a tenth more; but at prices in the span that
    matters, so that it does not depend on how many products there are. Raises ValueError for other shapes, a signal
    that is zero or not finite, no rank that N products can have, fewer rounds than there are demands, and demands of
    which no price makes a revenue.
    """
    check_signal(item)
    signal = np.asarray(item.signal, np.float32)
    if signal.ndim != 3 or signal.shape[1] != signal.shape[0] + 1:
        raise ValueError(f"{item.name}: a signal of shape {signal.shape}: give N x (N + 1) x S, S demands [c B]")
    told_rank(item, len(signal))
    number = signal.shape[2]
    if rounds < number:
        raise ValueError(f"{item.name}: {rounds} `rounds` of {number} demands: give one round for each")
    turns = np.arange(rounds) * number // rounds
    if best_revenues(signal, turns).sum() <= 0:
        raise ValueError(f"{item.name}: no price makes a revenue, and regret relative to it is none: leave it out")
    first, demands = observation.draw(signal[:, 0, 0], rng), np.moveaxis(signal, 2, 0).astype(np.float64)
    norms = [(np.linalg.norm(c), np.linalg.norm(B, 2)) for c, B in map(_split, demands)]
    granted = {
        "rounds": np.array(rounds),
        "revenue_bound": np.array(max(_bound(own, item.rank, observation, rng) for own in demands)),
        "revenue_slope": np.array(max(c + 2 * B for c, B in norms)),
    }
    granted |= {name: item.extras[name] for name in ("features",) if name in item.extras}
    return Posed(first | granted, {"signal": signal, "turns": turns, "noise_seed": rng.integers(2**63)})


def respond(truth: Arrays, observation: Observation, number: int, action: np.ndarray) -> np.ndarray:
    """Return the demands (N,) that are seen at prices (N,) in the round `number`, from 0 on.

    The noise of a round is the same whatever was played before. Raises ValueError for a round more than there are, and
    for prices that are not finite, of another number than there are products, or outside of the unit ball.
    """
    signal, turns = truth["signal"], truth["turns"]
    if number >= len(turns):
        raise ValueError(f"all {len(turns)} rounds have been played: no more are granted")
    if action.shape != (len(signal),):
        raise ValueError(f"prices of shape {action.shape} in round {number + 1}: give one for each of {len(signal)}")
    length = float(np.linalg.norm(action))
    if not length <= 1 + ROUNDING:
        raise ValueError(f"prices of length {length:g} in round {number + 1}: give finite ones in the unit ball")
    c, B = _split(signal[..., turns[number]])
    rng = np.random.default_rng([int(truth["noise_seed"]), number])
    return observation.draw(c - B @ action, rng)["observed"]


def answer_shape(problem: Problem) -> tuple[int, int]:
    """Ask for the prices of all rounds, T x N; what the environment logged stands in their place."""
    return int(problem.granted["rounds"]), len(problem.observed)


def measures(problem: Problem, truth: Arrays) -> dict[str, Callable[[np.ndarray], float]]:
    """Return what prices cost, by the expected revenue of each round.

    * `regret`: what all rounds lack of the revenue of the best price that stays the same, in percent of that revenue:
      to sell nothing has 100, and adapting to demands that change can have less than 0;
    * `regret_slope`: that of the logarithm of the regret so far over that of the round, by least squares over the last
      three quarters of rounds; where demands stay the same, and 0 where there is no regret.

    Raises ValueError for prices of fewer or more rounds than there are.
    """
    signal, turns = truth["signal"].astype(np.float64), truth["turns"]
    most = best_revenues(signal, turns)

    def take(prices: np.ndarray) -> dict[str, float]:
        if prices.shape != (len(turns), len(signal)):
            raise ValueError(f"prices of {len(prices)} rounds were played, where there are {len(turns)}")
        lost = np.cumsum(most - revenues(prices.astype(np.float64), signal, turns)) / most.mean()
        return {"regret": 100 * lost[-1] / len(turns), "regret_slope": slope(lost)}

    taken = Taken(take)
    names = MEASURES if signal.shape[2] == 1 else ["regret"]
    return {name: lambda answer, name=name: taken.of(name, answer) for name in names}


def revenues(prices: np.ndarray, signal: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return the expected revenue of each round (T,) at prices T x N, of the demand that has its turn."""
    found = np.empty(len(prices))
    for number, (c, B) in enumerate(map(_split, np.moveaxis(signal, 2, 0))):
        own = prices[turns == number]
        found[turns == number] = own @ c - np.sum(own @ B.T * own, axis=1)
    return found


def best_revenues(signal: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return the expected revenue of each round at the price that makes most over all rounds."""
    shares = np.bincount(turns) / len(turns)
    best = best_price(*_split(signal.astype(np.float64) @ shares))
    return revenues(np.broadcast_to(best, (len(turns), len(best))), signal, turns)


def slope(lost: np.ndarray) -> float:
    """Return the slope of the logarithm of a cumulative loss over that of the round, in the last three quarters."""
    rounds = np.arange(1, len(lost) + 1)
    own = (rounds > len(lost) / 4) & (lost > NO_REGRET * rounds)
    return float(np.polyfit(np.log(rounds[own]), np.log(lost[own]), 1)[0]) if own.sum() > 1 else 0.0


def _bound(demand: np.ndarray, rank: int, observation: Observation, rng: np.random.Generator) -> float:
    """Return about how much a revenue can be, of either sign, at prices in the span of a demand [c B] of a rank."""
    (c, B), span = _split(demand), np.linalg.svd(demand)[0][:, :rank]
    best, prices = best_price(c, B), np.stack([span @ random_price(rank, rng) for _ in range(ASKED)])
    seen = observation.draw(c - prices @ B.T, rng)["observed"]
    return 1.1 * max(best @ (c - B @ best), np.abs(np.sum(prices * seen, axis=1)).max())


def _split(demand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return demand[:, 0], demand[:, 1:]


def tiny() -> dict[str, Tiny]:
    """Return four products with two features, in little noise."""
    rng = np.random.default_rng(5)
    U = np.linalg.qr(rng.standard_normal((4, 2)))[0]
    demand = np.column_stack([U @ [0.6, 0.5], U @ np.diag([0.3, 0.2]) @ U.T])
    item = Item("products", demand[..., None], rank=2, signed=True, extras={"features": U})
    return {"products": Tiny(item, Observation(Gaussian(0.01)), "regret", 90)}
