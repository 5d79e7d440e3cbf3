from pathlib import Path

import pandas as pd

from benchmark.job import logged
from benchmark.report.sweeps import sweep
from benchmark.report.tables import read_scores

with logged(snakemake.log[0]):
    scores, curves = read_scores(Path(snakemake.input.scores)), pd.read_csv(snakemake.input.curves)
    figure = sweep(scores, curves, **({"values": {}} | snakemake.params.sweep))
    figure.savefig(snakemake.output.png, dpi=100, pil_kwargs={"optimize": True})
