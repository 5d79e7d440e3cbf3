"""Publishing a made-up profile."""

import gzip
import itertools
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from benchmark.report import publish as publishing
from benchmark.report import tables
from benchmark.report.publish import PublishError, as_made, check, renew, write_readme
from benchmark.scoring import CURVE_COLUMNS
from benchmark.settings import SettingsError
from benchmark.storage import explained

SETTINGS = {"folders": ["experiments"], "experiments": {}}
README = (
    "before\n"
    + "".join(f"<!-- {own} -->\nold\n<!-- end of {own} -->\n" for own in ("verdicts", "strip", "claims"))
    + "after\n"
)
PSNR = {"svd": (20.0, 21.0), "deeptensor": (22.9, 24.1)}


def claim_of(name, threshold=1.5):
    condition = {"effect": "PSNR | over SVD [dB]", "statistic": "difference", "metric": "psnr", "of": "deeptensor"}
    condition |= {"to": ["svd"], "at_least": threshold}
    return {"id": f"claim-{name}", "where": name, "claim": "A claim.", "conditions": [condition], "why": {}}


@pytest.fixture
def entries(entry):
    """Return a maker of the experiments of a profile as the plan has them, all with the same changes."""

    def make(*names, threshold=1.5, **changes):
        return {name: entry(id=name, figures=["strip"], claims=[claim_of(name, threshold)]) | changes for name in names}

    return make


@pytest.fixture
def run(root, row):
    """Leave what a finished profile leaves of experiments in `results/`; return the folder."""

    def leave(entries, profile="embedded"):
        folder = root / "results" / profile
        for part in ("runs", "data", *(f"{name}/toy/gaussian" for name in entries)):
            (folder / part).mkdir(parents=True)
            (folder / part / "secret.npz").touch()
        for name, entry in entries.items():
            (folder / name / "toy" / "gaussian" / "secret.npz").unlink()
            rows = [
                row(method=method, label=method.upper(), file=method, seed=seed, value=value)
                for method, values in PSNR.items()
                for seed, value in enumerate(values)
            ]
            scores = pd.DataFrame(rows).assign(experiment=name)
            tables.write(scores, folder / name / "scores.csv")
            tables.write(scores, folder / name / "scores.parquet")
            tables.write(tables.summarise(scores, entry["metric"], entry["reference"]), folder / name / "summary.csv")
            tables.write(pd.DataFrame(columns=CURVE_COLUMNS), folder / name / "curves.csv")
            picture = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
            Image.fromarray(picture).save(folder / name / "toy" / "gaussian" / "strip.webp")
        (folder / "experiments.yaml").write_text(yaml.safe_dump(entries, sort_keys=False))
        return folder

    return leave


@pytest.fixture
def root(tmp_path):
    """Return a checkout of which the README has markers."""
    (tmp_path / "README.md").write_text(README)
    return tmp_path


class Planned:
    """What publishing asks of a plan."""

    def __init__(self, profile, experiments):
        self.profile, self.experiments, self.settings = profile, experiments, SETTINGS | {"profile": profile}

    def entry(self, name):
        return self.experiments[name]

    def entries(self):
        return self.experiments

    def tabled_runs(self, name):
        own = self.experiments[name]
        product = itertools.product(own["data"], own["noise"], own["methods"], own["seeds"])
        return [list(cell) for cell in product if cell[0] in (own["methods"][cell[2]]["data"] or own["data"])]


def publish(profile, entries, root, part=False):
    """Publish a profile of which the plan has these experiments, and write the README."""
    target = publishing.publish(Planned(profile, entries), root, part)
    write_readme(root)
    return target


def forget(root):
    """Remove what was run, as on another machine or in a fresh clone."""
    (root / "results" / "embedded").rename(root / "forgotten")


