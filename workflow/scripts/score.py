from pathlib import Path

from benchmark.job import logged
from benchmark.plan import Run
from benchmark.scoring import score_run

with logged(snakemake.log[0], expected=(ValueError,)):
    score_run(
        Run(**snakemake.params.asked["run"]),
        snakemake.params.asked["made_by"],
        snakemake.params.asked["names"],
        {name: Path(path) for name, path in snakemake.input.items()},
        Path(snakemake.output.scores),
        Path(snakemake.output.curves),
    )
