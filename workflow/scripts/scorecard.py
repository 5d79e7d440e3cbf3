from pathlib import Path

from benchmark.job import logged
from benchmark.report.overview import write_scorecard
from benchmark.report.scorecard import read_cards

with logged(snakemake.log[0]):
    write_scorecard(read_cards(map(Path, snakemake.input.cards)), Path(snakemake.output.csv).parent)
