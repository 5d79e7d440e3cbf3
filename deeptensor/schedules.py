"""Schedules of the learning rate: its factor at an iteration, counted from 0 (arXiv 2204.03145, Table 1)."""

from math import cos, pi

WARM_UP, PERIOD = 50, 200


def fixed(iteration: int) -> float:
    """Return 1."""
    return 1.0


def step(iteration: int) -> float:
    """Return a factor that falls by a hundredth every 2000 iterations."""
    return 0.99 ** (iteration // 2000)


def exponential(iteration: int) -> float:
    """Return a factor that falls by a ten-thousandth at each iteration."""
    return 0.9999**iteration


def cosine(iteration: int) -> float:
    """Return half a cosine from 1 to 0, again every 200 iterations, after a linear rise over the first 50."""
    if iteration < WARM_UP:
        return (iteration + 1) / WARM_UP
    return (1 + cos(pi * ((iteration - WARM_UP) % PERIOD) / PERIOD)) / 2


SCHEDULES = {"fixed": fixed, "step": step, "exponential": exponential, "cosine": cosine}
