from pathlib import Path

from benchmark.job import logged
from benchmark.report.figures.sweep import draw
from benchmark.report.tables import read_scores, read_summary

with logged(snakemake.log[0]):
    scores, curves = read_scores(Path(snakemake.input.scores)), read_summary(Path(snakemake.input.curves))
    figure = draw(snakemake.params.entry, scores, curves)
    figure.savefig(snakemake.output.png, dpi=100, pil_kwargs={"optimize": True})