def test_tables_and_pictures_are_kept_and_neither_data_nor_runs_nor_what_is_half_written(root, run, entries):
    source = run(entries("fig9"))
    for name in (".summary.partial.csv", "toy/gaussian/.strip.partial.webp"):  # of processes that were killed
        (source / "fig9" / name).write_text("half")
    target = publish("embedded", entries("fig9"), root)
    assert not list(target.rglob("secret.npz"))
    assert not list(target.rglob("*.parquet"))
    for name in ("scores", "curves"):
        kept = gzip.decompress((target / "fig9" / f"{name}.csv.gz").read_bytes())
        assert kept == (source / "fig9" / f"{name}.csv").read_bytes()
    assert not list(target.rglob("*.html"))
    assert not list(target.rglob("*.partial.*"))
    before, after = (folder / "fig9" / "toy" / "gaussian" / "strip.webp" for folder in (source, target))
    assert before.read_bytes() == after.read_bytes()


def test_the_readme_shows_how_many_claims_hold_and_a_row_a_claim(root, run, entries):
    run(entries("fig9"))
    publish("embedded", entries("fig9"), root)
    text = (root / "README.md").read_text()
    assert text.startswith(
        "before\n<!-- verdicts -->\nOf 1 claim 1 holds, 0 hold in part and 0 do not; 0 verdicts are firm.\n"
    )
    assert text.endswith("<!-- end of claims -->\nafter\n")
    assert "\nold\n" not in text
    assert "| fig9 | A claim. | 3.00 [2.90, 3.10] dB, PSNR &#124; over SVD | at least 1.5 | reproduced |" in text
    assert "needed" in (root / "results" / "published" / "claims.svg").read_text()


def test_what_was_published_before_stays_beside_what_is_new(root, run, entries):
    both = entries("fig9", "fig10", "later")
    run(entries("fig10"))
    publish("embedded", both, root)
    forget(root)
    run(entries("fig9"))
    target = publish("embedded", both, root)
    assert list(yaml.safe_load((target / "experiments.yaml").read_text())) == ["fig9", "fig10"]
    assert list(json.loads((target / "manifest.json").read_text())["experiments"]) == ["fig9", "fig10"]
    assert {path.parts[-4] for path in target.rglob("strip.webp")} == {"fig9", "fig10"}
    text = (root / "README.md").read_text()
    assert text.count("| reproduced |") == 2


METHODS = {name: {"file": name, "params": {}, "data": None} for name in ("deeptensor", "svd", "bm3d")}
CHANGES = [
    ({"seeds": [0]}, "seeds"),
    ({"pose": {"share": 0.5}}, "pose"),
    ({"noise": {"gaussian": {"model": "gaussian", "sigma": 0.2}}}, "noise"),
    ({"task": "recover"}, "task"),
    *(
        ({"data": {"toy": {"file": "toy", "rank": 3, "budget": None, "params": {}} | {key: own}}}, "data: toy")
        for key, own in {"file": "other", "rank": 5, "budget": 9, "params": {"size": 8}}.items()
    ),
    *(
        ({"methods": {**METHODS, "svd": METHODS["svd"] | {key: own}}}, "methods: svd")
        for key, own in {"file": "other", "params": {"rank": 3}, "data": ["toy"], "seeds": [0]}.items()
    ),
    (
        {
            "methods": {
                "svd": {"file": "svd", "params": {"rank": 3}, "data": None},
                "deeptensor": {"file": "deeptensor", "params": {}, "data": None},
            }
        },
        "methods: bm3d, methods: svd",
    ),
]


@pytest.mark.parametrize(("changes", "told"), CHANGES)
def test_what_was_published_with_other_settings_is_an_error_and_nothing_is_lost(root, run, entries, changes, told):
    run(entries("fig10"))
    target = publish("embedded", entries("fig10"), root)
    forget(root)
    run(entries("fig9"))
    now = entries("fig9") | {name: entry | changes for name, entry in entries("fig10").items()}
    with pytest.raises(PublishError, match=rf"the results of fig10 were made with other settings \({told}\): run it"):
        publish("embedded", now, root)
    assert not (target / "fig9").exists()
    assert "reproduced" in (target / "scorecard.md").read_text()


