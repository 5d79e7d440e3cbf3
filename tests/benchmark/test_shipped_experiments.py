"""The experiments of the repository: each can be run in each profile, and what it says of its methods fits. One more
needs no word here."""

import re
from functools import cache

import pytest
import yaml

from benchmark.catalog import files_of
from benchmark.cuts import matching
from benchmark.experiments import Experiment
from benchmark.metrics import METRICS
from benchmark.plan import Plan
from benchmark.settings import SettingsError, read_yaml
from benchmark.source import ROOT

FILES = {path.stem: read_yaml(path) for path in sorted((ROOT / "experiments").glob("*.yaml"))}
CONFIG = read_yaml(ROOT / "config" / "config.yaml")
# A profile that no file names: the source's own protocol.
SOURCE = "source"
EACH = [
    pytest.param(name, profile, id=f"{name}-{profile}") for name in FILES for profile in FILES[name].get("profiles", {})
]
LISTS = ("of", "to")

every_experiment = pytest.mark.parametrize("name", FILES)
every_profile = pytest.mark.parametrize(("name", "profile"), EACH)


@cache
def plan_of(profile: str) -> Plan:
    """Return the plan of a profile, of the experiments that name it."""
    return Plan.read(
        {"profile": profile, "select": [name for name in FILES if profile in FILES[name].get("profiles", {})]}
    )


@cache
def protocol_of(name: str) -> Experiment | None:
    """Return an experiment as its source has it; None where that needs a file of the user's."""
    try:
        plan = Plan.read({"profile": SOURCE, "profiles": {SOURCE: {}}, "select": [name]})
    except SettingsError as error:
        if "there is nothing at the path" not in str(error):
            raise
        return None
    return plan.experiments[name]


def names_of(name: str, kind: str) -> set[str]:
    """Return the data sets or noises that an experiment has in its protocol or in a profile."""
    content = FILES[name]
    cuts = [cut.get(kind) or () for cut in content.get("profiles", {}).values()]
    return {own for names in (content.get(kind, {"none": {}}), *cuts) for own in names}


def methods_of(name: str) -> set[str]:
    """Return the methods of an experiment, in its protocol and in its profiles."""
    every = [plan_of(profile).experiments[name] for profile in FILES[name].get("profiles", {})]
    return {method for own in (*every, protocol_of(name)) if own for method in own.methods}


@every_experiment
def test_the_source_s_protocol_can_be_run_and_departs_from_itself_in_nothing(name):
    own = protocol_of(name)
    if own is None:
        pytest.skip("its data are a file of the user's")
    assert own.cells
    assert own.departures == []


@every_profile
def test_every_profile_can_be_run_and_each_of_its_methods_has_something_to_do(name, profile):
    own = plan_of(profile).experiments[name]
    assert {cell[2] for cell in own.cells} == set(own.methods)
    assert {cell[0] for cell in own.cells} == set(own.data)
    assert {cell[1] for cell in own.cells} == set(own.noise)


@every_profile
def test_its_page_gets_plain_data_that_fit_each_other(name, profile):
    entry = plan_of(profile).entry(name)
    assert yaml.safe_load(yaml.safe_dump(entry)) == entry
    assert entry["metric"] in METRICS
    assert entry["subject"] or not entry["claims"]
    assert entry["reference"] is None or entry["reference"] in entry["methods"]
    for row in entry["departures"]:
        assert row["setting"]
        assert row["source"] != row["here"]
    for printed in entry["printed"]:
        assert printed["data"] in (None, *entry["data"])
        assert printed["noise"] in (None, *entry["noise"])
    sweep = entry["sweep"]
    if sweep and sweep["over"] != "rank":
        assert set(entry["noise" if sweep["over"] == "noise" else "data"]) & set(sweep["values"])


@every_experiment
def test_claims_name_methods_data_and_noise_that_there_are(name):
    methods, files = methods_of(name), files_of(ROOT, "datasets")
    for claim in FILES[name].get("claims", ()):
        assert set(claim.get("own_data", ())) <= set(files)
        if isinstance(why := claim.get("why", {}), dict):
            assert set(why) <= {*CONFIG["profiles"], *FILES[name].get("profiles", {})}
        for condition in claim["conditions"]:
            named = [condition[key] for key in LISTS if key in condition]
            for method in [own for names in named for own in ([names] if isinstance(names, str) else names)]:
                assert method.partition(":")[0] in methods
            for key, kind in (("dataset", "data"), ("noise", "noise")):
                for pattern in condition.get(key, ()):
                    assert matching(names_of(name, kind), [pattern.removeprefix("!")])
            assert set(condition.get("levels", ())) <= names_of(name, "noise")


@every_experiment
def test_numbers_in_prose_have_their_zero(name):
    text = (ROOT / "experiments" / f"{name}.yaml").read_text()
    assert not re.findall(r"(?<![\w.\]/])\.\d+", text)


def test_no_two_claims_and_no_two_experiments_have_one_name():
    claims = [claim["id"] for content in FILES.values() for claim in content.get("claims", ())]
    titles = [content["title"] for content in FILES.values()]
    assert len(set(claims)) == len(claims)
    assert len(set(titles)) == len(titles)
