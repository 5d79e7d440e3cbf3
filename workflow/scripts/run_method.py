from pathlib import Path

from benchmark.job import logged
from benchmark.runner import MethodChanged, run_method
from benchmark.storage import load_json

with logged(snakemake.log[0], expected=(MethodChanged,)):
    run_method(
        Path(snakemake.input.method),
        snakemake.wildcards.task,
        snakemake.params.params,
        Path(snakemake.input.observed),
        load_json(snakemake.input.facts),
        snakemake.params.noise,
        int(snakemake.wildcards.seed),
        snakemake.params.device if snakemake.resources.gpu else "cpu",
        snakemake.threads,
        snakemake.resources.time_limit,
        Path(snakemake.output.estimate),
        Path(snakemake.output.record),
        Path(snakemake.log[0]),
    )
