"""What a plain installation can do, and what the rest says where the packages that it needs are not there."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

import deeptensor
from deeptensor.__main__ import main
from deeptensor.extras import needed

LIBRARY = Path(deeptensor.__file__).parent
INSTALL = "pip install 'deeptensor-benchmark[sklearn]'"
INSTALL_FILES = "pip install 'deeptensor-benchmark[files]'"
OTHERS = (
    "scipy sklearn tensorly h5py benchmark snakemake pandas matplotlib skimage yaml PIL pydantic nibabel natsort "
    "spectral tifffile"
)

# Stands for an environment in which nothing is installed but NumPy, torch and tqdm.
PLAIN = f"""
import sys

class Plain:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {OTHERS.split()} else self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Plain, sys.meta_path)
"""
FITS = """
import sys
import numpy as np
from deeptensor import Model, Network, factorise, recover, svd
from deeptensor.operators import CodedExposure, EntrySampling, Functions, Matrix, random_code

np.random.seed(0)
X = np.random.default_rng(0).random((6, 5))
settings = {"iterations": 2, "device": "cpu", "progress": False}
model = Model(2, network=Network("mlp", channels=4))
arrays = [factorise(X, model, **settings).loss]
for random_state in (7, np.int64(8), None, np.random, np.random.default_rng(0), np.random.RandomState(0)):
    arrays += svd(X, 2, network=model.network, random_state=random_state, **settings)
identity = Functions((6, 5), lambda X: X, lambda y: y, (6, 5))
code = random_code((6, 5), 2, seed=0)
for operator in (EntrySampling(X > 0.2), CodedExposure(code, 2), Matrix(np.eye(30), (6, 5)), identity):
    arrays.append(recover(operator(X), operator, model, **settings))
print([array.tolist() for array in arrays])
print(*{name.partition(".")[0] for name in sys.modules})
"""
ERRORS = """
import json
import sys

for program in json.loads(sys.argv[1]):
    try:
        exec(program)
    except ImportError as error:
        print(error)
"""
COMMANDS = """
import json
import sys
from deeptensor.__main__ import main

for arguments in json.loads(sys.argv[1]):
    print(main(arguments), file=sys.stderr)
"""
QUICK = "--rank 2 --iterations 2 --network mlp --channels 4 --device cpu".split()


def run(program: str, argument: object = None) -> subprocess.CompletedProcess:
    """Run a program in a process of its own, with the argument as JSON."""
    command = [sys.executable, "-c", program, json.dumps(argument)]
    done = subprocess.run(command, cwd=LIBRARY.parent, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


def test_a_plain_installation_fits_alike_and_no_fit_loads_more_than_it_has():
    answers, loaded = run(FITS).stdout.splitlines()
    assert {"deeptensor", "numpy", "torch", "tqdm"} <= set(loaded.split())
    assert not set(loaded.split()) & set(OTHERS.split())
    assert run(PLAIN + FITS).stdout.splitlines()[0] == answers


def test_what_needs_another_package_says_so_and_how_to_install_it():
    messages = {
        "from deeptensor import DeepPCA": "each of DeepPCA, DeepNMF and DeepSemiNMF needs scikit-learn and SciPy",
        "import deeptensor.estimators": "each of DeepPCA, DeepNMF and DeepSemiNMF needs scikit-learn and SciPy",
        "import deeptensor, numpy; deeptensor.cp(numpy.eye(3), 1)": "cp needs TensorLy",
        "import deeptensor, numpy; deeptensor.tucker(numpy.eye(3), 1)": "tucker needs TensorLy",
        "from deeptensor.operators import Radon; Radon((3, 3), [0])": "Radon needs SciPy",
        "import torch; from deeptensor.operators import Matrix; Matrix(torch.eye(9).to_sparse(), (3, 3))": (
            "a sparse matrix needs SciPy"
        ),
    }
    lines = run(PLAIN + ERRORS, list(messages)).stdout.splitlines()
    assert [line.partition(" (No module named")[0] for line in lines] == [
        f"{message}: {INSTALL}" for message in messages.values()
    ]


def test_command_line_of_a_plain_installation_takes_arrays_of_numpy_and_says_at_once_what_mat_files_need(tmp_path):
    np.save(tmp_path / "one.npy", np.eye(6))
    np.savez(tmp_path / "two.npz", X=np.eye(6))
    scipy.io.savemat(tmp_path / "three.mat", {"X": np.eye(6)}, format="4")
    scipy.io.savemat(tmp_path / "four.mat", {"X": np.eye(6)})
    # A fit of so many iterations would not end.
    endless = ["--output", str(tmp_path / "answer.mat"), "--iterations", "1000000000"]
    files = [str(tmp_path / name) for name in ("one.npy", "two.npz", "three.mat", "four.mat")]
    done = run(PLAIN + COMMANDS, [[file, *QUICK] for file in files] + [[files[0], *QUICK, *endless]])
    four, writing = (
        f"deeptensor: error: {what} needs SciPy: {INSTALL_FILES} (No module named 'scipy')"
        for what in ("a .mat file of version 4", "writing a .mat file")
    )
    assert done.stderr.splitlines() == ["0", "0", four, "2", "0", writing, "2"]
    for name in ("one", "two", "four"):
        with np.load(tmp_path / f"{name}.deeptensor.npz") as output:
            assert output["reconstruction"].shape == (6, 6)


def test_command_line_says_what_mat_files_of_version_7_3_need(tmp_path, monkeypatch, capsys):
    mat = tmp_path / "data.mat"
    with h5py.File(mat, "w", userblock_size=512) as file:
        file["X"] = np.eye(6)
    with mat.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert main([str(mat), *QUICK]) == 2
    expected = f"deeptensor: error: a .mat file of version 7.3 needs h5py: {INSTALL_FILES} (import of h5py halted"
    assert capsys.readouterr().err.startswith(expected)


def test_import_errors_alone_are_told_anew():
    message = r"A needs B: pip install B \(cannot import name 'missing'"
    with pytest.raises(ImportError, match=message), needed("B", by="A", install="B"):
        from deeptensor.extras import missing  # noqa: F401
    with pytest.raises(ValueError, match="as it was"), needed("B", by="A"):
        raise ValueError("as it was")


def test_no_module_that_a_fit_needs_imports_estimators_decompositions_operators_or_the_command_line():
    queue, reached = ["fit"], set()
    while queue:
        module = queue.pop()
        if module not in reached:
            reached.add(module)
            for node in ast.walk(ast.parse((LIBRARY / f"{module}.py").read_text())):
                if isinstance(node, ast.ImportFrom) and node.module.startswith("deeptensor."):
                    queue.append(node.module.removeprefix("deeptensor."))
    assert {"fit", "loop", "models", "stopping"} <= reached
    assert not reached & {"estimators", "decompositions", "operators", "extras", "__main__"}


def test_reading_a_file_loads_no_torch_and_every_name_of_the_package_is_found():
    code = "import sys, deeptensor.reading; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
    homes = {name for names in deeptensor.HOMES.values() for name in names}
    assert homes == set(deeptensor.__all__) == set(dir(deeptensor))
    assert all(getattr(deeptensor, name) is not None for name in homes)
    [checked] = [node for node in ast.parse((LIBRARY / "__init__.py").read_text()).body if isinstance(node, ast.If)]
    bound = {node.module.removeprefix("deeptensor."): {own.name for own in node.names} for node in checked.body}
    assert bound == {module: set(names) for module, names in deeptensor.HOMES.items()}
