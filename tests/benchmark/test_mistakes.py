"""Mistakes in settings: each is told in two lines, of which the first names the place, and the second what helps."""

import pytest
import yaml

from benchmark.settings import SettingsError, adapter

FILE = "experiments/first.yaml"
EXPERIMENT = {
    "title": "First",
    "source": {"of": "paper", "place": "Figure 1"},
    "task": "mend",
    "data": {"scene": {"rank": 2}},
    "noise": {"weak": {"model": "gaussian", "sigma": 0.1}},
    "methods": ["one", "two"],
    "reference": "two",
}
CONDITION = {"effect": "PSNR over the other", "statistic": "difference", "metric": "psnr", "of": "one", "to": ["two"]}
SCAN = {"kind": "radon", "angles": 6}


def claims(test=None, **changes):
    """Return claims of one condition, by default that it is above 0, with keys changed."""
    condition = CONDITION | ({"above": 0} if test is None else test) | changes
    return {"claims": [{"id": "better", "claim": "It is better.", "conditions": [condition]}]}


def noise(**entry):
    return {"noise": {"weak": {"model": "gaussian", "sigma": 0.1} | entry}}


def cut(**changes):
    return {"profiles": {"embedded": changes}}


# What is changed of the experiment, the key that the first line names, and what else the message says.
MISTAKES = {
    # Keys that are not known, at each level.
    "key": ({"titel": "x"}, "unknown key 'titel'", "claims, data, figures"),
    "key of the source": ({"source": {"of": "paper", "page": 3}}, "source: unknown key 'page'", "of, place"),
    "key of data": ({"data": {"scene": {"rnk": 2}}}, "data.scene: unknown key 'rnk'", "budget, file, params, rank"),
    "key of a method": ({"methods": [{"name": "one", "param": {}}]}, "methods.0: unknown key 'param'", "all_except"),
    "key of printed": ({"printed": {"value": {}}}, "printed.0: unknown key 'value'", "iterate, metric"),
    "key of a sweep": (
        {"sweep": {"over": "rank", "label": "", "metrics": [], "x": 1}},
        "sweep: unknown key 'x'",
        "over",
    ),
    "key of a claim": ({"claims": [{"di": "x"}]}, "claims.0: unknown key 'di'", "conditions, id"),
    "key of a profile": (cut(tilte="x"), "profiles.embedded: unknown key 'tilte'", "extends"),
    "key of a profile's data": (cut(data={"scene": {"rnk": 2}}), "data: scene: unknown key 'rnk'", "budget, file"),
    "key of a profile's methods": (cut(methods={"one": {"parms": {}}}), "methods.one: unknown key 'parms'", "params"),
    "key of noise": (noise(sgma=1), "noise: weak: unknown parameter 'sgma'", "gaussian takes: sigma"),
    "key of noise without a model": ({"noise": {"weak": {"sigma": 1}}}, "noise: weak: 'sigma'", "gaussian, poisson"),
    "key of an operator": (
        noise(operator=SCAN | {"angle": 1}),
        "noise: weak: operator: unknown parameter 'angle'",
        "angles",
    ),
    # Values that would be run as something else than was meant.
    "noise that says nothing": ({"noise": ["weak"]}, "noise: 'weak' says nothing", "call it none"),
    "model that is no name": (noise(model=["gaussian"]), "noise: weak: unknown model", "gaussian, poisson"),
    "seed that stands twice": ({"seeds": [0, 1, 0]}, "seeds: a seed stands twice", "each seed is run once"),
    "only of none": (cut(only=[]), "profiles.embedded.only: list should have at least 1 item", "given: []"),
    # Names that are not known.
    "method": ({"methods": ["won"]}, "methods: won: unknown file baselines/ 'won.py'", "one, other, two"),
    "file of a method": ({"methods": [{"name": "x", "file": "won"}]}, "methods: x: unknown file", "one, other, two"),
    "exception": ({"methods": [{"all_except": ["won"]}]}, "all_except: unknown method 'won'", "one, other, two"),
    "parameter of a method": (
        {"methods": [{"name": "one", "params": {"stregth": 1}}]},
        "methods: one: unknown parameter 'stregth'",
        "baselines/one.py takes: kind, steps, strength",
    ),
    "parameter in a grid": (
        {"methods": [{"name": "one-{x}", "file": "one", "grid": {"x": [1]}}]},
        "methods: one-1: unknown parameter 'x'",
        "baselines/one.py takes",
    ),
    "data of a method": (
        {"methods": [{"name": "one", "data": "scen"}]},
        "methods: one: data: unknown name 'scen'",
        "scene",
    ),
    "seeds of a method": (
        {"methods": [{"name": "one", "seeds": [7]}]},
        "methods: one: seeds: none is among those of the experiment",
        "there are: 0",
    ),
    "method of another task": (
        {"methods": ["other"]},
        "methods: other: baselines/other.py is not for the task 'mend'",
        "one, two",
    ),
    "data": ({"data": ["scen"]}, "data: scen: unknown file datasets/ 'scen.py'", "people, scene"),
    "parameter of data": (
        {"data": {"scene": {"params": {"sise": 1}}}},
        "data: scene: unknown parameter 'sise'",
        "datasets/scene.py takes: bands, path, size",
    ),
    "noise model": (noise(model="gausian"), "noise: weak: unknown model 'gausian'", "gaussian, poisson, rician"),
    "operator kind": (
        noise(operator={"kind": "radom"}),
        "noise: weak: operator: unknown kind 'radom'",
        "coded_exposure, per_column, radon",
    ),
    "operator without a kind": (
        noise(operator={"angles": 6}),
        "noise: weak: operator: unknown kind",
        "coded_exposure, per_column, radon",
    ),
    "operator that is none": (
        noise(operator="radon"),
        "noise: weak: operator: 'radon' is no mapping",
        "write {kind: ...}, of: coded_exposure, per_column, radon",
    ),
    "task": ({"task": "mand"}, "task: unknown file tasks/ 'mand.py'", "mend, tell"),
    "source": ({"source": {"of": "papper"}}, "source: unknown file sources/ 'papper.yaml'", "paper"),
    "figure": ({"figures": ["loses"]}, "figures: unknown figure of the task 'mend' 'loses'", "convergence, losses"),
    "pictured noise": ({"pictured": ["waek"]}, "pictured: unknown noise 'waek'", "weak"),
    "figure of a profile": (cut(figures=["loses"]), "figures: unknown figure", "convergence, losses"),
    "subject": ({"subject": ["one", "won*"]}, "subject: unknown method 'won*'", "one, two"),
    "method of the source": (
        {"source": {"of": "paper", "methods": ["two", "won*"]}},
        "source: methods: unknown method 'won*'",
        "one, two",
    ),
    "reference": ({"reference": "won"}, "reference: unknown method 'won'", "one, two"),
    "reference that is a pattern": ({"reference": "t*"}, "reference: unknown method 't*'", "one, two"),
    "parameter of the task": ({"pose": {"shar": 1}}, "pose: unknown parameter 'shar'", "tasks/mend.py takes: share"),
    "method of printed": ({"printed": {"values": {"won": 3}}}, "printed: unknown method 'won'", "one, two"),
    "measure of printed": ({"printed": {"metric": "pnsr", "values": {}}}, "printed: unknown measure", "psnr, ssim"),
    "data of printed": ({"printed": {"data": "scen", "values": {}}}, "printed: unknown", "scene"),
    "noise of printed": ({"printed": {"noise": "wek", "values": {}}}, "printed: unknown", "weak"),
    "measure of a sweep": (
        {"sweep": {"over": "rank", "label": "r", "metrics": ["sam"]}},
        "sweep: unknown measure",
        "peak_rss_mib, psnr, seconds, ssim",
    ),
    "noise of a sweep": (
        {"sweep": {"over": "noise", "label": "r", "metrics": ["psnr"], "values": {"wek": 1}}},
        "sweep: unknown",
        "weak",
    ),
    "statistic": (claims(statistic="diference"), "claims: better: unknown statistic 'diference'", "statistics.py"),
    "statistic that is no statistic": (
        claims(statistic="narrowed"),
        "claims: better: unknown statistic 'narrowed'",
        "statistics.py",
    ),
    "argument of a statistic": (claims(too="two"), "claims: better: unknown parameter 'too'", "metric, of, to"),
    "measure of a claim": (claims(metric="pnsr"), "claims: better: unknown measure", "psnr, ssim"),
    "method of a claim": (claims(of="won"), "claims: better: unknown method 'won'", "one, two"),
    "opponent of a claim": (claims(to=["two", "won:oracle"]), "claims: better: unknown method 'won", "one, two"),
    "data of a claim": (claims(dataset=["scen"]), "claims: better: dataset: unknown name 'scen'", "scene"),
    "noise that a claim leaves out": (claims(noise=["!wek"]), "claims: better: noise: unknown name 'wek'", "weak"),
    "place of a claim": (
        claims(statistic="change", start={"noise": "weak"}, end={"noise": "wek"}),
        "claims: better: noise: unknown name 'wek'",
        "weak",
    ),
    "claim twice": ({"claims": 2 * claims()["claims"]}, "claims: 2 claims have the id 'better'", "an id of its own"),
    "axis without places": (
        {"sweep": {"over": "noise", "label": "r", "metrics": ["psnr"]}},
        "sweep: a sweep over noise needs `values`",
        "its place on the axis",
    ),
    "two places that are one": (
        {"sweep": {"over": "noise", "label": "r", "metrics": ["psnr"], "values": {"weak": 1, "none": 1.0}}},
        "sweep: two of the sweep's `values` are equal",
        "a place of its own",
    ),
    "seed that no table can hold": ({"seeds": [2**63]}, "seeds.0: input should be less than", "9223372036854775808"),
    "data set that a method has not": (
        {"methods": [{"name": "one", "data": ["scen"]}]},
        "methods: one: data: unknown name 'scen'",
        "scene",
    ),
    "no data of a method": ({"methods": [{"name": "one", "data": []}]}, "methods.0.data: list should have", "[]"),
    "grid without a value": (
        {"methods": [{"name": "one", "grid": {"steps": []}}]},
        "methods.0.grid.steps: list should have",
        "[]",
    ),
    "profile that is extended": (
        cut(extends="embeded"),
        "profiles: embedded: extends: unknown profile 'embeded'",
        "embedded",
    ),
    "method that a profile keeps": (cut(only=["won"]), "only: unknown method 'won'", "one, two"),
    "method that a profile leaves out": (cut(without=["won"]), "without: unknown method 'won'", "one, two"),
    "method that a profile changes": (cut(methods={"won": {}}), "methods: unknown method 'won'", "one, two"),
    "noise of a profile": (cut(noise=["wek"]), "noise: unknown name 'wek'", "weak"),
    "data of a profile": (cut(data=["scen"]), "data: scen: unknown file datasets/ 'scen.py'", "people, scene"),
    # What is missing, twice or too much.
    "no title": ({"title": None}, "title: input should be a valid string", "None"),
    "no method": ({"methods": []}, "methods: list should have at least 1 item", "[]"),
    "no data": ({"data": {}}, "data: dictionary should have at least 1 item", "{}"),
    "no parameter of an operator": (
        noise(operator={"kind": "radon"}),
        "operator: the parameter 'angles' is missing",
        "angles",
    ),
    "method without a name": ({"methods": [{"file": "one"}]}, "methods.0: an entry is one method or many", "`name`"),
    "method that is all": ({"methods": [{"name": "one", "all_except": []}]}, "methods.0: an entry is one", "`name`"),
    "parameters of all": (
        {"methods": [{"all_except": [], "params": {"steps": 2}}]},
        "methods.0: `all_except` does not go with `params`",
        "an entry of its own",
    ),
    "claim on other seeds": (
        {**claims(to=["two"]), "methods": ["one", {"name": "two", "seeds": [0]}], "seeds": [0, 1]},
        "claims: better: one, two run on other seeds",
        "compare methods that run on the same",
    ),
    "method twice": ({"methods": ["one", "one"]}, "two methods are called 'one'", "a name of its own"),
    "parameter beside its grid": (
        {"methods": [{"name": "one-{steps}", "file": "one", "params": {"steps": 3}, "grid": {"steps": [1, 2]}}]},
        "methods.0: `steps` is among the `params` and in the `grid`",
        "leave it in one of them",
    ),
    "grid without a place in the name": (
        {"methods": [{"name": "one", "grid": {"steps": [1, 2]}}]},
        "two methods are called 'one'",
        "a name of its own",
    ),
    "label twice": (
        {"methods": ["one", {"name": "two", "label": "One"}]},
        "2 methods have the label 'One'",
        "of its own",
    ),
    "condition without a test": (
        claims(test={}),
        "claims.0.conditions.0: a condition has one test, and this has: none",
        "above",
    ),
    "condition with two tests": (
        claims(at_most=3),
        "conditions.0: a condition has one test, and this has: above, at_most",
        "within",
    ),
    "beyond with within": (
        claims(test={"within": 1}, beyond="2 standard errors"),
        "conditions.0: `beyond` does not go with `within`",
        "above, below",
    ),
    "noise on nothing": (
        noise(noise_on="signal"),
        "noise: weak: noise_on: 'signal'",
        "beside an operator it is: signal, measurements",
    ),
    "noise on something else": (
        noise(operator=SCAN, noise_on="angles"),
        "noise: weak: noise_on: 'angles'",
        "signal, measurements",
    ),
    # Values of another type, or out of range.
    "rank of zero": ({"data": {"scene": {"rank": 0}}}, "data.scene.rank: ", "given: 0"),
    "rank that is a text": ({"data": {"scene": {"rank": "2"}}}, "data.scene.rank: ", "given: '2'"),
    "data that is a number": ({"data": 3}, "data: input should be a valid dictionary", "given: 3"),
    "seed below zero": ({"seeds": [-1]}, "seeds.0: ", "given: -1"),
    "seed that is a fraction": ({"seeds": [0.5]}, "seeds.0: ", "given: 0.5"),
    "title that is a number": ({"title": 3}, "title: ", "given: 3"),
    "limit of zero": ({"methods": [{"name": "one", "time_limit": 0}]}, "methods.0.time_limit: ", "given: 0"),
    "grid that is no list": (
        {"methods": [{"name": "one", "grid": {"steps": 1}}]},
        "methods.0.grid.steps: ",
        "given: 1",
    ),
    "value that is no number": ({"printed": {"values": {"one": "much"}}}, "printed.0.values.one: ", "given: 'much'"),
    "size that is a fraction": (
        {"data": {"scene": {"params": {"size": 4.0}}}},
        "data: scene: size: ",
        "datasets/scene.py takes `size: int`, given: 4.0",
    ),
    "size that is a text": (
        {"data": {"scene": {"params": {"size": "4"}}}},
        "data: scene: size: ",
        "datasets/scene.py takes `size: int`, given: '4'",
    ),
    "path that is a number": (
        {"data": {"scene": {"params": {"path": 3}}}},
        "data: scene: path: ",
        "datasets/scene.py takes `path: str | None`, given: 3",
    ),
    "bands that are true": (
        {"data": {"scene": {"params": {"bands": True}}}},
        "data: scene: bands: ",
        "datasets/scene.py takes `bands: int`, given: True",
    ),
    "choice that is none": (
        {"methods": [{"name": "one", "params": {"kind": "c"}}]},
        "methods: one: kind: ",
        "baselines/one.py takes `kind: Literal['a', 'b']`, given: 'c'",
    ),
    "strength that is a text": (
        {"methods": [{"name": "one", "params": {"strength": "high"}}]},
        "methods: one: strength: ",
        "baselines/one.py takes `strength: float`, given: 'high'",
    ),
    "sigma that is a text": (
        noise(sigma="high"),
        "noise: weak: sigma: ",
        "gaussian takes `sigma: ",
    ),
    "noise below zero": (noise(sigma=-0.1), "noise: weak: sigma", "-0.1"),
    "parameters of a profile that are a list": (
        cut(data={"scene": {"params": [1]}}),
        "data: scene: params: ",
        "given: [1]",
    ),
    "data of a profile that is a number": (cut(data={"scene": 3}), "data.scene: ", "given: 3"),
    "argument of another type": (
        claims(to=3),
        "claims: better: to: ",
        "difference takes `to: Sequence[str]`, given: 3",
    ),
    "name that becomes no folder": (
        {"methods": [{"name": "a/b", "file": "one"}]},
        "methods: 'a/b' becomes a folder",
        "letters",
    ),
    "name of noise that becomes no folder": ({"noise": {"a b": {}}}, "noise: 'a b' becomes a folder", "letters"),
    # What does not go together.
    "kind of data": (
        {"data": ["people"]},
        "data: people: datasets/people.py makes samples, which the task 'mend' does not take",
        "it takes: stack; the tasks that take samples: tell",
    ),
    "path that is not there": (
        {"data": {"scene": {"params": {"path": "no/such/file.npy"}}}},
        "data: scene: there is nothing at the path 'no/such/file.npy'",
        "the path starts from",
    ),
    "path that is empty": ({"data": {"scene": {"params": {"path": " "}}}}, "there is nothing at the path ' '", "from"),
    "path of a user that there is not": (
        {"data": {"scene": {"params": {"path": "~nobody-of-this-name/x"}}}},
        "data: scene: the path '~nobody-of-this-name/x' cannot be read",
        "home",
    ),
    # Nothing left to run, or more than a number.
    "no data of a profile": (cut(data=[]), "profiles.embedded.data: value should have at least 1 item", "[]"),
    "no noise of a profile": (cut(noise=[]), "profiles.embedded.noise: value should have", "[]"),
    "no method of a profile": (cut(without=["*"]), "no method is left", "leave one"),
    "all but all methods": ({"methods": [{"all_except": "*"}], "reference": None}, "no method is left", "leave one"),
    "figure that is a pattern": ({"figures": ["los*"]}, "figures: unknown figure", "convergence, losses"),
    "noise without end": (noise(sigma=float("inf")), "noise: weak: sigma: ", "given: inf"),
    "strength that is no number": (
        {"methods": [{"name": "one", "params": {"strength": float("nan")}}]},
        "methods: one: strength: ",
        "given: nan",
    ),
    "limit without end": (
        {"methods": [{"name": "one", "time_limit": float("inf")}]},
        "methods.0.time_limit: ",
        "given: inf",
    ),
    "file with its ending": (
        {"methods": [{"name": "x", "file": "one.py"}]},
        "methods: x: unknown file baselines/ 'one.py'",
        "did you mean one?",
    ),
}


