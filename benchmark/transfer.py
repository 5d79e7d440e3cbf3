"""One file over HTTP, as it is sent: within bounds of time and size, whatever the server does."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from queue import Empty, Queue
from threading import Event, Thread

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

PIECE = 2**16


@dataclass(frozen=True)
class Bounds:
    """What a server is granted.

    `connect` are the seconds to wait for a connection, `pause` those between two pieces of data. All of a file may take
    `patience` seconds, and as many more as its bytes take at the `slowest` rate (bytes a second), and have `largest`
    bytes. A server that asks to be left alone is given up to `patience` seconds, too.
    """

    connect: float = 10.0
    pause: float = 30.0
    patience: float = 60.0
    slowest: float = 10_000.0
    largest: int = 4 * 2**30


class TooMuch(OSError):
    """A server sends more, or takes longer, than is granted."""


class AskedToWait(OSError):
    """A server asks to be asked again after some `seconds`."""

    def __init__(self, reason: str, seconds: float):
        super().__init__(f"{reason} (asks to wait for {seconds:.0f} s)")
        self.seconds = seconds


def transfer(address: str, output: str, bounds: Bounds, byte_bar: bool) -> None:
    """Write what is sent from an address to a file; raise an OSError that says why if it is not, or not within bounds.

    A thread waits for the server: what resolves a name, or reads headers of which a sign comes each second, cannot be
    broken off, and is left behind.
    """
    ended: Queue[Exception | None] = Queue()
    sent, given_up, started = [0], Event(), time.monotonic()
    receive = partial(_receive, address, output, bounds, byte_bar, sent, given_up)
    Thread(target=_report, args=(receive, ended), daemon=True).start()
    while True:
        try:
            error = ended.get(timeout=min(1.0, bounds.patience))
            break
        except Empty:
            seconds = time.monotonic() - started
            if seconds > bounds.patience + sent[0] / bounds.slowest:
                given_up.set()
                raise TooMuch(f"too slow: {sent[0]} bytes in {seconds:.0f} s") from None
    if error:
        raise error


def _report(act: Callable[[], None], ended: Queue) -> None:
    try:
        act()
        ended.put(None)
    except HTTPError as error:  # of urllib3, which are no OSError
        ended.put(OSError(str(error)))
    except Exception as error:
        ended.put(error)


def _receive(address: str, output: str, bounds: Bounds, byte_bar: bool, sent: list[int], given_up: Event) -> None:
    """Write a file piece by piece, counting its bytes in `sent`, until it ends, is too large, or is given up."""
    identity, timeouts = {"Accept-Encoding": "identity"}, (bounds.connect, bounds.pause)
    with requests.get(address, stream=True, timeout=timeouts, headers=identity) as response, open(output, "wb") as file:
        _check(response)
        announced = int(response.headers.get("Content-Length", 0))
        with tqdm(total=announced or None, unit="B", unit_scale=True, disable=not byte_bar) as bar:
            while not given_up.is_set():
                if max(announced, sent[0]) > bounds.largest:
                    raise TooMuch(f"more than {bounds.largest} bytes, where no file is that large")
                piece = response.raw.read1(PIECE, decode_content=True)  # of what it expands to, so much
                if not piece:
                    break
                file.write(piece)
                sent[0] += len(piece)
                bar.update(len(piece))


def _check(response: requests.Response) -> None:
    """Raise for an answer that is none; AskedToWait where it says for how long."""
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        asked = response.headers.get("Retry-After", "")
        if seconds := int(asked) if asked.isdecimal() else _seconds_until(asked):
            raise AskedToWait(str(error), seconds) from error
        raise


def _seconds_until(date: str) -> float:
    """Return the seconds until a date of HTTP; none if it is past, or no date."""
    try:
        return max(0.0, (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