def test_results_of_a_version_that_said_less_are_an_error_that_names_what_they_lack(root, run, entries):
    folder = run(entries("fig9"))
    older = {
        name: {key: own for key, own in entry.items() if key != "noise"} for name, entry in entries("fig9").items()
    }
    (folder / "experiments.yaml").write_text(yaml.safe_dump(older))
    with pytest.raises(
        PublishError, match=r"the results of fig9 were made with other settings \(noise\): run it again"
    ):
        publish("embedded", entries("fig9"), root)
    assert not (root / "results" / "published").exists()


@pytest.mark.parametrize("where", ["copy_folder", "_compress", "renew", "write_forest"])
def test_what_is_published_survives_an_interruption_and_the_next_start_ends_it(root, run, entries, monkeypatch, where):
    run(entries("fig9"))
    target = publish("embedded", entries("fig9"), root)
    forget(root)
    picture = run(entries("fig9")) / "fig9" / "toy" / "gaussian" / "strip.webp"
    picture.write_bytes(b"new")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"benchmark.report.publish.{where}", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish("embedded", entries("fig9"), root)
    monkeypatch.undo()
    assert {path for path in root.rglob("*") if path.is_file()} == {*before}
    assert (root / "README.md").read_text() == before[root / "README.md"].decode()
    assert (where in ("renew", "write_forest")) == ((target / "fig9/toy/gaussian/strip.webp").read_bytes() == b"new")
    publish("embedded", entries("fig9"), root)
    assert (target / "fig9/toy/gaussian/strip.webp").read_bytes() == b"new"


def test_publishing_on_a_full_disk_is_an_error_that_says_so_and_leaves_what_was_published(
    root, run, entries, small_disk
):
    (root / "results").mkdir()
    (root / "results" / "published").symlink_to(small_disk)
    picture = run(entries("fig9")) / "fig9" / "toy" / "gaussian" / "strip.webp"
    publish("embedded", entries("fig9"), root)
    before = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
    readme = (root / "README.md").read_text()
    picture.write_bytes(bytes(2**20))
    (small_disk / "full").write_bytes(bytes(5 * 2**20 - 2**19))
    with pytest.raises(OSError, match="No space left on device") as error:
        publish("embedded", entries("fig9"), root)
    assert f"make room on the disk at {small_disk} (" in explained(error.value, small_disk)
    (small_disk / "full").unlink()
    assert {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()} == before
    assert (root / "README.md").read_text() == readme
    target = publish("embedded", entries("fig9"), root)
    assert (target / "fig9/toy/gaussian/strip.webp").stat().st_size == 2**20


def test_a_run_with_other_settings_than_the_experiment_has_now_is_an_error(root, run, entries):
    run(entries("fig9"))
    with pytest.raises(
        PublishError, match=r"the results of fig9 were made with other settings \(seeds\): run it again"
    ):
        publish("embedded", entries("fig9", seeds=[0, 1, 2]), root)
    with pytest.raises(PublishError, match="there is no experiment 'fig9' any more"):
        publish("embedded", entries("fig10"), root)
    assert not (root / "results" / "published").exists()


def test_neither_prose_nor_claims_nor_a_method_that_came_since_make_results_invalid(entries):
    before = entries("fig9")
    [entry] = entries("fig9", threshold=4, title="Other", notes="", printed=[], figures=[], reference=None).values()
    data = {"toy": entry["data"]["toy"] | {"title": "Another title"}}
    methods = entry["methods"] | {"new": {"file": "new", "params": {}, "data": None}}
    methods["svd"] = methods["svd"] | {"label": "Singular values"}
    check(before, {"fig9": entry | {"data": data, "methods": methods}}, "")


