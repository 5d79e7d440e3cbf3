"""What ships works: the profiles, the README's example, the report, the download over HTTP, and the formatting."""

import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest
import scipy.io
import skimage.io
import yaml

from benchmark.storage import load_json

ROOT = Path(__file__).parents[2]


def run(*command, cwd=ROOT):
    return subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False)


def jobs_of(output):
    """Return the number of jobs by rule in the statistics that Snakemake prints."""
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", output, re.M)}


def test_the_workflow_lints_clean():
    result = run("snakemake", "--lint")
    assert result.returncode == 0, result.stderr


def test_the_workflow_is_formatted():
    result = run("snakefmt", "--check", "Snakefile", "workflow")
    assert result.returncode == 0, result.stderr


def planned(profile):
    """Return the numbers of jobs by rule of a profile, and the names of the methods that it runs."""
    command = ["snakemake", "--dry-run", "--cores", "2", "--forceall", "--configfile", f"config/{profile}.yaml"]
    result = run(*command)
    assert result.returncode == 0, result.stdout + result.stderr
    output = result.stdout + result.stderr
    return jobs_of(output), set(re.findall(r"run (\S+) on ", output))


def test_the_smoke_profile_runs_every_file_of_baselines_through_every_rule():
    jobs, methods = planned("smoke")
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    files = {config["methods"].get(name, {}).get("file", name) for name in methods}
    assert files == {path.stem for path in (ROOT / "baselines").glob("*.py")}
    assert {"download", "prepare", "corrupt", "run_method", "run_control", "score", "table", "figure"} <= set(jobs)
    assert {"sweep", "scorecard", "index", "complete"} <= set(jobs)


@pytest.mark.parametrize("profile", ["config", "public"])
def test_a_profile_plans_every_experiment_and_scores_every_run(profile):
    jobs, methods = planned(profile)
    experiments = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())["experiments"]
    assert jobs["table"] == jobs["complete"] == len(experiments) == 14
    assert jobs["score"] == jobs["run_method"] + jobs["run_control"]
    assert (jobs.get("download", 0) == 0) == (profile == "config"), "the embedded profile downloads nothing"
    assert {"svd", "clean", "kdrsdl-tuned", "deeptensor-l2"} <= methods


PINES = {"pines": {"file": "indian_pines", "rank": 4, "params": {"size": 48, "bands": 10}}}


def test_the_example_of_the_readme_is_a_method_by_being_a_file(tree):
    smoke = ("--dry-run", "--quiet", "rules", "--configfile", "config/smoke.yaml")
    before = jobs_of(tree.snakemake(*smoke)[1])
    readme = (ROOT / "README.md").read_text()
    example = re.search(r"`baselines/(gaussian_filter)\.py`:\n\n```python\n(.*?)```", readme, re.S)
    (tree.path / "baselines" / f"{example[1]}.py").write_text(example[2])
    assert jobs_of(tree.snakemake(*smoke)[1])["run_method"] == before["run_method"] + 1

    tree.configure({"methods": ["noisy", "gaussian_filter"], "datasets": ["pines"]}, datasets=PINES)
    status, output = tree.snakemake()
    assert status == 0, output
    scores = pd.read_csv(tree.path / "results/test/demo/scores.csv").set_index(["method", "metric"])["value"]
    assert scores["gaussian_filter", "psnr"] > scores["noisy", "psnr"]

    tests = "tests/baselines/test_every_method.py"
    result = run("pytest", "-q", "-p", "no:cacheprovider", tests, "-k", "gaussian_filter", cwd=tree.path)
    assert result.returncode == 0, result.stdout
    assert "passed" in result.stdout


def test_only_controls_that_say_so_are_given_the_clean_signal(tree):
    tree.add_method("spy", "return Estimate(signal=problem.observed)")
    tree.configure({"methods": ["noisy", "clean", "spy"], "datasets": ["pines"]}, datasets=PINES)
    graph = tree.snakemake("--filegraph")[1]
    inputs = {
        name: re.findall(r">([^<>]*)<", table.partition("output")[0])
        for name, table in re.findall(r"<font[^>]*>(\w+)</font>(.*?)</table>", graph, re.S)
    }
    assert not [path for path in inputs["run_method"] if "clean" in path]
    assert [path for path in inputs["run_control"] if path.endswith("clean.npz")]
    status, output = tree.snakemake()
    assert status == 0, output
    rows = pd.read_csv(tree.path / "results/test/demo/scores.csv").query("metric == 'psnr'").set_index("method")
    assert rows["value"]["clean"] == np.inf
    assert rows["value"]["spy"] == rows["value"]["noisy"] < 30
    assert rows["control"].to_dict() == {"noisy": True, "clean": True, "spy": False}
    assert rows["data_sha256"].nunique() == 1


