"""Schedules of the learning rate: its factor at an iteration, counted from 0, of the number of iterations.

All but `linear` are those of arXiv 2204.03145, Table 1, and do not depend on the number.
"""

from math import cos, pi

WARM_UP, PERIOD = 50, 200


def linear(iteration: int, iterations: int) -> float:
    """Return a factor that falls from 1 to 0 at the end, limited by a rise over the first 50.

    The rise keeps Adam's first steps, which know no variance yet, from spoiling the networks at high rates.
    """
    return min((iteration + 1) / WARM_UP, 1 - iteration / iterations)


def fixed(iteration: int, iterations: int) -> float:
    """Return 1."""
    return 1.0


def step(iteration: int, iterations: int) -> float:
    """Return a factor that falls by a hundredth every 2000 iterations."""
    return 0.99 ** (iteration // 2000)


def exponential(iteration: int, iterations: int) -> float:
    """Return a factor that falls by a ten-thousandth at each iteration."""
    return 0.9999**iteration


def cosine(iteration: int, iterations: int) -> float:
    """Return half a cosine from 1 to 0, again every 200 iterations, after a linear rise over the first 50."""
    if iteration < WARM_UP:
        return (iteration + 1) / WARM_UP
    return (1 + cos(pi * ((iteration - WARM_UP) % PERIOD) / PERIOD)) / 2


SCHEDULES = {"linear": linear, "fixed": fixed, "step": step, "exponential": exponential, "cosine": cosine}
