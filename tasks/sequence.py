"""The notes of the next frame of a piano roll, each with its probability, from the frames before.

A sequence is T frames of p notes, 0 or 1. Whole sequences are withheld for the test, as the input of one step is the
target of the step before. Of validation sequences, which are granted, an answer may be chosen.

An answer is a network that the task itself runs, as arrays by name:

* `before.weight` (e x p) and `before.bias`: u_t = LeakyReLU(W x_t + b), of slope 0.1;
* the matrices `input` (3h x e) and `state` (3h x h), and `bias_ih`, `bias_hh` (3h,) of a gated recurrent unit
  (Cho et al. 2014, arXiv 1406.1078) in PyTorch's form: of the rows of W u_t + b and U h_{t-1} + b', a third each make
  r = sigmoid(.), z = sigmoid(.), n = tanh(W_n u + b_n + r (U_n h + b'_n)), h_t = (1 - z) n + z h_{t-1}, h_0 = 0;
* `after.weight` (p x h) and `after.bias`: the log-odds of the notes of x_{t+1}.

Each of the two matrices comes in a format. Modes are (n_1 .. n_d) of its rows, (m_1 .. m_d) of its columns, row-major:

* `.matrix`; or `.left` (3h x r) and `.right` (r x e), their product;
* `.cores.k` (r_{k-1} x m_k x n_k x r_k), tensor-train cores, W(n; m) = G_1[m_1, n_1] ... G_d[m_d, n_d];
* `.rows.k` (n_k x R) and `.columns.k` (m_k x R), CP; with a `.core` (a_1 .. a_d, b_1 .. b_d), `.rows.k` (n_k x a_k) and
  `.columns.k` (m_k x b_k), Tucker.

Or it is a table, the log-odds `table.weight` x_t + `table.bias` with a weight p x p or, of each note on its own, (p,),
where there is one; or a `chain`, the probabilities `chain.following` (c x p) after the frames `chain.states` (c x p).
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from benchmark.answers import named_parts
from benchmark.checks import check_sequences, check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.loaders.chords import chord_sequences
from benchmark.metrics import Taken, frame_accuracy
from benchmark.noise import SaltAndPepper
from benchmark.observation import Observation

KINDS = {"samples"}
MEASURES = ["nll", "accuracy", "count", "count_network"]
FIGURES = {"convergence", "losses"}
FLOOR, CEILING = "note_marginals", None

SLOPE = 0.1
# Log-odds of what a table or a chain holds for certain, as single precision still tells them from certainty.
CERTAIN = 16.0

Parts = Mapping[str, np.ndarray]


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the frames and lengths of the training and validation sequences; withhold those of the test.

    The item has the `lengths` (n,) of its sequences and their `split`, 0, 1 or 2, as extras. `observed` are the
    training frames, with their lengths `lengths`. Raises ValueError for frames that are zero or not finite, and for
    lengths and parts that do not fit them.
    """
    check_signal(item)
    lengths, split = check_sequences(item, item.signal)
    owner = np.repeat(split, lengths)
    frames = [item.signal[owner == number] for number in range(3)]
    known = {name: item.extras[name] for name in ("states", "following") if name in item.extras}
    return Posed(
        observation.draw(frames[0], rng)
        | {"lengths": lengths[split == 0], "validation": frames[1], "validation_lengths": lengths[split == 1]},
        {"signal": frames[2], "test_lengths": lengths[split == 2]} | known,
    )


def answer_shape(problem: Problem) -> None:
    """Leave the parts of an answer open: networks differ in them."""
    return


def measures(problem: Problem, truth: Parts) -> dict[str, Callable[[Parts], float]]:
    """Return the measures of an answer on the test sequences.

    Negative log-likelihood in nats a frame, and accuracy in percent, TP / (TP + FP + FN) of the notes with p > 1/2
    (Bay, Ehmann and Downie 2009), both over all frames but the first of each sequence; the numbers of the two
    matrices and one bias, as the paper counts them; all numbers of the answer.
    """
    taken = Taken(partial(values_of, truth["signal"], truth["test_lengths"]))
    return {name: partial(taken.of, name) for name in MEASURES}


def values_of(frames: np.ndarray, lengths: np.ndarray, answer: Parts) -> dict[str, float]:
    """Return all measures of an answer on test sequences."""
    answer = named_parts(answer)
    following, odds = targets(frames, lengths), log_odds(answer, frames, lengths)
    return {
        "nll": nll(following, odds),
        "accuracy": frame_accuracy(following, odds),
        "count": cell_count(answer),
        "count_network": sum(own.size for own in answer.values()),
    }