def refusal(house, **config):
    """Return both lines of the message with which a plan is refused."""
    with pytest.raises(SettingsError) as error:
        house.plan(**config)
    lines = str(error.value).split("\n")
    assert len(lines) == 2, lines
    assert lines[1].startswith("  ")
    return lines


def test_the_experiment_that_is_changed_is_right_and_so_are_the_claims_of_it(house):
    house.experiment(**EXPERIMENT | claims() | cut(methods={"one": {}}) | noise(operator=SCAN, noise_on="signal"))
    assert list(house.plan().experiments) == ["first"]


@pytest.mark.parametrize(("change", "key", "help"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_helps(house, change, key, help):
    house.experiment(**EXPERIMENT | change)
    first, second = refusal(house)
    assert first.startswith(f"{FILE}: ")
    assert key in first
    assert help in second


@pytest.mark.parametrize("change", ["kind of data", "path that is not there", "method", "noise model"])
def test_what_nobody_selects_may_be_wrong(house, change):
    house.experiment(**EXPERIMENT | MISTAKES[change][0])
    house.experiment("second", **EXPERIMENT)
    assert list(house.plan(select=["second"]).experiments) == ["second"]
    refusal(house, select=["first"])
    refusal(house)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "input should be a valid dictionary"),
        ("- a\n- b\n", "input should be"),
        ("a: [1\n", "is no YAML"),
        ("a: b: c", "is no YAML"),
    ],
)
def test_a_file_that_holds_no_mapping_is_named(house, text, message):
    house.write(FILE, text)
    first, _ = refusal(house)
    assert FILE in first
    assert message in first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("title: Größe\n".encode("latin-1"), "is no YAML"),
        (b"title: \x00\n", "is no YAML"),
        (b"title: First\nnoise: {}\ntitle: Second\n", "is no YAML"),
        (b"noise: {a: {sigma: 1, sigma: 2}}\n", "is no YAML"),
        (None, "cannot be read"),
    ],
    ids=["Latin-1", "NUL", "key twice", "key twice within", "folder"],
)
def test_a_file_that_cannot_be_read_is_named_and_costs_no_other_experiment(house, content, message):
    house.experiment("second", **EXPERIMENT)
    path = house.root / FILE
    path.mkdir() if content is None else path.write_bytes(content)
    lines = refusal(house)
    assert lines[0].endswith(f"{FILE} {message}")
    assert "<" not in lines[1]
    plan = house.plan(select=["second"])
    assert list(plan.experiments) == ["second"]
    assert [fault for fault in plan.faults() if FILE in fault]


