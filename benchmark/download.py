"""Downloads: every file of a data set's registry, checked, from the first of its sources that has it."""

import logging
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from string import hexdigits
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

import pooch
from tqdm import tqdm
from urllib3.exceptions import MaxRetryError

from benchmark.storage import is_of_full_disk
from benchmark.transfer import AskedToWait, Bounds, transfer

log = logging.getLogger(__name__)

# pooch announces every file at INFO on stderr, across the progress bar; what matters is logged here.
pooch.get_logger().setLevel(logging.WARNING)

WORKERS = 8
NAMED_FAILURES = 5
PARTIAL = ".partial"
GRANTED = Bounds()


class DownloadError(RuntimeError):
    """Some files of a data set can be had from none of their sources."""


@dataclass(frozen=True)
class File:
    """One line of a registry: a name with slashes, its SHA-256 in hexadecimal, and the URL where it is published."""

    name: str
    sha256: str
    url: str | None = None


def read_registry(path: Path) -> list[File]:
    """Return the files of a pooch registry, whose lines are `name sha256` or `name sha256 url`.

    Raises ValueError for a registry without files, a checksum that is no SHA-256, and a name that leaves the folder.
    """
    registry = pooch.create(path=path.parent, base_url="")
    registry.load_registry(path)
    files = [File(name, digest, registry.urls.get(name)) for name, digest in registry.registry.items()]
    if not files:
        raise ValueError(f"registry {path} names no file; a line is `name sha256 url`, the url may be left out")
    for file in files:
        if len(file.sha256) != 64 or not set(file.sha256) <= set(hexdigits):
            raise ValueError(f"registry {path}: {file.sha256!r}, given for {file.name}, is no SHA-256 (64 hex digits)")
        parts = PurePosixPath(file.name)
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"registry {path}: {file.name!r} leads out of the data folder; use a name inside it")
    return files


def mirrors_from(config_value: str | None, environment: Mapping[str, str]) -> list[str]:
    """Return the mirrors in the order to try them: DEEPTENSOR_MIRROR of the environment, then the config's."""
    return list(dict.fromkeys(filter(None, [environment.get("DEEPTENSOR_MIRROR"), config_value])))


def fetch(
    dataset: str,
    registry: Path,
    folder: Path,
    mirrors: Sequence[str],
    *,
    pauses: Sequence[float] = (1.0, 3.0),
    bounds: Bounds = GRANTED,
) -> dict:
    """Bring every file of a registry to `folder/<name>` and return the manifest.

    The manifest is `{"dataset", "files": [{"name", "sha256", "bytes", "source"}]}`, where the source is the address
    that a file came from, or "present". A mirror is a folder or a URL and holds `<dataset>/<name>`. In each round the
    mirrors are asked in order and then the registry's URL; the files still missing have another round after each of
    `pauses` (seconds), or after as long as a server asks to wait, within the `bounds` of what is granted to servers.

    A file appears in `folder` only whole and checked. One that is there whole is kept; a damaged one is moved aside.
    Raises DownloadError, once for the data set, if files are missing after the last round, and OSError at once if the
    disk is full.
    """
    files = read_registry(registry)
    folder.mkdir(parents=True, exist_ok=True)
    origins = {file.name: "present" for file in files if _is_present(folder, file)}
    missing = [file for file in files if file.name not in origins]
    reasons: dict[str, dict[str, str]] = {}
    byte_bar = len(missing) == 1 and sys.stderr.isatty()
    no_file_bar = None if len(missing) > 1 else True  # None: tqdm looks whether stderr is a terminal

    asked = [0.0]  # by servers, in seconds
    try:
        with (
            tqdm(total=len(missing), desc=dataset, unit="file", disable=no_file_bar) as bar,
            ThreadPoolExecutor(WORKERS) as pool,
        ):
            for pause in (0.0, *pauses):
                if not missing:
                    break
                time.sleep(max(pause, min(bounds.patience, max(asked))))
                addresses = [_addresses(dataset, file, mirrors) for file in missing]
                asked = [0.0]
                bring = partial(_bring, folder=folder, bounds=bounds, byte_bar=byte_bar, unreachable=set(), asked=asked)
                for file, (origin, failed) in zip(missing, pool.map(bring, missing, addresses), strict=True):
                    reasons[file.name] = failed
                    if origin:
                        origins[file.name] = origin
                        bar.update()
                missing = [file for file in missing if file.name not in origins]
    finally:
        shutil.rmtree(folder / PARTIAL, ignore_errors=True)
    if missing:
        raise DownloadError(_failure(dataset, registry, folder, missing, len(files), reasons))
    return {
        "dataset": dataset,
        "files": [
            {
                "name": file.name,
                "sha256": file.sha256,
                "bytes": (folder / file.name).stat().st_size,
                "source": origins[file.name],
            }
            for file in files
        ],
    }


