"""The pages name what is there, lead somewhere, and stay short; the list of things has a purpose for each."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.catalog import CONTRACTS, files_of
from benchmark.measured import minutes_of
from benchmark.settings import Experiment

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
# The state of CI as GitHub shows it: from a page of the repository, two folders up are the repository's own pages.
WORKFLOW_PAGE = re.compile(r"^\.\./\.\./actions/(workflows/[\w-]+\.yml)(/badge\.svg)?$")
# What a run makes, and what stands for a name.
MADE = re.compile(r"^(results/(?!published)|logs/)|[<>*]")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def prose_of(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose_of(page), re.M)
    slugs = [
        re.sub(r"[^\w\- ]", "", re.sub(r"\]\(.*?\)", "", heading).lower()).replace(" ", "-") for heading in headings
    ]
    return {f"{slug}-{slugs[:number].count(slug)}".removesuffix("-0") for number, slug in enumerate(slugs)}


@every_page
def test_every_link_leads_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)) if "://" not in link]
    lost = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = page.parent / WORKFLOW_PAGE.sub(r".github/\1", path) if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            lost.append(link)
    assert lost == []
    assert links or page.name != "README.md"


@every_page
def test_every_path_that_is_named_is_there(page):
    known = {path.name for path in ROOT.iterdir()}
    spans = re.findall(r"`([^`\s]+)`", prose_of(page))
    paths = [span for span in spans if span.partition("/")[0] in known and not MADE.search(span)]
    examples = set(re.findall(r"complete one; save it as `(.*?)`", prose_of(page)))
    assert [path for path in paths if not (ROOT / path).exists() and path not in examples] == []
    if page.name == "architecture.md":
        assert paths


@pytest.mark.parametrize("page", [page for page in DOCS if page.name != "methods.md"], ids=lambda page: page.name)
def test_pages_are_short(page):
    assert 5 <= len(page.read_text().splitlines()) <= (80 if page.name == "architecture.md" else 40)


@pytest.mark.parametrize("profile", ["embedded", "public-cpu"])
def test_what_a_profile_is_said_to_take_is_what_was_measured(profile):
    row = re.search(rf"^\| {profile} \|.*$", (ROOT / "docs" / "run.md").read_text(), re.M)[0]
    number, unit = re.search(r"about (\d+) (minutes|hours) on 2 cores", row).groups()
    said = int(number) * {"minutes": 1, "hours": 60}[unit]
    assert 2 * said == pytest.approx(sum(minutes_of(profile).values()), rel=0.3)
    if profile == "embedded":
        assert re.findall(r"about (\d+ \w+) on 2 cores", (ROOT / "README.md").read_text()) == [f"{number} {unit}"]


def test_every_key_of_an_experiment_is_explained():
    page = (ROOT / "docs" / "experiment.md").read_text()
    [needed] = re.findall(r"^(`title`.*) are needed", page, re.M)
    rows = re.findall(r"^\| (`.*?) \|", page, re.M)
    assert set(re.findall(r"`(\w+)`", f"{needed} {rows}")) == set(Experiment.model_fields)


def test_all_that_a_task_states_is_explained():
    literals, functions = CONTRACTS["tasks"]
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs" / "task.md").read_text(), re.M)
    assert set(re.findall(r"`(\w+)[`(]", " ".join(rows))) == {*literals, *functions}


@pytest.mark.parametrize("kind", ["methods", "data", "tasks", "experiments"])
def test_the_list_has_a_line_with_a_purpose_for_each_file(kind):
    command = [sys.executable, "-m", "benchmark", "list", kind]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    folder = {"methods": "baselines", "data": "datasets"}.get(kind, kind)
    if folder in CONTRACTS:
        names = list(files_of(ROOT, folder))
    else:
        names = [path.stem for path in sorted((ROOT / folder).glob("*.yaml"))]
    rows = [re.split(r"  +", line, maxsplit=2) for line in lines]
    assert [row[0] for row in rows] == names
    assert all(len(row) == 3 and row[2] and "cannot be used" not in row[2] for row in rows)
