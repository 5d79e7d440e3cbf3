"""What ships works: the profiles, the README's example, the report, the download over HTTP, and the formatting."""

import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest

from benchmark.storage import load_json

ROOT = Path(__file__).parents[2]


def run(*command):
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_workflow_lints_clean():
    result = run("snakemake", "--lint")
    assert result.returncode == 0, result.stderr


def test_the_workflow_is_formatted():
    result = run("snakefmt", "--check", "Snakefile", "workflow")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("profile", "datasets", "seeds"), [("config", 1, 1), ("public", 3, 3), ("smoke", 1, 1)])
def test_a_profile_plans_a_run_of_every_method_on_every_data_set_and_seed(profile, datasets, seeds):
    command = ["snakemake", "--dry-run", "--quiet", "rules", "--cores", "2", "--forceall"]
    result = run(*command, "--configfile", f"config/{profile}.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    jobs = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", result.stdout + result.stderr, re.M)}
    files = {path.stem for path in (ROOT / "baselines").glob("*.py")}
    variants = len(files) + 1 + 2 + 1  # of gavish_donoho, bm3d and deeptensor_cube
    controls = 2  # clean, best_rank
    assert jobs["run_method"] == (variants - controls) * datasets * seeds
    assert jobs["run_control"] == controls * datasets * seeds
    assert jobs["score"] == variants * datasets * seeds
    assert jobs["corrupt"] == datasets * seeds
    assert jobs.get("download", 0) == (0 if profile == "config" else datasets)


def test_the_example_of_the_readme_is_a_method(tree):
    readme = (ROOT / "README.md").read_text()
    example = re.search(r"`baselines/(median)\.py`:\n\n```python\n(.*?)```", readme, re.S)
    (tree.path / "baselines" / f"{example[1]}.py").write_text(example[2])
    tree.configure({"methods": ["noisy", "median"], "datasets": ["pines"]}, datasets=PINES)
    status, output = tree.snakemake()
    assert status == 0, output
    scores = pd.read_csv(tree.path / "results/test/demo/scores.csv").set_index(["method", "metric"])["value"]
    assert scores["median", "psnr"] > scores["noisy", "psnr"]


PINES = {"pines": {"file": "indian_pines", "rank": 4, "params": {"size": 48, "bands": 10}}}


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
