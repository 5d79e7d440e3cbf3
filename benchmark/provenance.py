"""Where a number comes from: code, machine and versions."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmark.source import ROOT

# What results depend on; a log or a config of one's own beside it makes no run doubtful.
FOLDERS = ("baselines", "benchmark", "datasets", "deeptensor", "experiments", "sources", "tasks", "workflow")


def git_state(root: Path = ROOT) -> dict:
    """Return the commit of the checkout and whether its sources differ from it; both None outside git."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {
            "git_commit": git("rev-parse", "HEAD"),
            "git_dirty": bool(git("status", "--porcelain", "--", *FOLDERS, "Snakefile")),
        }
    except (subprocess.CalledProcessError, FileNotFoundError):
        return {"git_commit": None, "git_dirty": None}


def cpu_name() -> str:
    """Return the processor's model name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict:
    """Return the versions of Python and torch."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = None
    return {"python": platform.python_version(), "torch": torch}


def peak_rss_mib() -> float:
    """Return the largest resident memory of this process so far, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # elsewhere in Linux the peak of the parent is inherited
        [peak] = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(peak) / 2**10
    import resource  # POSIX only

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
