"""Measures belong to tasks, methods to their files, and subjects to experiments: the benchmark itself names none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = ROOT / "benchmark"
# The libraries of measures, of methods' algorithms, and of loaders are about them.
ABOUT = ("metrics.py", "algorithms/", "loaders/")
NAMES = re.compile("psnr|svd|deep ?tensor", re.I)
# The package of that name: where it is imported, where its code counts, and the variable of its downloads.
PACKAGE = {
    "operators.py": r"from deeptensor\.operators import",
    "source.py": r'"deeptensor"',
    "contract.py": r"`deeptensor\.operators`",
    "download.py": "DEEPTENSOR_MIRROR",
    "provenance.py": r'"deeptensor"',
}


def open_files():
    files = [path.relative_to(HOME).as_posix() for suffix in ("py", "html") for path in HOME.rglob(f"*.{suffix}")]
    return sorted(name for name in files if not name.startswith(ABOUT))


def lines_of(name):
    return (HOME / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", open_files())
def test_no_module_names_a_measure_a_method_or_a_subject(name):
    kept = [re.sub(PACKAGE[name], "", line) if name in PACKAGE else line for line in lines_of(name)]
    assert [line.strip() for line in kept if NAMES.search(line)] == []


@pytest.mark.parametrize("name", [name for name in open_files() if name.endswith(".html")])
def test_no_page_is_about_one_source(name):
    assert [line.strip() for line in lines_of(name) if re.search(r"the paper|arxiv", line, re.I)] == []


def test_what_may_name_the_package_does():
    for name, pattern in PACKAGE.items():
        assert any(re.search(pattern, line) for line in lines_of(name)), name
