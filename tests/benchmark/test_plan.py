"""What the rules of the workflow ask of the plan: runs, inputs, what each step depends on, limits and products."""

import json
import os
import re
from dataclasses import asdict

import pytest
import yaml

from benchmark.finding import RESERVED
from benchmark.methods import Run
from benchmark.settings import SettingsError
from benchmark.source import ROOT

FIRST = ("first", "scene", "weak", "one", 0)
TRUTH = '''"""The truth."""

LABEL = "Truth"
FAMILY = "control"
TASKS = {"mend"}
DEVICES = {"cpu", "cuda"}
CONTROL = True
SEES_TRUTH = True
LICENCE_NOTE = "free"
REQUIRES = ["no_such_package"]


def solve(problem, *, seed, device):
    return None
'''


@pytest.fixture
def plan(house):
    house.experiment(
        seeds=[0, 1],
        methods=["one", {"name": "two", "params": {"strength": 3}, "time_limit": 90, "priority": 2}],
        figures=["losses", "convergence"],
    )
    return house.plan()


class TestRuns:
    def test_every_cell_is_a_run_of_the_parameters_that_the_experiment_gives(self, plan):
        runs = plan.runs_of("first")
        assert [(run.method, run.seed) for run in runs] == [("one", 0), ("one", 1), ("two", 0), ("two", 1)]
        assert runs[2] == Run(
            experiment="first",
            task="mend",
            dataset="scene",
            noise="weak",
            method="two",
            seed=0,
            file="baselines/two.py",
            params={"strength": 3},
            observation={"model": "gaussian", "sigma": 0.1},
            device="cpu",
            threads=1,
        )
        assert runs[2] == plan.run("first", "scene", "weak", "two", "0")
        assert runs[2].folder == "runs/first/scene/weak/two/0"
        assert runs[2].task_file == "tasks/mend.py"

    def test_runs_are_scored_with_those_of_the_same_problems(self, house):
        house.experiment(
            data={"scene": {}, "twin": {"file": "scene"}},
            methods=["one", {"name": "two", "data": ["scene"]}],
            seeds=[0, 1],
        )
        plan = house.plan()
        cells = {cell: [run.method for run in runs] for cell, runs in plan.cells_of("first").items()}
        assert cells["scene", "weak", 1] == ["one", "two"]
        assert cells["twin", "weak", 0] == ["one"]
        scored = [run.folder for runs in plan.cells_of("first").values() for run in runs]
        assert sorted(scored) == sorted(run.folder for run in plan.runs_of("first"))
        assert plan.runs_of_cell("first", "scene", "weak", "1") == [
            plan.run("first", "scene", "weak", name, 1) for name in ("one", "two")
        ]

    def test_a_method_with_seeds_of_its_own_runs_on_these_alone(self, house):
        house.experiment(methods=["one", {"name": "two", "seeds": 1}], seeds=[0, 1, 2])
        runs = [(run.method, run.seed) for run in house.plan().runs_of("first")]
        assert runs == [("one", 0), ("one", 1), ("one", 2), ("two", 1)]

    def test_data_that_no_method_takes_have_no_runs(self, house):
        house.experiment(data={"scene": {}, "bare": {"file": "scene"}}, methods=[{"name": "one", "data": ["scene"]}])
        plan = house.plan()
        assert plan.pictured("first", "bare", "weak") == []
        assert [run.dataset for run in plan.runs_of("first")] == ["scene"]

    def test_a_run_survives_json(self, plan):
        for run in plan.runs_of("first"):
            assert Run(**json.loads(json.dumps(asdict(run)))) == run

    def test_a_gpu_is_for_methods_that_can_use_one(self, house):
        path = house.root / "baselines" / "two.py"
        path.write_text(path.read_text().replace('{"cpu"}', '{"cpu", "cuda"}'))
        house.experiment()
        found = {}
        for device in ("cpu", "cuda"):
            plan = house.plan(device=device)
            found[device] = {run.method: run.device for run in plan.runs_of("first")}
            assert plan.on_gpu("first", "two") == (device == "cuda")
        assert found == {"cpu": {"one": "cpu", "two": "cpu"}, "cuda": {"one": "cpu", "two": "cuda"}}

    def test_figures_show_the_first_seed(self, plan):
        assert [(run.method, run.seed) for run in plan.pictured("first", "scene", "weak")] == [("one", 0), ("two", 0)]

    def test_products_are_the_tables_and_a_figure_for_each_data_set_and_noise(self, plan):
        products = plan.products_of("first")
        assert {"first/curves.csv", "first/scores.csv", "first/summary.csv"} <= set(products)
        assert {"first/scene/weak/losses.svg", "first/scene/weak/convergence.svg"} <= set(products)
        assert "first/sweep.svg" not in products

    def test_figures_may_be_of_some_noises_alone(self, house):
        weak = {"model": "gaussian", "sigma": 0.1}
        house.experiment(noise={"weak": weak, "strong": weak | {"sigma": 0.3}}, figures=["losses"], pictured=["strong"])
        products = house.plan().products_of("first")
        assert [own for own in products if "losses" in own] == ["first/scene/strong/losses.svg"]

    def test_a_sweep_is_a_product(self, house):
        house.experiment(sweep={"over": "rank", "label": "rank", "metrics": ["psnr", "best_iteration"]})
        assert "first/sweep.svg" in house.plan().products_of("first")


