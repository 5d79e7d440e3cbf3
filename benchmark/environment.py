"""The environment of a task that methods play with: a process of its own, which alone holds what is withheld.

Such a task has a function `respond(truth, observation, number, action)`: the outcome of an action in the round
`number`, from 0 on, both vectors; it raises ValueError for an action that is none, and for a round too many. The runner
starts this module beside the worker of a method, and tells it by standard input where the truth is. Numbers pass
between the two over a pair of sockets, and nothing else, so that what is withheld is in no file that the worker is
given, and not in its memory. The environment draws the noise, counts the rounds and logs the actions. Its log is the
answer that is scored, whatever the method returns.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmark.contract import Play
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.posing import observation_of
from benchmark.storage import DISK_FULL, full_disk, is_of_full_disk, load_arrays, parts_of, save_arrays

READY, OUTCOME, REFUSED = b"ready", b"o", b"r"
NUMBER = 4  # bytes of the number of an item
GRACE = 600.0  # seconds that an environment has to write its log


class Rounds:
    """The rounds of one item, and the `actions` so far."""

    def __init__(self, respond: Callable, truth: Mapping[str, np.ndarray], observation: Observation):
        self.respond, self.truth, self.observation = respond, truth, observation
        self.actions: list[np.ndarray] = []

    def play(self, action: np.ndarray) -> np.ndarray:
        """Return the outcome of an action in the next round; one that is refused takes none."""
        action = np.array(action, float)
        outcome = self.respond(self.truth, self.observation, len(self.actions), action)
        self.actions.append(action)
        return np.asarray(outcome, float)


def main() -> None:
    """Answer the actions of a worker until nobody is at the other end; then write the log, an array for each item."""
    job = json.loads(sys.stdin.read())
    task, withheld = load_module(Path(job["task"])), load_arrays(Path(job["withheld"]))
    observation, names = observation_of(job["run"]["observation"], task), [item["name"] for item in job["items"]]
    rounds = [Rounds(task.respond, parts_of(withheld, name), observation) for name in names]
    with Connection(job["connection"]) as worker, suppress(EOFError, OSError):  # also in the middle of a message
        worker.send_bytes(READY)
        while True:
            worker.send_bytes(_answer(rounds, worker.recv_bytes()))
    played = {f"{name}/answer": np.array(own.actions) for name, own in zip(names, rounds, strict=True)}
    try:
        save_arrays(Path(job["played"]), played)
    except OSError as error:
        sys.exit(DISK_FULL if is_of_full_disk(error) else str(error))


def _answer(rounds: Sequence[Rounds], message: bytes) -> bytes:
    """Return the outcome of a message, which is the number of an item and an action, or why it is refused."""
    try:
        number, action = int.from_bytes(message[:NUMBER]), np.frombuffer(message[NUMBER:])
        return OUTCOME + rounds[number].play(action).tobytes()
    except Exception as error:  # whatever a method may send
        return REFUSED + str(error).encode()


@contextmanager
def environment(job: Mapping, withheld: Path, played: Path, log: Path, variables: Mapping[str, str]) -> Iterator[int]:
    """Run the environment of a worker's job during the block, which gets the descriptor for the worker.

    At the end the actions of all items are in the file `played`, unless a method has ended the environment, or holds it
    up for longer than `GRACE`. `withheld` is the file of what the worker is not told; what the process prints goes to
    the file `log`. Should the runner be killed, and so the worker, the environment ends, too: nobody holds the other
    end. Raises OSError if the disk has no room for the actions.
    """
    command = [sys.executable, "-m", "benchmark.environment"]
    ours, theirs = socket.socketpair()
    files = {"withheld": str(withheld.absolute()), "played": str(played), "connection": theirs.fileno()}
    with ours, log.open("a") as file:
        with theirs:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                env=variables,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
            with suppress(BrokenPipeError), process.stdin as stream:  # it has ended by itself
                stream.write(json.dumps({**job, **files}).encode())
        try:
            yield ours.fileno()
        finally:
            with suppress(OSError):  # it has ended by itself
                ours.shutdown(socket.SHUT_RDWR)  # for all who hold this end: what a method left behind, too
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            process.kill()
            if process.wait() != 0:  # what stands there is no log of its own
                played.unlink(missing_ok=True)
    if process.returncode == DISK_FULL:
        raise full_disk(log)


def players(descriptor: int | None, items: int) -> list[Play | None]:
    """Return of each item how to play with the environment at the other end of a descriptor, once that is ready."""
    if descriptor is None:
        return [None] * items
    environment = Connection(descriptor)
    try:
        environment.recv_bytes()
    except EOFError as error:
        raise RuntimeError("the environment could not be started: see the log") from error
    return [partial(_play, environment, number) for number in range(items)]


def _play(environment: Connection, number: int, action: np.ndarray) -> np.ndarray:
    """Send an action, and return its outcome; raise ValueError if it is refused, and for no vector of real numbers."""
    action = np.asarray(action)
    if action.ndim != 1 or action.dtype.kind not in "biuf":
        raise ValueError(f"an action of shape {action.shape} and type {action.dtype}: give a vector of real numbers")
    try:
        environment.send_bytes(number.to_bytes(NUMBER) + action.astype(float).tobytes())
        answer = environment.recv_bytes()
    except (EOFError, OSError) as error:
        raise RuntimeError("the environment has ended: see the log") from error
    if answer.startswith(REFUSED):
        raise ValueError(answer.removeprefix(REFUSED).decode())
    return np.frombuffer(answer.removeprefix(OUTCOME))


if __name__ == "__main__":
    main()
