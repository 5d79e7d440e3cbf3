"""Downloads: whole files or none, from the first source that has them, with one clear message if no source has."""

import errno
import gzip
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from benchmark import download
from benchmark.download import DownloadError, File, fetch, mirrors_from, read_registry
from benchmark.transfer import Bounds

NAMES = ["one.bin", "deep/two+half.bin", "deep/er/three four.bin"]
CONTENTS = {name: np.random.default_rng(n).bytes(3000 + 200_000 * n) for n, name in enumerate(NAMES)}

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def whole(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def truncated(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Announce the whole file and break off in the middle."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])


def short(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Send half of the file as if that were all of it."""
    whole(handler, body[: len(body) // 2])


def other(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Send a file of the right length and the wrong contents."""
    whole(handler, body[::-1])


def absent(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_error(404)


def unavailable(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_error(503)


def endless(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Send without an end, and without a word on the length."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):  # the client leaves
        for _ in range(64):
            handler.wfile.write(bytes(2**20))


def huge(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Announce a terabyte."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(2**40))
    handler.end_headers()
    handler.wfile.write(body)


def bomb(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Send 16 kB that expand to 16 MB."""
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.end_headers()
    handler.wfile.write(gzip.compress(bytes(2**24)))


def unchunked(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Break off in the middle of a piece."""
    handler.protocol_version = "HTTP/1.1"
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"%x\r\n" % len(body) + body[: len(body) // 2])


def busy(wait: str, status: int = 429) -> Answer:
    """Ask to be left alone for a while."""

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Retry-After", wait)
        handler.end_headers()

    return answer


def to(address: str) -> Answer:
    """Send the client elsewhere."""

    def redirected(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(302)
        handler.send_header("Location", address)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return redirected


class Server(ThreadingHTTPServer):
    """A server of `files` (path -> bytes) that answers a path from its list in `script`, then with the whole file."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.script: dict[str, list[Answer]] = {}
        self.requests: Counter[str] = Counter()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.released = threading.Event()

    def stall(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Send half of the file and then nothing, with the connection open."""
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        self.released.wait(20)

    def drip(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Send the file byte by byte, then the rest at once."""
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        self._slowly(handler, body)

    def drip_headers(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Send a header byte by byte, then the rest at once."""
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nSlow: ")
        self._slowly(handler, bytes(40).replace(b"\0", b"x") + b"\r\n\r\n" + body)

    def _slowly(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        with suppress(OSError):  # the client leaves
            for number in range(40):
                handler.wfile.write(content[number : number + 1])
                self.released.wait(0.1)
            handler.wfile.write(content[40:])


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = unquote(self.path)
        self.server.requests[path] += 1
        script = self.server.script.get(path, [])
        answer = script.pop(0) if script else whole if path in self.server.files else absent
        answer(self, self.server.files.get(path, b""))

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def published(server: Server, tmp_path: Path) -> Path:
    """A registry whose URLs the server has under /origin."""
    server.files |= {f"/origin/{name}": body for name, body in CONTENTS.items()}
    return write_registry(tmp_path / "set.txt", {name: f"{server.url}/origin/{name}" for name in NAMES})


def write_registry(path: Path, urls: dict[str, str]) -> Path:
    lines = [f'"{name}" {digest(CONTENTS[name])} "{url.replace(" ", "%20")}"' for name, url in urls.items()]
    path.write_text("\n".join(line.removesuffix(' ""') for line in lines) + "\n")
    return path


def write_tree(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, body in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sources(manifest: dict) -> dict[str, str]:
    return {entry["name"]: entry["source"] for entry in manifest["files"]}


quickly = partial(fetch, pauses=(0.01, 0.01), bounds=Bounds(connect=2.0, pause=0.5))
strictly = partial(fetch, pauses=(), bounds=Bounds(connect=0.3, pause=0.5, patience=0.6, slowest=1e6, largest=2**20))


def test_files_arrive_with_their_contents_and_a_manifest(server, published, tmp_path):
    manifest = quickly("set", published, tmp_path / "data", [])
    assert tree(tmp_path / "data") == CONTENTS
    assert manifest == {
        "dataset": "set",
        "files": [
            {
                "name": name,
                "sha256": digest(body),
                "bytes": len(body),
                "source": f"{server.url}/origin/{name}".replace(" ", "%20"),
            }
            for name, body in CONTENTS.items()
        ],
    }


def test_files_can_be_read_by_everyone(published, tmp_path):
    quickly("set", published, tmp_path / "data", [])
    assert (tmp_path / "data" / NAMES[0]).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("fault", [truncated, short, other, absent, unavailable])
def test_a_fault_is_overcome_by_the_third_try(server, published, tmp_path, fault):
    server.script["/origin/one.bin"] = [fault, fault]
    quickly("set", published, tmp_path / "data", [])
    assert tree(tmp_path / "data") == CONTENTS
    assert server.requests == {f"/origin/{name}": 3 if name == "one.bin" else 1 for name in NAMES}


@pytest.mark.parametrize("fault", [truncated, short, other, absent])
def test_a_fault_that_lasts_leaves_no_file(server, published, tmp_path, fault):
    server.script["/origin/one.bin"] = [fault] * 3
    with pytest.raises(DownloadError, match=r"one\.bin"):
        quickly("set", published, tmp_path / "data", [])
    assert tree(tmp_path / "data") == {name: CONTENTS[name] for name in NAMES[1:]}
    assert server.requests["/origin/one.bin"] == 3


def test_a_server_that_hangs_is_given_up(server, published, tmp_path):
    server.script["/origin/one.bin"] = [server.stall] * 3
    with pytest.raises(DownloadError, match="timed out"):
        quickly("set", published, tmp_path / "data", [])
    assert NAMES[0] not in tree(tmp_path / "data")


def of_server(name: str) -> Callable[[Server], Answer]:
    return lambda server: getattr(server, name)


# What a server does, and the reason that is given.
FAULTS = {
    "never ends": (lambda _: endless, "more than 1048576 bytes"),
    "announces a terabyte": (lambda _: huge, "more than 1048576 bytes"),
    "expands without an end": (lambda _: bomb, "more than 1048576 bytes"),
    "drips": (of_server("drip"), r"too slow: \d+ bytes in 1 s"),
    "drips headers": (of_server("drip_headers"), "too slow: 0 bytes in 1 s"),
    "hangs": (of_server("stall"), "timed out"),
    "breaks off": (lambda _: truncated, "IncompleteRead"),
    "breaks off in a piece": (lambda _: unchunked, "IncompleteRead|InvalidChunkLength|Connection broken"),
    "sends half": (lambda _: short, "wrong checksum"),
    "sends another": (lambda _: other, "wrong checksum"),
    "leads round": (lambda server: to(f"{server.url}/m/set/one.bin"), "30 redirects"),
    "leads to a file": (lambda _: to("file:///etc/hostname"), "No connection adapters"),
    "asks to wait": (lambda _: busy("3600"), r"429 .* \(asks to wait for 3600 s\)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_server_does_ends_with_the_reason_and_the_next_source_is_asked(server, tmp_path, fault):
    answer, reason = FAULTS[fault]
    server.files["/m/set/one.bin"] = CONTENTS["one.bin"]
    server.script["/m/set/one.bin"] = [answer(server)] * 100
    registry, good = write_registry(tmp_path / "set.txt", {"one.bin": ""}), tmp_path / "good"
    with pytest.raises(DownloadError, match=f"one.bin: .*({reason})") as failure:
        strictly("set", registry, tmp_path / "data", [f"{server.url}/m", str(good)])
    assert "Put the files by hand into" in str(failure.value)
    assert tree(tmp_path / "data") == {}
    write_tree(good, {"set/one.bin": CONTENTS["one.bin"]})
    manifest = strictly("set", registry, tmp_path / "data", [f"{server.url}/m", str(good)])
    assert sources(manifest) == {"one.bin": str(good / "set" / "one.bin")}
    assert tree(tmp_path / "data") == {"one.bin": CONTENTS["one.bin"]}


def test_a_host_that_takes_no_connection_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExitStack() as sockets:
        host = sockets.enter_context(socket.socket())
        host.bind(("127.0.0.1", 0))
        host.listen(0)
        for _ in range(3):  # as many as wait; the next is left without an answer
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(host.getsockname())
        address = f"http://127.0.0.1:{host.getsockname()[1]}"
        registry = write_registry(tmp_path / "set.txt", {"one.bin": f"{address}/one.bin"})
        with pytest.raises(DownloadError, match=r"one\.bin: .*timed out"):
            strictly("set", registry, tmp_path / "data", [])


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_wait_is_given_that_time_but_no_more_than_is_granted(
    server, published, tmp_path, monkeypatch, status
):
    slept = []
    monkeypatch.setattr(download.time, "sleep", slept.append)
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=3600), usegmt=True)
    server.script["/origin/one.bin"] = [busy("7", status), busy(later, status)]
    quickly("set", published, tmp_path / "data", [])
    assert tree(tmp_path / "data") == CONTENTS
    assert slept == [0.0, 7.0, Bounds().patience]


def test_a_disk_without_room_is_an_error_at_once_and_leaves_no_file(server, published, small_disk):
    (small_disk / "full").write_bytes(bytes(5 * 2**20 - 2**17))
    with pytest.raises(OSError, match="No space left on device") as error:
        quickly("set", published, small_disk / "data", [])
    assert error.value.errno == errno.ENOSPC
    assert set(tree(small_disk / "data")) < set(CONTENTS)
    assert max(server.requests.values()) == 1
    (small_disk / "full").unlink()
    quickly("set", published, small_disk / "data", [])
    assert tree(small_disk / "data") == CONTENTS


def test_a_redirection_is_followed_and_what_it_leads_to_is_checked(server, published, tmp_path):
    server.files["/login"] = b"<html>Who are you?</html>"
    server.script[f"/origin/{NAMES[0]}"] = [to("/login"), to(f"/moved/{NAMES[0]}")]
    server.files[f"/moved/{NAMES[0]}"] = CONTENTS[NAMES[0]]
    quickly("set", published, tmp_path / "data", [])
    assert tree(tmp_path / "data") == CONTENTS
    assert server.requests["/login"] == 1


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("/origin/one.bin", "30 redirects"),
        ("file:///etc/hostname", "No connection adapters"),
        ("http://[::1", "Invalid IPv6 URL"),
    ],
)
def test_a_redirection_that_leads_nowhere_leaves_no_file(server, published, tmp_path, address, reason):
    server.script["/origin/one.bin"] = [to(address)] * 100
    with pytest.raises(DownloadError, match=reason):
        quickly("set", published, tmp_path / "data", [])
    assert tree(tmp_path / "data") == {name: CONTENTS[name] for name in NAMES[1:]}


def test_a_host_that_cannot_be_reached_is_tried_once_a_round(tmp_path, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
    tried = []

    def counted(address: str, *rest: object) -> None:
        tried.append(address)
        real(address, *rest)

    real = download._download
    monkeypatch.setattr(download, "_download", counted)
    monkeypatch.setattr(download, "WORKERS", 1)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    registry = write_registry(tmp_path / "set.txt", {name: f"http://{host}/{name}" for name in NAMES})
    with pytest.raises(DownloadError, match=f"{host} cannot be reached"):
        quickly("set", registry, tmp_path / "data", [])
    assert tried == [f"http://{host}/{NAMES[0]}"] * 3


def test_many_files_are_fetched_at_the_same_time(server, tmp_path):
    names = [f"{n:03}.bin" for n in range(60)]
    gate = threading.Barrier(download.WORKERS, timeout=10)

    def together(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        gate.wait()  # opens only when as many requests as there are workers wait at once
        whole(handler, body)

    server.files |= {f"/{name}": name.encode() for name in names}
    server.script = {f"/{name}": [together] for name in names[: download.WORKERS]}
    lines = [f"{name} {digest(name.encode())} {server.url}/{name}" for name in names]
    (tmp_path / "set.txt").write_text("\n".join(lines))
    fetch("set", tmp_path / "set.txt", tmp_path / "data", [], pauses=(), bounds=Bounds(connect=2.0, pause=12.0))
    assert tree(tmp_path / "data") == {name: name.encode() for name in names}
    assert set(server.requests.values()) == {1}


def test_only_missing_files_are_fetched(server, published, tmp_path):
    write_tree(tmp_path / "data", {NAMES[1]: CONTENTS[NAMES[1]]})
    before = (tmp_path / "data" / NAMES[1]).stat().st_mtime_ns
    manifest = quickly("set", published, tmp_path / "data", [])
    assert server.requests == {f"/origin/{NAMES[0]}": 1, f"/origin/{NAMES[2]}": 1}
    assert sources(manifest)[NAMES[1]] == "present"
    assert (tmp_path / "data" / NAMES[1]).stat().st_mtime_ns == before


def test_a_second_call_asks_no_source(server, published, tmp_path):
    quickly("set", published, tmp_path / "data", [])
    server.requests.clear()
    manifest = quickly("set", published, tmp_path / "data", [server.url])
    assert not server.requests
    assert set(sources(manifest).values()) == {"present"}


def test_a_killed_download_leaves_no_file_and_is_resumed(server, published, tmp_path):
    data = tmp_path / "data"
    server.script[f"/origin/{NAMES[2]}"] = [server.stall]
    program = (
        "import sys; from pathlib import Path; from benchmark.download import fetch;"
        "fetch('set', Path(sys.argv[1]), Path(sys.argv[2]), [])"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(download.__file__).parents[1])}
    process = subprocess.Popen([sys.executable, "-c", program, str(published), str(data)], env=environment)
    deadline = time.monotonic() + 20
    while not (growing(data) and all((data / name).exists() for name in NAMES[:2])) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert growing(data), "the download was not under way when it was killed"
    assert {name: body for name, body in tree(data).items() if not name.startswith(download.PARTIAL)} == {
        name: CONTENTS[name] for name in NAMES[:2]
    }
    server.requests.clear()
    quickly("set", published, data, [])
    assert server.requests == {f"/origin/{NAMES[2]}": 1}
    assert tree(data) == CONTENTS


def growing(data: Path) -> list[Path]:
    return [path for path in (data / download.PARTIAL).rglob("*") if path.is_file() and path.stat().st_size > 0]


def test_a_damaged_file_is_moved_aside_and_fetched_anew(published, tmp_path, caplog):
    data = write_tree(tmp_path / "data", {"one.bin": b"mine", "one.bin.bad": b"older"})
    quickly("set", published, data, [])
    assert tree(data) == CONTENTS | {"one.bin.bad1": b"mine", "one.bin.bad": b"older"}
    assert "one.bin.bad1" in caplog.text


@pytest.mark.parametrize("kind", ["folder", "file", "http"])
def test_a_mirror_serves_files_that_have_no_url(server, tmp_path, kind):
    folder = write_tree(tmp_path / "mirror", {f"set/{name}": body for name, body in CONTENTS.items()})
    server.files |= {f"/mirror/set/{name}": body for name, body in CONTENTS.items()}
    registry = write_registry(tmp_path / "set.txt", dict.fromkeys(NAMES, ""))
    mirror = {"folder": str(folder), "file": folder.as_uri(), "http": f"{server.url}/mirror/"}[kind]
    quickly("set", registry, tmp_path / "data", [mirror])
    assert tree(tmp_path / "data") == CONTENTS


def test_sources_are_tried_in_order_and_a_wrong_checksum_means_the_next(server, published, tmp_path):
    first = write_tree(tmp_path / "first", {"set/one.bin": CONTENTS["one.bin"], f"set/{NAMES[1]}": b"damaged"})
    server.files |= {f"/second/set/{name}": CONTENTS[name] for name in NAMES[:2]}
    manifest = quickly("set", published, tmp_path / "data", [str(first), f"{server.url}/second"])
    assert sources(manifest) == {
        NAMES[0]: str(first / "set" / NAMES[0]),
        NAMES[1]: f"{server.url}/second/set/deep/two%2Bhalf.bin",
        NAMES[2]: f"{server.url}/origin/deep/er/three%20four.bin",
    }
    assert tree(tmp_path / "data") == CONTENTS


def test_a_lasting_failure_is_one_message_with_all_that_is_needed(server, tmp_path):
    names = [f"{n}.bin" for n in range(7)]
    server.script = {"/m/set/0.bin": [other] * 3}
    lines = [f"{name} {digest(name.encode())} {server.url}/{name}" for name in names[:6]] + [f"6.bin {digest(b'6')}"]
    (tmp_path / "set.txt").write_text("\n".join(lines))
    with pytest.raises(DownloadError) as failure:
        quickly("set", tmp_path / "set.txt", tmp_path / "data", [str(tmp_path / "no"), f"{server.url}/m"])
    message = str(failure.value)
    assert "'set': 7 of 7 files" in message
    assert [name for name in names if f"  {name} (sha256 " in message] == names[:5]
    assert "and 2 more" in message
    assert digest(b"0.bin") in message
    assert f"{tmp_path}/no/set/0.bin: no such file" in message
    assert f"{server.url}/m/set/0.bin: wrong checksum" in message
    assert f"{server.url}/0.bin: 404 Client Error" in message
    for hint in (str(tmp_path / "data"), "`mirror:`", "DEEPTENSOR_MIRROR"):
        assert hint in message


def test_a_file_without_any_source_says_so(tmp_path):
    registry = write_registry(tmp_path / "set.txt", {"one.bin": ""})
    with pytest.raises(DownloadError, match="no mirror is set, and the registry gives no URL"):
        quickly("set", registry, tmp_path / "data", [])


def test_no_progress_is_shown_where_stderr_is_no_terminal(published, tmp_path, capfd):
    quickly("set", published, tmp_path / "data", [])
    assert capfd.readouterr() == ("", "")


def test_the_environment_comes_before_the_config():
    assert mirrors_from("b", {"DEEPTENSOR_MIRROR": "a"}) == ["a", "b"]
    assert mirrors_from("b", {"DEEPTENSOR_MIRROR": ""}) == ["b"]
    assert mirrors_from("a", {"DEEPTENSOR_MIRROR": "a"}) == ["a"]
    assert mirrors_from(None, {}) == []


def test_a_registry_is_read_with_and_without_urls(tmp_path):
    (tmp_path / "set.txt").write_text(f"# comment\na/b+c.png {'A' * 64} https://host/x\n\nd.npy {'0' * 64}\n")
    assert read_registry(tmp_path / "set.txt") == [
        File("a/b+c.png", "a" * 64, "https://host/x"),
        File("d.npy", "0" * 64),
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "names no file"),
        ("x.npy 1234", "no SHA-256"),
        (f"../x.npy {'0' * 64}", "out of the data folder"),
        (f"/x.npy {'0' * 64}", "out of the data folder"),
    ],
)
def test_a_bad_registry_is_refused(tmp_path, line, complaint):
    (tmp_path / "set.txt").write_text(line)
    with pytest.raises(ValueError, match=complaint):
        read_registry(tmp_path / "set.txt")