def test_a_file_in_utf_16_says_the_same_as_in_utf_8(house):
    text = yaml.safe_dump(EXPERIMENT | {"title": "Größe"}, allow_unicode=True)
    (house.root / FILE).write_bytes(text.encode("utf-16"))
    assert house.plan().experiments["first"].protocol.title == "Größe"


def test_what_hides_itself_beside_experiments_is_none(house):
    house.experiment(**EXPERIMENT)
    house.write("experiments/._first.yaml", "\x05\x16\x07")
    house.write("experiments/_notes.yaml", "- no experiment")
    assert house.plan().selected == ["first"]


@pytest.mark.parametrize(
    "change",
    [
        {"methods": "all"},
        {"seeds": 0},
        {"figures": "losses"},
        {"subject": "one"},
        {"data": "scene"},
        cut(only="two", figures="losses", seeds=3),
        {"sweep": {"over": "rank", "label": "r", "metrics": "psnr"}},
        claims(dataset="scene", noise="weak"),
    ],
)
def test_a_list_of_one_needs_no_brackets(house, change):
    house.experiment(**EXPERIMENT | {"reference": None} | change)
    assert house.plan(select="first", folders="experiments").selected == ["first"]


def test_a_source_that_is_wrong_is_named(house):
    house.experiment(**EXPERIMENT)
    house.write("sources/paper.yaml", {"title": "Paper"})
    first, _ = refusal(house)
    assert first == "sources/paper.yaml: citation: field required"
    house.write("sources/paper.yaml", {"title": "Paper", "citation": "Me", "url": "javascript:alert(1)"})
    first, _ = refusal(house)
    assert first.startswith("sources/paper.yaml: url: ")


