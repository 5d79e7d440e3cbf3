"""What a job of the workflow leaves in its log when it fails."""

import errno
import os
import subprocess
import sys

import pytest

from benchmark.source import ROOT

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
            "No space left on device: 'x.npz': make",
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
