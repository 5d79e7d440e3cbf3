"""What several pages say in the same words."""

from collections.abc import Iterable, Mapping

from benchmark.source import ROOT, docstring_of

VERDICTS = ("reproduced", "partly", "not reproduced", "not run")


def verdict_of(claim: Mapping) -> list[dict]:
    """Return the chips of a claim: its result, whether that is firm, and whether it is on the source's own data."""
    result = {"text": claim["verdict"], "kind": claim["verdict"].replace(" ", "-")}
    if claim["verdict"] == "not run":
        return [result]
    firm = {"text": "uncertain", "kind": "soft"} if claim["uncertain"] else {"text": "firm", "kind": "firm"}
    data = {"text": "other data", "kind": "soft"} if claim["other_data"] else {"text": "own data", "kind": "firm"}
    return [result, firm, data]


def sentence_of(claims: Iterable[Mapping]) -> str:
    """Return how many claims there are, with which verdicts, and how many verdicts are firm."""
    claims = list(claims)
    if not claims:
        return "No experiment that was run makes a claim."
    numbers = {name: sum(claim["verdict"] == name for claim in claims) for name in VERDICTS}
    firm = sum(claim["verdict"] != "not run" and not claim["uncertain"] for claim in claims)
    counted = ", ".join(f"{number} {name}" for name, number in numbers.items() if number)
    return f"{len(claims)} claim{'s' if len(claims) > 1 else ''}: {counted}; {firm} firm."


def about_file(folder: str, name: str) -> list[str]:
    """Return the paragraphs of a file's docstring; of one that is not in this checkout a sentence that says so."""
    path = ROOT / folder / f"{name}.py"
    if not path.is_file():
        return [f"{folder}/{name}.py is not in this checkout."]
    return [part.strip() for part in docstring_of(path).split("\n\n") if part.strip()] or [f"{name} has no docstring."]