def test_a_tag_of_yaml_runs_nothing(house, tmp_path):
    house.write(FILE, f"title: !!python/object/apply:os.mkdir [{tmp_path / 'made'}]\n")
    first, _ = refusal(house)
    assert f"{FILE} is no YAML" in first
    assert not (tmp_path / "made").exists()


def test_an_annotation_runs_nothing():
    annotation = "[own for own in ().__class__.__base__.__subclasses__()][0]"
    assert adapter(annotation).validate_python(tmp := object()) is tmp
    with pytest.raises(ValueError, match="valid integer"):
        adapter("int | None").validate_python("1")


@pytest.mark.parametrize(
    ("config", "first", "second"),
    [
        ({"selct": ["first"]}, "config: unknown key 'selct'", "select"),
        ({"select": ["frist"]}, "config: select: unknown experiment 'frist'", "there are: first"),
        ({"select": ["f*", "z*"]}, "config: select: unknown experiment 'z*'", "there are: first"),
        (
            {"profile": "embeded"},
            "config: profile: unknown profile 'embeded'",
            "did you mean embedded?",
        ),
        ({"select": []}, "config: select: list should have at least 1 item", "given: []"),
        ({"folders": []}, "config: folders: list should have at least 1 item", "given: []"),
        ({"profile": "a/b"}, "config: profile: ", "given: 'a/b'"),
        ({"device": "gpu"}, "config: device: ", "given: 'gpu'"),
        ({"threads": 0}, "config: threads: ", "given: 0"),
        ({"threads": "two"}, "config: threads: ", "given: 'two'"),
        ({"time_limit": -1}, "config: time_limit: ", "given: -1"),
        ({"folders": ["experiment"]}, "config: folders: experiment is no folder", "give folders"),
        (
            {"profiles": {"mine": {"timelimit": 3}}},
            "config: profiles.mine: unknown key 'timelimit'",
            "mirror, time_limit",
        ),
        ({"experiments": {"first": {"titel": 3}}}, "config: experiments: first: unknown key 'titel'", "extends"),
        (
            {"experiments": {"first": {"only": ["won"]}}},
            "config: experiments: first: only: unknown method 'won'",
            "one, two",
        ),
        (
            {"experiments": {"first": {"extends": "embeded"}}},
            "config: experiments: first: extends: unknown profile",
            "embedded",
        ),
        ({"experiments": {"mine": {"title": "Mine"}}}, "config: experiments: mine: task: field required", "missing"),
        (
            {"experiments": {"a b": EXPERIMENT}},
            "config: experiments: a b: experiment: 'a b' becomes a folder",
            "letters",
        ),
    ],
)
def test_a_mistake_in_the_config_is_told_too(house, config, first, second):
    house.experiment(**EXPERIMENT | cut())
    lines = refusal(house, **config)
    assert lines[0].startswith(first)
    assert second in lines[1]


