"""What the scripts of the workflow share: a log file, errors that a user can read, and an end with Snakemake's."""

import errno
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmark.storage import Unusable

# What the machine says of a disk that is full, or that may not be written to.
MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
# The variable of the environment in which the workflow leaves the process that scripts end with.
SNAKEMAKE = "SNAKEMAKE_PID"


@contextmanager
def logged(log_file: str, expected: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Log to a file. An `expected` error is the user's to mend: its message is logged alone, without a traceback.

    So is that of a file that an earlier job made and that cannot be used, and of a disk that is full or may not be
    written to. Where Snakemake is killed, so is the script.
    """
    if SNAKEMAKE in os.environ:
        threading.Thread(target=_end_with, args=(int(os.environ[SNAKEMAKE]),), daemon=True).start()
    logging.basicConfig(filename=Path(log_file), filemode="w", level=logging.INFO, format="%(asctime)s %(message)s")
    logging.captureWarnings(True)
    try:
        yield
    except (Unusable, *expected) as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in MACHINE:
            logging.error("%s: make room, or give the right to write there; then start again", error)
        else:
            logging.exception("this is a defect of the suite, or of the machine")
        sys.exit(1)


def _end_with(pid: int) -> None:
    """Leave at once when a process is gone, whether or not its own parent has noticed."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(1)
    os._exit(1)
