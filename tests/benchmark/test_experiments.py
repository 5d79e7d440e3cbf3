"""Experiments as a profile has them: the source's protocol, cut down, with grids spread out and departures computed."""

import pytest
import yaml

from benchmark.settings import SettingsError

DATA = {"scene": {"rank": 2, "params": {"size": 5}}, "wide": {"file": "scene", "rank": 3, "budget": 40}}
NOISE = {
    "weak": {"model": "gaussian", "sigma": 0.1},
    "scan": {"model": "poisson", "photons": 50, "operator": {"kind": "radon", "angles": 6}, "noise_on": "signal"},
}
GRID = {"name": "one-{kind}-{strength}", "file": "one", "label": "One, {kind}, {strength}"}
GRID |= {"params": {"steps": 5}, "grid": {"kind": ["a", "b"], "strength": ["1e-2", 3]}}


class TestData:
    def test_a_cut_that_names_none_keeps_those_of_the_source(self, house):
        own = house.first(data=DATA, profiles={"embedded": {}})
        assert {name: (data.rank, data.budget, data.params) for name, data in own.data.items()} == {
            "scene": (2, None, {"size": 5}),
            "wide": (3, 40, {}),
        }

    def test_a_list_chooses_and_keeps_the_settings(self, house):
        own = house.first(data=DATA, profiles={"embedded": {"data": ["wide"]}})
        assert {name: (data.rank, data.budget) for name, data in own.data.items()} == {"wide": (3, 40)}
        assert own.data["wide"].file.name == "scene"

    def test_a_mapping_chooses_and_changes(self, house):
        cut = {"data": {"scene": {"params": {"bands": 4}}, "wide": {"rank": 1}}}
        own = house.first(data=DATA, profiles={"embedded": cut})
        assert {name: (data.rank, data.budget, data.params) for name, data in own.data.items()} == {
            "scene": (2, None, {"size": 5, "bands": 4}),
            "wide": (1, 40, {}),
        }

    def test_what_the_source_does_not_have_is_new(self, house):
        cut = {"data": {"scene": None, "tiny": {"file": "scene", "rank": 1, "params": {"size": 2}}}}
        own = house.first(data=DATA, profiles={"embedded": cut})
        assert list(own.data) == ["scene", "tiny"]
        assert own.data["tiny"].params == {"size": 2}
        assert own.data["scene"].params == {"size": 5}

    def test_what_a_profile_dropped_comes_back_with_the_settings_of_the_source(self, house):
        profiles = {"few": {"data": ["wide"]}, "embedded": {"extends": "few", "data": ["scene"]}}
        own = house.first(data=DATA, profiles=profiles)
        assert {name: data.params for name, data in own.data.items()} == {"scene": {"size": 5}}


class TestNoise:
    def test_without_it_there_is_one_cell_without_noise(self, house):
        house.experiment()
        content = yaml.safe_load((house.root / "experiments" / "first.yaml").read_text())
        del content["noise"]
        house.write("experiments/first.yaml", content)
        assert house.plan().experiments["first"].noise == {"none": {}}

    def test_a_list_chooses_and_a_mapping_changes(self, house):
        own = house.first(noise=NOISE, profiles={"embedded": {"noise": ["scan"]}})
        assert own.noise == {"scan": NOISE["scan"]}
        own = house.first(noise=NOISE, profiles={"embedded": {"noise": {"scan": {"photons": 9}, "none": {}}}})
        assert own.noise == {"scan": NOISE["scan"] | {"photons": 9}, "none": {}}

    def test_a_change_of_an_operator_keeps_its_other_settings(self, house):
        cut = {"noise": {"scan": {"operator": {"angles": 3}}}}
        own = house.first(noise=NOISE, profiles={"embedded": cut})
        assert own.noise["scan"] == NOISE["scan"] | {"operator": {"kind": "radon", "angles": 3}}


