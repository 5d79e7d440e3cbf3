"""How long experiments take, by what was measured."""

import re

import pytest

from benchmark import measured
from benchmark.__main__ import main
from benchmark.measured import fitting, memory_of, minutes_of, runtime_of, time_left
from benchmark.source import ROOT

MINUTES = {"long": 30.0, "short": 2.0, "middle": 6.0, "tiny": 1.0}


def test_minutes_are_those_of_published_runs_and_there_are_none_of_other_profiles():
    assert minutes_of("no-such-profile") == {}
    for path in (ROOT / "results" / "published").glob("*/manifest.json"):
        minutes = minutes_of(path.parent.name)
        assert minutes
        assert all(own > 0 for own in minutes.values())


def test_the_shortest_experiments_fill_the_time_that_there_is():
    assert fitting([*MINUTES, "unknown"], MINUTES, 4.5, cores=2) == ["tiny", "short", "middle"]
    assert fitting(MINUTES, MINUTES, 4.4, cores=2) == ["tiny", "short"]
    assert fitting(["long", "middle"], MINUTES, 4.4, cores=1) == []


def test_the_time_that_is_left_is_said_in_words():
    assert time_left(["long", "short"], MINUTES, 2) == "about 16 min on 2 cores"
    assert time_left(["tiny"], MINUTES, 4) == "about 1 min on 4 cores"
    assert time_left(["tiny", "new"], MINUTES, 1) == "about 1 min on 1 cores, and an unknown time for new"


def test_a_cluster_is_asked_for_more_than_was_measured_but_for_no_more_than_the_limit(monkeypatch):
    own = {"peak_mib": {"method": "m", "mib": 1001}, "seconds_of_longest_run": 90}
    monkeypatch.setattr(measured, "measured_of", lambda profile: {"known": own})
    assert memory_of("known", "embedded") == 1502
    assert runtime_of("known", "embedded", time_limit=3600) == 3 + measured.MARGIN
    assert runtime_of("known", "embedded", time_limit=60) == 1 + measured.MARGIN
    assert memory_of("new", "embedded") == measured.MEMORY
    assert runtime_of("new", "embedded", time_limit=3600) == 60 + measured.MARGIN


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("cores", own) for own in ("0", "-1", "2.5", "x")),
        *(("minutes", own) for own in ("nan", "0", "abc")),
    ],
)
def test_no_time_and_no_cores_are_refused(monkeypatch, capsys, option, value):
    monkeypatch.setattr("sys.argv", ["benchmark", "quick", f"--{option}", value])
    with pytest.raises(SystemExit):
        main()
    assert re.search(f"argument --{option}: {value} is no .*: give ", capsys.readouterr().err)
