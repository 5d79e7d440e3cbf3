from pathlib import Path

from benchmark.job import logged
from benchmark.messages import progress
from benchmark.report.tables import failures, missing, read_scores
from benchmark.storage import save_text


class RunsFailed(Exception):
    pass


with logged(snakemake.log[0], expected=(RunsFailed,)):
    experiment = snakemake.wildcards.experiment
    results, logs = Path(snakemake.output[0]).parents[1], Path(snakemake.log[0]).parents[1]
    scores = read_scores(Path(snakemake.input.scores))
    gathered = results / "scores" / experiment
    if message := failures(scores, results) + missing(scores, snakemake.params.cells, gathered):
        raise RunsFailed(message)
    save_text(Path(snakemake.output[0]), "Every run is there; none failed.\n")
    print(progress(experiment, results, logs), flush=True)
