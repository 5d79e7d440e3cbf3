"""What the README shows of the published results: one sentence, and a table with a short row a claim."""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.metrics import METRICS
from benchmark.report.overview import read_entries
from benchmark.report.scorecard import claims_of, markdown_row, mean_text, other_ahead, sentence_of, split_unit
from benchmark.report.wording import data_in_words, noise_in_words

# Of profiles of the same claims, those closer to the source first.
PROFILES = ("public", "public-cpu", "embedded")
# Letters of a cell, and in it of what a number is of, so that the table can be read and the README is below 8 KB.
LONGEST, WORDS = 64, 30
STRIP = "strip.webp"
ORDER = "the best of the source's other methods, of its subject and of all others stand between the noisy and the clean"
HEAD = ("", "claim", "here", "needed", "verdict", "best other, over it")


def shown(cards: Mapping[str, pd.DataFrame]) -> str:
    """Return which of the published profiles the README shows."""
    return next((name for name in PROFILES if name in cards), next(iter(cards), ""))


def of_first_source(card: pd.DataFrame) -> pd.DataFrame:
    """Return the claims of a scorecard's first source, those that the README has room for."""
    return card[card["source"] == next(iter(card["source"]), "")]


def verdicts_of(card: pd.DataFrame) -> str:
    """Return how many claims hold, in a sentence a source, which is named where there are several."""
    cards = dict(iter(card.groupby("source", sort=False)))
    return "\n".join(sentence_of(claims_of(own), source * (len(cards) > 1)) for source, own in cards.items())


def table_of(card: pd.DataFrame) -> str:
    """Return a Markdown table with a row a claim, whose cells have at most `LONGEST` characters.

    The numbers are those of the condition that speaks most against the claim: the first that does not hold, else the
    first. A verdict with a star is firm.
    """
    lines = [markdown_row(*HEAD), "|---|---|---|---|---|---|"]
    for claim in claims_of(card):
        conditions = claim["conditions"]
        told = next((row for row in conditions if not pd.isna(row["holds"]) and not row["holds"]), conditions[0])
        held = sum(bool(row["holds"]) for row in conditions if not pd.isna(row["holds"]))
        verdict = claim["verdict"] + (f" ({held} of {len(conditions)})" if claim["verdict"] == "partly" else "")
        star = "" if claim["uncertain"] or claim["verdict"] == "not run" else "*"
        cells = (claim["where"], claim["short"], _here(told), told["test"], f"{verdict}{star}", _other(claim))
        lines.append(markdown_row(*map(_cut, cells)))
    return "\n".join([*lines, ""])


def _here(row: Mapping) -> str:
    """Return an effect with its interval and unit, and what it is of."""
    if row["n"] == 0:
        return "-"
    words, unit = split_unit(row["effect"])
    number = f"{mean_text(row)} {unit}".strip()
    return f"{number}, {_cut(words, WORDS)}"


def _other(claim: Mapping) -> str:
    """Return the strongest other method, and by how much it is better than the claim's own."""
    if not claim["other"] or not np.isfinite(claim["other_difference"]):
        return "-"
    metric = METRICS[claim["other_metric"]]
    return f"{claim['other_label']} {other_ahead(claim):+.{metric.decimals}f} {split_unit(metric.label)[1]}".strip()


def _cut(text: str, longest: int = LONGEST) -> str:
    """Return a text, cut after a word if it is too long."""
    return textwrap.shorten(text, longest, placeholder=" …")


def between(text: str, marker: str, content: str) -> str:
    """Return a text with what stands between the comments of a marker replaced; raise ValueError if there is none."""
    start, end = f"<!-- {marker} -->\n", f"<!-- end of {marker} -->"
    if start not in text or end not in text:
        raise ValueError(f"there is no {start.strip()} ... {end}: put both into it")
    before, _, rest = text.partition(start)
    return f"{before}{start}{content}{end}{rest.partition(end)[2]}"


def strip_of(published: Path) -> str:
    """Return the first strip of pictures below a folder of published profiles, with a sentence, or nothing.

    It is of a profile closest to the source, and the first data set and noise of its experiment.
    """
    for profile in dict.fromkeys([*PROFILES, *(path.name for path in sorted(published.glob("*")))]):
        for name, entry in read_entries(published / profile).items():
            for dataset, noise in product(entry["data"], entry["noise"]):
                path = published / profile / name / dataset / noise / STRIP
                if path.is_file():
                    words = f"{data_in_words(entry, dataset)}, {noise_in_words(entry['noise'][noise])}"
                    place = entry["place"] or entry["title"]
                    picture = path.relative_to(published.parents[1]).as_posix()
                    return f"![{place}, a strip]({picture})\n\n{place}: {words}; {ORDER}.\n"
    return ""


def markers_of(cards: Mapping[str, pd.DataFrame], published: Path) -> Sequence[tuple[str, str]]:
    """Return the markers of the README with what stands between each."""
    profile = shown(cards)
    card = cards[profile]
    return [
        ("verdicts", f"{verdicts_of(card)}\n"),
        ("strip", strip_of(published)),
        ("claims", table_of(of_first_source(card))),
    ]
