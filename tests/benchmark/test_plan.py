"""The config is checked before anything runs, and messages list what is known."""

import copy
from pathlib import Path

import pytest

from benchmark.plan import (
    ROOT,
    PlanError,
    Run,
    described,
    literals_of,
    methods_of,
    parameters_of,
    read_datasets,
    read_methods,
    runs_of,
    selected,
    sources_of,
)

METHOD = '''"""A method."""

from benchmark.contract import Estimate

LABEL = "One"
TASKS = {"denoise"}
DEVICES = {"cpu"}
COMPUTED = 2 + len(LABEL)


def solve(problem, *, seed, device, strength=1.0):
    return Estimate(signal=problem.observed)
'''

SCENE = '''"""A scene."""

TITLE = "Two"
STANDS_IN_FOR = "three"


def load(folder, *, size=3):
    return []
'''

CONFIG = {
    "select": ["first"],
    "datasets": {"scene": {"rank": 2}},
    "noise": {"weak": {"model": "gaussian", "sigma": 0.1}},
    "methods": {"one-strong": {"file": "one", "params": {"strength": 3}}},
    "experiments": {
        "first": {"task": "denoise", "datasets": ["scene"], "noise": ["weak"], "methods": "all", "seeds": [0, 1]}
    },
}


@pytest.fixture
def root(tmp_path):
    for folder in ("baselines", "datasets", "benchmark"):
        (tmp_path / folder).mkdir()
    (tmp_path / "baselines" / "one.py").write_text(METHOD)
    (tmp_path / "baselines" / "two.py").write_text(METHOD.replace("One", "Two"))
    (tmp_path / "baselines" / "other.py").write_text(METHOD.replace("denoise", "outliers"))
    (tmp_path / "datasets" / "scene.py").write_text(SCENE)
    (tmp_path / "datasets" / "file.py").write_text("def load(folder, *, path):\n    return []\n")
    return tmp_path


@pytest.fixture
def config():
    return copy.deepcopy(CONFIG)


def test_an_entry_stands_for_its_file_and_every_other_file_for_itself(root, config):
    methods = read_methods(config, root)
    assert set(methods) == {"one-strong", "two", "other"}
    assert methods["one-strong"].params == {"strength": 3}
    assert methods["one-strong"].path == root / "baselines" / "one.py"


def test_literals_are_read_without_importing_and_expressions_are_left_out(root):
    path = root / "baselines" / "one.py"
    path.write_text("import a_module_that_is_not_there\n" + METHOD)
    assert literals_of(path) == {"LABEL": "One", "TASKS": {"denoise"}, "DEVICES": {"cpu"}}
    assert parameters_of(path, "solve") == {"strength": True}


def test_all_means_every_method_of_the_task(root, config):
    methods = read_methods(config, root)
    assert set(methods_of("first", config, methods)) == {"one-strong", "two"}
    runs = runs_of("first", config, methods)
    assert len(runs) == 4
    assert Run("denoise", "scene", "weak", "two", 1) in runs


