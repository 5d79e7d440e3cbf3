from pathlib import Path

from benchmark.forkserver import ServerGone
from benchmark.job import logged
from benchmark.methods import Run
from benchmark.runner import MethodChanged, run_method

with logged(snakemake.log[0], expected=(MethodChanged, ServerGone)):
    run_method(
        Run(**snakemake.params.asked["run"]),
        Path(snakemake.input.problems),
        Path(snakemake.input.facts),
        Path(snakemake.output.record).parent,
        Path(snakemake.log[0]),
        snakemake.resources.time_limit,
        next(map(Path, snakemake.input.withheld), None),
    )
