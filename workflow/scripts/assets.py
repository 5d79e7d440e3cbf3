from pathlib import Path

from benchmark.job import logged
from benchmark.report.site.render import write_assets

with logged(snakemake.log[0]):
    write_assets(Path(snakemake.output[0]).parent)