def test_a_method_is_run_in_the_experiments_and_on_the_data_sets_that_its_entry_names(root, config):
    config["datasets"]["other"] = {"file": "scene", "rank": 2}
    config["experiments"]["first"]["datasets"] = ["scene", "other"]
    config["methods"]["two"] = {"datasets": ["other"]}
    runs = runs_of("first", config, read_methods(config, root))
    assert {run.dataset for run in runs if run.method == "two"} == {"other"}
    assert {run.dataset for run in runs if run.method == "one-strong"} == {"scene", "other"}
    config["experiments"]["second"] = {}
    config["methods"]["two"] = {"experiments": ["second"]}
    assert methods_of("first", config, read_methods(config, root)) == ["one-strong"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(select=["frist"]), r"unknown experiment 'frist'; config has: first"),
        (lambda c: c["experiments"]["first"].update(datasets=["scen"]), r"unknown data set 'scen'; config has: scene"),
        (lambda c: c["experiments"]["first"].update(noise=["wek"]), r"unknown noise 'wek'; config has: weak"),
        (
            lambda c: c["experiments"]["first"].update(methods=["too"]),
            r"unknown method 'too'; there are: one-strong, o",
        ),
        (
            lambda c: c["experiments"]["first"].update(methods=["other"]),
            r"'other' is not for 'denoise'; these are: one-str",
        ),
        (lambda c: c["methods"].update(x={"file": "tree"}), r"method 'x': no file baselines/tree.py; there are: one, "),
        (
            lambda c: c["methods"].update(two={"params": {"stregth": 1}}),
            r"'two': unknown parameter 'stregth'.*strength",
        ),
        (lambda c: c["datasets"].update(a={"file": "scen", "rank": 1}), r"data set 'a': no file datasets/scen.py"),
        (
            lambda c: c["datasets"]["scene"].update(params={"sise": 1}),
            r"'scene': unknown parameter 'sise'.*takes: size",
        ),
        (lambda c: c["datasets"].update(file={"rank": 1}), r"data set 'file': datasets/file.py needs .* 'path'"),
        (lambda c: c["methods"].update(two={"label": "One (one-strong)"}), r"2 methods have the label 'One \(one-str"),
        (
            lambda c: c["methods"].update(two={"experiments": ["frist"]}),
            r"'two': unknown experiments frist; config",
        ),
        (lambda c: c["methods"].update(two={"datasets": ["scen"]}), r"'two': unknown datasets scen; config has: scene"),
        (lambda c: c["methods"].update({"a/b": {"file": "one"}}), r"method name 'a/b' becomes a folder"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(root, config, change, message):
    change(config)
    with pytest.raises(PlanError, match=message):
        selected(config), read_datasets(config, root), runs_of("first", config, read_methods(config, root))


def test_a_method_file_that_does_not_state_its_task_is_refused_and_not_left_out(root, config):
    path = root / "baselines" / "two.py"
    path.write_text(path.read_text().replace("TASKS", "TASK"))
    with pytest.raises(PlanError, match=r"'two': baselines/two.py must state TASKS as a literal"):
        read_methods(config, root)


def test_a_file_without_solve_is_named(root, config):
    (root / "baselines" / "two.py").write_text('"""Nothing."""\n')
    with pytest.raises(PlanError, match=r"two.py has no function `solve`"):
        read_methods(config, root)


def test_sources_follow_imports_of_the_project_but_not_its_plumbing(root):
    (root / "benchmark" / "helper.py").write_text("import numpy\nfrom benchmark.deeper import x\n")
    (root / "benchmark" / "deeper.py").write_text("x = 1\n")
    (root / "benchmark" / "contract.py").write_text("from benchmark.plan import ROOT\n")
    (root / "benchmark" / "plan.py").write_text("")
    path = root / "baselines" / "one.py"
    path.write_text("from benchmark.helper import y\n" + METHOD)
    names = {found.relative_to(root).as_posix() for found in sources_of(path, root)}
    assert names == {"baselines/one.py", *(f"benchmark/{stem}.py" for stem in ("contract", "deeper", "helper"))}


def test_deeptensor_runs_depend_on_the_whole_library_and_svd_runs_on_none_of_it():
    library = set((ROOT / "deeptensor").glob("*.py"))
    assert library <= set(sources_of(ROOT / "baselines" / "deeptensor_cube.py"))
    assert not library & set(sources_of(ROOT / "baselines" / "svd.py"))


def test_paths_stay_relative_to_the_root_they_are_given(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert not any(path.is_absolute() for path in sources_of(Path("baselines/svd.py"), Path()))


def test_an_experiment_is_described_by_its_entry_and_by_what_its_data_sets_state(root, config):
    page = described("first", config, read_datasets(config, root))
    assert (page["id"], page["task"], page["seeds"]) == ("first", "denoise", [0, 1])
    [scene] = page["datasets"]
    assert scene == {"name": "scene", "title": "Two", "citation": None, "licence": None, "stands_in_for": "three"}
