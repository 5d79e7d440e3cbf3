from pathlib import Path

from benchmark.job import logged
from benchmark.report.scene import draw, read_scene
from benchmark.report.style import save

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
    save(draw(names.figure, scene), Path(snakemake.output.picture))
