"""The pages of made-up results: what they say, that they link nothing that is not there, and bad input."""

import json
import re
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmark.report.claims import FEWEST
from benchmark.report.manifest import facts_of
from benchmark.report.site.__main__ import build, main
from benchmark.report.site.experiment import details_of, printed_of, provenance_of, table_of
from benchmark.report.site.results import ENTRY, SiteError, finished, profiles_in, so_far
from benchmark.report.site.shelves import standings_of, write_shelves

METHODS = ("svd", "deep", "limit", "bm3d")
NOWHERE = {"metric": "psnr", "iterate": "returned", "data": None, "noise": None, "item": None}
CONDITION = {"statistic": "difference", "metric": "psnr", "of": "deep", "to": ["svd"], "effect": "PSNR over <SVD> [dB]"}


def claim(name, threshold):
    conditions = [CONDITION | {"at_least": threshold}]
    return {"id": name, "where": "Figure 9", "claim": f"A {name} <claim>.", "conditions": conditions, "why": {}}


@pytest.fixture
def scores(row):
    """An own method of 33 dB against SVD's 30, its oracle, a control, and a method that lost its run."""
    deep = {"method": "deep", "label": "Deep", "file": "deeptensor_cube"}
    lost = {"value": np.nan, "status": "timeout", "message": "no estimate after <60> s", "seconds": None}
    return pd.DataFrame(
        [
            row(value=30.0),
            row(**deep, value=33.0),
            row(**deep, value=36.0, iterate="oracle"),
            row(method="limit", label="Limit", control=True, value=40.0),
            row(method="bm3d", label="BM3D", licence_note="non-commercial use only", **lost),
        ]
    )


@pytest.fixture
def experiment(entry):
    """Return a maker of the experiment of the scores."""
    return lambda **changes: entry(**{"methods": METHODS, "subject": ["deep"]} | changes)


def result_of(folder, name="fig9"):
    return finished(folder).results[name]


