"""Files of arrays: problems by item, and estimates with their traces. A file appears whole or not at all.

One that is damaged later is an error that says which it is, and how it is made anew.
"""

import errno
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.contract import Answer, Estimate, Item, Snapshot

# What the machine says of a disk that is full, or of one that may not be written to.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
NO_RIGHT = {errno.EROFS, errno.EACCES, errno.EPERM}
# The exit status of a process of a run for which a disk had no room: the method is not to blame.
DISK_FULL = 201


class Unusable(ValueError):
    """Files that jobs made are damaged, or not those of the plan; the message says what is wrong and what to delete.

    `fault` is what is wrong, without the advice on the `paths`.
    """

    def __init__(self, fault: str, *paths: Path):
        super().__init__(f"{fault}\n{remedy(paths)}")
        self.fault, self.paths = fault, paths


def remedy(paths: Iterable[Path]) -> str:
    """Return the advice, and a line for a shell, by which files of jobs are made anew, with what is made of them.

    It holds as the targets of the workflow need a file of every job.
    """
    return f"What is deleted is made anew at the next start:\n  rm {shlex.join(dict.fromkeys(map(str, paths)))}"


def is_of_full_disk(error: BaseException) -> bool:
    """Return whether an error says that a disk is full."""
    return isinstance(error, OSError) and error.errno in NO_ROOM


def full_disk(log: Path) -> OSError:
    """Return the error of a process that ended by `DISK_FULL`, whose log says more."""
    return OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)} for a run, whose log is {log}")


def explained(error: OSError, *places: Path) -> str:
    """Return an error with what to do where it says that a disk is full, or may not be written to.

    Libraries mostly name no file when a disk is full: then it is the fullest of those that hold one of the `places`.
    """
    if error.errno in NO_RIGHT:
        return f"{error}: give the right to write there; then start again"
    if is_of_full_disk(error):
        named = error.filename2 or error.filename
        return f"{error}: {wanted_room(*([named] if isinstance(named, str) else places))}"
    return str(error)


def wanted_room(*places: str | Path) -> str:
    """Return where to make room: on the fullest disk of those that hold one of the `places`, or would hold it."""
    disks = {_disk_of(Path(own)) for own in places}
    fullest = min(disks, key=lambda disk: shutil.disk_usage(disk).free)
    size = shutil.disk_usage(fullest)
    left = f"{size.free / 1e6:.1f} MB of {size.total / 1e6:.0f} MB are free"
    return f"make room on the disk at {fullest} ({left}); then start again"


def _disk_of(path: Path) -> Path:
    real = path.resolve()
    return next(own for own in (real, *real.parents) if own.is_mount())


