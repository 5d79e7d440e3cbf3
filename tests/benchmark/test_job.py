"""What a job of the workflow leaves in its log when it fails."""

import errno
import os
import subprocess
import sys
from contextlib import suppress

import pytest

from benchmark.source import ROOT

DISK = next(str(path) for path in (ROOT, *ROOT.parents) if path.is_mount())
SCRIPT = """
import sys
from benchmark.job import logged
from benchmark.storage import Unusable

with logged(sys.argv[1], expected=(KeyError,)):
    raise {error}
"""


@pytest.mark.parametrize(
    ("error", "said", "traced"),
    [
        ("KeyError('the user can mend it')", "the user can mend it", False),
        (
            f"OSError({errno.ENOSPC}, '{os.strerror(errno.ENOSPC)}', 'x.npz')",
            f"No space left on device: 'x.npz': make room on the disk at {DISK} (",
            False,
        ),
        ("Unusable('x.npz cannot be read', 'x.npz')", "\n  rm x.npz\n", False),
        (f"PermissionError({errno.EACCES}, 'Permission denied')", "give the right to write there", False),
        (f"FileNotFoundError({errno.ENOENT}, 'No such file')", "this is a defect of the suite", True),
        ("ValueError('nobody foresaw it')", "this is a defect of the suite", True),
    ],
)
def test_an_error_that_a_user_can_mend_has_no_traceback_and_every_error_a_status(tmp_path, error, said, traced):
    log = tmp_path / "log"
    command = [sys.executable, "-c", SCRIPT.format(error=error), str(log)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert said in log.read_text()
    assert ("Traceback" in log.read_text()) == traced


def test_what_the_disk_of_logs_has_no_room_for_is_said_on_the_terminal_and_names_the_disk(small_disk):
    (small_disk / "full").write_bytes(bytes(5 * 2**20 - 2**12))  # as much as the folder takes
    with suppress(OSError), (small_disk / "full").open("ab") as file:
        file.write(bytes(2**12))
    error = f"OSError({errno.ENOSPC}, '{os.strerror(errno.ENOSPC)}')"
    command = [sys.executable, "-c", SCRIPT.format(error=error), str(small_disk / "log")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"No space left on device: make room on the disk at {small_disk} (0.0 MB of 5 MB are free)" in done.stderr
    assert "Traceback" not in done.stderr