class TestSelection:
    def test_patterns_choose_and_the_others_are_known_too(self, house):
        for name in ("first", "second", "fig01"):
            house.experiment(name)
        assert house.plan().selected == ["fig01", "first", "second"]
        assert house.plan(select=["fi*"]).selected == ["fig01", "first"]
        assert house.plan(select="second").selected == ["second"]
        assert set(house.plan(select="second").experiments) == {"fig01", "first", "second"}
        assert set(house.plan(select="second").entries()) == {"second"}

    def test_folders_of_one_s_own_add_experiments(self, house, tmp_path):
        content = house.experiment()
        house.write("mine/second.yaml", content)
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "third.yaml").write_text(yaml.safe_dump(content))
        folders = ["experiments", "mine", str(tmp_path / "elsewhere")]
        assert house.plan(folders=folders, select=["second", "third"]).selected == ["second", "third"]

    def test_an_experiment_may_stand_in_the_config(self, house):
        content = house.experiment()
        plan = house.plan(experiments={"mine": content | {"seeds": [4]}}, select=["mine"], profile="mine")
        assert [run.seed for run in plan.runs_of("mine")] == [4, 4]
        assert plan.entry("mine")["profile"] == "mine"

    def test_a_config_may_cut_an_experiment_that_there_is(self, house):
        house.experiment(seeds=[0, 1], profiles={"embedded": {"seeds": [2], "only": ["two"]}})
        own = {"first": {"data": {"scene": {"params": {"size": 4}}}}}
        plan = house.plan(experiments=own)
        assert [(run.method, run.seed) for run in plan.runs_of("first")] == [("two", 2)]
        assert plan.preparation_of("first", "scene")["params"] == {"size": 4}
        plan = house.plan(experiments=own, profile="mine")
        assert {(run.method, run.seed) for run in plan.runs_of("first")} == {
            (m, s) for m in ("one", "two") for s in (0, 1)
        }
        plan = house.plan(experiments={"first": own["first"] | {"extends": "embedded"}}, profile="mine")
        assert [(run.method, run.seed) for run in plan.runs_of("first")] == [("two", 2)]

    def test_a_profile_of_one_s_own_takes_the_experiments_that_know_it_or_have_none(self, house):
        house.experiment("cut", profiles={"smoke": {}})
        house.experiment("plain")
        house.experiment("named", profiles={"mine": {"seeds": [3]}})
        assert house.plan(profile="mine").selected == ["named", "plain"]
        assert set(house.plan(profile="mine").experiments) == {"named", "plain"}
        assert house.plan(profile="mine", experiments={"cut": {"seeds": [1]}}).selected == ["cut", "named", "plain"]
        assert house.plan(profile="mine", profiles={"mine": {}}).selected == ["cut", "named", "plain"]
        assert house.plan().selected == ["cut", "named", "plain"]
        with pytest.raises(SettingsError, match="config: profile: unknown profile 'mine'"):
            house.plan(profile="mine", select=["named", "cut"])

    def test_a_profile_may_be_named_by_an_experiment_alone(self, house):
        house.experiment(profiles={"mine": {"seeds": [3]}})
        assert house.plan(profile="mine").experiments["first"].protocol.seeds == [3]


