"""A forked process is as one of its own, and the process that forks them ends with the one that started it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmark.forkserver import ADDRESS, Fork, ServerGone, is_there
from benchmark.source import ROOT, loads

PROBE = """
import json, os, signal, sys, time
import numpy as np

def show():
    print(json.dumps({
        "name": __name__, "argv": sys.argv[1:], "at": os.getcwd(), "said": dict(os.environ), "parent": os.getppid(),
        "leads": os.getpgid(0) == os.getsid(0) == os.getpid(), "torch": "torch" in sys.modules,
        "files": sorted(int(name) for name in os.listdir("/proc/self/fd")), "drawn": np.random.rand(),
    }))

exec(sys.argv[1])
"""


@pytest.fixture
def fork(server, forker, tmp_path, monkeypatch):
    """Return a way to fork a process that executes a text, with what it printed so far."""
    (forker[2] / "probe.py").write_text(PROBE)
    monkeypatch.chdir(tmp_path)

    def call(text, kept=None, **variables):
        with (tmp_path / "log").open("w") as log:
            own = Fork("probe", text, variables, log.fileno(), kept)
        return own, lambda: (tmp_path / "log").read_text()

    return call


def test_a_forked_process_is_as_one_of_its_own_but_has_loaded_pytorch(fork, server, tmp_path):
    own, printed = fork("show()", WHO="me")
    assert own.wait() == own.wait() == 0
    shown = json.loads(printed())
    drawn = shown.pop("drawn")
    assert shown == {
        "name": "__main__",
        "argv": ["show()"],
        "at": str(tmp_path),
        "said": {"WHO": "me"},
        "parent": server,
        "leads": True,
        "torch": True,
        "files": [0, 1, 2, 3],  # the last one is that of the list itself
    }
    other, printed = fork("show()")
    assert other.wait() == 0
    assert json.loads(printed())["drawn"] != drawn


@pytest.mark.parametrize(
    ("text", "status"), [("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -signal.SIGKILL), ("1 / 0", 1)]
)
def test_its_exit_status_is_known(fork, text, status):
    assert fork(text)[0].wait() == status


def test_it_can_be_waited_for_and_ended(fork):
    own, _ = fork("time.sleep(300)")
    with pytest.raises(subprocess.TimeoutExpired):
        own.wait(timeout=0.1)
    os.killpg(own.pid, signal.SIGTERM)
    assert own.wait() == -signal.SIGTERM


def test_it_sees_the_end_of_standard_input_and_a_file_that_was_kept(fork, tmp_path):
    ours, theirs = os.pipe()
    own, printed = fork(f"print(os.read({ours}, 5), flush=True); print(os.read(0, 1))", kept=ours)
    os.write(theirs, b"hello")
    with pytest.raises(subprocess.TimeoutExpired):
        own.wait(timeout=1)
    own.stdin.close()
    assert own.wait() == 0
    assert printed() == "b'hello'\nb''\n"
    os.close(ours)
    os.close(theirs)


def test_several_run_side_by_side_and_each_gets_its_own_status(fork):
    forks = [fork(f"time.sleep({delay}); os._exit({code})")[0] for code, delay in ((5, 0.6), (6, 0.3), (7, 0.0))]
    assert [own.wait() for own in forks] == [5, 6, 7]


def test_who_breaks_off_costs_no_other_its_answer(fork, server):
    own, _ = fork("time.sleep(0.5)")
    own.server.close()
    assert fork("os._exit(4)")[0].wait() == 4
    assert psutil.pid_exists(server)


def test_who_asks_for_nothing_keeps_no_other_waiting(fork, server):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(os.environ[ADDRESS].rpartition(":")[2])
        assert fork("os._exit(4)")[0].wait(timeout=60) == 4
    assert psutil.pid_exists(server)


def test_of_another_python_there_is_none(server, monkeypatch):
    assert is_there()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "prefix", "/elsewhere")
        assert not is_there()
    monkeypatch.delenv(ADDRESS)
    assert not is_there()


SERVE = "import os, sys; from benchmark.forkserver import *; serve({}); print(os.environ[ADDRESS], flush=True); input()"


@pytest.fixture
def parent():
    """Start a process that has the process started; return it and where that listens."""
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
    ) as process:
        yield process, process.stdout.readline().strip()
        process.kill()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, None])
def test_it_ends_with_the_process_that_started_it_and_leaves_nothing(parent, sign):
    process, address = parent
    [own] = psutil.Process(process.pid).children()
    if sign is None:
        process.communicate("end\n", timeout=20)
    else:
        process.send_signal(sign)
    own.wait(20)
    assert not Path(address.rpartition(":")[2]).parent.exists()


def test_where_it_is_killed_those_who_wait_are_told_and_others_cannot_start(parent, ends, tmp_path, monkeypatch):
    process, address = parent
    monkeypatch.setenv(ADDRESS, address)
    with (tmp_path / "log").open("w") as log:
        waits = Fork("timeit", "import time; time.sleep(300)", dict(os.environ), log.fileno(), None)
        [own] = psutil.Process(process.pid).children()
        own.kill()
        with pytest.raises(ServerGone, match="start again"):
            waits.wait()
        os.killpg(waits.pid, signal.SIGKILL)
        assert ends(own.pid)
        with pytest.raises(OSError, match=r"refused|reset"):
            Fork("timeit", "pass", dict(os.environ), log.fileno(), None)


def test_what_loads_pytorch_is_known_from_the_files(tmp_path):
    known = {
        name: loads(ROOT / "baselines" / f"{name}.py", "torch") for name in ("svd", "cgls", "deeptensor_cube", "llrt")
    }
    assert known == {"svd": False, "cgls": False, "deeptensor_cube": True, "llrt": True}
    (tmp_path / "late.py").write_text("def solve():\n    import torch\n")
    assert not loads(tmp_path / "late.py", "torch")
