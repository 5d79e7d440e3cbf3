import gc
import os
import re
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# The graph of jobs lives to the end: to look for garbage in it as often as usual is a sixth of the planning.
gc.set_threshold(200_000)

REPOSITORY = Path(str(workflow.current_basedir)).parents[1]
# Scripts run in processes of their own: so they find the packages of this repository, and end when this process is killed.
os.environ |= {
    "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, [os.getenv("PYTHONPATH")])]),
    "SNAKEMAKE_PID": str(os.getpid()),
}
sys.path.insert(0, str(REPOSITORY))

from benchmark.forkserver import serve
from benchmark.messages import announcement, farewell
from benchmark.methods import limited_to
from benchmark.plan import Plan
from benchmark.settings import SettingsError
from benchmark.storage import put_right_times, wanted_room, watch_clock

# Relative, so that a moved checkout is still up to date.
ROOT = Path(os.path.relpath(REPOSITORY))

try:
    plan = Plan.read(config, ROOT)
except SettingsError as error:
    raise WorkflowError(str(error))

# Snakemake keeps files of its own here, and of a full disk shows nothing but where in itself that was.
if shutil.disk_usage(".").free < 2**20:
    raise WorkflowError(f"No space is left here: {wanted_room('.')}")

RESULTS = f"results/{plan.profile}"
LOGS = f"logs/{plan.profile}"
RUN = "{experiment}/{dataset}/{noise}/{method}/{seed}"
CELL = "{experiment}/{dataset}/{noise}/{seed}"
# All else waits for these.
BEFORE_ALL = 10**6
SITE = f"{RESULTS}/site"
TEMPLATES = sorted((ROOT / "benchmark" / "report" / "site" / "templates").glob("*.html"))
ASSETS = sorted((ROOT / "benchmark" / "report" / "site" / "assets").glob("site.*"))


def any_of(names):
    """Return a pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, sorted(set(names)))) or "(?!)"


def names(wildcards):
    """Return the names of a run, of a cell, or of several cells, by which the plan knows them."""
    keys = ("experiment", "dataset", "noise", "method", "seed")
    return [wildcards[key] for key in keys if key in wildcards.keys()]


def of_experiment(wildcards):
    """Return how early the jobs of an experiment start."""
    return plan.priority_of(wildcards.experiment)


def of_runs(runs, file):
    """Return a file of every run."""
    return [f"{RESULTS}/{run.folder}/{file}" for run in runs]


def of_cells(experiment, ending):
    """Return a file of scores of every cell of an experiment."""
    return [
        f"{RESULTS}/scores/{experiment}/{dataset}/{noise}/{seed}{ending}"
        for dataset, noise, seed in plan.cells_of(experiment)
    ]


def files_of(experiment):
    """Return a file of every job of an experiment from its items on, which its target needs.

    Snakemake itself does no job again that failed, or whose file was deleted, while what was made of it earlier is there.
    """
    own = plan.experiments[experiment]
    cells = plan.cells_of(experiment)
    return [
        *(f"{RESULTS}/data/{experiment}/{dataset}/facts.json" for dataset in own.data),
        *(
            f"{RESULTS}/data/{experiment}/{dataset}/{noise}/{seed}.npz"
            for dataset, noise, seed in cells
        ),
        *(record for runs in cells.values() for record in of_runs(runs, "record.json")),
        *of_cells(experiment, ".csv"),
        *(f"{RESULTS}/{product}" for product in plan.products_of(experiment)),
        f"{SITE}/{plan.profile}/{experiment}.html",
        f"{RESULTS}/{experiment}/complete.txt",
    ]


def for_environment(wildcards):
    """Return the file of what is withheld where the task has an environment, which alone reads it."""
    withheld = f"{RESULTS}/data/{CELL}-withheld.npz".format(**wildcards)
    return [withheld] if plan.has_environment(wildcards.experiment) else []


wildcard_constraints:
    source=any_of(path.stem for path in (ROOT / "datasets" / "registry").glob("*.txt")),
    experiment=any_of(plan.experiments),
    dataset=any_of(name for own in plan.experiments.values() for name in own.data),
    noise=any_of(name for own in plan.experiments.values() for name in own.noise),
    method=any_of(name for own in plan.experiments.values() for name in own.methods),
    seed=r"\d+",
    figure=any_of(plan.formats),
    format=any_of(plan.formats.values()),
