from pathlib import Path

from benchmark.job import logged
from benchmark.report.pictures import draw
from benchmark.storage import load_json

with logged(snakemake.log[0]):
    source, names = snakemake.input, snakemake.wildcards
    figure = draw(
        names.figure,
        Path(source.scores),
        Path(source.curves),
        Path(source.summary),
        Path(source.clean),
        Path(source.noisy),
        dict(zip(snakemake.params.methods, map(Path, source.estimates), strict=True)),
        load_json(source.facts),
        {"dataset": names.dataset, "noise": names.noise, "seed": snakemake.params.seed},
    )
    figure.savefig(snakemake.output.png, dpi=100, pil_kwargs={"optimize": True})
