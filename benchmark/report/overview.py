"""What stands above the experiments of a profile: the scorecard, the manifest and the index, made of their tables."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import yaml

from benchmark.plan import products_of, read_datasets
from benchmark.report.claims import as_markdown, entries_of, read_claims, scorecard
from benchmark.report.manifest import manifest_of
from benchmark.report.pages import write_index, write_scorecard
from benchmark.report.tables import as_text, file_of, read_scores, read_summary, write
from benchmark.storage import save_json

SCORECARD = ("scorecard.html", "scorecard.csv", "scorecard.md")
CONFIG = "config.yaml"


def make_scorecard(folder: Path, config: Mapping, claims: Path) -> None:
    """Judge the claims of a file by the selected experiments, which lie in `folder`, and write the scorecard there."""
    names = config["select"]
    results = {
        name: (read_scores(file_of(folder / name / "scores.csv")), read_summary(file_of(folder / name / "curves.csv")))
        for name in names
    }
    sources = {name: entry.path.stem for name, entry in read_datasets(config).items()}
    card = scorecard(read_claims(claims), results, config["experiments"], sources, config["profile"])
    html, csv, markdown = (folder / name for name in SCORECARD)
    write(card, csv)
    write_scorecard(entries_of(card), {name: config["experiments"][name] for name in names}, config["profile"], html)
    markdown.write_text(as_markdown(card), encoding="utf-8")


def make_index(folder: Path, config: Mapping) -> None:
    """Write index, manifest, config and a summary in plain text beside the selected experiments and the scorecard."""
    names = config["select"]
    scores = {name: read_scores(file_of(folder / name / "scores.csv")) for name in names}
    manifest = manifest_of(config["profile"], scores)
    save_json(folder / "manifest.json", manifest)
    (folder / CONFIG).write_text(yaml.safe_dump(dict(config), sort_keys=False), encoding="utf-8")
    products = [*SCORECARD, *(product for name in names for product in products_of(name, config))]
    files = [path for name in products if (path := file_of(folder / name)).is_file()]
    entries = [{"id": name} | config["experiments"][name] for name in names]
    details = {"Config": f"all settings, merged: {CONFIG} beside this page; times, memory, machines: manifest.json"}
    write_index(files, entries, scores, manifest, details, folder / "index.html")
    texts = [f"{name}\n\n{as_text(read_summary(folder / name / 'summary.csv'))}\n" for name in names]
    written = f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.\n"
    (folder / "summary.txt").write_text("".join([*texts, written]), encoding="utf-8")