class TestLimits:
    def test_the_entry_s_limit_is_before_the_config_s_and_that_before_the_profile_s(self, house, plan):
        assert plan.time_limit_of("first", "two") == 90
        assert plan.time_limit_of("first", "one") == 3600
        assert house.plan(time_limit=7).time_limit_of("first", "one") == 7
        assert house.plan(time_limit=7).time_limit_of("first", "two") == 90
        profiles = {"mine": {"time_limit": 5, "mirror": "here"}}
        mine = house.plan(profile="mine", profiles=profiles)
        assert (mine.time_limit_of("first", "one"), mine.mirror) == (5, str(house.root / "here"))
        assert house.plan(profile="mine", profiles=profiles, mirror="https://there").mirror == "https://there"
        assert house.plan(profiles={}, experiments={"first": {}}).time_limit_of("first", "one") == 86400

    def test_some_methods_start_early(self, plan):
        one, two, others = (plan.priority_of("first", name) for name in ("one", "two", None))
        assert (two - one, others) == (2, one)

    def test_experiments_come_one_after_the_other_the_shortest_first(self, house, monkeypatch):
        for name in ("first", "new", "long", "short"):
            house.experiment(name, methods=["one", {"name": "two", "priority": 9}])
        monkeypatch.setattr("benchmark.plan.minutes_of", {"embedded": {"first": 2.0, "long": 9.0, "short": 0.5}}.get)
        plan = house.plan(select=["first", "new", "long", "short"])
        early = {(name, own): plan.priority_of(name, own) for name in plan.selected for own in ("one", "two")}
        ordered = sorted(early, key=early.get, reverse=True)
        assert [name for name, own in ordered if own == "one"] == ["short", "first", "long", "new"]
        assert [own for name, own in ordered] == 4 * ["two", "one"]
        assert house.plan(select=["long"]).priority_of("short") == plan.priority_of("short")


