from pathlib import Path

from benchmark.data import prepare
from benchmark.job import logged

with logged(snakemake.log[0], expected=(ValueError, OSError)):
    prepare(
        Path(snakemake.params.loader),
        Path(snakemake.params.folder),
        snakemake.params.params,
        snakemake.params.rank,
        Path(snakemake.output.clean),
        Path(snakemake.output.facts),
    )
