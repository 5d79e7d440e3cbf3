from pathlib import Path

from benchmark.job import logged
from benchmark.report.overview import make_scorecard

with logged(snakemake.log[0]):
    make_scorecard(Path(snakemake.output.csv).parent, snakemake.params.entries)
