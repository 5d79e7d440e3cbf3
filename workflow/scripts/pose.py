from pathlib import Path

from benchmark.data import corrupt
from benchmark.job import logged
from benchmark.storage import load_json

with logged(snakemake.log[0], expected=(ValueError,)):
    corrupt(
        Path(snakemake.input.clean),
        load_json(snakemake.input.facts),
        snakemake.params.noise,
        snakemake.wildcards.dataset,
        snakemake.wildcards.noise,
        int(snakemake.wildcards.seed),
        Path(snakemake.output.noisy),
        Path(snakemake.output.withheld),
    )
