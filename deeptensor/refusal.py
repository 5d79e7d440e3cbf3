"""Files that cannot be read: whatever a library raises, warns of or logs becomes one error that names the file."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

# Their complaints are kept back: of a file that is refused, one line is told.
LOGGERS = ("PIL.Image", "PIL.PngImagePlugin", "PIL.TiffImagePlugin", "nibabel.global", "spectral", "tifffile")
# Deflate packs 1032 bytes into one at most, as it codes up to 258 bytes in two bits.
PACKED = 1032


class Refused(ValueError):
    """A fault of a file that was found here, told with what to do."""


@contextmanager
def readable(path: Path, advice: str = "replace the file") -> Iterator[None]:
    """Turn every error of the block, and what a library logs as one, into a ValueError that names the file.

    `advice` says what to do about damage, which the libraries find. An ImportError stays as it is. Warnings and the
    libraries' logs are kept back; where the file can be read, the log of this module tells the warnings.
    """
    faults = []

    def keep(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            faults.append(record.getMessage())
        return False

    for name in LOGGERS:
        logging.getLogger(name).addFilter(keep)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield
        if faults:
            raise OSError(faults[0])
    except ImportError:
        raise
    except Refused as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    except Exception as error:  # each format has its own for a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} cannot be read: {reason}; {advice}") from error
    finally:
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(keep)
    for warning in warned:
        log.info("%s: %s", path, warning.message)


def refuse_excess(claim: str, wanted: int, held: int) -> None:
    """Raise ValueError if a header speaks of more bytes than the file can hold; `claim` says of what."""
    if wanted > held:
        raise ValueError(f"its header speaks of {claim}, more than the file holds")