class TestProfiles:
    def test_one_that_the_file_does_not_name_is_the_source_s_protocol(self, house):
        cuts = {"embedded": {"seeds": [7]}}
        assert house.first(seeds=[0, 1], profiles=cuts).protocol.seeds == [7]
        assert house.first("public", seeds=[0, 1], profiles=cuts).protocol.seeds == [0, 1]
        assert house.first("public", seeds=[0, 1], profiles=cuts).departures == []

    def test_a_chain_is_applied_from_its_end(self, house):
        cuts = {
            "smoke": {"extends": "middle", "seeds": [3]},
            "middle": {"extends": "embedded", "seeds": [2], "methods": {"one": {"params": {"steps": 3}}}},
            "embedded": {"notes": "Small.", "methods": {"*": {"params": {"steps": 5, "strength": 2}}}},
        }
        own = house.first("smoke", profiles=cuts)
        assert own.protocol.seeds == [3]
        assert own.protocol.notes == "Small."
        assert own.methods["one"].params == {"steps": 3, "strength": 2}
        assert own.methods["two"].params == {"steps": 5, "strength": 2}

    def test_a_profile_may_extend_one_that_the_file_leaves_as_it_is(self, house):
        assert house.first("smoke", profiles={"smoke": {"extends": "public", "seeds": [5]}}).protocol.seeds == [5]

    @pytest.mark.parametrize(
        "cuts", [{"smoke": {"extends": "smoke"}}, {"smoke": {"extends": "mine"}, "mine": {"extends": "smoke"}}]
    )
    def test_a_circle_is_refused(self, house, cuts):
        with pytest.raises(SettingsError, match=r"first.yaml: profiles: smoke -> .*smoke extend each other"):
            house.first("smoke", profiles=cuts)

    def test_only_and_without_choose_methods_by_pattern(self, house):
        methods = ["one", "two", GRID]
        cases = {
            ("one*", ()): ["one", "one-a-1e-2", "one-a-3", "one-b-1e-2", "one-b-3"],
            ("*", ("one-*",)): ["one", "two"],
            ("*-3", ("*-b-*",)): ["one-a-3"],
        }
        for (only, without), kept in cases.items():
            cut = {"only": [only], "without": list(without)}
            assert list(house.first(methods=methods, profiles={"embedded": cut}).methods) == kept

    def test_methods_are_changed_by_pattern(self, house):
        cut = {
            "methods": {
                "one-*": {"params": {"steps": 9}, "time_limit": 60, "priority": 2},
                "one-a-3": {"label": "The one", "data": "wide"},
            }
        }
        own = house.first(data=DATA, methods=["two", GRID], profiles={"embedded": cut})
        first, other = own.methods["one-a-3"], own.methods["one-b-1e-2"]
        assert (first.label, first.data, first.priority, first.time_limit) == ("The one", ["wide"], 2, 60)
        assert (other.label, other.data, other.priority) == ("One, b, 1e-2", None, 2)
        assert first.params == {"kind": "a", "strength": 3, "steps": 9}
        assert own.methods["two"].params == {}

    def test_figures_printed_and_sweep_replace_notes_follow_and_pose_is_merged(self, house):
        cut = {"figures": [], "notes": "Other.", "printed": {"values": {"two": 2}}, "pose": {"share": 0.5}}
        source = {"figures": ["losses"], "notes": "Some.", "printed": {"values": {"one": 1}}}
        own = house.first(**source, profiles={"embedded": cut})
        assert (own.protocol.figures, own.protocol.notes) == ([], "Some. Other.")
        assert [printed.values for printed in own.protocol.printed] == [{"two": 2}]
        assert own.pose == {"share": 0.5}


