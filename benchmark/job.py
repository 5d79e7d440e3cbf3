"""What the scripts of the workflow share: a log file, errors that a user can read, and an end with Snakemake's."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmark.storage import NO_RIGHT, NO_ROOM, Unusable, explained

# The variable of the environment in which the workflow leaves the process that scripts end with.
SNAKEMAKE = "SNAKEMAKE_PID"


@contextmanager
def logged(log_file: str, expected: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Log to a file. An `expected` error is the user's to mend: its message is logged alone, without a traceback.

    So is that of a file that an earlier job made and that cannot be used, and of a disk that is full or may not be
    written to. What the disk of logs has no room for goes to the terminal. Where Snakemake is killed, so is the script.
    """
    if SNAKEMAKE in os.environ:
        threading.Thread(target=_end_with, args=(int(os.environ[SNAKEMAKE]),), daemon=True).start()
    logging.basicConfig(handlers=[_handler(log_file)], level=logging.INFO, format="%(asctime)s %(message)s")
    logging.captureWarnings(True)
    try:
        yield
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else None
        if number in NO_ROOM or (number in NO_RIGHT and not isinstance(error, expected)):
            places = [*Path().glob("*/"), Path(log_file), Path(os.getenv("TMPDIR", "/tmp"))]
            logging.error("%s", explained(error, *places))
        elif isinstance(error, (Unusable, *expected)):
            logging.error("%s", error)
        else:
            logging.exception("this is a defect of the suite, or of the machine")
        sys.exit(1)


class _Log(logging.FileHandler):
    """A log of which the terminal gets what its disk has no room for."""

    def handleError(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def _handler(log_file: str) -> logging.Handler:
    try:
        return _Log(log_file, mode="w")
    except OSError:
        return logging.StreamHandler()


def _end_with(pid: int) -> None:
    """Leave at once when a process is gone, whether or not its own parent has noticed."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(1)
    os._exit(1)