def text_of(html):
    """Return a page without its tags and scripts, its spaces as one."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", html, flags=re.S)).split())


def linked(html):
    return [address for pair in re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", html) for address in [pair]]


def test_the_page_of_an_experiment_says_claim_verdict_and_its_certainty_in_three_chips(
    leave, experiment, scores, tmp_path
):
    folder = leave((experiment(claims=[claim("good", 2), claim("bad", 5)]), scores))
    build([finished(folder)], tmp_path / "site")
    html = (tmp_path / "site" / "embedded" / "fig9.html").read_text(encoding="utf-8")
    text = text_of(html)
    assert "A good &lt;claim&gt;. reproduced uncertain other data Figure 9" in text
    assert "A bad &lt;claim&gt;. not reproduced uncertain other data Figure 9" in text
    assert "PSNR over &lt;SVD&gt; [dB] 3.00, one unit: no interval at least 2 yes" in text
    assert "at least 5 no" in text
    assert "deeptensor: iterations 5000 100" in text
    assert "in place of the source&#39;s scene" in text
    assert "snakemake --cores all --config profile=embedded fig9" in text
    index = text_of((tmp_path / "site" / "index.html").read_text())
    assert "Of 2 claims 1 holds, 0 hold in part and 1 does not; 0 verdicts are firm." in index
    for page in (text, index):
        assert "firm where no mean within the intervals would change it and it rests on five units or more" in page
    assert FEWEST == 5


def test_every_link_of_the_site_exists_and_none_loads_from_a_network(leave, experiment, scores, tmp_path):
    picture = "toy/gaussian/reconstructions.png"
    folder = leave(
        (experiment(figures=["reconstructions"]), scores), pictures=[picture, "toy/gaussian/of_last_year.png"]
    )
    site = build([finished(folder)], tmp_path / "site").parent
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert not re.search(r"url\(|@import|fetch\(", html)
        for address in linked(html):
            if not address.startswith(("#", "data:", "https://example.org/")):
                assert (page.parent / unquote(address.partition("#")[0])).is_file(), (page, address)
    html = (site / "embedded" / "fig9.html").read_text()
    assert f"fig9/{picture}" in linked(html)
    assert "fig9/scores.csv" in linked(html)
    assert not list(site.rglob("of_last_year*"))


def test_the_table_marks_best_control_oracle_licence_and_failure(leave, experiment, scores, tmp_path):
    columns, rows = table_of(result_of(leave((experiment(), scores))))
    rows = {(row["label"], row["iterate"]): row for row in rows}
    assert [column["title"] for column in columns][1:4] == ["Iterate", "PSNR [dB] ↑", "Over SVD"]
    assert [key for key, row in rows.items() if row["cells"][0]["best"]] == [("Deep", "returned")]
    assert rows["Deep", "returned"]["cells"][0] == {"text": "33.00", "sort": "33.0", "best": True, "bar": 100.0}
    assert rows["SVD", "returned"]["cells"][0]["bar"] == 0.0
    assert rows["Deep", "returned"]["cells"][1]["text"] == "+3.00"
    assert rows["Limit", "returned"]["control"]
    assert rows["BM3D", "returned"]["licence"] == "non-commercial use only"
    assert rows["BM3D", "returned"]["status"] == "timeout (1 of 1): no estimate after <60> s"
    assert rows["BM3D", "returned"]["cells"][0]["text"] == "-"


def test_where_less_is_better_the_best_is_the_lowest(leave, row, experiment):
    sam = {"metric": "sam", "higher_is_better": False}
    rows = pd.DataFrame([row(**sam, value=5.0), row(**sam, method="deep", label="Deep", value=3.0)])
    result = result_of(leave((experiment(metric="sam"), rows)))
    columns, found = table_of(result)
    assert columns[2]["title"] == "SAM [°] ↓"
    assert [(own["label"], own["cells"][0]["best"]) for own in found] == [("Deep", True), ("SVD", False)]
    [deep] = [own for own in standings_of([finished(result.folder.parent)], {"svd"})["svd"] if own["name"] == "deep"]
    assert (deep["rank"], deep["gap"]) == ("1", "0.00")


def test_a_row_opens_to_its_runs_and_to_all_parameters(leave, experiment, scores):
    entry = experiment()
    entry["methods"]["svd"] |= {"params": {"extra": 1}}
    entry["methods"]["deep"] |= {"file": "gavish_donoho"}
    details = details_of(result_of(leave((entry, scores))))
    assert details["heads"] == ["Item", "Seed", "PSNR [dB]", "Seconds", "Status"]
    assert ["cube", "0", "33.00", "2.00", "ok"] in [run for runs in details["runs"] for run in runs]
    assert details["methods"]["svd"]["set"] == {"extra": "1"}
    assert "truncated singular value" in details["methods"]["svd"]["doc"].replace("\n", " ")
    assert details["methods"]["limit"]["doc"] == "baselines/limit.py is not in this checkout."
    assert details["logs"] == "logs/embedded/fig9"


def test_printed_numbers_stand_in_the_order_of_the_source_with_the_strongest_other_last(leave, row, experiment):
    names = {"svd": 30.0, "deep": 33.0, "bm3d": 35.0, "limit": 31.0}
    rows = pd.DataFrame([row(method=name, label=name.upper(), value=value) for name, value in names.items()])
    printed = [NOWHERE | {"values": {"deep": 32.5, "svd": 30.25, "gone": 1.0}}]
    [block] = printed_of(result_of(leave((experiment(printed=printed), rows))))
    assert [(own["label"], own["printed"], own["text"], own["difference"]) for own in block["rows"]] == [
        ("DEEP", 32.5, "33.00", "+0.50"),
        ("SVD", 30.25, "30.00", "-0.25"),
        ("gone", 1.0, "-", ""),
        ("BM3D", None, "35.00", ""),
    ]
    assert [own["role"] for own in block["rows"]] == ["subject", "other", "other", "strongest"]
    shown = block["chart"]["datasets"]["rows"]
    assert (shown[0]["label"], shown[0]["printed"], shown[0]["here"]) == ("DEEP", 32.5, 33.0)
    assert len(shown) == 3  # one has no number here


def test_numbers_of_a_measure_that_was_taken_nowhere_have_no_panel(leave, scores, experiment):
    printed = [NOWHERE | {"metric": metric, "values": {"svd": 0.5}} for metric in ("ssim", "no_more", "psnr")]
    [block] = printed_of(result_of(leave((experiment(printed=printed), scores))))
    assert block["measure"] == "PSNR [dB]"


def test_a_run_of_two_items_counts_once_and_so_does_its_warm_up(row):
    items = [row(item=item, seconds=seconds, warmup_seconds=4.0) for item, seconds in (("a", 10.0), ("b", 20.0))]
    told = provenance_of(facts_of(pd.DataFrame(items)))
    assert told["Runs"] == "1, on 2 signals, of which 2 have an estimate"
    assert told["Time in methods"] == "34 s, of it warm-up 4 s"
    assert told["Started"] == "2025-01-01 00:00 UTC; the last ended 0:00:34 later"


def test_standings_are_medians_over_the_cells_of_an_experiment(leave, row, experiment):
    """Hand-computed: SVD is second by 3, first, and second by 1; so its median rank is 2, and its gap 1."""
    values = {"a": (30, 33), "b": (34, 33), "c": (30, 31)}
    rows = [
        row(noise=noise, method=name, file=name, label=name, value=float(value))
        for noise, pair in values.items()
        for name, value in zip(("svd", "deep"), pair, strict=True)
    ]
    noises = {name: {"model": "gaussian", "sigma": 0.1} for name in values}
    folder = leave((experiment(noise=noises), pd.DataFrame(rows)))
    [svd] = standings_of([finished(folder)], {"svd"})["svd"]
    assert (svd["rank"], svd["of"], svd["gap"], svd["cells"]) == ("2", "2", "1.00", 3)


def test_a_bare_experiment_has_a_page_that_says_so(leave, bare, scores, tmp_path):
    folder = leave((bare(methods=METHODS, id="with-a.dash"), scores))
    site = build([finished(folder)], tmp_path / "site").parent
    text = text_of((site / "embedded" / "with-a.dash.html").read_text())
    assert "This experiment makes no claim" in text
    assert "No setting departs from the whole experiment" in text
    for absent in ("Printed", "Figures", "None", "Over "):
        assert absent not in text
    index = text_of((site / "index.html").read_text())
    assert "Other experiments No experiment that was run makes a claim." in index


def test_a_source_without_claims_and_one_with_stand_apart(leave, experiment, scores, tmp_path):
    lecture = {"id": "talk", "title": "A lecture", "citation": "Roe.", "url": None, "code": None, "subject": None}
    folder = leave((experiment(id="lesson", source=lecture), scores), (experiment(claims=[claim("good", 2)]), scores))
    index = text_of((build([finished(folder)], tmp_path / "site")).read_text())
    places = [
        index.index(text)
        for text in (
            "A lecture",
            "No experiment that was run makes a claim.",
            "A paper on",
            "Of 1 claim 1 holds, 0 hold in part and 0 do not; 0 verdicts are firm.",
        )
    ]
    assert places == sorted(places)


def test_a_running_profile_has_a_page_for_what_is_done(leave, experiment, scores, tmp_path):
    folder = leave((experiment(), scores), (experiment(id="fig10"), scores))
    (folder / "experiments.yaml").unlink()
    home = folder / "fig9"
    (home / ENTRY).write_text(yaml.safe_dump(experiment()))
    (folder / "scorecard.csv").rename(home / "scorecard.csv")
    old = {"id": "fig10"}  # of another version, which the run comes to later
    (folder / "fig10" / ENTRY).write_text(yaml.safe_dump(old))
    assert list(so_far(folder, "fig9").results) == ["fig9"]
    (folder / "fig10" / ENTRY).write_text(yaml.safe_dump(experiment(id="fig10")))
    (folder / "fig10" / "scorecard.csv").write_bytes((home / "scorecard.csv").read_bytes())
    assert list(so_far(folder, "fig9").results) == ["fig10", "fig9"]
    (folder / "fig10" / "summary.csv").unlink()  # as its table is made again
    assert list(so_far(folder, "fig9").results) == ["fig9"]
    with pytest.raises(SiteError, match=r"fig10 has no summary\.csv"):
        so_far(folder, "fig10")


def damaged(name, change):
    def damage(folder):
        path = folder / name
        change(path)

    return damage


def cut(*keys):
    def change(path):
        entries = yaml.safe_load(path.read_text())
        path.write_text(
            yaml.safe_dump({name: {k: v for k, v in own.items() if k not in keys} for name, own in entries.items()})
        )

    return change


def replaced(before, after):
    def change(path):
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            damaged("experiments.yaml", lambda path: path.unlink()),
            "has experiments.yaml: run a profile to its end first",
        ),
        (damaged("experiments.yaml", cut("printed")), "fig9 has no printed: it is of another version, run it again"),
        (damaged("experiments.yaml", lambda path: path.write_text("a: [")), "is no YAML"),
        (damaged("experiments.yaml", lambda path: path.write_bytes(b"\xff\xfe")), "is no YAML"),
        (damaged("experiments.yaml", replaced("id: fig9", "id: ../../escaped")), "names that cannot be those of"),
        (damaged("experiments.yaml", replaced("file: toy", "file: ../toy")), "names that cannot be those of"),
        (damaged("experiments.yaml", replaced("url: https", "url: javascript")), "an address that starts with neither"),
        (damaged("experiments.yaml", lambda path: path.write_text("{}")), "has no experiment: run one"),
        (damaged("scorecard.csv", lambda path: path.unlink()), "scorecard.csv: run the profile to its end"),
        (damaged("scorecard.csv", lambda path: path.write_text("a,n,holds\n1,1,True\n")), "it is of another version"),
        (damaged("fig9/scores.csv", lambda path: path.unlink()), "has no scores.csv: run the experiment again"),
        (damaged("fig9/summary.csv", lambda path: path.write_text("a\n1\n")), "summary.csv has no column"),
        (damaged("fig9", lambda path: path.rename(path.with_name("gone"))), "has no folder fig9"),
    ],
)
def test_results_of_another_version_or_half_of_them_are_told_in_one_sentence(
    leave, experiment, scores, tmp_path, damage, message
):
    folder = leave((experiment(claims=[claim("good", 2)]), scores))
    damage(folder)
    with pytest.raises(SystemExit, match=message):
        main([str(tmp_path / "site"), "--results", str(folder)])


def test_no_text_of_results_or_experiments_becomes_markup(leave, experiment, scores, tmp_path):
    evil = "\"'><script>alert(1)</script><!--"
    scores.loc[:, ["label", "licence_note", "item"]] = evil
    scores.loc[4, "message"] = evil
    entry = experiment(title=evil, notes=evil, place=evil, claims=[claim(evil, 2)])
    build(profiles_in(leave((entry, scores))), tmp_path / "site")
    pages = [path.read_text() for path in (tmp_path / "site").rglob("*.html")]
    assert not [page for page in pages if "<script>alert" in page or "<!--" in page]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in "".join(pages)


def test_what_is_no_site_is_not_written_over(leave, experiment, scores, tmp_path):
    folder = leave((experiment(), scores))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").touch()
    with pytest.raises(SiteError, match="home is no site: name a folder that is new"):
        build(profiles_in(folder), tmp_path / "home")
    assert (tmp_path / "home" / "thesis.tex").is_file()


def test_of_two_profiles_the_first_is_the_index_and_each_links_the_other(leave, experiment, scores, tmp_path):
    for name in ("embedded", "public-cpu"):
        leave((experiment(profile=name), scores), folder=f"results/{name}")
    profiles = profiles_in(tmp_path / "results", ["public-cpu"])
    assert [own.name for own in profiles] == ["public-cpu", "embedded"]
    site = build(profiles, tmp_path / "site").parent
    assert {"public-cpu/index.html", "embedded/index.html", "public-cpu/fig9.html"} <= set(
        linked((site / "index.html").read_text())
    )
    assert "../public-cpu/index.html" in linked((site / "embedded" / "index.html").read_text())
    assert linked((site / "public-cpu" / "index.html").read_text()) == ["../index.html"]
    methods = (site / "methods" / "svd.html").read_text()
    assert {"../public-cpu/fig9.html", "../embedded/fig9.html"} <= set(linked(methods))


def test_sixty_methods_are_sixty_rows_of_one_table_and_some_of_their_lines_are_on(leave, row, experiment, tmp_path):
    names = [f"method-{number:02d}" for number in range(60)]
    rows = pd.DataFrame(
        [row(method=name, file=name, label=name.upper(), value=float(at)) for at, name in enumerate(names)]
    )
    folder = leave((experiment(methods=names, reference=None, subject=names[:1]), rows))
    page = (build([finished(folder)], tmp_path / "site").parent / "embedded" / "fig9.html").read_text()
    assert page.count('<table class="results') == 1
    assert re.findall(r'data-name="([^"]+)"', page) == names[::-1]
    on = re.findall(r'value="(METHOD-\d+)" checked', page)
    assert set(on) == {name.upper() for name in (names[0], *names[-10:])}


def test_charts_hold_what_the_scores_hold(leave, row, experiment, tmp_path):
    """A sweep over ranks: means over two items; and a line of two snapshots beside the answer."""
    rows = [
        row(method=name, label=name.upper(), item=item, rank=rank, value=value + rank, seconds=seconds)
        for name, value in {"svd": 30.0, "deep": 33.0}.items()
        for item, rank, seconds in (("a", 4, 0.5), ("b", 4, 0.6), ("c", 8, 0.7))
    ]
    sweep = {"over": "rank", "label": "rank <r>", "values": {}, "metrics": ["psnr", "best_iteration"]}
    curve = {"dataset": "toy", "item": "a", "noise": "gaussian", "method": "deep", "label": "DEEP", "seed": 0}
    curve |= {"iterate": "last", "loss": 1.0, "metric": "psnr"}
    curves = pd.DataFrame([curve | {"iteration": own, "seconds": own / 10, "value": 20.0 + own} for own in (1, 2)])
    folder = leave((experiment(sweep=sweep), pd.DataFrame(rows)), curves=curves)
    page = (build([finished(folder)], tmp_path / "site").parent / "embedded" / "fig9.html").read_text()
    specs = {
        name: json.loads(text)["datasets"]["rows"]
        for name, text in re.findall(r'id="spec-(\w+)">(.*?)</script>', page, re.S)
    }
    assert {(own["label"], own["place"], own["value"]) for own in specs["sweep"]} == {
        *(("SVD", 4.0, 34.0), ("SVD", 8.0, 38.0), ("DEEP", 4.0, 37.0), ("DEEP", 8.0, 41.0)),
    }
    assert [(own["iterate"], own["seconds"], own["value"]) for own in specs["seconds"] if own["label"] == "DEEP"] == [
        *(("returned", 0.5, 37.0), ("last", 0.1, 21.0), ("last", 0.2, 22.0)),
    ]


def test_where_one_experiment_is_renewed_the_pages_of_its_methods_and_data_are_and_no_others(
    leave, row, experiment, tmp_path
):
    def ran(name, method, file):
        rows = [row(experiment=name, method=method, file=method, label=method)]
        own = experiment(id=name, methods=[method], reference=None, subject=[method])
        data = {key: scene | {"file": file} for key, scene in own["data"].items()}
        return own | {"data": data}, pd.DataFrame(rows)

    profile = finished(leave(ran("first", "svd", "samson"), ran("second", "pca", "cave")))
    pages = [tmp_path / page for page in ("methods/svd.html", "data/samson.html", "methods/pca.html", "data/cave.html")]
    write_shelves([profile], tmp_path)
    for page in pages:
        page.write_text("old")
    write_shelves([profile], tmp_path, renewed=[profile.results["second"]])
    assert [page.read_text() == "old" for page in pages] == [True, True, False, False]
    for page, names in (("methods", {"svd.html", "pca.html"}), ("data", {"samson.html", "cave.html"})):
        assert names <= set(linked((tmp_path / page / "index.html").read_text()))
    assert {"embedded/first.html", "embedded/second.html"} <= set(linked((tmp_path / "index.html").read_text()))
