"""Writes pages from templates, whole or not at all, and the scripts and styles that they share."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmark.storage import copy_whole, save_text

HOME = Path(__file__).parent
TEMPLATES = Environment(
    loader=FileSystemLoader(HOME / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
EXPORT = re.compile(r"export\{[^}]*?(\w+) as default[^}]*\}")


def write_page(template: str, out: Path, **context) -> None:
    """Write a page; `root`, from which its links start, is relative, so that the site works at any address."""
    save_text(out, TEMPLATES.get_template(template).render(context))


def write_assets(out: Path) -> None:
    """Write the scripts and styles of all pages into a folder: DataTables, as `itables` ships it, Vega, and our own.

    Pages are opened from disk, too, where browsers load no modules: both bundles become plain scripts.
    """
    out.mkdir(parents=True, exist_ok=True)
    for path in (HOME / "assets").iterdir():
        copy_whole(path, out / path.name)
    for name, text in _bundles().items():
        save_text(out / name, text)


@cache
def _bundles() -> dict[str, str]:
    """Return the bundles of the libraries by the name of their file."""
    folder = files("itables") / "html"
    script = (folder / "dt_bundle.js").read_text(encoding="utf-8")
    return {
        "datatables.css": (folder / "dt_bundle.css").read_text(encoding="utf-8"),
        "datatables.js": _as_script(EXPORT.sub(r"window.DataTable=\1", script)),
        "vega.js": _as_script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")),
    }


def _as_script(module: str) -> str:
    return f'(()=>{{"use strict";{module}\n}})();\n'
