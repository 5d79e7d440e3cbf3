from datetime import UTC, datetime
from pathlib import Path

import yaml

from benchmark.job import logged
from benchmark.report.pages import write_index
from benchmark.report.tables import as_text, read_summary

with logged(snakemake.log[0]):
    out, experiments = Path(snakemake.output.html), snakemake.params.experiments
    entries = [{"id": name} | entry for name, entry in experiments.items()]
    details = {"Config": "all settings, merged: config.yaml beside this page"}
    write_index([Path(path) for path in snakemake.input.products], entries, snakemake.config["profile"], details, out)
    Path(snakemake.output.config).write_text(yaml.safe_dump(snakemake.config, sort_keys=False))
    texts = [f"{name}\n\n{as_text(read_summary(out.parent / name / 'summary.csv'))}" for name in experiments]
    written = f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."
    Path(snakemake.output.summary).write_text("\n".join([*texts, f"{written} Open {out}", ""]))
