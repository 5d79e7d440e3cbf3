"""The record of a run: whether a run that is kept is the one that the plan has, of the problems that are here."""

import json
from collections.abc import Iterable, Mapping

# What decides, beside the problems, what a run answers.
DECISIVE = ("file", "code_sha256", "params", "observation")


def differences(record: Mapping, wanted: Mapping) -> list[str]:
    """Return how a run was made otherwise than is `wanted`, of what `DECISIVE` names and `wanted` has."""
    made, plain = record["run"], json.loads(json.dumps(dict(wanted)))
    return [
        f"it was made with the {name} {made.get(name)}, and here is {plain[name]}"
        for name in DECISIVE
        if name in plain and made.get(name) != plain[name]
    ]


def other_problems(record: Mapping, here: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the items whose problem a run got otherwise than it is in any of `here`, or that are in none of these.

    Each of `here` holds the digests of a file by item.
    """
    here = list(here)
    return [
        own["item"]
        for own in record["items"]
        if own.get("problem_sha256") not in [digests.get(own["item"], "") for digests in here]
    ]
