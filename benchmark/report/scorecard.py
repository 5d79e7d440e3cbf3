"""The scorecard, read again, and in words: its claims for a page, and as Markdown."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.metrics import METRICS

TEXTS = ["source", "reason", "why", "short", "own_label", "other", "other_label", "other_metric", "data"]
NO_CLAIMS = "No experiment that was run makes a claim."
UNIT = re.compile(r" \[([^]]*)\]")


def read_card(path: Path) -> pd.DataFrame:
    """Return a scorecard that was written as CSV; texts that are missing are empty."""
    card = pd.read_csv(path, dtype={"holds": "boolean", "n": "Int64"})
    return card.astype(dict.fromkeys(TEXTS, "object")).fillna(dict.fromkeys(TEXTS, ""))


def read_cards(paths: Iterable[Path]) -> pd.DataFrame:
    """Return the scorecards of experiments as one."""
    cards = [read_card(path) for path in paths]
    return pd.concat([own for own in cards if len(own)] or cards[:1], ignore_index=True)


def claims_of(card: pd.DataFrame) -> list[dict]:
    """Return the claims of a scorecard in words: its columns, with `conditions`, a list of its rows.

    `summary` is the verdict with what qualifies it, `reason` says why the claim was not judged, and `other_text` is a
    sentence on the strongest other method; either is empty where there is none. A condition's `text` is its effect.
    """
    claims = []
    for _, rows in card.groupby(["experiment", "id"], sort=False):
        claim = rows.iloc[0].to_dict()
        claim["summary"] = claim["verdict"]
        if claim["verdict"] != "not run":
            claim["summary"] += ", on other data" if claim["other_data"] else ""
            claim["summary"] += ", uncertain" if claim["uncertain"] else ""
        claim["reason"] = "; ".join(dict.fromkeys(filter(None, rows["reason"])))
        claim["other_text"] = _other_text(claim)
        claim["conditions"] = [row | {"text": _effect_text(row)} for row in rows.to_dict("records")]
        claims.append(claim)
    return claims


def as_markdown(card: pd.DataFrame) -> str:
    """Return the scorecard as Markdown, a table for each source: claim, verdict, effect, and what there is to say."""
    tables = {}
    for source, own in card.groupby("source", sort=False):
        lines = ["| claim | verdict | effect, 95 % interval | |", "|---|---|---|---|"]
        for claim in claims_of(own):
            text, effects = f"{claim['where']}: {claim['claim']}", "; ".join(effects_of(claim)) or "-"
            lines.append(markdown_row(text, f"**{claim['summary']}**", effects, " ".join(sentences_of(claim))))
        tables[source] = "\n".join([*lines, ""])
    return joined(tables)


def joined(tables: Mapping[str, str]) -> str:
    """Return the Markdown tables of sources, by title, one below the other; a single one needs no heading."""
    if len(tables) <= 1:
        return next(iter(tables.values()), f"{NO_CLAIMS}\n")
    return "\n".join(f"**{source or 'Other experiments'}**\n\n{table}" for source, table in tables.items())


def sentences_of(claim: Mapping) -> list[str]:
    """Return what to say of a claim: why it was not judged, or how to read it and which other method is stronger."""
    said = (claim["reason"],) if claim["reason"] else (claim["why"], claim["other_text"])
    return [sentence for sentence in said if sentence]


def effects_of(claim: Mapping) -> list[str]:
    """Return the effects of a claim that are known, each with its interval and what was asked of it."""
    known = [condition for condition in claim["conditions"] if condition["n"] > 0]
    return [f"{condition['effect']}: {condition['text']} ({condition['test']})" for condition in known]


def sentence_of(claims: Sequence[Mapping], source: str = "") -> str:
    """Return how many claims hold, in a sentence that names their source where it is given, and how many are firm."""
    if not claims:
        return NO_CLAIMS
    number = Counter(claim["verdict"] for claim in claims)
    firm = sum(claim["verdict"] != "not run" and not claim["uncertain"] for claim in claims)
    held, part, not_held, lost = (number[name] for name in ("reproduced", "partly", "not reproduced", "not run"))
    parts = [
        f"{held} hold{'s' * (held == 1)}",
        f"{part} hold{'s' * (part == 1)} in part",
        f"{not_held} do{'es' * (not_held == 1)} not",
    ]
    parts += [f"{lost} could not be judged"] if lost else []
    named = f" of *{source}*" if source else ""
    rest = f"{', '.join(parts[:-1])} and {parts[-1]}; {firm} verdict{' is' if firm == 1 else 's are'} firm."
    return f"Of {len(claims)} claim{'s' * (len(claims) != 1)}{named} {rest}"


def needed(row: Mapping) -> list[tuple[float, bool]]:
    """Return from where on the condition of a row holds, and whether upwards; `within ±1` has two such places.

    Where more than one margin beyond a threshold is asked for, the widest counts. One in standard errors or deviations
    is in those of the row; a single unit has none, and so no place.
    """
    test, limit, *margins = re.split(r" by | and | (?=[±\d-])", row["test"])
    value = float(limit.removeprefix("±"))
    if test == "within":
        return [(-value, True), (value, False)]
    margin = np.max([_margin(text, row) for text in margins], initial=0.0)
    if np.isnan(margin):
        return []
    upwards = test in ("above", "at least")
    return [(value + margin if upwards else value - margin, upwards)]


def markdown_row(*cells: str) -> str:
    """Return the row of a Markdown table with these cells."""
    return f"| {' | '.join(' '.join(cell.replace('|', '&#124;').split()) for cell in cells)} |"


def split_unit(text: str) -> tuple[str, str]:
    """Return an effect or a measure without its unit in brackets, and that unit, empty where it has none."""
    return UNIT.sub("", text), next(iter(UNIT.findall(text)), "")


def other_ahead(row: Mapping) -> float:
    """Return by how much the strongest other method of a claim is better than its own."""
    return row["other_difference"] * (-1 if METRICS[row["other_metric"]].higher_is_better else 1)


def mean_text(row: Mapping) -> str:
    """Return the mean of a condition, with its interval where it has one."""
    interval = f" [{number_text(row['low'])}, {number_text(row['high'])}]" if np.isfinite(row["low"]) else ""
    return f"{number_text(row['mean'])}{interval}"


def number_text(value: float) -> str:
    """Return a number with three significant digits."""
    return "undefined" if np.isnan(value) else f"{value:#.3g}".rstrip(".").replace("inf", "∞")


def _margin(text: str, row: Mapping) -> float:
    """Return a margin in the unit of the row: `0.1`, `2 standard errors` or `1 standard deviation`."""
    number, _, kind = text.partition(" standard ")
    if not kind:
        return float(number)
    return int(number) * row["sd"] / (row["n"] ** 0.5 if kind.startswith("error") else 1)


def _effect_text(row: Mapping) -> str:
    """Return the mean with its interval, or `-` where there is none."""
    if row["n"] == 0:
        return "-"
    if row["n"] == 1:
        return f"{mean_text(row)}, one unit: no interval"
    return f"{mean_text(row)}, {row['n']} units"


def _other_text(row: Mapping) -> str:
    if not row["other"]:
        return ""
    metric, ahead = METRICS[row["other_metric"]], other_ahead(row)
    words, unit = split_unit(metric.label)
    amount = f"{abs(ahead):.{metric.decimals}f} {unit}".strip().replace("inf", "∞")
    how = f"{amount} {'ahead of' if ahead > 0 else 'behind'}" if round(ahead, metric.decimals) else "level with"
    return f"The strongest other method is {row['other_label']}, {how} {row['own_label']} ({words})."
