"""Lets faults befall the jobs of a workflow: every Python that has this folder in its path imports it at its start.

The first jobs of each script are met by what the variable FAULTS lists, one after the other: `kill` ends a job by
SIGKILL when its second file, or else its end, is about to come; `full` leaves no room on the disk of results, until the
next job starts; and `clock`, of scores alone, puts the clock back by a day while a job runs, for Snakemake and for the
times of files.
"""

import atexit
import os
import re
import signal
import sys
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

FULL, BACK = Path("results/full"), Path("results/back")
DAY = 86_400


def number_of(script: str) -> int:
    """Return how many jobs of a script there were before, and count this one."""
    for number in count():
        with suppress(FileExistsError):
            Path(os.environ["FAULTS_SEEN"], f"{script}-{number}").touch(exist_ok=False)
            return number


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_the_second_file() -> None:
    files = []

    def look(event: str, details: tuple) -> None:
        if event == "os.rename" and str(details[1]).startswith(("results/", "resources/")):
            files.append(details[1])
            if len(files) == 2:
                die()

    sys.addaudithook(look)
    atexit.register(die)


def fill_the_disk() -> None:
    with FULL.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(2**12)):
            pass


def put_the_clock_back() -> None:
    """Let all files be made tomorrow, and wait, as a long job does."""
    tomorrow = time.time() + DAY
    files = [path for path in Path("results/test").rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, (tomorrow, tomorrow))
    BACK.touch()
    for _ in range(600):
        if all(path.stat().st_mtime < tomorrow for path in files):
            break
        time.sleep(0.1)


def live_tomorrow(today=time.time) -> None:
    """Let a process see the clock ahead, until it is put back."""
    time.time = lambda: today() if BACK.exists() else today() + DAY


job = re.search(r"\.snakemake/scripts/tmp\w+\.(\w+)\.py$", " ".join(sys.orig_argv))
if job and "FAULTS" in os.environ:
    FULL.unlink(missing_ok=True)
    faults = dict(enumerate(os.environ["FAULTS"].split()))
    match faults.get(number_of(job[1])):
        case "kill":
            die_at_the_second_file()
        case "full":
            fill_the_disk()
        case "clock" if job[1] == "score":
            put_the_clock_back()
elif "snakemake" in sys.orig_argv and "FAULTS" in os.environ:
    live_tomorrow()
