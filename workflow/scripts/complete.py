from pathlib import Path

from benchmark.job import logged
from benchmark.report.tables import failures, read_scores


class RunsFailed(Exception):
    pass


with logged(snakemake.log[0], expected=(RunsFailed,)):
    if message := failures(read_scores(Path(snakemake.input.scores))):
        raise RunsFailed(message)
    Path(snakemake.output[0]).write_text("Every run is there; none failed.\n")
