from pathlib import Path

from benchmark.job import logged
from benchmark.report.claims import ClaimError, as_markdown, entries_of, read_claims, scorecard
from benchmark.report.pages import write_scorecard
from benchmark.report.tables import read_scores, read_summary, write

with logged(snakemake.log[0], expected=(ClaimError,)):
    source, output, params = snakemake.input, snakemake.output, snakemake.params
    tables = zip(map(read_scores, map(Path, source.scores)), map(read_summary, map(Path, source.curves)), strict=True)
    results = dict(zip(params.experiments, tables, strict=True))
    profile = snakemake.config["profile"]
    card = scorecard(read_claims(Path(source.claims)), results, params.known, params.sources, profile)
    write(card, Path(output.csv))
    write_scorecard(entries_of(card), params.experiments, profile, Path(output.html))
    Path(output.markdown).write_text(as_markdown(card), encoding="utf-8")
