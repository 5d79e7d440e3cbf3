"""Experiments, data, methods and tasks of one's own, word by word as the pages of docs/ say, and the shell commands."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.io
import yaml

from benchmark.plan import Plan

ROOT = Path(__file__).parents[2]


def blocks(page, language):
    """Return the blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)


def commands(page):
    """Return the command lines of a page, without their comments."""
    lines = [shlex.split(line, comments=True) for block in blocks(page, "sh") for line in block.splitlines()]
    return [shlex.join(words) for words in lines if words]


PAGES = ["README.md", *sorted(path.relative_to(ROOT) for path in (ROOT / "docs").glob("*.md"))]
COMMANDS = dict.fromkeys(command for page in PAGES for command in commands(page))


def experiment_of(page, tree):
    """Write the experiment of a page where its first line says; return its name, and the words of its one command."""
    [text] = blocks(page, "yaml")
    path = tree.write(re.match(r"# (\S+)\n", text)[1], text)
    [command] = commands(page)
    program, *arguments = shlex.split(command)
    assert program == "snakemake"
    return path.stem, arguments


def returned(tree, name):
    """Return the rows of what the methods of an experiment returned, in the primary measure, by method."""
    scores = pd.read_csv(tree.path / "results" / "mine" / name / "scores.csv")
    return scores.query("metric == 'psnr' and iterate == 'returned'").set_index("method")


def test_the_cube_of_ones_own_is_an_experiment_as_documented(fresh):
    name, command = experiment_of("docs/data.md", fresh)
    rng = np.random.default_rng(0)
    (fresh.path / "data").mkdir()
    cube = rng.random((24, 4)) @ rng.random((4, 20 * 16))
    scipy.io.savemat(fresh.path / "data" / "scene.mat", {"hypercube": cube.reshape(24, 20, 16), "wavelengths": cube[0]})
    output = fresh.done(*command, config=None)
    assert "Open results/mine/site/index.html" in output
    assert not (fresh.path / "results" / "embedded").exists()
    rows = returned(fresh, name)
    assert rows["status"].isin(["ok", "skipped"]).all()
    assert rows["value"]["gavish_donoho"] > rows["value"]["noisy"]
    assert list(fresh.path.glob(f"results/mine/{name}/*/*/reconstructions.webp"))


def test_the_experiment_of_ones_own_runs_as_documented(fresh):
    name, command = experiment_of("docs/experiment.md", fresh)
    fresh.done(f"results/mine/{name}/scores.csv", *command, config=None)
    rows = returned(fresh, name)
    assert (rows["status"] == "ok").all()
    assert {"svd", "tv-2d", "tv-3d"} <= set(rows.index)
    assert rows["label"]["tv-3d"] == "TV, 3 axes"


