from pathlib import Path

import yaml

from benchmark.job import logged
from benchmark.report.claims import scorecard
from benchmark.report.site.experiment import write_experiment
from benchmark.report.site.results import so_far
from benchmark.report.site.shelves import write_shelves
from benchmark.report.tables import read_scores, read_table, write
from benchmark.storage import locked, save_text

with logged(snakemake.log[0]):
    output, entry = snakemake.output, snakemake.params.entry
    home, site = Path(output.entry).parent, Path(output.html).parents[1]
    save_text(Path(output.entry), yaml.safe_dump(entry, sort_keys=False, allow_unicode=True))
    tables = read_scores(home / "scores.csv"), read_table(home / "curves.csv")
    write(scorecard({entry["id"]: entry}, {entry["id"]: tables}), Path(output.card))
    with locked(site):
        profile = so_far(home.parent, entry["id"])
        own = profile.results[entry["id"]]
        write_experiment(own, site)
        write_shelves([profile], site, renewed=[own])
