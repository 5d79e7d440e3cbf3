import re
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from benchmark.report.figures import Figure
from benchmark.report.manifest import manifest_of
from benchmark.report.pages import write_index, write_table
from benchmark.report.tables import gather, summarise, write

EXPERIMENT = {
    "id": "fig9",
    "title": "Denoising of <cubes>",
    "mirrors": "Figure 9",
    "departures": "A small cube & few iterations.",
    "datasets": [
        {
            "name": "toy",
            "title": "A toy cube",
            "stands_in_for": "the paper's scene",
            "licence": "CC0",
            "citation": "Doe 2020",
        }
    ],
}


@pytest.fixture
def scores(row, tmp_path):
    deep = {"method": "deep", "label": "Deep", "file": "deeptensor_cube"}
    lost = {"value": np.nan, "status": "timeout", "message": "no estimate after <60> s"}
    rows = [
        row(value=30.0),
        row(**deep, value=33.0),
        row(**deep, value=36.0, iterate="oracle"),
        row(method="limit", label="Limit", control=True, value=40.0),
        row(method="bm3d", label="BM3D", licence_note="non-commercial use only", **lost),
    ]
    write(pd.DataFrame(rows), tmp_path / "run.csv")
    return gather([tmp_path / "run.csv"], "fig9")


@pytest.fixture
def table(scores, tmp_path):
    write_table(scores, summarise(scores), EXPERIMENT, tmp_path / "table.html")
    return (tmp_path / "table.html").read_text(encoding="utf-8")


def rows_of(html):
    """Return the text of each row of scores, by label and iterate."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<td.*?>(.*?)</td>", part, re.S) for part in body.split("<tr")[1:]]
    return {(row[0].partition("<")[0].strip(), row[1].partition(" ")[0].strip()): " ".join(row) for row in rows}


def loaded(html):
    return re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)|url\(([^)]*)|@import|fetch\(""", html)


def test_the_table_has_a_row_for_each_row_of_the_summary(scores, table):
    summary = summarise(scores)
    assert set(rows_of(table)) == set(zip(summary["label"], summary["iterate"], strict=True))
    assert '<td data-sort="33.0"><b>33.00</b></td>' in table


def test_bold_is_the_best_competitor_alone(table):
    bold = [key for key, text in rows_of(table).items() if "<b>" in text]
    assert bold == [("Deep", "returned")]


def test_control_oracle_failure_and_licence_are_marked(table):
    rows = rows_of(table)
    assert "control" in rows["Limit", "returned"]
    assert "uses the truth" in rows["Deep", "oracle"]
    assert "timeout (1 of 1): no estimate after &lt;60&gt; s" in rows["BM3D", "returned"]
    assert "non-commercial use only" in rows["BM3D", "returned"]
    for kind, count in {"control": 1, "oracle": 1, "hole": 1}.items():
        assert table.count(f'<tr class="{kind}">') == count


def test_the_table_tells_what_it_mirrors_what_departs_and_what_stands_in(table):
    for text in (
        "Denoising of &lt;cubes&gt;",
        "mirrors Figure 9",
        "few iterations",
        "the paper&#39;s scene",
        "1234567",
    ):
        assert text in table


def test_headings_have_units_and_the_direction(table):
    headings = re.findall(r'<button type="button">(.*?)</button>', table)
    assert headings[3:5] == ["PSNR [dB] ↑", "over SVD [dB]"]
    assert "Time [s]" in headings


@pytest.mark.parametrize(
    ("column", "values", "warning"),
    [
        ("git_dirty", [True, False], "changes that no commit holds"),
        ("git_commit", ["1234567", "89abcde"], "more than one commit"),
        ("threads", [1, 2], "times do not compare"),
    ],
)
def test_doubtful_provenance_is_a_warning(row, tmp_path, column, values, warning):
    pages = []
    for chosen in ([values[1]] * 2, values):
        scores = pd.DataFrame([row(seed=seed, **{column: value}) for seed, value in enumerate(chosen)])
        write_table(scores, summarise(scores), EXPERIMENT, tmp_path / "table.html")
        pages.append((tmp_path / "table.html").read_text(encoding="utf-8"))
    assert [warning in page for page in pages] == [False, True]


@pytest.fixture
def results(scores, tmp_path):
    folder = tmp_path / "results" / "fig9"
    (folder / "figures").mkdir(parents=True)
    summary = summarise(scores)
    write(scores, folder / "scores.csv")
    write(summary, folder / "summary.csv")
    write_table(scores, summary, EXPERIMENT, folder / "table.html")
    Figure().savefig(folder / "figures" / "strip.png")
    products = [path for path in folder.rglob("*") if path.is_file()]
    (folder / "figures" / "of_last_year.png").touch()
    every, details = {"fig9": scores}, {"Config": "config/smoke.yaml"}
    write_index(products, [EXPERIMENT], every, manifest_of("smoke", every), details, folder.parent / "index.html")
    assert "of_last_year" not in (folder.parent / "index.html").read_text()
    return folder.parent


def test_pages_load_nothing_from_a_network_and_every_link_exists_beside_them(results):
    linked = []
    for page in (results / "index.html", results / "fig9" / "table.html"):
        for address, url in loaded(page.read_text(encoding="utf-8")):
            assert not url
            if address.startswith(("#", "data:")):
                continue
            assert (page.parent / unquote(address)).is_file(), address
            linked.append(address)
    assert {"fig9/table.html", "fig9/scores.csv", "fig9/summary.csv", "fig9/figures/strip.png"} <= set(linked)


def test_the_index_shows_headline_holes_and_provenance(results):
    html = (results / "index.html").read_text(encoding="utf-8")
    cells = re.findall(r"<td.*?>(.*?)</td>", html.partition("<tbody>")[2].partition("</tbody>")[0], re.S)
    assert cells[1:] == ["toy, gaussian", "-", "30.00", "SVD", "30.00", "Deep", "33.00", "<b>+3.00</b>", "36.00"]
    assert "timeout (1 of 1): no estimate after &lt;60&gt; s" in html.partition("Holes")[2]
    assert "config/smoke.yaml" in html
    assert "4, of which 3 gave an estimate" in html
    costs = re.findall(r"<td.*?>(.*?)</td>", html.partition("What it took")[2], re.S)[1:6]
    assert costs == ["4", "0.2", "0.0", "100", "svd"]  # four runs of 2.5 s, all started at once