def test_the_method_of_ones_own_passes_the_contract_as_documented(fresh):
    add_documented_method(fresh)
    command = ["pytest", "-q", "-p", "no:cacheprovider", "tests/baselines", "-k", "gaussian_filter"]
    result = subprocess.run([sys.executable, "-m", *command], cwd=fresh.path, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    assert "passed" in result.stdout


def test_every_method_one_of_ones_own_too_goes_through_every_rule_of_the_smoke_profile(fresh):
    add_documented_method(fresh)
    output = fresh.done("--dry-run", "--config", "profile=smoke", config=None)
    files = {path.stem for path in (fresh.path / "baselines").glob("*.py")}
    experiments = Plan.read({"profile": "smoke"}, fresh.path).experiments
    ran = set(re.findall(r"run (\S+) on .* for (\S+)$", output, re.M))
    assert {experiments[experiment].methods[method].file.name for method, experiment in ran} == files
    jobs = set(re.findall(r"^(\w+) +\d+$", output, re.M))
    assert jobs >= {"download", "prepare", "pose", "run_method", "run_control", "score", "table", "figure", "sweep"}
    assert jobs >= {"scorecard", "index", "complete"}


def add_documented_method(tree):
    """Write the method of docs/method.md where the page says."""
    page = (ROOT / "docs" / "method.md").read_text()
    [text] = blocks("docs/method.md", "python")
    tree.write(re.search(r"complete one; save it as `(\S+)`", page)[1], text)


TASK = '''"""The signal upside down."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmark.contract import Posed
from benchmark.metrics import psnr

KINDS = {"stack"}
MEASURES = ["psnr"]
FIGURES = set()
FLOOR, CEILING = None, None


@dataclass(frozen=True)
class Dimmed:
    """Half the light."""

    share: float

    def sample(self, clean, rng):
        return self.share * clean


def pose(item, observation, rng, *, axis: int = 0):
    return Posed(observation.draw(item.signal, rng), {"signal": np.flip(item.signal, axis)})


def answer_shape(problem):
    return problem.observed.shape


def measures(problem, truth):
    return {"psnr": partial(psnr, truth["signal"], data_range=1.0)}


def tiny():
    return {}
'''
DATA = '''"""A ramp."""

import numpy as np

from benchmark.contract import Item

KIND = "stack"
TITLE = "Ramp"


def load(folder, *, length: int = 4):
    return [Item("ramp", np.linspace(0, 1, length * 15).reshape(length, 5, 3))]
'''


def test_a_task_with_a_noise_model_a_data_set_and_a_method_are_each_a_file_that_nothing_else_names(fresh):
    fresh.write("tasks/turn.py", TASK)
    fresh.write("datasets/ramp.py", DATA)
    fresh.add_method("turner", "return Estimate(signal=np.flip(problem.observed, 1) / 0.5)", task="turn")
    fresh.experiment(
        "own",
        title="Own",
        task="turn",
        pose={"axis": 1},
        data={"ramp": {"params": {"length": 6}}},
        noise={"half": {"model": "dimmed", "share": 0.5}},
        methods=["all"],
    )
    fresh.done("results/test/scores/own/ramp/half/0.csv")
    [row] = pd.read_csv(fresh.path / "results/test/scores/own/ramp/half/0.csv").to_dict("records")
    assert (row["task"], row["metric"], row["status"]) == ("turn", "psnr", "ok")
    assert row["value"] > 100


def test_shipped_experiments_are_changed_by_a_config_as_documented():
    text = (ROOT / "docs" / "experiment.md").read_text()
    [profile] = re.findall(r"with `(profile: .*?)`", text)
    [config] = re.findall(r"`(experiments: \{.*?\})`", text)
    changes = yaml.safe_load(config.replace("{...}", "{indian_pines: {params: {size: 48}}}"))
    [name] = changes["experiments"]
    plan = Plan.read(changes | yaml.safe_load(profile))
    assert plan.selected == [name]
    embedded = Plan.read({"select": name}).experiments[name]
    own = plan.experiments[name]
    assert own.data["indian_pines"].params == embedded.data["indian_pines"].params | {"size": 48}
    assert list(own.methods) == list(embedded.methods)
    assert plan.profile == "mine"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_pages_is_understood(command):
    program, *arguments = shlex.split(command)
    if program == "snakemake":
        check_snakemake(arguments)
    elif program == "make":
        check_make(arguments)
    elif program == "pip":
        check_pip(arguments)
    else:
        assert [program, arguments[0]] == ["python", "-m"], "nothing tries this command"
        subprocess.run([sys.executable, *arguments[:2], "--help"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def check_snakemake(arguments):
    """Check that Snakemake knows the flags, and the plan the profile, the folders, the experiments and the rules."""
    from snakemake.cli import get_argument_parser, parse_config  # it takes a second to load

    options = get_argument_parser().parse_args(arguments)
    config = parse_config(options.config)
    known = {key: config.pop(key) for key in ("profile", "select") if key in config}
    plan = Plan.read({} if known.get("profile") == "mine" else known)
    if "select" in known:
        assert plan.selected == [known["select"]]
    if options.workflow_profile:
        assert (Path(options.workflow_profile) / "profile.yaml").exists()
        assert config.pop("device") in ("cpu", "cuda")
    if config:  # experiments of one's own, which run in tests above
        assert config == {"folders": "my"}
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    assert set(options.targets) <= set(plan.experiments)
    assert set(options.until or ()) <= set(re.findall(r"^rule (\w+)", rules, re.M))


def check_pip(arguments):
    """Check that there are the constraints, and the extras of the project."""
    action, flag, constraints, editable, place = arguments
    assert (action, flag, editable) == ("install", "-c", "-e")
    assert (ROOT / constraints).exists()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.fullmatch(r"\.\[(.*)\]", place)[1].split(",")) <= set(extras)


def check_make(arguments):
    """Check that the Makefile has the targets and the settings."""
    text = (ROOT / "Makefile").read_text()
    for word in arguments:
        name, sets, _ = word.partition("=")
        assert re.search(rf"^{name} \?=" if sets else rf"^{name}:", text, re.M)
