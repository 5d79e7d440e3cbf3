from pathlib import Path

import pandas as pd

from benchmark.job import logged
from benchmark.report import tables

with logged(snakemake.log[0]):
    output, entry = snakemake.output, snakemake.params.entry
    scores = tables.gather([Path(path) for path in snakemake.input.scores], entry["id"])
    summary = tables.summarise(scores, entry["metric"], entry["reference"])
    summary = tables.with_printed(summary, entry["printed"], entry["metric"])
    tables.write(scores, Path(output.scores))
    tables.write(scores, Path(output.parquet))
    tables.write(summary, Path(output.summary))
    tables.write(pd.concat(map(tables.read_table, map(Path, snakemake.input.curves))), Path(output.curves))
