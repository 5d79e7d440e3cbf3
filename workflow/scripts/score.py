from pathlib import Path

from benchmark.job import logged
from benchmark.scoring import score_cell

with logged(snakemake.log[0]):
    score_cell(
        snakemake.params.asked,
        [Path(record) for record in snakemake.input.records],
        {name: Path(snakemake.input[name]) for name in ("given", "withheld", "facts")},
        Path(snakemake.output.scores),
        Path(snakemake.output.curves),
    )
