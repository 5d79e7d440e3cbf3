from pathlib import Path

from benchmark.job import logged
from benchmark.scoring import score_run

with logged(snakemake.log[0]):
    score_run(
        Path(snakemake.input.clean),
        Path(snakemake.input.estimate),
        Path(snakemake.input.record),
        snakemake.params.names,
        Path(snakemake.output.scores),
        Path(snakemake.output.curves),
    )
