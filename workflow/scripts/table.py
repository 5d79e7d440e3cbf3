from pathlib import Path

import pandas as pd

from benchmark.job import logged
from benchmark.report import tables
from benchmark.report.pages import write_table

with logged(snakemake.log[0]):
    output = snakemake.output
    scores = tables.gather([Path(path) for path in snakemake.input.scores], snakemake.wildcards.experiment)
    summary = tables.with_paper(tables.summarise(scores), snakemake.params.experiment.get("paper", []))
    tables.write(scores, Path(output.scores))
    tables.write(scores, Path(output.parquet))
    tables.write(summary, Path(output.summary))
    tables.write(pd.concat(map(pd.read_csv, snakemake.input.curves)), Path(output.curves))
    write_table(scores, summary, snakemake.params.experiment, Path(output.html))
