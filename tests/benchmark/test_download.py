"""Downloads: whole files or none, from the first source that has them, with one clear message if no source has."""

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
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from benchmark import download
from benchmark.download import DownloadError, File, fetch, mirrors_from, read_registry

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


quickly = partial(fetch, pauses=(0.01, 0.01), timeouts=(2.0, 0.5))


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
    fetch("set", tmp_path / "set.txt", tmp_path / "data", [], pauses=(), timeouts=(2.0, 12.0))
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
