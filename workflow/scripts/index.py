from datetime import UTC, datetime
from pathlib import Path

import yaml

from benchmark.job import logged
from benchmark.report.manifest import manifest_of
from benchmark.report.pages import write_index
from benchmark.report.tables import as_text, read_scores, read_summary
from benchmark.storage import save_json

with logged(snakemake.log[0]):
    out, experiments = Path(snakemake.output.html), snakemake.params.experiments
    entries = [{"id": name} | entry for name, entry in experiments.items()]
    scores = {name: read_scores(out.parent / name / "scores.csv") for name in experiments}
    manifest = manifest_of(snakemake.config["profile"], scores)
    save_json(Path(snakemake.output.manifest), manifest)
    details = {"Config": "all settings, merged: config.yaml beside this page; times, memory, machines: manifest.json"}
    write_index([Path(path) for path in snakemake.input.products], entries, scores, manifest, details, out)
    Path(snakemake.output.config).write_text(yaml.safe_dump(snakemake.config, sort_keys=False))
    texts = [f"{name}\n\n{as_text(read_summary(out.parent / name / 'summary.csv'))}" for name in experiments]
    written = f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."
    Path(snakemake.output.summary).write_text("\n".join([*texts, f"{written} Open {out}", ""]))