def test_two_experiments_of_one_name_are_told_with_both_places(house):
    house.experiment(**EXPERIMENT)
    house.write("mine/first.yaml", yaml.safe_dump(EXPERIMENT))
    first, second = refusal(house, folders=["experiments", "mine"])
    assert first == "mine/first.yaml: experiments/first.yaml has this name, too"
    assert "rename" in second


@pytest.mark.parametrize(
    "text",
    [
        "LABEL = (",
        "from functools import partial\n\nLABEL = FAMILY = ''\nTASKS = DEVICES = {''}\nsolve = partial(print)\n",
        "",
    ],
    ids=["no Python", "no def", "empty"],
)
def test_a_method_s_file_that_cannot_be_used_is_a_warning_and_an_error_where_it_is_selected(house, text):
    house.write("baselines/broken.py", text)
    house.experiment(**EXPERIMENT | {"methods": ["all"]})
    plan = house.plan()
    assert list(plan.experiments["first"].methods) == ["one", "two"]
    [fault] = plan.faults()
    assert fault.startswith("baselines/broken.py cannot be used: ")
    assert "\n" not in fault
    house.experiment(**EXPERIMENT | {"methods": ["two", "broken"]})
    first, second = refusal(house)
    assert first == f"{FILE}: methods: broken: baselines/broken.py cannot be used"
    assert second.strip() in fault


@pytest.mark.parametrize(("folder", "name", "change"), [("datasets", "scene", "data"), ("tasks", "mend", "task")])
def test_so_it_is_for_data_sets_and_tasks(house, folder, name, change):
    house.write(f"{folder}/broken.py", "1 +")
    house.experiment(**EXPERIMENT)
    [fault] = house.plan().faults()
    assert fault.startswith(f"{folder}/broken.py cannot be used: it is no Python")
    house.experiment(**EXPERIMENT | {change: "broken" if change == "task" else ["broken"]})
    first, _ = refusal(house)
    assert f"{folder}/broken.py cannot be used" in first


def test_an_annotated_literal_is_a_literal(house):
    path = house.root / "baselines" / "one.py"
    path.write_text(path.read_text().replace("TASKS = ", "TASKS: set = "))
    house.experiment(**EXPERIMENT)
    assert house.plan().faults() == []
