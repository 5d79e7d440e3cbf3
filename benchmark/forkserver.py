"""A process that loads PyTorch once, and forks the workers of methods that need it: to load it takes a second or two.

The workflow starts one where its jobs run on its own machine, and says in the environment where it listens. The process
loads no module of this project, so that each worker has them as they are at its own start. It ends with the workflow.
"""

import gc
import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import NoReturn

# The variable of the environment that says for which Python the process is, and where it listens.
ADDRESS = "BENCHMARK_FORKSERVER"
PACKAGE = "torch"
LONGEST = 2**20  # bytes of a part of a request
CODE = 4  # bytes of the number of a process, and of its exit status


def serve(variables: Mapping[str, str]) -> None:
    """Start the process, with these variables of its environment, for those that this one starts.

    Where the system knows no descriptors of processes, or has no short path to listen at, there is none.
    """
    listener = socket.socket(socket.AF_UNIX)
    folder = Path(tempfile.mkdtemp())  # which nobody else may enter
    try:
        os.close(os.pidfd_open(os.getpid()))
        listener.bind(str(folder / "socket"))
    except (AttributeError, OSError):
        listener.close()
        shutil.rmtree(folder)
        return
    listener.listen()
    end, _ = os.pipe()  # the other end stays open for as long as this process lives
    subprocess.Popen(
        [sys.executable, "-m", "benchmark.forkserver", str(listener.fileno())],
        stdin=end,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | variables,
        pass_fds=[listener.fileno()],
        start_new_session=True,
    )
    os.environ[ADDRESS] = f"{sys.prefix}:{listener.getsockname()}"
    listener.close()
    os.close(end)


class ServerGone(ConnectionError):
    """The process that forks workers has ended while one ran."""


def is_there() -> bool:
    """Tell whether the process was started, for the Python that runs this."""
    return os.environ.get(ADDRESS, "").rpartition(":")[0] == sys.prefix


class Fork:
    """A module that runs in a process forked by the server, seen as a `subprocess.Popen`."""

    def __init__(self, module: str, argument: str, variables: Mapping[str, str], log: int, kept: int | None):
        """Start the module with one argument, its output to the file `log`; one open file is `kept` under its number.

        Raises OSError where the server has gone.
        """
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(os.environ[ADDRESS].rpartition(":")[2])
        request = {
            "module": module,
            "argument": argument,
            "variables": dict(variables),
            "kept": kept,
            "cwd": os.getcwd(),
        }
        end, other = os.pipe()
        self.stdin = FileIO(other, "w")
        try:
            socket.send_fds(self.server, [json.dumps(request).encode()], [end, log, *([] if kept is None else [kept])])
        finally:
            os.close(end)
        self.server.shutdown(socket.SHUT_WR)
        self.pid, self.returncode = self._number(), None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status, negative for a signal; raise TimeoutExpired, or ServerGone."""
        if self.returncode is None:
            self.server.settimeout(timeout)
            try:
                self.returncode = self._number()
            except TimeoutError as error:
                raise subprocess.TimeoutExpired("a forked worker", timeout) from error
            self.server.close()
        return self.returncode

    def _number(self) -> int:
        read = self.server.recv(CODE, socket.MSG_WAITALL)
        if len(read) < CODE:
            raise ServerGone("the process that forks workers has ended: start again")
        return int.from_bytes(read, signed=True)


def main() -> None:
    """Fork as asked until nobody holds the other end of standard input."""
    listener, clients = socket.socket(fileno=int(sys.argv[1])), {}
    folder = Path(listener.getsockname()).parent
    os.chdir("/")
    with DefaultSelector() as selector:
        for own in (listener, sys.stdin):
            selector.register(own, EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    shutil.rmtree(folder, ignore_errors=True)
                    os._exit(0)
                if key.fileobj is listener:
                    client, _ = listener.accept()
                    try:
                        pid = _forked(client)
                    except OSError:  # there is no room for one more process
                        client.close()
                        continue
                    ended = os.pidfd_open(pid)
                    selector.register(ended, EVENT_READ, pid)
                    clients[ended] = client
                else:
                    status = os.waitstatus_to_exitcode(os.waitpid(key.data, 0)[1])
                    selector.unregister(key.fileobj)
                    os.close(key.fileobj)
                    with clients.pop(key.fileobj) as client, suppress(OSError):
                        client.sendall(status.to_bytes(CODE, signed=True))


def _forked(client: socket.socket) -> int:
    """Return the number of a process that does what a client asks, which it hears and answers itself."""
    __import__(PACKAGE)  # not before the first one asks
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        _answer(client)
    return pid


def _answer(client: socket.socket) -> NoReturn:
    """Lead a session, tell the client so, do what it asks, and end."""
    status = 1
    try:
        request, files, part = b"", [], None
        while part != b"":
            part, received, _, _ = socket.recv_fds(client, LONGEST, 3)
            request, files = request + part, files + received
        os.setsid()
        client.sendall(os.getpid().to_bytes(CODE, signed=True))
        _become(json.loads(request), files)
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def _become(request: Mapping, files: Sequence[int]) -> None:
    """Run a module as a process of its own would."""
    kept = 2 if request["kept"] is None else request["kept"]
    for file, number in zip(files, (0, 1, kept), strict=False):
        os.dup2(file, number)
    os.dup2(1, 2)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["variables"])
    gc.unfreeze()
    sys.modules["numpy"].random.seed()  # PyTorch has loaded it: else all would draw the same numbers
    sys.argv = [request["module"], request["argument"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
