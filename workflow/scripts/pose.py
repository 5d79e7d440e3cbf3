from pathlib import Path

from benchmark.job import logged
from benchmark.posing import pose

with logged(snakemake.log[0], expected=(ValueError,)):
    names = snakemake.wildcards
    pose(
        Path(snakemake.input.clean),
        Path(snakemake.input.facts),
        snakemake.params.asked,
        int(names.seed),
        (names.dataset, names.noise),
        Path(snakemake.output.given),
        Path(snakemake.output.withheld),
    )
