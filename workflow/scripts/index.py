from pathlib import Path

from benchmark.job import logged
from benchmark.report.overview import make_summary
from benchmark.report.site.results import finished
from benchmark.report.site.shelves import write_shelves
from benchmark.storage import locked

with logged(snakemake.log[0]):
    folder, site = Path(snakemake.output.manifest).parent, Path(snakemake.output.html).parent
    make_summary(folder, snakemake.params.entries, snakemake.params.settings)
    with locked(site):
        write_shelves([finished(folder)], site)
