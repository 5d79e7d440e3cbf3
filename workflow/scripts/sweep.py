from pathlib import Path

from benchmark.job import logged
from benchmark.report.figures.sweep import draw
from benchmark.report.style import save
from benchmark.report.tables import read_scores, read_table

with logged(snakemake.log[0]):
    scores, curves = read_scores(Path(snakemake.input.scores)), read_table(Path(snakemake.input.curves))
    save(draw(snakemake.params.entry, scores, curves), Path(snakemake.output.picture))