def test_what_is_said_of_an_experiment_may_change_and_is_published_without_any_runs(root, run, entries):
    run(entries("fig10", notes="None."))
    target = publish("embedded", entries("fig10", notes="None."), root)
    forget(root)
    nowhere = {"iterate": "returned", "data": None, "noise": None, "item": None}
    printed = [{"metric": "psnr", **nowhere, "values": {"svd": 14.4}}]
    publish("embedded", entries("fig10", notes="Few iterations.", printed=printed, reference="deeptensor"), root)
    assert yaml.safe_load((target / "experiments.yaml").read_text())["fig10"]["notes"] == "Few iterations."
    summary = tables.read_table(target / "fig10" / "summary.csv").set_index("method")
    assert summary.loc["svd", ["printed", "gain"]].tolist() == [14.4, -3.0]


def test_a_changed_claim_is_judged_again_without_any_runs(root, run, entries):
    run(entries("fig9"))
    target = publish("embedded", entries("fig9"), root)
    forget(root)
    publish("embedded", entries("fig9", threshold=4), root)
    assert "| not reproduced |" in (root / "README.md").read_text()
    assert "not reproduced, on other data" in (target / "scorecard.md").read_text()
    assert (target / "fig9" / "toy" / "gaussian" / "strip.webp").is_file()


def test_the_readme_shows_the_profile_closest_to_the_source(root, run, entries):
    run(entries("fig9", "fig10"))
    publish("embedded", entries("fig9", "fig10"), root)
    assert "Of 2 claims" in (root / "README.md").read_text()
    cut = entries("fig9", profile="public-cpu")
    run(cut, "public-cpu")
    publish("public-cpu", cut, root)
    assert "Of 1 claim" in (root / "README.md").read_text()


def test_the_readme_has_a_sentence_for_each_source(root, run, entries):
    lecture = {"id": "talk", "title": "A lecture", "citation": "Roe.", "url": None, "code": None, "subject": None}
    both = entries("fig9") | entries("lesson", source=lecture)
    run(both)
    publish("embedded", both, root)
    assert (root / "README.md").read_text().count("Of 1 claim") == 2


def test_a_profile_without_claims_can_be_published(root, run, bare):
    silent = {"fig9": bare()}
    run(silent)
    target = publish("embedded", silent, root)
    assert "Of " not in (root / "README.md").read_text()
    assert "no claim is about" in (root / "results" / "published" / "claims.svg").read_text()
    assert "23.50" in (target / "summary.txt").read_text()  # the mean of DeepTensor's two


def test_a_profile_that_was_not_run_to_its_end_is_an_error(root, run, entries):
    (run(entries("fig9")) / "experiments.yaml").unlink()
    with pytest.raises(PublishError, match="run the profile to its end first"):
        publishing.main("embedded", root)


def test_a_profile_that_cannot_be_published_changes_nothing_of_others(root, run, entries):
    run(entries("fig9"))
    target = publish("embedded", entries("fig9"), root)
    before = {path: path.stat().st_mtime_ns for path in (*target.rglob("*"), root / "README.md")}
    with pytest.raises(PublishError, match=r"results/mine/ has no experiments.yaml: run the profile"):
        publishing.main("mine", root)
    assert {path: path.stat().st_mtime_ns for path in (*target.rglob("*"), root / "README.md")} == before


def test_an_experiment_of_a_folder_of_ones_own_is_published_by_the_settings_that_it_was_run_with(
    house, run, root, entry
):
    content = house.experiment(methods=["one", "two"])
    house.write("mine/own.yaml", content)
    plan = house.plan(profile="mine", folders=["mine"])
    (house.root / "README.md").write_text((root / "README.md").read_text())
    folder = run(plan.entries(), "mine")
    (folder / "config.yaml").write_text(yaml.safe_dump(plan.settings))
    folder.parent.rename(house.root / "results")
    publishing.main("mine", house.root)
    assert (house.root / "results/published/mine/own/summary.csv").is_file()
    forgotten = house.root / "results" / "mine"
    forgotten.rename(house.root / "forgotten")
    publishing.main("mine", house.root)  # of what is published, by the settings that lie there
    (house.root / "mine" / "own.yaml").unlink()
    with pytest.raises(SettingsError, match="config: select: unknown experiment 'own'"):
        publishing.main("mine", house.root)


