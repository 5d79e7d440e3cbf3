"""What several pages say in the same words."""

from collections.abc import Mapping

from benchmark.source import ROOT, docstring_of


def verdict_of(claim: Mapping) -> list[dict]:
    """Return the chips of a claim: its result, whether that is firm, and whether it is on the source's own data."""
    result = {"text": claim["verdict"], "kind": claim["verdict"].replace(" ", "-")}
    if claim["verdict"] == "not run":
        return [result]
    firm = {"text": "uncertain", "kind": "soft"} if claim["uncertain"] else {"text": "firm", "kind": "firm"}
    data = {"text": "other data", "kind": "soft"} if claim["other_data"] else {"text": "own data", "kind": "firm"}
    return [result, firm, data]


def about_file(folder: str, name: str) -> list[str]:
    """Return the paragraphs of a file's docstring; of one that is not in this checkout a sentence that says so."""
    path = ROOT / folder / f"{name}.py"
    if not path.is_file():
        return [f"{folder}/{name}.py is not in this checkout."]
    return [part.strip() for part in docstring_of(path).split("\n\n") if part.strip()] or [f"{name} has no docstring."]
