import re
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmark.report.manifest import manifest_of
from benchmark.report.pages import write_index, write_table
from benchmark.report.tables import gather, summarise, with_printed, write

METHODS = ("svd", "deep", "limit", "bm3d")


@pytest.fixture
def experiment(entry):
    """Return a maker of the experiment of the scores."""
    return lambda **changes: entry(**{"methods": METHODS, "subject": ["deep"]} | changes)


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


def page_of(scores, entry, folder):
    """Return the page of an experiment."""
    summary = summarise(scores, entry["metric"], entry["reference"])
    summary = with_printed(summary, entry["printed"], entry["metric"])
    write_table(scores, summary, entry, folder / "table.html")
    return (folder / "table.html").read_text(encoding="utf-8")


@pytest.fixture
def table(scores, experiment, tmp_path):
    return page_of(scores, experiment(), tmp_path)


def rows_of(html):
    """Return the text of each row of scores, by label and iterate."""
    body = html.partition('<table class="sortable">')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<td.*?>(.*?)</td>", part, re.S) for part in body.split("<tr")[1:]]
    return {(row[0].partition("<")[0].strip(), row[1].partition(" ")[0].strip()): " ".join(row) for row in rows}


def loaded(html):
    return re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)|url\(([^)]*)|@import|fetch\(""", html)


def test_the_table_has_a_row_for_each_row_of_the_summary(scores, table):
    summary = summarise(scores, "psnr", "svd")
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


def test_the_table_tells_where_it_comes_from_what_departs_and_what_stands_in(table):
    for text in (
        "Denoising of &lt;cubes&gt;",
        'after Figure 9 of <a href="https://example.org/paper">A paper on &lt;cubes&gt;</a>',
        "The paper &amp; its script differ.",
        '<td>deeptensor: iterations</td><td class="text wrap">5000</td><td class="text wrap">100</td>',
        "the source&#39;s scene",
        "1234567",
    ):
        assert text in table


def test_a_few_departures_are_in_view_and_many_fold(scores, experiment, tmp_path):
    for count, opened in ((8, True), (9, False)):
        departures = [{"setting": f"m{index}: iterations", "source": "2", "here": "1"} for index in range(count)]
        html = page_of(scores, experiment(departures=departures), tmp_path)
        assert f"<b>Departures from the source</b>: {count}" in html
        assert ("<details open>" in html) is opened


def test_headings_have_units_and_the_direction(table):
    headings = re.findall(r'<button type="button">(.*?)</button>', table)
    assert headings[3:5] == ["PSNR [dB] ↑", "PSNR [dB] over SVD"]
    assert "Time [s]" in headings


def test_printed_numbers_of_several_measures_stand_beside_ours(scores, experiment, tmp_path):
    nowhere = {"data": None, "noise": None, "item": None}
    printed = [
        {"metric": "psnr", "iterate": "oracle", **nowhere, "values": {"deep": 17.6}},
        {"metric": "ssim", "iterate": "returned", **nowhere, "values": {"svd": 0.9}},
    ]
    html = page_of(scores, experiment(printed=printed), tmp_path)
    headings = re.findall(r'title="([^"]*)"><button type="button">(Printed.*?)</button>', html)
    assert headings == [
        ("what A paper on &lt;cubes&gt; prints for it, on its own data", title)
        for title in ("Printed", "Printed, SSIM")
    ]
    rows = rows_of(html)
    assert "17.6" in rows["Deep", "oracle"].split()
    assert "0.9" in rows["SVD", "returned"].split()


def test_where_less_is_better_arrow_gain_and_best_follow(row, experiment, tmp_path):
    sam = {"metric": "sam", "higher_is_better": False}
    rows = [row(**sam, value=5.0), row(**sam, method="deep", label="Deep", value=3.0)]
    html = page_of(pd.DataFrame(rows), experiment(metric="sam"), tmp_path)
    headings = re.findall(r'<button type="button">(.*?)</button>', html)
    assert headings[3:5] == ["SAM [°] ↓", "SAM [°] over SVD"]
    assert [(key, "<b>" in text) for key, text in rows_of(html).items()] == [
        (("Deep", "returned"), True),
        (("SVD", "returned"), False),
    ]
    assert "-2.00" in rows_of(html)["Deep", "returned"]


def test_a_page_without_source_reference_and_departures_says_nothing_of_them(scores, bare, tmp_path):
    html = page_of(scores, bare(methods=METHODS), tmp_path)
    for text in (", after", "Departures", "[dB] over ", "Printed", "None", "source</b>"):
        assert text not in html.partition("<h2>Data")[0].partition("<body>")[2], text
    assert rows_of(html)


def test_a_long_message_is_cut_on_the_page_that_links_the_scores(row, experiment, tmp_path):
    lost = {"value": np.nan, "status": "failed", "message": "word " * 2400}
    html = page_of(pd.DataFrame([row(), row(method="bm3d", label="BM3D", **lost)]), experiment(), tmp_path)
    assert html.count("word") < 70
    assert "the scores, and mostly the run&#39;s log, have the whole message" in html
    assert '<a href="scores.csv.gz">' in html


@pytest.mark.parametrize(
    ("column", "values", "warning"),
    [
        ("git_dirty", [True, False], "changes that no commit holds"),
        ("git_commit", ["1234567", "89abcde"], "more than one commit"),
        ("threads", [1, 2], "times do not compare"),
    ],
)
def test_doubtful_provenance_is_a_warning(row, experiment, tmp_path, column, values, warning):
    pages = []
    for chosen in ([values[1]] * 2, values):
        scores = pd.DataFrame([row(seed=seed, **{column: value}) for seed, value in enumerate(chosen)])
        pages.append(page_of(scores, experiment(), tmp_path))
    assert [warning in page for page in pages] == [False, True]


@pytest.fixture
def index(scores, tmp_path):
    """Write the index of experiments, all with the same scores; return the folder of the results."""
    root = tmp_path / "results"

    def write_of(*experiments):
        for entry in experiments:
            folder = root / entry["id"]
            (folder / "figures").mkdir(parents=True)
            own = scores.assign(metric=entry["metric"])
            write(own, folder / "scores.csv")
            page_of(own, entry, folder)
            write(summarise(own, entry["metric"], entry["reference"]), folder / "summary.csv")
            Figure().savefig(folder / "figures" / "strip.png")
        products = [path for path in root.rglob("*") if path.is_file()]
        (root / experiments[0]["id"] / "figures" / "of_last_year.png").touch()
        every = {entry["id"]: scores for entry in experiments}
        entries, details = {entry["id"]: entry for entry in experiments}, {"Settings": "experiments.yaml"}
        write_index(products, entries, every, manifest_of("smoke", every), details, root / "index.html")
        assert "of_last_year" not in (root / "index.html").read_text()
        return root

    return write_of


def headline_of(root):
    """Return the cells of each row of the headline."""
    html = (
        (root / "index.html")
        .read_text(encoding="utf-8")
        .partition("<h2>Headline</h2>")[2]
        .partition('<p class="soft">')[0]
    )
    rows = [re.findall(r"<td.*?>(.*?)</td>", part, re.S) for part in html.split("<tr>")[1:]]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in rows if row]


def test_pages_load_nothing_from_a_network_and_every_link_exists_beside_them(index, experiment):
    root, linked = index(experiment()), []
    for page in (root / "index.html", root / "fig9" / "table.html"):
        for address, url in loaded(page.read_text(encoding="utf-8")):
            assert not url
            if address.startswith(("#", "data:", "https://example.org/")):
                continue
            assert (page.parent / unquote(address)).is_file(), address
            linked.append(address)
    assert {"fig9/table.html", "fig9/scores.csv", "fig9/summary.csv", "fig9/figures/strip.png"} <= set(linked)


def test_the_index_shows_headline_holes_and_provenance(index, experiment):
    root = index(experiment())
    html = (root / "index.html").read_text(encoding="utf-8")
    [cells] = headline_of(root)
    place, values = cells[:3], ["SVD", "30.00", "SVD", "30.00", "Deep", "33.00", "+3.00", "36.00"]
    assert place == ["fig9", "toy, gaussian", "PSNR [dB] ↑"]
    assert cells[3:] == values
    assert ">Best DeepTensor<" in html
    assert "timeout (1 of 1): no estimate after &lt;60&gt; s" in html.partition("Holes")[2]
    assert "experiments.yaml" in html
    assert "4, of which 3 gave an estimate" in html
    costs = re.findall(r"<td.*?>(.*?)</td>", html.partition("What it took")[2], re.S)[1:6]
    assert costs == ["4", "0.2", "0.0", "100", "svd"]  # four runs of 2.5 s, all started at once


def test_the_headline_takes_the_lowest_where_less_is_better(index, experiment):
    [cells] = headline_of(index(experiment(metric="sam", subject=["svd"], reference="deep")))
    assert cells[2:] == ["SAM [°] ↓", "Deep", "33.00", "Deep", "33.00", "SVD", "30.00", "-3.00", "-"]


def test_an_index_without_source_subject_and_reference_has_no_columns_for_them(index, bare):
    root = index(bare(methods=METHODS))
    html = (root / "index.html").read_text(encoding="utf-8")
    assert headline_of(root) == [["fig9", "toy, gaussian", "PSNR [dB] ↑", "Deep", "33.00"]]
    for text in (">Reference<", "Difference<", "oracle</th>", "None", "Departures", "What reproduces"):
        assert text not in html.partition("<h2>Holes")[0], text


def test_experiments_of_two_sources_stand_under_each_and_others_last(index, experiment, bare):
    lecture = {"id": "talk", "title": "A lecture", "citation": "Roe.", "url": None, "code": None, "subject": None}
    root = index(
        bare(id="mine", methods=METHODS), experiment(), experiment(id="lesson", source=lecture), experiment(id="fig10")
    )
    html = (root / "index.html").read_text(encoding="utf-8")
    assert [row[0] for row in headline_of(root)] == ["fig9", "fig10", "lesson", "mine"]
    assert re.findall(r">Best ([\w ]+)</th>", html) == [
        *("other method", "DeepTensor"),
        *("other method", "of the subject"),
        "method",
    ]
    below = html.partition("<h2>Headline</h2>")[2].partition('<p class="soft">')[2]
    marks = [
        "A paper on &lt;cubes&gt;",
        'id="fig9"',
        'id="fig10"',
        "A lecture",
        'id="lesson"',
        "Other experiments",
        'id="mine"',
    ]
    places = [below.index(mark) for mark in marks]
    assert places == sorted(places)
