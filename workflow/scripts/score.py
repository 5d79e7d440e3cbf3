from pathlib import Path

from benchmark.job import logged
from benchmark.measure import bias_of
from benchmark.scoring import score_run

with logged(snakemake.log[0], expected=(ValueError,)):
    score_run(
        Path(snakemake.input.clean),
        Path(snakemake.input.withheld),
        Path(snakemake.input.estimate),
        Path(snakemake.input.record),
        snakemake.params.names,
        snakemake.params.params,
        bias_of(snakemake.params.noise),
        Path(snakemake.output.scores),
        Path(snakemake.output.curves),
    )