def targets(frames: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return all frames but the first of each sequence."""
    return np.delete(frames, np.cumsum(lengths) - lengths, axis=0)


def nll(following: np.ndarray, odds: np.ndarray) -> float:
    """Return the mean over frames of -log P of all their notes (frames x p), in nats."""
    odds = odds.astype(np.float64)
    return float(np.mean(np.sum(np.logaddexp(0, odds) - following * odds, axis=1)))


def cell_count(answer: Parts) -> int:
    """Return the numbers of the two matrices and one of the two biases; of what is no network, all numbers."""
    if "bias_ih" not in answer:
        return sum(own.size for own in answer.values())
    counted = (own.size for name, own in answer.items() if name.startswith(("input.", "state.", "bias_ih")))
    return sum(counted)


def log_odds(answer: Parts, frames: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the log-odds (frames x p) that an answer gives to the notes of all frames but the first of each sequence.

    Raises ValueError for an answer that lacks an array, or has one that fits nothing or belongs to another form, which
    would be counted as if it were that.
    """
    forms = {name.partition(".")[0] for name in answer}
    forms = {own if own in ("table", "chain") else "network" for own in forms}
    if len(forms) > 1:
        raise ValueError(
            f"the answer is {' and '.join(sorted(forms))} in one: give the arrays of one, and not: "
            f"{', '.join(sorted(answer))}"
        )
    try:
        return _log_odds(answer, frames, lengths)
    except KeyError as error:
        raise ValueError(f"the answer has no array {error}; it has: {', '.join(sorted(answer))}") from error


def _log_odds(answer: Parts, frames: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    ends = np.cumsum(lengths)
    before = np.delete(frames, ends - 1, axis=0)  # what targets follow
    if any(name.startswith("table.") for name in answer):
        odds = np.broadcast_to(answer["table.bias"], before.shape)
        weight = answer.get("table.weight")
        return odds if weight is None else odds + (before * weight if weight.ndim == 1 else before @ weight.T)
    if "chain.states" in answer:
        places = np.argmax(before @ (2 * answer["chain.states"] - 1).T - answer["chain.states"].sum(axis=1), axis=1)
        p = answer["chain.following"].astype(np.float64)
        if not ((p >= 0) & (p <= 1)).all():
            raise ValueError(f"`chain.following` is from {p.min():g} to {p.max():g}: give probabilities, from 0 to 1")
        with np.errstate(divide="ignore"):
            return np.clip(np.log(p) - np.log1p(-p), -CERTAIN, CERTAIN)[places]
    embedded = frames @ answer["before.weight"].T + answer["before.bias"]
    embedded = np.where(embedded > 0, embedded, SLOPE * embedded).astype(np.float32)
    W, U = composed(answer, "input"), composed(answer, "state")
    hidden = len(answer["bias_ih"]) // 3
    if W.shape != (3 * hidden, embedded.shape[1]) or U.shape != (3 * hidden, hidden):
        raise ValueError(
            f"the matrices are {W.shape} and {U.shape}, where {(3 * hidden, embedded.shape[1])} and "
            f"{(3 * hidden, hidden)} were asked for"
        )
    states = np.zeros((len(frames), hidden), np.float32)
    for places, own in gated(embedded, lengths, W, U, answer["bias_ih"], answer["bias_hh"]):
        states[places] = own
    return np.delete(states, ends - 1, axis=0) @ answer["after.weight"].T + answer["after.bias"]


def gated(
    inputs: np.ndarray, lengths: np.ndarray, W: np.ndarray, U: np.ndarray, bias: np.ndarray, state_bias: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Run a gated recurrent unit over sequences (frames x e); yield of each step the frames and their states (n x h).

    The sequences run side by side, the longest first, and each leaves at its end.
    """
    order = np.argsort(-lengths, kind="stable")
    starts, longest = (np.cumsum(lengths) - lengths)[order], lengths[order]
    state = np.zeros((len(lengths), U.shape[1]), np.float32)
    W, U = W.astype(np.float32).T, np.ascontiguousarray(U.astype(np.float32).T)
    for step in range(longest[0]):
        number = np.searchsorted(-longest, -step)  # of those longer than `step`
        places, state = starts[:number] + step, state[:number]
        reset, update, new = np.split(inputs[places] @ W + bias, 3, axis=1)
        own_reset, own_update, own_new = np.split(state @ U + state_bias, 3, axis=1)
        z = _sigmoid(update + own_update)
        state = (1 - z) * np.tanh(new + _sigmoid(reset + own_reset) * own_new) + z * state
        yield places, state


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))  # exp overflows


def composed(answer: Parts, name: str) -> np.ndarray:
    """Return the matrix `name` of an answer, out of the factors of its format; raise ValueError where it has none."""
    from benchmark.algorithms.factored_matrices import factors_of, tensors, weight_of  # networks alone need torch

    return weight_of(tensors(factors_of(answer, name))).numpy()


def tiny() -> dict[str, Tiny]:
    """Return sequences of four chords of which each is mostly followed by one other, with some notes flipped."""
    rng = np.random.default_rng(0)
    states = np.eye(4, 8, dtype=np.float32) + np.eye(4, 8, 4, dtype=np.float32)
    transitions = 0.02 + 0.92 * np.roll(np.eye(4), 1, axis=1)
    lengths = np.array([9] * 12 + [8] * 4 + [12] * 6)
    sequences = chord_sequences(states, transitions, len(lengths), max(lengths), rng)
    frames = np.concatenate([own[:length] for own, length in zip(sequences, lengths, strict=True)])
    extras = {
        "lengths": lengths,
        "split": np.repeat([0, 1, 2], [12, 4, 6]),
        "states": states,
        "following": transitions @ states,
    }
    return {"chords": Tiny(Item("chords", frames, rank=1, extras=extras), Observation(SaltAndPepper(0.02)), "nll", 4.2)}
