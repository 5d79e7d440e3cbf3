from pathlib import Path

from benchmark.job import logged
from benchmark.report.sweeps import sweep
from benchmark.report.tables import read_scores

with logged(snakemake.log[0]):
    settings = snakemake.params.sweep
    scores = read_scores(Path(snakemake.input.scores))
    figure = sweep(scores, settings["over"], settings["label"], settings.get("values", {}), settings["metrics"])
    figure.savefig(snakemake.output.png, dpi=120, pil_kwargs={"optimize": True})