class TestMethods:
    def test_a_grid_is_a_method_for_each_combination_with_the_text_in_the_name_and_the_number_as_parameter(self, house):
        own = house.first(methods=[GRID])
        assert {name: method.params for name, method in own.methods.items()} == {
            "one-a-1e-2": {"steps": 5, "kind": "a", "strength": 0.01},
            "one-a-3": {"steps": 5, "kind": "a", "strength": 3},
            "one-b-1e-2": {"steps": 5, "kind": "b", "strength": 0.01},
            "one-b-3": {"steps": 5, "kind": "b", "strength": 3},
        }
        assert [method.label for method in own.methods.values()] == [
            f"One, {kind}, {strength}" for kind in "ab" for strength in ("1e-2", "3")
        ]

    def test_all_are_the_files_of_the_task_that_no_other_entry_uses_at_their_place(self, house):
        assert list(house.first(methods=["all"]).methods) == ["one", "two"]
        house.write("baselines/three.py", (house.root / "baselines" / "two.py").read_text().replace("Two", "Three"))
        own = house.first(methods=["two", "all", {"name": "one-strong", "file": "one", "params": {"strength": 3}}])
        assert list(own.methods) == ["two", "three", "one-strong"]

    @pytest.mark.parametrize("exceptions", [["one"], ["o*"]])
    def test_exceptions_are_left_out_of_all(self, house, exceptions):
        assert list(house.first(methods=[{"all_except": exceptions}]).methods) == ["two"]

    def test_what_is_said_of_all_is_said_of_each(self, house):
        own = house.first(
            methods=["one", {"all_except": [], "data": ["scene"], "seeds": [1], "priority": 2}], seeds=[0, 1]
        )
        assert (own.methods["two"].data, own.methods["two"].seeds, own.methods["two"].priority) == (["scene"], [1], 2)
        assert [(cell[2], cell[3]) for cell in own.cells] == [("one", 0), ("one", 1), ("two", 1)]

    def test_a_profile_changes_the_seeds_of_a_method(self, house):
        two = {"name": "two", "seeds": [1, 2]}
        profiles = {"embedded": {"seeds": [0], "methods": {"two": {"seeds": [0]}}}}
        assert house.first(methods=["one", two], seeds=[0, 1, 2], profiles=profiles).methods["two"].seeds == [0]

    def test_a_claim_may_be_on_methods_that_name_their_seeds_otherwise_and_run_on_the_same(self, house):
        condition = {"effect": "", "statistic": "difference", "metric": "psnr", "of": "one", "to": ["two"], "above": 0}
        claim = {"id": "better", "claim": "It is better.", "conditions": [condition]}
        two = {"name": "two", "seeds": [2, 1, 0, 7]}
        assert house.first(methods=["one", two], seeds=[0, 1, 2], claims=[claim]).methods["two"].seeds == [2, 1, 0, 7]

    def test_a_file_that_cannot_be_used_is_none_of_all(self, house):
        house.write("baselines/one.py", "LABEL = \n")
        assert list(house.first(methods=["all"]).methods) == ["two"]

    def test_a_method_runs_under_the_operators_that_it_is_for(self, house):
        for name, kinds in (("one", '{"radon"}'), ("two", '{"coded_exposure"}')):
            path = house.root / "baselines" / f"{name}.py"
            path.write_text(f"{path.read_text()}\n\nOPERATORS = {kinds}\n")
        house.write("baselines/any.py", METHOD_FOR_ALL)
        coded = {"operator": {"kind": "coded_exposure", "frames": 2}}
        own = house.first(methods=["all"], noise={"scan": NOISE["scan"]})
        assert list(own.methods) == ["any", "one"]
        own = house.first(methods=["all"], noise={"scan": NOISE["scan"], "coded": coded, "none": {}})
        assert {(cell[1], cell[2]) for cell in own.cells} == {
            *((noise, "any") for noise in ("scan", "coded", "none")),
            ("scan", "one"),
            ("coded", "two"),
            ("none", "one"),
            ("none", "two"),
        }

    def test_a_method_runs_on_the_data_sets_that_its_entry_names(self, house):
        own = house.first(data=DATA, seeds=[0, 1], methods=["one", {"name": "two", "data": "wide"}])
        assert len(own.cells) == 2 * 2 + 2
        assert {cell[0] for cell in own.cells if cell[2] == "two"} == {"wide"}

    def test_they_are_named_by_patterns_too(self, house):
        own = house.first(data=DATA, methods=["one", {"name": "two", "data": "w*"}])
        assert own.methods["two"].data == ["wide"]
        assert {cell[0] for cell in own.cells if cell[2] == "two"} == {"wide"}

    def test_one_whose_data_or_seeds_a_cut_has_left_out_is_left_out_too(self, house):
        methods = [
            "one",
            {"name": "two", "data": ["wide"]},
            {"name": "three", "file": "two", "label": "3", "seeds": [0]},
        ]
        kept = {"only": {"data": ["scene"]}, "seed": {"seeds": [1]}}
        own = [house.first(profile, data=DATA, seeds=[0, 1], methods=methods, profiles=kept) for profile in kept]
        assert [list(one.methods) for one in own] == [["one", "three"], ["one", "two"]]
        assert ("methods", "3", "2, without two") in [tuple(row.values()) for row in own[0].departures]

    def test_labels_are_the_entry_s_or_the_file_s_told_apart(self, house):
        methods = ["one", {"name": "one-strong", "file": "one"}, {"name": "two", "label": "The second"}]
        assert [own.label for own in house.first(methods=methods).methods.values()] == [
            "One",
            "One (one-strong)",
            "The second",
        ]

    def test_a_label_twice_is_refused(self, house):
        with pytest.raises(SettingsError, match=r"2 methods have the label 'One'\n  give each a label of its own"):
            house.first(methods=["one", {"name": "two", "label": "One"}])