def test_publishing_a_profile_judges_the_others_again_where_their_settings_are_those_of_now(
    root, run, entries, monkeypatch, capsys
):
    profiles = ("embedded", "public-cpu", "public")
    for profile in profiles:
        run(entries("fig9", profile=profile), profile)
        publish(profile, entries("fig9", profile=profile), root)
    now = {profile: entries("fig9", threshold=4, profile=profile) for profile in profiles}
    now["public"] = entries("fig9", threshold=4, profile="public", seeds=[7])

    class Plan:
        @staticmethod
        def read(config, root):
            return Planned(config["profile"], now[config["profile"]])

    monkeypatch.setattr(publishing, "Plan", Plan)
    (root / "results" / "embedded" / "config.yaml").write_text(yaml.safe_dump({"profile": "embedded"}))
    publishing.main("embedded", root)
    published = root / "results" / "published"
    judged = ["not reproduced" in (published / profile / "scorecard.md").read_text() for profile in profiles]
    assert judged == [True, True, False]
    assert "public stays as it was published: the results of fig9" in capsys.readouterr().err


def test_renewing_twice_changes_nothing(root, run, entries):
    run(entries("fig9"))
    target = publish("embedded", entries("fig9"), root)
    files = [target / name for name in ("fig9/summary.csv", "scorecard.csv", "scorecard.md", "manifest.json")]
    before = [path.read_bytes() for path in files]
    renew(target, entries("fig9"), SETTINGS)
    assert [path.read_bytes() for path in files] == before


def test_an_experiment_has_the_methods_alone_that_its_results_have_and_what_it_says_now():
    now = {"title": "new", "methods": {"svd": {"label": "SVD"}, "since": {"label": "Since"}}}
    before = {"title": "old", "methods": {"svd": {"label": "svd"}, "gone": {"label": "Gone"}}}
    assert as_made(now, before) == {"title": "new", "methods": {"svd": {"label": "SVD"}}}


@pytest.fixture
def run_part(root, run, entries):
    """Leave the results of fig9 that is run on one other seed or data set alone, in place of any others."""

    def leave(value, **changes):
        if (root / "results" / "embedded").exists():
            forget(root)
        folder = run(entries("fig9", **changes))
        scores = tables.read_scores(folder / "fig9" / "scores.csv")
        [seed], [dataset] = changes["seeds"], changes.get("data", ["toy"])
        scores = scores[scores["seed"] == 0].assign(seed=seed, dataset=dataset, value=value, git_commit="abc")
        tables.write(scores, folder / "fig9" / "scores.csv")
        if dataset != "toy":
            (folder / "fig9" / "toy").rename(folder / "fig9" / dataset)
        return folder

    return leave


def published_values(target):
    scores = tables.read_scores(target / "fig9" / "scores.csv.gz")
    return {(own.dataset, own.seed, own.method): (own.value, own.git_commit) for own in scores.itertuples()}


def test_a_seed_more_is_published_beside_those_that_were(root, run, run_part, entries):
    sweep = {"over": "rank", "label": "rank", "metrics": ["psnr"], "values": {}}
    (run(entries("fig9", sweep=sweep)) / "fig9" / "sweep.svg").write_text("of two seeds")
    before = published_values(publish("embedded", entries("fig9", sweep=sweep), root))
    (run_part(27.5, seeds=[2], sweep=sweep) / "fig9" / "sweep.svg").write_text("of one seed")
    (root / "results/embedded/fig9/toy/gaussian/strip.webp").write_bytes(b"of another seed")
    more = entries("fig9", sweep=sweep, seeds=[0, 1, 2])
    target = publish("embedded", more, root, part=True)
    added = {("toy", 2, method): (27.5, "abc") for method in PSNR}
    assert published_values(target) == before | added
    assert tables.read_table(target / "fig9" / "summary.csv")["n"].tolist() == [3, 3]
    assert yaml.safe_load((target / "experiments.yaml").read_text())["fig9"]["seeds"] == [0, 1, 2]
    assert "abc" in json.loads((target / "manifest.json").read_text())["experiments"]["fig9"]["commits"]
    assert (target / "fig9/toy/gaussian/strip.webp").read_bytes() != b"of another seed"
    assert "<svg" in (target / "fig9/sweep.svg").read_text()
    publish("embedded", more, root, part=True)
    assert published_values(target) == before | added


