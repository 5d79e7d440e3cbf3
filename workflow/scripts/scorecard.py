from pathlib import Path

from benchmark.job import logged
from benchmark.report.claims import ClaimError
from benchmark.report.overview import make_scorecard

with logged(snakemake.log[0], expected=(ClaimError,)):
    make_scorecard(Path(snakemake.output.csv).parent, snakemake.params.config, Path(snakemake.input.claims))