def test_the_own_cube_of_the_config_readme_is_scored_from_every_format(tree):
    example = yaml.safe_load(
        re.search(r"```yaml\n# my.yaml\n(.*?)```", (ROOT / "config" / "README.md").read_text(), re.S)[1]
    )
    entry = example["datasets"]["my_scene"] | {"rank": 3}
    cube = np.random.default_rng(0).integers(0, 999, (16, 12, 8)).astype(np.uint16)
    scipy.io.savemat(tree.path / "scene.mat", {"hypercube": cube, "other": cube[0]})
    np.savez(tree.path / "scene.npz", hypercube=cube, other=cube[0])
    np.save(tree.path / "scene.npy", cube)
    (tree.path / "bands").mkdir()
    for band in range(8):
        skimage.io.imsave(tree.path / "bands" / f"{band}.png", cube[..., band], check_contrast=False)
    params = {
        "mat": {"path": "scene.mat", "key": "hypercube"},
        "npz": {"path": "scene.npz", "key": "hypercube"},
        "npy": {"path": "scene.npy"},
        "png": {"path": "bands"},
    }
    datasets = {name: entry | {"params": own} for name, own in params.items()}
    tree.configure({"methods": ["svd"], "datasets": list(datasets)}, datasets=datasets)
    status, output = tree.snakemake()
    assert status == 0, output
    rows = pd.read_csv(tree.path / "results/test/demo/scores.csv")
    assert set(rows["dataset"]) == set(datasets)
    assert rows["data_sha256"].nunique() == 1


def test_editing_a_metric_scores_again_and_runs_no_method(tree):
    tree.configure()
    assert tree.snakemake()[0] == 0
    metrics = tree.path / "benchmark" / "metrics.py"
    metrics.write_text(metrics.read_text().replace("np.degrees(", "2 * np.degrees("))
    jobs = jobs_of(tree.snakemake("--dry-run", "--quiet", "rules")[1])
    assert jobs["score"] == 2
    assert jobs["table"] == 1
    assert not {"prepare", "corrupt", "run_method", "run_control"} & set(jobs)


def test_the_readme_names_every_method():
    named = set(re.findall(r"`([a-z0-9_]+)`", (ROOT / "README.md").read_text().partition("## The methods")[2]))
    assert {path.stem for path in (ROOT / "baselines").glob("*.py")} <= named


def test_every_link_of_the_readmes_leads_somewhere():
    for page, least in ((ROOT / "README.md", 5), (ROOT / "config" / "README.md", 0)):
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()) if "://" not in link]
        assert len(links) >= least
        assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_report_holds_every_table_and_figure_by_experiment(tree):
    tree.configure({"figures": ["reconstructions", "spectra"]})
    assert tree.snakemake()[0] == 0
    status, output = tree.snakemake("--report", "report.zip")
    assert status == 0, output
    listing = subprocess.run(
        [sys.executable, "-m", "zipfile", "--list", "report.zip"], cwd=tree.path, capture_output=True, text=True
    ).stdout
    assert listing.count("reconstructions.png") == 1
    assert listing.count("spectra.png") == 1
    assert listing.count("table.html") == 1


def test_a_data_set_comes_over_http_and_is_not_fetched_again(tree):
    requests = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            requests.append(self.path)

    handler = partial(Handler, directory=str(ROOT / "tests" / "fixtures" / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        tree.configure({"methods": ["noisy"]}, mirror="no/such/folder")
        status, output = tree.snakemake(DEEPTENSOR_MIRROR=url)
        assert status == 0, output
        assert "Nothing to be done" in tree.snakemake()[1]
        server.shutdown()
    assert requests == ["/tiny/tiny.npy"]
    [file] = load_json(tree.path / "resources" / "tiny.json")["files"]
    assert file["source"] == f"{url}/tiny/tiny.npy"


def test_without_network_or_mirror_the_message_says_what_to_do(tree):
    tree.configure({"methods": ["noisy"]}, mirror=None)
    status, output = tree.snakemake()
    assert status != 0
    message = " ".join(output.split())
    for part in ("data set 'tiny'", "tiny.npy (sha256 ", "Put the files by hand into", "DEEPTENSOR_MIRROR"):
        assert part in message
    assert "Traceback" not in output
