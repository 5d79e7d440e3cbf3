"""Keeps a profile's results in git: `python -m benchmark.report.publish embedded`.

Copies tables, figures, scorecard and manifest, but neither data nor raw estimates, from `results/` to
`results/published/`, and writes the published scorecards into the README, between its markers. Pictures are reduced to
256 colours, which makes them less than half as large.
"""

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from PIL import Image

from benchmark.plan import ROOT
from benchmark.report.claims import effects_of, entries_of, markdown_row

PROFILES = ("embedded", "public")
NOT_PUBLISHED = ("data", "runs")
MARKED = re.compile(r"(?<=<!-- scorecard -->\n).*?(?=<!-- end of scorecard -->)", re.S)


def publish(profile: str, root: Path = ROOT) -> Path:
    """Replace the published results of a profile by those in `results/`, renew the README, and return their folder."""
    source, published = root / "results" / profile, root / "results" / "published"
    if not (source / "index.html").is_file():
        raise FileNotFoundError(f"{source} has no index.html: run the profile to its end first")
    target = published / profile
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=lambda folder, _: NOT_PUBLISHED if Path(folder) == source else ())
    for path in target.rglob("*.png"):
        Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    readme = root / "README.md"
    table = table_of(published_cards(published), "results/published")
    readme.write_text(MARKED.sub(lambda _: table, readme.read_text(encoding="utf-8")), encoding="utf-8")
    return target


def published_cards(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the scorecards of the profiles that are published in a folder."""
    paths = {profile: folder / profile / "scorecard.csv" for profile in PROFILES}
    return {profile: read_card(path) for profile, path in paths.items() if path.is_file()}


def read_card(path: Path) -> pd.DataFrame:
    """Return a scorecard that was written as CSV; texts that are missing are empty."""
    card = pd.read_csv(path, dtype={"holds": "boolean", "n": "Int64"})
    texts = ["reason", "why", "other", "other_label", "other_metric", "data"]
    return card.astype(dict.fromkeys(texts, "object")).fillna(dict.fromkeys(texts, ""))


def table_of(cards: Mapping[str, pd.DataFrame], folder: str) -> str:
    """Return a Markdown table of the claims with the verdict, the effects and a sentence on each profile's scorecard.

    `folder` is where the profiles' results lie, for the links.
    """
    by_profile = {profile: {entry["id"]: entry for entry in entries_of(card)} for profile, card in cards.items()}
    lines = [f"| claim | {' | '.join(by_profile)} |", f"|---|{'---|' * len(by_profile)}"]
    for name, entry in next(iter(by_profile.values())).items():
        cells = [_cell(entries[name], f"{folder}/{profile}") for profile, entries in by_profile.items()]
        lines.append(markdown_row(f"**{entry['where']}.** {entry['claim']}", *cells))
    return "\n".join([*lines, ""])


def _cell(entry: Mapping, folder: str) -> str:
    effects = effects_of(entry)
    if not effects:
        return f"not run: {entry['reason']}"
    sentences = [sentence for sentence in (entry["reason"], entry["why"], entry["other_text"]) if sentence]
    verdict = f"**[{entry['summary']}]({folder}/{entry['experiment']})**"
    return "<br>".join([verdict, *effects, *(f"*{sentence}*" for sentence in sentences)])


if __name__ == "__main__":
    try:
        print(f"Published in {publish(*sys.argv[1:])}.")
    except FileNotFoundError as error:
        sys.exit(str(error))
