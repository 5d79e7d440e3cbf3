"""What may stand in settings: typed values, and messages of two lines for what does not fit."""

import pytest

from benchmark import settings
from benchmark.settings import SettingsError, checked, read_yaml, typed
from benchmark.source import REQUIRED, Parameter

PARAMETERS = {
    "size": Parameter("int", 3),
    "sigma": Parameter("float", 0.1),
    "path": Parameter("str | None", None),
    "clean": Parameter("bool", False),
    "ranks": Parameter("Sequence[int]", (1, 2)),
    "window": Parameter("int | None", None),
    "kind": Parameter("Literal['a', 'b']", "a"),
    "free": Parameter("", None),
    "array": Parameter("np.ndarray", None),
}


@pytest.mark.parametrize(
    ("name", "given", "result"),
    [
        ("size", 4, 4),
        ("sigma", 0.5, 0.5),
        ("sigma", 100, 100),
        ("sigma", "1e-2", 0.01),
        ("sigma", "-2.5E3", -2500.0),
        ("path", "a/b", "a/b"),
        ("path", None, None),
        ("clean", True, True),
        ("ranks", [1, 2], [1, 2]),
        ("window", None, None),
        ("window", 5, 5),
        ("kind", "b", "b"),
        ("free", {"a": [1]}, {"a": [1]}),
        ("array", "anything", "anything"),
    ],
)
def test_a_value_that_fits_its_annotation_is_taken(name, given, result):
    found = typed({name: given}, PARAMETERS, "here", "file.py")
    assert found == {name: result}
    assert type(found[name]) is type(result)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("size", 4.0),
        ("size", 4.5),
        ("size", "4"),
        ("size", True),
        ("size", None),
        ("size", [4]),
        ("sigma", "much"),
        ("sigma", True),
        ("sigma", "1e-2 "),
        ("path", 3),
        ("clean", 1),
        ("clean", "yes"),
        ("ranks", 3),
        ("ranks", [1, 2.5]),
        ("ranks", "12"),
        ("window", "5"),
        ("kind", "c"),
    ],
)
def test_a_value_that_does_not_is_refused_in_two_lines_that_name_it_and_what_is_taken(name, given):
    with pytest.raises(SettingsError) as error:
        typed({name: given}, PARAMETERS, "experiments/first.yaml: data: scene", "datasets/scene.py")
    first, second = str(error.value).split("\n")
    assert first.startswith(f"experiments/first.yaml: data: scene: {name}")
    assert second.startswith(f"  datasets/scene.py takes `{name}: {PARAMETERS[name].annotation}`, given: {given!r}")
    assert second.endswith("as numbers in quotes and within --config are") == (given in ("4", "5", "12"))


def test_parameters_that_are_not_there_and_those_that_are_missing_are_named():
    known = {"path": Parameter("str", REQUIRED), "size": Parameter("int", 3)}
    with pytest.raises(SettingsError, match=r"here: unknown parameter 'sise'\n  file.py takes: path, size"):
        typed({"path": "a", "sise": 1}, known, "here", "file.py")
    with pytest.raises(SettingsError, match=r"here: the parameter 'path' is missing\n  file.py takes: path, size"):
        typed({"size": 1}, known, "here", "file.py")
    with pytest.raises(SettingsError, match="takes: none"):
        typed({"size": 1}, {}, "here", "file.py")


EXPERIMENT = {"title": "First", "task": "mend", "data": {"scene": {"rank": 2}}, "methods": ["one"]}


def test_title_task_data_and_methods_are_enough():
    own = checked(settings.Experiment, EXPERIMENT, "here")
    assert own.noise == {"none": {}}
    assert own.seeds == [0]
    assert (own.source, own.reference, own.sweep) == (None, None, None)
    assert (own.figures, own.claims, own.printed, own.subject) == ([], [], [], [])


@pytest.mark.parametrize("key", EXPERIMENT)
def test_each_of_them_is_needed(key):
    content = {name: value for name, value in EXPERIMENT.items() if name != key}
    with pytest.raises(SettingsError, match=f"here: {key}: field required\n  it is missing"):
        checked(settings.Experiment, content, "here")


def test_short_forms_stand_for_long_ones():
    short = {"data": ["scene"], "noise": ["weak"], "subject": "one", "methods": ["one", ["two", "three"], "all"]}
    own = checked(settings.Experiment, EXPERIMENT | short, "here")
    assert set(own.data) == {"scene"}
    assert own.noise == {"weak": {}}
    assert own.subject == ["one"]
    assert [method.name or method.all_except for method in own.methods] == ["one", "two", "three", []]
    printed = {"values": {"one": 3}}
    assert checked(settings.Experiment, EXPERIMENT | {"printed": printed}, "here").printed[0].values == {"one": 3.0}
    assert checked(settings.Experiment, EXPERIMENT | {"noise": {"none": None}}, "here").noise == {"none": {}}


def test_one_reason_is_that_of_every_profile():
    claim = {"id": "c", "claim": "It is.", "conditions": [{"effect": "e", "statistic": "s", "above": 0}]}
    assert checked(settings.Claim, claim | {"why": "So."}, "here").why == {"*": "So."}
    assert checked(settings.Claim, claim | {"why": {"smoke": "So."}}, "here").why == {"smoke": "So."}


def test_arguments_of_a_statistic_stand_beside_its_test():
    condition = {"effect": "e", "statistic": "difference", "metric": "psnr", "of": "one", "at_least": "1e-1"}
    own = checked(settings.Condition, condition, "here")
    assert own.model_extra == {"metric": "psnr", "of": "one"}
    assert own.at_least == 0.1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", "while parsing a flow sequence"),
        ("a: b: c", "mapping values are not allowed"),
        ("\ta: 1", "found character"),
        ("a: &x 1\nb: *y", "undefined alias"),
        ("a: !!python/object:os.system {}", "could not determine a constructor"),
    ],
)
def test_what_is_no_yaml_is_told_in_two_lines_with_the_place(tmp_path, text, message):
    path = tmp_path / "first.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        read_yaml(path)
    first, second = str(error.value).split("\n")
    assert first == f"{path} is no YAML"
    assert message in second
    assert "line" in second
