"""Sequences of chords that a Markov chain draws, whose entropy is known."""

import numpy as np


def chord_chain(
    notes: int, chords: int, concentration: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return different chords (chords x notes) of three or four notes, and the transitions (chords x chords).

    The row s of the transitions, drawn from a symmetric Dirichlet distribution, holds the probabilities of the chords
    that follow s.
    """
    drawn: list[tuple[int, ...]] = []
    while len(drawn) < chords:
        chord = tuple(sorted(rng.choice(notes, rng.integers(3, 5), replace=False).tolist()))
        drawn += [chord] * (chord not in drawn)
    states = np.zeros((chords, notes), np.float32)
    for state, chord in zip(states, drawn, strict=True):
        state[list(chord)] = 1
    return states, rng.dirichlet(np.full(chords, concentration), chords)


def chord_sequences(
    states: np.ndarray, transitions: np.ndarray, number: int, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Return `number` sequences of `length` frames (number x length x notes), their first chords uniform."""
    cumulative, places = transitions.cumsum(axis=1), np.empty((number, length), int)
    places[:, 0] = rng.integers(len(states), size=number)
    for step in range(1, length):
        draws = rng.random(number)[:, None]
        places[:, step] = (draws > cumulative[places[:, step - 1]]).sum(axis=1).clip(max=len(states) - 1)
    return states[places]
