from pathlib import Path

from benchmark.job import logged
from benchmark.report.scene import draw, read_scene

with logged(snakemake.log[0]):
    source, names = snakemake.input, snakemake.wildcards
    files = ("scores", "curves", "summary", "given", "withheld", "facts")
    scene = read_scene(
        snakemake.params.entry,
        names.dataset,
        names.noise,
        **{name: Path(source[name]) for name in files},
        estimates=dict(zip(snakemake.params.methods, map(Path, source.estimates), strict=True)),
    )
    draw(names.figure, scene).savefig(snakemake.output.png, dpi=100, pil_kwargs={"optimize": True})