class TestInputs:
    def test_a_data_set_of_one_s_own_is_read_from_its_file(self, house, tmp_path):
        path = tmp_path / "cube.npy"
        path.touch()
        house.experiment(data={"scene": {"params": {"path": str(path)}}})
        assert house.plan().inputs_of("first", "scene") == [path]

    @pytest.mark.parametrize("path", ["x.hdr", "x.img", "x"])
    def test_header_and_values_of_a_data_set_of_one_s_own_are_inputs(self, house, tmp_path, path):
        names = {"x.hdr", "x.img", path}
        for name in (*names, "x2.img", "other.hdr"):
            (tmp_path / name).touch()
        house.experiment(data={"scene": {"params": {"path": str(tmp_path / path)}}})
        assert house.plan().inputs_of("first", "scene") == sorted(tmp_path / name for name in names)

    def test_every_file_below_a_folder_is_an_input(self, house, tmp_path):
        files = [tmp_path / "people" / name for name in ("a/1.png", "a/2.png", "b/deep/1.png", "list.txt")]
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        house.experiment(data={"scene": {"params": {"path": str(tmp_path / "people")}}})
        assert house.plan().inputs_of("first", "scene") == files

    def test_hidden_files_are_no_inputs_and_companions_of_a_file_are(self, house, tmp_path):
        names = ["scene.hdr", "scene.img", "scene", "scenes.img", ".scene.hdr", "people/.git/a.png", "people/._b.png"]
        for path in [tmp_path / name for name in [*names, "people/b.png"]]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        found = {}
        for name in ("scene.hdr", "people"):
            house.experiment(data={"scene": {"params": {"path": str(tmp_path / name)}}})
            found[name] = [path.relative_to(tmp_path).as_posix() for path in house.plan().inputs_of("first", "scene")]
        assert found == {"scene.hdr": ["scene", "scene.hdr", "scene.img"], "people": ["people/b.png"]}

    def test_a_folder_that_no_data_set_can_be_is_refused(self, house, tmp_path, monkeypatch):
        house.experiment(data={"scene": {"params": {"path": str(tmp_path / "home")}}})
        (tmp_path / "home").mkdir()
        with pytest.raises(SettingsError, match="data: scene: there is no file in the folder"):
            house.plan()
        for name in "abc":
            (tmp_path / "home" / name).touch()
        monkeypatch.setattr("benchmark.own_files.MOST", 2)
        with pytest.raises(SettingsError, match=r"cannot be read\n  it has more than 2 files"):
            house.plan()

    def test_a_file_name_that_is_a_pattern_to_the_workflow_is_refused(self, house, tmp_path):
        (tmp_path / "people").mkdir()
        (tmp_path / "people" / "{q}.png").touch()
        house.experiment(data={"scene": {"params": {"path": str(tmp_path / "people")}}})
        with pytest.raises(SettingsError, match=r"\{q\}.png' has a sign that the workflow cannot take\n  rename it"):
            house.plan()

    @pytest.mark.parametrize("change", ["older", "longer", "another name"])
    def test_another_file_in_the_place_of_one_s_own_is_seen(self, house, tmp_path, change):
        folder = tmp_path / "people"
        folder.mkdir()
        path = folder / "a.png"
        path.write_text("first")
        house.experiment(data={"scene": {"params": {"path": str(folder)}}})
        before = house.plan().preparation_of("first", "scene")
        assert house.plan().preparation_of("first", "scene") == before
        if change == "older":
            path.write_text("other")
            os.utime(path, (1, 1))
        elif change == "longer":
            times = path.stat().st_atime_ns, path.stat().st_mtime_ns
            path.write_text("longer")
            os.utime(path, ns=times)
        else:
            path.rename(folder / "b.png")
        assert house.plan().preparation_of("first", "scene") != before

    def test_a_path_that_is_gone_is_an_error_whenever_it_is_selected(self, house, tmp_path):
        path = tmp_path / "cube.npy"
        path.touch()
        house.experiment(data={"mine": {"file": "scene", "params": {"path": str(path)}}})
        house.plan()
        path.unlink()
        with pytest.raises(SettingsError, match=r"data: mine: there is nothing at the path"):
            house.plan()

    def test_a_path_may_start_from_home(self, house, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "cube.npy").touch()
        house.experiment(data={"scene": {"params": {"path": "~/cube.npy"}}})
        assert house.plan().inputs_of("first", "scene") == [tmp_path / "cube.npy"]

    def test_a_data_set_with_a_registry_is_read_from_its_downloads_which_several_may_share(self, house):
        house.write("datasets/registry/scenes.txt", "")
        path = house.root / "datasets" / "scene.py"
        path.write_text(path.read_text() + '\n\nREGISTRY = "scenes"\n')
        house.experiment()
        plan = house.plan(downloads="mine")
        assert [str(own) for own in plan.inputs_of("first", "scene")] == ["mine/scenes.json"]
        assert plan.downloads_of("first", "scene") == "mine/scenes"
        assert plan.registry_of("scenes") == house.root / "datasets" / "registry" / "scenes.txt"

    def test_a_data_set_that_comes_with_a_package_has_no_input(self, plan):
        assert plan.inputs_of("first", "scene") == []


