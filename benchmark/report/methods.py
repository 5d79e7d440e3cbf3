"""The page of all methods, docs/methods.md: what each file of `baselines/` says of itself, a row a method."""

import re
from collections.abc import Mapping

from benchmark.catalog import File
from benchmark.listing import purpose_of
from benchmark.report.scorecard import markdown_row

HEAD = """\
# The methods

What each file of `baselines/` says of itself, by family. The files have the sources, the departures from them, and the
parameters. `make publish` makes this page; [a method](method.md) says how to add one.

"""
# What Markdown would take for its own.
SIGNS = re.compile(r"([\\`*_<\[\]])")


def methods_page(files: Mapping[str, File]) -> str:
    """Return the page in Markdown of the files of `baselines/` that can be used, by family and label."""
    usable = [file for file in files.values() if not file.fault]
    rows = [
        markdown_row(
            file.literals["FAMILY"],
            f"[{_plain(file.literals['LABEL'])}](../baselines/{file.path.name})",
            ", ".join(sorted(file.literals["TASKS"])),
            _plain(purpose_of(file)),
        )
        for file in sorted(usable, key=lambda own: (own.literals["FAMILY"], own.literals["LABEL"]))
    ]
    return HEAD + "\n".join([markdown_row("family", "method", "tasks", "what it does"), "|---|---|---|---|", *rows, ""])


def _plain(text: str) -> str:
    return SIGNS.sub(r"\\\1", text)