METHOD_FOR_ALL = '''"""A method."""

LABEL = "Any"
FAMILY = "first"
TASKS = {"mend"}
DEVICES = {"cpu"}


def solve(problem, *, seed, device):
    return None
'''


class TestDepartures:
    def departures(self, house, cut, **source):
        own = house.first(profiles={"embedded": cut}, **{"data": DATA} | source)
        return [(row["setting"], row["source"], row["here"]) for row in own.departures]

    def test_the_source_s_own_protocol_has_none(self, house):
        assert self.departures(house, {}) == []

    def test_a_change_of_a_setting_is_told_with_what_the_source_has(self, house):
        methods = [{"name": "one", "params": {"steps": 20}}, "two"]
        cut = {
            "data": {"scene": {"rank": 1, "params": {"size": 4}}, "wide": {}},
            "methods": {"one": {"params": {"steps": 5}}},
        }
        assert self.departures(house, cut, methods=methods) == [
            ("scene: rank", "2", "1"),
            ("scene: size", "5", "4"),
            ("one: steps", "20", "5"),
        ]

    def test_data_sets_and_seeds_that_a_method_is_kept_from_are_told(self, house):
        cut = {"methods": {"one": {"data": ["wide"]}, "two": {"seeds": [0, 2]}}}
        assert self.departures(house, cut, seeds=[0, 1, 2]) == [
            ("one: data", "scene, wide", "wide"),
            ("two: seeds", "0, 1, 2", "0, 2"),
        ]

    def test_methods_that_a_profile_leaves_out_are_named(self, house):
        assert self.departures(house, {"without": ["two"]}) == [("methods", "2", "1, without two")]

    def test_what_the_source_does_not_set_is_the_default_of_the_file(self, house):
        cut = {"data": {"scene": {"params": {"bands": 9}}, "wide": {}}, "methods": {"*": {"params": {"strength": 3}}}}
        assert self.departures(house, cut) == [
            ("scene: bands", "2", "9"),
            ("one, two: strength", "1.0", "3"),  # what methods share stands once
        ]

    def test_a_parameter_that_is_set_to_what_it_was_is_none(self, house):
        cut = {
            "data": {"scene": {"params": {"bands": 2}}, "wide": {"rank": 3}},
            "methods": {"*": {"params": {"steps": 10}}},
        }
        assert self.departures(house, cut) == []

    def test_the_default_of_a_parameter_of_the_task_is_told_too(self, house):
        assert self.departures(house, {"pose": {"share": 0.5}}) == [("pose: share", "0.25", "0.5")]
        assert self.departures(house, {"pose": {"share": 0.5}}, pose={"share": 0.75}) == [
            ("pose: share", "0.75", "0.5")
        ]

    def test_another_data_set_is_told_with_all_its_settings(self, house):
        cut = {"data": {"other": {"file": "scene", "rank": 1, "params": {"size": 4}}}}
        assert self.departures(house, cut) == [("data", "scene, wide", "other"), ("other", "-", "rank 1, size 4")]

    def test_a_data_set_of_another_file_is_told(self, house):
        house.write("datasets/other.py", (house.root / "datasets" / "scene.py").read_text())
        rows = self.departures(house, {"data": {"scene": {"file": "other"}, "wide": {}}})
        assert [row for row in rows if "scene" in row[0]] == [("scene: file", "scene", "other")]

    def test_noise_that_is_left_out_and_noise_that_is_changed_are_told(self, house):
        assert self.departures(house, {"noise": ["weak"]}, noise=NOISE) == [("noise", "weak, scan", "weak")]
        cut = {"noise": {"weak": {"sigma": 0.2}, "scan": {}}}
        assert self.departures(house, cut, noise=NOISE) == [("weak: sigma", "0.1", "0.2")]

    def test_another_number_of_seeds_is_told(self, house):
        assert self.departures(house, {"seeds": [0]}, seeds=[0, 1, 2]) == [("seeds", "3", "1")]