class TestDependencies:
    """What makes a step be done again."""

    STEPS = ("preparation", "posing", "running", "scoring")

    @staticmethod
    def of(plan):
        return {
            "preparation": plan.preparation_of("first", "scene"),
            "posing": plan.posing_of("first", "scene", "weak", 0),
            "running": plan.running_of(*FIRST),
            "scoring": plan.scoring_of(plan.run(*FIRST)),
        }

    @pytest.mark.parametrize(
        ("change", "steps"),
        [
            ({"title": "Other", "notes": "Other.", "source": {"of": "paper"}}, ()),
            ({"printed": {"values": {"one": 3}}, "reference": "two", "subject": "one", "figures": ["losses"]}, ()),
            ({"seeds": [0, 1, 2], "methods": ["one"]}, ()),
            ({"data": {"scene": {"rank": 3}}}, ("preparation",)),
            ({"data": {"scene": {"rank": 2, "budget": 9}}}, ("preparation",)),
            ({"data": {"scene": {"rank": 2, "params": {"size": 4}}}}, ("preparation",)),
            ({"pose": {"share": 0.5}}, ("posing",)),
            ({"noise": {"weak": {"model": "gaussian", "sigma": 0.2}}}, ("posing", "running", "scoring")),
            ({"methods": [{"name": "one", "params": {"steps": 3}}]}, ("running", "scoring")),
            ({"methods": [{"name": "one", "label": "Uno"}]}, ("scoring",)),
            ({"methods": [{"name": "one", "time_limit": 5, "priority": 3}]}, ()),
        ],
    )
    def test_settings_concern_the_steps_that_they_decide(self, house, change, steps):
        house.experiment()
        before = self.of(house.plan())
        house.experiment(**change)
        after = self.of(house.plan())
        assert tuple(step for step in self.STEPS if before[step] != after[step]) == steps

    @pytest.mark.parametrize(
        ("name", "old", "new", "steps"),
        [
            ("datasets/scene.py", "np.linspace(0, 1", "np.linspace(0, 2", ("preparation",)),
            ("datasets/scene.py", 'TITLE = "Scene"', 'TITLE = "Place"', ()),
            (
                "tasks/mend.py",
                'Posed(observation.draw(item.signal, rng), {"signal"',
                'Posed({}, {"signal"',
                ("posing",),
            ),
            ("tasks/mend.py", "data_range=1.0", "data_range=2.0", ("scoring",)),
            ("tasks/mend.py", '"psnr", "ssim"', '"psnr"', ("scoring",)),
            ("tasks/mend.py", "return problem.observed.shape", "return problem.observed.shape[:2]", ("running",)),
            ("tasks/mend.py", "return {}", "return None", ()),
            ("baselines/one.py", "problem.observed", "2 * problem.observed", ("running", "scoring")),
            ("baselines/one.py", "def solve", "# as it is\ndef solve", ()),
            ("baselines/one.py", '"first"', '"second"', ("scoring",)),
            ("baselines/two.py", "problem.observed", "2 * problem.observed", ()),
        ],
    )
    def test_code_concerns_the_steps_that_it_decides(self, house, name, old, new, steps):
        house.experiment()
        before = self.of(house.plan())
        text = (house.root / name).read_text()
        assert old in text
        house.write(name, text.replace(old, new))
        after = self.of(house.plan())
        assert tuple(step for step in self.STEPS if before[step] != after[step]) == steps

    @pytest.mark.parametrize(
        ("module", "old", "new", "step", "counts"),
        [
            ("noise.py", "self.sigma * rng.standard_normal(clean.shape)", "self.sigma * clean", "posing", True),
            ("noise.py", "self.photons * clean", "self.photons + clean", "posing", False),  # that model is not used
            ("seeds.py", '"big"', '"little"', "posing", True),
            ("scoring.py", "sign * value > sign * best", "value > best", "scoring", True),
            ("metrics.py", "10 * np.log10(data_range", "20 * np.log10(data_range", "scoring", True),
            ("runner.py", "not finished within", "too late after", "running", False),
        ],
    )
    def test_so_does_the_code_of_the_suite(self, house, module, old, new, step, counts):
        house.experiment()
        before = self.of(house.plan())
        source = (house.root / "benchmark").resolve()
        (house.root / "benchmark").unlink()
        for path in source.rglob("*.py"):
            house.write(f"benchmark/{path.relative_to(source)}", path.read_text())
        assert self.of(house.plan()) == before
        text = (house.root / "benchmark" / module).read_text()
        assert old in text
        house.write(f"benchmark/{module}", text.replace(old, new))
        assert (before[step] != self.of(house.plan())[step]) == counts

    def test_what_a_step_depends_on_is_plain_data(self, plan):
        for told in self.of(plan).values():
            assert json.loads(json.dumps(told)) == told
            assert yaml.safe_load(yaml.safe_dump(told)) == told

    def test_a_package_that_is_missing_is_told_so_that_its_installation_runs_the_method_again(self, house):
        house.write("baselines/truth.py", TRUTH)
        house.experiment(methods=["one", "truth"])
        plan = house.plan()
        assert plan.running_of("first", "scene", "weak", "truth", 0)["missing"] == ["no_such_package"]
        assert plan.running_of(*FIRST)["missing"] == []

    def test_rows_are_told_what_the_method_is(self, house):
        house.write("baselines/truth.py", TRUTH)
        house.experiment(methods=[{"name": "best", "file": "truth"}, "one"])
        plan = house.plan()
        assert plan.scoring_of(plan.run("first", "scene", "weak", "best", 0))["names"] == {
            "file": "truth",
            "label": "Truth (best)",
            "family": "control",
            "control": True,
            "licence_note": "free",
        }
        assert plan.scoring_of(plan.run(*FIRST))["names"]["control"] is False


