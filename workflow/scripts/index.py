from pathlib import Path

from benchmark.job import logged
from benchmark.report.overview import make_index

with logged(snakemake.log[0]):
    make_index(Path(snakemake.output.html).parent, snakemake.params.entries, snakemake.params.settings)