def _is_present(folder: Path, file: File) -> bool:
    """Return whether a file is there and whole; move it aside if it is there and is not."""
    path = folder / file.name
    if not path.exists():
        return False
    if pooch.file_hash(path) == file.sha256:
        return True
    names = (path.with_name(f"{path.name}.bad{number or ''}") for number in count())
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    log.warning("%s does not have the checksum of its registry: moved to %s, to be fetched anew", path, aside.name)
    return False


def _bring(
    file: File,
    addresses: Sequence[str],
    *,
    folder: Path,
    bounds: Bounds,
    byte_bar: bool,
    unreachable: set[str],
    asked: list[float],
) -> tuple[str | None, dict[str, str]]:
    """Return the first address that gave the file (None if none did), and why those before it did not.

    Hosts that cannot be reached go to `unreachable`, the seconds that servers ask to wait for to `asked`.
    """
    reasons = {}
    for address in addresses:
        host = urlsplit(address).netloc
        if host in unreachable:  # else every file of a large data set waits for the same dead host
            reasons[address] = f"{host} cannot be reached"
            continue
        try:
            _download(address, file, folder, bounds, byte_bar)
            return address, reasons
        except OSError as error:  # those of requests among them
            if is_of_full_disk(error):  # no other source helps
                raise
            if isinstance(error, AskedToWait):
                asked.append(error.seconds)
            reasons[address] = str(error)
            for cause in error.args:
                if isinstance(cause, MaxRetryError):  # no connection at all, unlike one that broke off
                    unreachable.add(host)
                    reasons[address] = str(cause.reason)
        except ValueError as error:  # of pooch, or of an address that is none
            reasons[address] = "wrong checksum" if "known hash" in str(error) else str(error)
        log.debug("%s from %s: %s", file.name, address, reasons[address])
    return None, reasons


def _addresses(dataset: str, file: File, mirrors: Sequence[str]) -> list[str]:
    """Return the addresses of a file, URLs or paths, in the order to try them."""
    mirrored = [
        f"{mirror.rstrip('/')}/{quote(f'{dataset}/{file.name}')}"
        if "://" in mirror
        else str(Path(mirror).expanduser() / dataset / file.name)
        for mirror in mirrors
    ]
    return mirrored + ([file.url] if file.url else [])


def _download(address: str, file: File, folder: Path, bounds: Bounds, byte_bar: bool) -> None:
    """Write the file under its name, whole and checked, or raise.

    It grows in a folder of its own, so that the data folder holds no debris of a killed process either.
    """
    if "://" not in address or address.startswith("file://"):
        downloader = _copy
    else:

        def downloader(address: str, output: str, _: object) -> None:
            transfer(address, output, bounds, byte_bar)

    path, growing = folder / file.name, folder / PARTIAL / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    growing.parent.mkdir(parents=True, exist_ok=True)
    pooch.retrieve(address, file.sha256, fname=file.name, path=folder / PARTIAL, downloader=downloader)
    growing.chmod(0o644)  # temporary files are for their owner alone
    os.replace(growing, path)


def _copy(address: str, output: str, _: object) -> None:
    """Copy a file of a path or a file:// URL; a downloader in the sense of pooch."""
    source = url2pathname(urlsplit(address).path) if address.startswith("file://") else address
    if not Path(source).is_file():
        raise FileNotFoundError("no such file")
    shutil.copyfile(source, output)


def _failure(
    dataset: str,
    registry: Path,
    folder: Path,
    missing: Sequence[File],
    total: int,
    reasons: Mapping[str, Mapping[str, str]],
) -> str:
    """Return the one message for all the files of a data set that could not be had."""
    lines = [f"data set {dataset!r}: {len(missing)} of {total} files could not be fetched"]
    for file in missing[:NAMED_FAILURES]:
        lines.append(f"  {file.name} (sha256 {file.sha256})")
        lines += [f"    {address}: {reason}" for address, reason in reasons[file.name].items()]
        if not reasons[file.name]:
            lines.append("    no mirror is set, and the registry gives no URL")
    if len(missing) > NAMED_FAILURES:
        lines.append(f"  and {len(missing) - NAMED_FAILURES} more, with URLs and checksums in {registry}")
    lines += [
        f"Put the files by hand into {folder.resolve()} under these names,",
        f"or name a folder or URL that holds {dataset}/<name> as `mirror:` in the config or as DEEPTENSOR_MIRROR in",
        "the environment. Then run again: files that are whole are kept.",
    ]
    return "\n".join(lines)
