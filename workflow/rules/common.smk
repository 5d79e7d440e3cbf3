import os
import re
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import validate

REPOSITORY = Path(str(workflow.current_basedir)).parents[1]
# Scripts run in processes of their own, and so find the packages of this repository.
os.environ |= {
    "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, [os.getenv("PYTHONPATH")])])
}
sys.path.insert(0, str(REPOSITORY))

from benchmark import plan

# Relative, so that a moved checkout is still up to date.
ROOT = Path(os.path.relpath(REPOSITORY))

validate(config, schema="../schemas/config.schema.yaml")

RESULTS = f"results/{config['profile']}"
TEMPLATES = sorted((ROOT / "benchmark" / "report" / "templates").glob("*.html"))
CLAIMS_SCHEMA = ROOT / "workflow" / "schemas" / "claims.schema.yaml"
RUN = f"{RESULTS}/runs/{{task}}/{{dataset}}/{{noise}}/{{method}}/{{seed}}"
LOG_RUN = f"logs/{config['profile']}/{{task}}/{{dataset}}/{{noise}}/{{method}}/{{seed}}"

try:
    EXPERIMENTS = plan.selected(config)
    METHODS = plan.read_methods(config, ROOT)
    DATASETS = plan.read_datasets(config, ROOT)
    RUNS = {name: plan.runs_of(name, config, METHODS) for name in config["experiments"]}
except plan.PlanError as error:
    raise WorkflowError(str(error))
# A digest of each method's file and what it imports. As inputs, so many files a job would keep the scheduler busier than
# the jobs.
CODE = {name: plan.digest_of(plan.sources_of(entry.path, ROOT)) for name, entry in METHODS.items()}
SEE_TRUTH = [name for name, entry in METHODS.items() if entry.literals.get("SEES_TRUTH")]


def any_of(names):
    """Return a pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, names)) or "(?!)"


def library_of(script):
    """Return the modules behind a script, so that editing them reruns its jobs."""
    return plan.sources_of(ROOT / "workflow" / "scripts" / script, ROOT)[1:]


def registry_of(source):
    """Return the list of the files of a data-set file, which a downloadable one has."""
    return ROOT / "datasets" / "registry" / f"{source}.txt"


def source_of(wildcards):
    """Return the name of a data set's file: entries that share it share its downloads."""
    return DATASETS[wildcards.dataset].path.stem


def files_of(wildcards):
    """Return what a data set is read from: the user's own file or folder, or its manifest of downloads."""
    source, own = source_of(wildcards), DATASETS[wildcards.dataset].params.get("path")
    if own is None:
        return [f"{config['downloads']}/{source}.json"] if registry_of(source).is_file() else []
    path = Path(own).expanduser()
    return sorted(path.iterdir()) if path.is_dir() else [path]


def loader_of(wildcards):
    return plan.sources_of(DATASETS[wildcards.dataset].path, ROOT)


def method_of(wildcards):
    return METHODS[wildcards.method].path


def code_of(wildcards):
    """Return what tells one version of a method's code from another, so that an edit reruns its jobs and no others."""
    return CODE[wildcards.method]


def missing_of(wildcards):
    """Return the packages that a method lacks, so that installing them reruns its jobs."""
    return plan.missing_packages(METHODS[wildcards.method].literals)


def time_limit_of(wildcards):
    return METHODS[wildcards.method].settings.get("time_limit", config["time_limit"])


def priority_of(wildcards):
    return METHODS[wildcards.method].settings.get("priority", 0)


def on_gpu():
    """Tell whether runs that can use a GPU shall do so."""
    return config["device"] == "cuda" or (
        config["device"] == "auto" and shutil.which("nvidia-smi") is not None
    )


def gpus_of(wildcards):
    return int(on_gpu() and "cuda" in METHODS[wildcards.method].literals["DEVICES"])


def names_of(wildcards):
    """Return the columns that name a run in the scores."""
    entry = METHODS[wildcards.method]
    return {
        "task": wildcards.task,
        "dataset": wildcards.dataset,
        "noise": wildcards.noise,
        "method": wildcards.method,
        "file": entry.path.stem,
        "label": entry.label,
        "control": entry.literals.get("CONTROL", False),
        "licence_note": entry.literals.get("LICENCE_NOTE", ""),
    }


def outputs_of(runs, file):
    """Return a file of every run."""
    return collect(f"{RUN}/{file}".replace("{", "{run."), run=runs)


def scores_of(wildcards):
    return outputs_of(RUNS[wildcards.experiment], "scores.csv")


def curves_of(wildcards):
    return outputs_of(RUNS[wildcards.experiment], "curves.csv")


def first_seed(wildcards):
    """Return the seed whose results are pictured."""
    return config["experiments"][wildcards.experiment]["seeds"][0]


def noisy_of(wildcards):
    return f"{RESULTS}/data/{{dataset}}/{{noise}}/{first_seed(wildcards)}.npz"


def pictured_of(wildcards):
    """Return the runs of a picture, which shows the clean and the noisy signal anyway."""
    cell = wildcards.dataset, wildcards.noise, first_seed(wildcards)
    return [
        run
        for run in RUNS[wildcards.experiment]
        if (run.dataset, run.noise, run.seed) == cell and run.method not in {"clean", "noisy"}
    ]


def estimates_of(wildcards):
    return outputs_of(pictured_of(wildcards), "estimate.npz")


def products_of(experiment):
    """Return the tables and pictures of an experiment."""
    return [f"{RESULTS}/{product}" for product in plan.products_of(experiment, config)]


def announcement():
    """Say what will be done and about how long it takes."""
    lines = [f"Profile {config['profile']!r}. Results go to {RESULTS}/, logs to logs/."]
    for name in EXPERIMENTS:
        entry = config["experiments"][name]
        runs = RUNS[name]
        lines.append(
            f"  {name} ({entry['title']}; {entry['mirrors']} of the paper): "
            f"{len({run.method for run in runs})} methods on {', '.join(entry['datasets'])}, "
            f"{len(runs)} runs; {entry['duration']}."
        )
    lines.append("What is there already and up to date is not done again.")
    return "\n".join(lines)


def farewell():
    """Say where to look."""
    summary = Path(f"{RESULTS}/summary.txt")
    if not summary.exists():
        return "No index has been written yet."
    return f"{summary.read_text()}Open {RESULTS}/index.html\n"


wildcard_constraints:
    source=any_of({entry.path.stem for entry in DATASETS.values()}),
    task=any_of(plan.TASKS),
    dataset=any_of(DATASETS),
    noise=any_of(config["noise"]),
    method=any_of(METHODS),
    experiment=any_of(config["experiments"]),
    seed=r"\d+",
