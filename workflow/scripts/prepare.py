from pathlib import Path

from benchmark.job import logged
from benchmark.preparing import prepare

with logged(snakemake.log[0], expected=(ValueError, OSError)):
    prepare(
        snakemake.params.told,
        Path(snakemake.params.folder),
        Path(snakemake.output.clean),
        Path(snakemake.output.facts),
    )