@contextmanager
def intact(path: Path) -> Iterator[None]:
    """Raise Unusable for what goes wrong with the content of a file that is read in the block."""
    try:
        yield
    except (Unusable, MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        raise Unusable(f"{path} cannot be read: {type(error).__name__}: {error}", path) from error


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it there once the block ends without an error; else remove it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    with written_whole(target) as partial:
        shutil.copyfile(source, partial)


def copy_folder(source: Path, target: Path) -> None:
    """Copy the files of a folder, but for what a process that was killed left half written."""
    for path in source.rglob("[!.]*"):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


@contextmanager
def folder_written_whole(folder: Path) -> Iterator[Path]:
    """Give a temporary path for a folder, and put it in the place of `folder` once the block ends without an error."""
    partial, before = (folder.with_name(f".{folder.name}.{word}") for word in ("partial", "before"))

    def clear() -> None:
        if before.exists() and not folder.exists():  # ended between the two moves
            os.replace(before, folder)
        for leftover in (partial, before):
            shutil.rmtree(leftover, ignore_errors=True)

    clear()  # what a process left that was killed
    try:
        yield partial
        if folder.exists():
            os.replace(folder, before)
        os.replace(partial, folder)
    finally:
        clear()


def put_right_times(folder: Path) -> None:
    """Give each file below a folder whose time lies ahead, as the clock was put back since, the time of now.

    Snakemake refuses what is made of such a file, as it is older.
    """
    now = time.time_ns()
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # another run may be at work
                if os.lstat(path := os.path.join(place, name)).st_mtime_ns > now:
                    os.utime(path, ns=(now, now), follow_symlinks=False)


def watch_clock(folders: Iterable[str]) -> None:
    """Put right the times of the files below folders each time that the clock is put back; go on for ever."""
    before = time.time()
    while True:
        time.sleep(1)
        if (now := time.time()) < before:
            for folder in folders:
                put_right_times(Path(folder))
        before = now


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time write into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays to an `.npz` file."""
    with written_whole(path) as partial:
        np.savez(partial, **arrays)


def load_arrays(path: Path, start: str = "") -> dict[str, np.ndarray]:
    """Read the arrays of an `.npz` file whose names start with a text; raise Unusable if it is damaged."""
    with intact(path), np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name.startswith(start)}


def save_text(path: Path, text: str) -> None:
    """Write a text file, in UTF-8."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def save_json(path: Path, content: Mapping) -> None:
    """Write a JSON file."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n")


def load_json(path: Path) -> dict:
    """Read a JSON file; raise Unusable if it is damaged."""
    with intact(path):
        return json.loads(path.read_text())


def load_yaml(path: Path) -> Any:
    """Read a YAML file by the parser in C, ten times as fast as that in Python; raise YAMLError if it is none."""
    import yaml  # runs need none

    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def sha256_of_array(array: np.ndarray) -> str:
    """Return a digest of an array's type, shape and values."""
    head = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()


def sha256_of_items(path: Path) -> dict[str, str]:
    """Return a digest of all arrays `<item>/...` of an `.npz` file, by item; raise Unusable if it is damaged."""
    digests = {}
    with intact(path), np.load(path, allow_pickle=False) as file:
        for name in sorted(file.files):
            item, _, own = name.partition("/")
            digests.setdefault(item, hashlib.sha256()).update(f"{own} {sha256_of_array(file[name])}\n".encode())
    return {item: digest.hexdigest() for item, digest in digests.items()}


def pack_item(item: Item) -> dict[str, np.ndarray]:
    """Return the arrays of an item as `<item>/signal` and `<item>/<extra>`, the signal in single precision."""
    arrays = {"signal": item.signal.astype(np.float32)} | item.extras
    return {f"{item.name}/{name}": np.asarray(own) for name, own in arrays.items()}


def unpack_item(arrays: Mapping[str, np.ndarray], facts: Mapping) -> Item:
    """Return the item of which `facts` states the name, rank, budget and sign, from the arrays of all items."""
    own = parts_of(arrays, facts["name"])
    return Item(
        facts["name"], own.pop("signal"), rank=facts["rank"], budget=facts["budget"], signed=facts["signed"], extras=own
    )


def pack(estimate: Estimate, item: str) -> dict[str, np.ndarray]:
    """Return the estimate of an item as arrays `<item>/...`: the answer in single precision, the snapshots in half.

    A snapshot's array that is beyond the range of half precision is kept in single.
    """
    arrays = _named(f"{item}/answer", estimate.answer, partial(np.asarray, dtype=np.float32))
    for number, snapshot in enumerate(estimate.trace):
        key = f"{item}/trace/{number:06d}"
        arrays[f"{key}/clock"] = np.array([snapshot.iteration, snapshot.seconds, snapshot.loss])
        arrays |= _named(f"{key}/last", snapshot.last, _halved)
        if snapshot.average is not None:
            arrays |= _named(f"{key}/average", snapshot.average, _halved)
    return arrays


def unpack(arrays: Mapping[str, np.ndarray], item: str) -> Estimate:
    """Return the estimate of an item from the arrays of all items that `pack` made."""
    trace = []
    clocks = [name for name in arrays if name.startswith(f"{item}/trace/") and name.endswith("/clock")]
    for key in sorted(name.removesuffix("/clock") for name in clocks):
        iteration, seconds, loss = arrays[f"{key}/clock"]
        last, average = _value(f"{key}/last", arrays), _value(f"{key}/average", arrays)
        trace.append(Snapshot(int(iteration), float(seconds), float(loss), last, average))
    answer = _value(f"{item}/answer", arrays)
    if isinstance(answer, np.ndarray):
        return Estimate(signal=answer, trace=trace)
    return Estimate(parts=answer, trace=trace) if isinstance(answer, dict) else Estimate(factors=answer, trace=trace)


def parts_of(arrays: Mapping[str, np.ndarray], item: str) -> dict[str, np.ndarray]:
    """Return the arrays `<item>/<part>` by their part."""
    return {key.removeprefix(f"{item}/"): value for key, value in arrays.items() if key.startswith(f"{item}/")}


def _halved(values: np.ndarray) -> np.ndarray:
    """Return values in half precision, or in single where the largest would be infinite or lose digits."""
    peak, limits = np.max(np.abs(values), initial=0), np.finfo(np.float16)
    return values.astype(np.float16 if peak == 0 or limits.tiny <= peak <= limits.max else np.float32)


def _named(key: str, value: Answer, cast: Callable[[np.ndarray], np.ndarray]) -> dict[str, np.ndarray]:
    if isinstance(value, np.ndarray):
        return {key: cast(value)}
    if isinstance(value, Mapping):
        return {f"{key}/part/{name}": cast(own) for name, own in value.items()}
    return {f"{key}/{number:03d}": cast(factor) for number, factor in enumerate(value)}


def _value(key: str, arrays: Mapping[str, np.ndarray]) -> Answer | None:
    if key in arrays:
        return arrays[key].astype(np.float32)
    own = {name: arrays[name].astype(np.float32) for name in sorted(arrays) if name.startswith(f"{key}/")}
    if any(name.startswith(f"{key}/part/") for name in own):
        return {name.removeprefix(f"{key}/part/"): value for name, value in own.items()}
    return tuple(own.values()) or None