def test_curves_are_kept_to_single_precision_and_drawn_again_with_those_of_a_part(root, run, run_part, entries, row):
    def left(folder, seed):
        own = row(seed=seed) | {"iterate": "last", "loss": 1 / 3, "metric": "psnr", "label": "DEEPTENSOR"}
        own |= {"method": "deeptensor", "seconds": 2 / 3, "value": 200 / 7}
        curves = pd.DataFrame([own | {"iteration": number} for number in (1, 2)])
        tables.write(curves[list(CURVE_COLUMNS)], folder / "fig9" / "curves.csv")
        return folder / "fig9/toy/gaussian/convergence.png"

    left(run(entries("fig9")), 0).write_bytes(b"of one seed, in another format")
    target = publish("embedded", entries("fig9"), root)
    curves = tables.read_table(target / "fig9" / "curves.csv.gz")
    assert curves[["loss", "value", "iteration"]].values.tolist() == [
        [0.3333333, 28.57143, 1],
        [0.3333333, 28.57143, 2],
    ]
    left(run_part(27.5, seeds=[2]), 2)
    publish("embedded", entries("fig9", seeds=[0, 1, 2]), root, part=True)
    assert tables.read_table(target / "fig9" / "curves.csv.gz")["seed"].tolist() == [0, 0, 2, 2]
    assert [path.name for path in (target / "fig9/toy/gaussian").glob("convergence.*")] == ["convergence.svg"]
    assert "DEEPTENSOR" in (target / "fig9/toy/gaussian/convergence.svg").read_text()


def test_a_data_set_more_brings_its_pictures_and_a_method_may_be_on_the_old_one_alone(root, run, run_part, entries):
    run(entries("fig9"))
    before = published_values(publish("embedded", entries("fig9"), root))
    [entry] = entries("fig9").values()
    data = {**entry["data"], "other": entry["data"]["toy"] | {"file": "other"}}
    methods = entry["methods"] | {"svd": entry["methods"]["svd"] | {"data": ["toy"]}}
    folder = run_part(27.5, seeds=[0], data={"other": data["other"]}, methods=methods)
    scores = tables.read_scores(folder / "fig9" / "scores.csv")
    tables.write(scores[scores["method"] != "svd"], folder / "fig9" / "scores.csv")
    target = publish("embedded", {"fig9": entry | {"data": data, "methods": methods, "seeds": [0]}}, root, part=True)
    kept = {cell: own for cell, own in before.items() if cell[1] == 0}
    assert published_values(target) == kept | {("other", 0, "deeptensor"): (27.5, "abc")}
    assert {path.parts[-3] for path in target.rglob("strip.webp")} == {"toy", "other"}