class TestEntry:
    def test_it_is_plain_data_that_says_what_is_run(self, house):
        house.experiment(
            source={"of": "paper", "place": "Figure 1", "methods": ["one-*-3", "two", "one-*"]},
            methods=["two", GRID],
            subject="one-*",
            reference="two",
            printed={"values": {"two": "1e1"}, "data": "scene"},
            profiles={"embedded": {"only": ["two", "*-a-*"], "seeds": [0, 1]}},
            claims=[{"id": "c", "claim": "So.", "conditions": [CONDITION], "why": "Because."}],
        )
        entry = house.plan().entry("first")
        assert yaml.safe_load(yaml.safe_dump(entry)) == entry
        assert (entry["id"], entry["title"], entry["place"], entry["profile"]) == (
            "first",
            "First",
            "Figure 1",
            "embedded",
        )
        assert entry["source"] == {
            "id": "paper",
            "title": "Paper",
            "citation": "Somebody 2020",
            "url": None,
            "code": None,
            "subject": "One",
        }
        assert (entry["task"], entry["metric"], entry["seeds"]) == ("mend", "psnr", [0, 1])
        assert entry["data"]["scene"] == {
            "file": "scene",
            "kind": "stack",
            "rank": 2,
            "budget": None,
            "params": {},
            "title": "Scene",
            "citation": None,
            "licence": None,
            "stands_in_for": "a better one",
            "wavelengths": None,
        }
        assert entry["noise"] == {"weak": {"model": "gaussian", "sigma": 0.1}}
        assert list(entry["methods"]) == ["two", "one-a-1e-2", "one-a-3"]
        assert entry["methods"]["one-a-1e-2"] == {
            "file": "one",
            "label": "One, a, 1e-2",
            "family": "first",
            "params": {"steps": 5, "kind": "a", "strength": 0.01},
            "data": None,
        }
        assert (entry["subject"], entry["reference"]) == (["one-a-1e-2", "one-a-3"], "two")
        assert entry["shown"] == ["one-a-3", "two", "one-a-1e-2"]  # in the source's order, as far as they are run
        assert entry["printed"] == [
            {
                "metric": "psnr",
                "iterate": "returned",
                "data": "scene",
                "noise": None,
                "item": None,
                "values": {"two": 10.0},
            }
        ]
        assert entry["departures"] == [
            {"setting": "methods", "source": "5", "here": "3, without one-b-1e-2, one-b-3"},
            {"setting": "seeds", "source": "1", "here": "2"},
        ]
        [claim] = entry["claims"]
        assert (claim["where"], claim["why"]) == ("Figure 1", {"*": "Because."})
        assert claim["conditions"] == [CONDITION]

    def test_what_is_not_said_is_empty(self, house):
        house.experiment()
        entry = house.plan().entry("first")
        assert (entry["source"], entry["place"], entry["reference"], entry["sweep"]) == (None, "", None, None)
        assert (entry["notes"], entry["subject"], entry["printed"], entry["claims"]) == ("", [], [], [])
        assert entry["shown"] == []


CONDITION = {
    "effect": "PSNR over the other",
    "statistic": "difference",
    "above": 0.0,
    "metric": "psnr",
    "of": "one-a-3",
    "to": ["two"],
}