def test_a_task_whose_methods_play_with_an_environment_is_known_and_what_that_answers_decides_runs(house):
    house.experiment()
    task, told = (house.root / "tasks/mend.py").read_text(), []
    for outcome in (None, "action", "2 * action"):
        respond = f"\n\ndef respond(truth, observation, number, action):\n    return {outcome}\n"
        house.write("tasks/mend.py", task + (respond if outcome else ""))
        plan = house.plan()
        assert plan.has_environment("first") == bool(outcome)
        told.append((plan.running_of(*FIRST)["code"], plan.scoring_of(plan.run(*FIRST))))
    assert len({str(running) for running, _ in told}) == 3
    assert len({str(scoring) for _, scoring in told}) == 1


def test_controls_that_see_the_truth_are_told_from_all_other_methods(house):
    house.write("baselines/truth.py", TRUTH)
    house.experiment(methods=["one", {"name": "best", "file": "truth"}])
    plan = house.plan()
    assert plan.methods(sees_truth=True) == ["best"]
    assert plan.methods(sees_truth=False) == ["one"]


def test_paths_are_shown_from_the_root(house, tmp_path):
    house.experiment()
    plan = house.plan()
    assert plan.shown(house.root / "tasks" / "mend.py") == "tasks/mend.py"
    assert plan.shown(tmp_path / "mine.yaml") == f"{tmp_path}/mine.yaml"


def test_the_plan_of_a_moved_or_relative_checkout_depends_on_the_same(house, monkeypatch):
    house.experiment()
    before = TestDependencies.of(house.plan())
    moved = house.root.rename(house.root.with_name("moved"))
    monkeypatch.chdir(moved)
    house.root = moved.relative_to(moved)
    assert TestDependencies.of(house.plan()) == before


def test_a_name_that_is_a_control_in_one_experiment_and_a_method_in_another_is_refused(house):
    method = (house.root / "baselines" / "one.py").read_text()
    (house.root / "baselines" / "seer.py").write_text(method + "\nCONTROL = True\nSEES_TRUTH = True\n")
    house.experiment(methods=["one"])
    house.experiment("second", methods=[{"name": "one", "file": "seer"}])
    with pytest.raises(SettingsError, match=r"'one' is a control .*\n  give the two names of their own"):
        house.plan()


def test_a_method_that_is_for_no_operator_of_the_experiment_is_refused(house):
    method = (house.root / "baselines" / "one.py").read_text()
    (house.root / "baselines" / "scanner.py").write_text(method + '\nOPERATORS = {"coded_exposure"}\n')
    house.experiment(methods=["scanner"], noise={"scan": {"operator": {"kind": "radon", "angles": 6}}})
    with pytest.raises(SettingsError, match=r"scanner: .* is for no operator here\n  it is for: coded_exposure"):
        house.plan()


def test_names_that_the_workflow_uses_itself_are_refused(house):
    rules = [path.read_text() for path in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")]]
    rules += [(ROOT / "workflow" / "Snakefile").read_text()]
    named = set(re.findall(r"^(?:use )?rule (?:\w+ as )?(\w+)(?: with)?:", "\n".join(rules), re.M))
    assert {"score", "run_control", "all", "default"} <= named <= RESERVED
    house.experiment("score")
    with pytest.raises(SettingsError, match=r"experiments/score.yaml: the workflow uses the name 'score' itself\n"):
        house.plan()


def test_a_profile_does_not_write_where_results_are_kept(house):
    house.experiment(profiles={"published": {}})
    with pytest.raises(SettingsError, match="config: profile: results/published/ holds what is kept\n"):
        house.plan(profile="published")