def test_what_changed_since_is_not_joined_with_a_part_and_nothing_is_lost(root, run, run_part, entries):
    run(entries("fig9"))
    target = publish("embedded", entries("fig9"), root)
    before = published_values(target)
    run_part(27.5, seeds=[2])
    [entry] = entries("fig9", seeds=[0, 1, 2]).values()
    for changes in (
        {"noise": {"gaussian": {"model": "gaussian", "sigma": 0.2}}},
        {"methods": entry["methods"] | {"svd": entry["methods"]["svd"] | {"params": {"rank": 3}}}},
        {"pose": {"share": 0.5}},
        {"task": "recover"},
        {"data": {"toy": entry["data"]["toy"] | {"rank": 5}}},
    ):
        with pytest.raises(PublishError, match=r"were made with other settings|neither in the part nor published"):
            publish("embedded", {"fig9": entry | changes}, root, part=True)
        made = yaml.safe_load((root / "results/embedded/experiments.yaml").read_text())
        (root / "results/embedded/experiments.yaml").write_text(yaml.safe_dump({"fig9": made["fig9"] | changes}))
        with pytest.raises(PublishError, match=r"fig9: \d runs are neither in the part nor published, such as toy"):
            publish("embedded", {"fig9": entry | changes}, root, part=True)
        (root / "results/embedded/experiments.yaml").write_text(yaml.safe_dump(made))
    with pytest.raises(PublishError, match=r"4 runs are neither in the part nor published, such as toy/gaussian/deept"):
        publish("embedded", entries("fig9", seeds=[0, 1, 2, 3, 4]), root, part=True)
    assert published_values(target) == before


def test_parts_of_which_one_is_not_whole_change_nothing(root, run, run_part, entries):
    run(entries("fig10", "fig9"))
    target = publish("embedded", entries("fig10", "fig9"), root)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    both = run_part(27.5, seeds=[2]).parent / "both"
    (both.parent / "embedded").rename(both)
    run(entries("fig10"))
    (both / "fig9").rename(both.parent / "embedded" / "fig9")
    made = {**entries("fig10"), **entries("fig9", seeds=[2])}
    (both.parent / "embedded" / "experiments.yaml").write_text(yaml.safe_dump(made))
    with pytest.raises(PublishError, match="neither in the part nor published"):
        publish("embedded", {**entries("fig10"), **entries("fig9", seeds=[0, 1, 2, 3])}, root, part=True)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


def test_a_part_is_taken_for_one_by_request_alone(root, run, run_part, entries):
    run(entries("fig9"))
    publish("embedded", entries("fig9"), root)
    run_part(27.5, seeds=[2])
    with pytest.raises(PublishError, match=r"other settings \(seeds\)"):
        publish("embedded", entries("fig9", seeds=[0, 1, 2]), root)


def test_what_a_config_cut_takes_the_place_of_no_more(root, run, run_part, entries, monkeypatch):
    run(entries("fig9"))
    before = published_values(target := publish("embedded", entries("fig9"), root))
    run_part(27.5, seeds=[0])
    monkeypatch.setitem(SETTINGS, "experiments", {"fig9": {"seeds": [0]}})
    with pytest.raises(PublishError, match="a config cut fig9: 2 runs that are published are not among its: publish"):
        publish("embedded", entries("fig9", seeds=[0]), root)
    assert published_values(target) == before
    shutil.rmtree(target / "fig9")
    assert len(published_values(publish("embedded", entries("fig9", seeds=[0]), root))) == 2


def test_a_part_of_what_is_not_published_has_to_be_the_whole(root, run, run_part, entries):
    run_part(27.5, seeds=[2])
    more = entries("fig9", seeds=[0, 1, 2])
    with pytest.raises(PublishError, match="4 runs are neither in the part nor published, such as toy/gaussian/deept"):
        publish("embedded", more, root, part=True)
    assert not list((root / "results/published").rglob("fig9"))
    target = publish("embedded", entries("fig9", seeds=[2]), root, part=True)
    shutil.rmtree(target / "fig9")  # its entry stays
    with pytest.raises(PublishError, match="4 runs are neither in the part nor published"):
        publish("embedded", more, root, part=True)


def test_other_seeds_of_a_method_are_other_settings_and_those_published_may_be_completed(entries):
    one, methods = entries("fig9"), entries("fig9")["fig9"]["methods"]
    alone = entries("fig9", methods=methods | {"svd": methods["svd"] | {"seeds": [0]}})
    for made, now in ((one, alone), (alone, one)):
        with pytest.raises(PublishError, match=r"other settings \(methods: svd\)"):
            check(made, now, "run it again")
        check(made, now, "run it again", part=True)
