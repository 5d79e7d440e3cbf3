"""What the workflow says at its start and at its end."""

import os

from benchmark.messages import announcement, farewell, progress


def test_the_start_says_what_is_done_and_where_it_goes(house, tmp_path):
    house.experiment(seeds=[0, 1], source={"of": "paper", "place": "Figure 1"})
    house.experiment("second")
    text = announcement(house.plan(select=["first"]), "results/embedded", str(tmp_path / "logs"), 2, ["first"])
    assert "Profile 'embedded'. Results go to results/embedded/" in text
    assert "first (First; Figure 1 of paper): 2 methods on scene, 4 runs." in text
    assert "second" not in text


def test_the_end_names_the_pages_that_were_asked_for(house, tmp_path):
    house.experiment()
    house.experiment("second")
    plan, results = house.plan(), str(tmp_path / "results")
    pages = tmp_path / "results" / "site" / "results"
    pages.mkdir(parents=True)
    (pages / "first.html").touch()
    assert farewell(plan, results, ["first"]) == f"Open {results}/site/results/first.html"
    assert farewell(plan, results, {"second"}) == f"{results}/site/results/second.html was not written."
    assert farewell(plan, results, ["all"]) == f"{results}/site/index.html was not written."
    (tmp_path / "results" / "summary.txt").write_text("2 claims hold.\n")
    (tmp_path / "results" / "site" / "index.html").touch()
    assert farewell(plan, results, []) == f"2 claims hold.\nOpen {results}/site/index.html"


def test_the_end_does_not_name_a_page_of_an_earlier_run_as_this_one_s(house, tmp_path):
    house.experiment()
    plan, results = house.plan(), tmp_path / "results"
    for name in ("site/results/first.html", "site/index.html", "summary.txt"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text("2 claims hold.\n")
        os.utime(results / name, (100, 100))
    assert farewell(plan, str(results), ["first"], since=50) == f"Open {results}/site/results/first.html"
    assert (
        farewell(plan, str(results), ["first"], since=150) == f"{results}/site/results/first.html is of an earlier run."
    )
    assert farewell(plan, str(results), [], since=150) == f"{results}/site/index.html is of an earlier run."


def test_an_experiment_that_is_done_names_its_page_and_what_is_left(house, tmp_path, monkeypatch):
    for name in ("first", "second", "third", "fourth"):
        house.experiment(name)
    results, logs = tmp_path / "embedded", tmp_path / "logs"
    assert progress("first", results, logs) == f"first is done: open {results}/site/embedded/first.html\n"
    for name in ("first", "second", "third"):
        (results / name).mkdir(parents=True)
        (results / name / "complete.txt").touch()
        os.utime(results / name / "complete.txt", (100, 100))
    announcement(house.plan(), str(results), str(logs), 2, {"third", "second", "first"})
    (results / "third" / "complete.txt").touch()
    monkeypatch.setattr("benchmark.messages.minutes_of", lambda profile: {"second": 7.0})
    assert progress("first", results, logs).endswith("\nLeft: second; about 4 min on 2 cores.\n")
    assert progress("second", results, logs).endswith("\nLeft: first; an unknown time for first.\n")
