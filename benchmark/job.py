"""What the scripts of the workflow share: a log file, and errors that a user can read."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.storage import Unusable

# What the machine says of a disk that is full, or that may not be written to.
MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def logged(log_file: str, expected: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Log to a file. An `expected` error is the user's to mend: its message is logged alone, without a traceback.

    So is that of a file that an earlier job made and that cannot be used, and of a disk that is full or may not be
    written to.
    """
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
