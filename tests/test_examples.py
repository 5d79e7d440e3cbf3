"""The examples: they run, and what they print is true."""

import os
import re
import subprocess
import sys
from functools import partialmethod
from pathlib import Path

import numpy as np

import deeptensor
from deeptensor import DeepNMF, factorise_many

ROOT = Path(__file__).resolve().parents[1]


def output_of(name: str) -> str:
    """Return what the example prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "examples" / name]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", text)]


def test_deeptensor_denoises_the_matrix_better_than_svd():
    noisy, svd, deep = numbers(output_of("denoise_matrix.py"))
    assert noisy + 3 < svd + 2 < deep


def test_missing_entries_are_recovered_and_the_fit_stops_by_itself():
    text = output_of("recover_missing_entries.py")
    of_mean, of_fit, of_average = numbers(text)
    # The noise of the known entries is 0.05.
    assert max(of_fit, of_average) < 0.05 < of_mean
    stop = re.search(r"stopped after (\d+) of 1000 iterations: the held-out error has not fallen", text)
    assert int(stop[1]) < 1000


def test_deep_nmf_comes_closer_to_the_spectra_than_nmf():
    for line in output_of("nmf_of_spectra.py").splitlines():
        nmf, deep = numbers(line)
        assert deep < 0.95 * nmf


def test_the_page_of_the_library_runs(monkeypatch):
    section = (ROOT / "docs" / "library.md").read_text()
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    monkeypatch.setitem(factorise_many.__kwdefaults__, "iterations", 2)
    monkeypatch.setattr(deeptensor, "PAPER", {**deeptensor.PAPER, "iterations": 2})
    monkeypatch.setattr(DeepNMF, "__init__", partialmethod(DeepNMF.__init__, iterations=2))
    rng = np.random.default_rng(0)
    data = {"X": rng.random((40, 30)), "samples": rng.random((12, 9)), "cube": rng.random((12, 9, 10))}
    names = data | {"volume": rng.random((12, 11, 10))}
    exec(code, names)
    assert names["U"].shape == (40, 20)
    assert names["volume"].shape == (12, 11, 10)
    assert names["fit"].decomposition.reconstruct().shape == (12, 9, 10)
