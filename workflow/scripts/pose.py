from pathlib import Path

from benchmark.job import logged
from benchmark.posing import pose

with logged(snakemake.log[0], expected=(ValueError,)):
    source, output = snakemake.input, snakemake.output
    paths = map(Path, (source.clean, source.facts, output.given, output.withheld))
    pose(snakemake.params.asked, *paths)
