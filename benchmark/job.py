"""What the scripts of the workflow share: a log file, and errors that a user can read."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def logged(log_file: str, expected: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Log to a file. An `expected` error is the user's to mend: its message is logged alone, without a traceback."""
    logging.basicConfig(filename=Path(log_file), filemode="w", level=logging.INFO, format="%(asctime)s %(message)s")
    logging.captureWarnings(True)
    try:
        yield
    except expected as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception:
        logging.exception("this is a defect of the suite, or of the machine")
        sys.exit(1)
