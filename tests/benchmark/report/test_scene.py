"""What figures get of the files of a run."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmark.contract import Estimate, Snapshot
from benchmark.report.scene import draw, heading_of, noise_in_words, read_scene
from benchmark.report.tables import summarise, write
from benchmark.scoring import CURVE_COLUMNS
from benchmark.storage import pack, save_arrays

RNG = np.random.default_rng(0)
SIGNALS = {"rank-1": RNG.random((12, 10, 3)), "rank-10": RNG.random((12, 10, 3))}
METHODS = ["deep", "svd", "limit", "lost", *(f"m{index:02d}" for index in range(20))]


@pytest.fixture
def files(tmp_path, row):
    """Write a data set of two items with estimates of many methods, of which one failed; return the paths."""
    levels = {"deep": 1.0, "svd": 2.0, "limit": 90.0} | {f"m{index:02d}": 10.0 + index for index in range(20)}
    place = {"dataset": "toy", "noise": "gaussian"}
    rows = [
        row(item=item, seed=seed, method=name, label=name.upper(), value=value + seed, control=name == "limit", **place)
        for name, value in levels.items()
        for item in SIGNALS
        for seed in (3, 4)
    ]
    lost = {"value": np.nan, "status": "failed", "message": "singular " * 2000}
    rows += [row(item=item, seed=seed, method="lost", label="LOST", **lost) for item in SIGNALS for seed in (3, 4)]
    scores = pd.concat([pd.DataFrame(rows), pd.DataFrame(rows).assign(noise="poisson", value=0.0)])
    write(scores.assign(experiment="fig9"), tmp_path / "scores.csv")
    write(summarise(scores, "psnr", "svd"), tmp_path / "summary.csv")
    curve = dict.fromkeys(CURVE_COLUMNS, 1) | place | {"method": "deep", "label": "DEEP", "metric": "psnr"}
    write(pd.DataFrame([curve, curve | {"noise": "poisson"}]), tmp_path / "curves.csv")
    estimates = {}
    for name in levels:
        trace = [Snapshot(1, 0.1, 1.0, np.zeros((12, 10, 3)))]
        packed = [pack(Estimate(signal=signal + levels[name], trace=trace), item) for item, signal in SIGNALS.items()]
        estimates[name] = tmp_path / f"{name}.npz"
        save_arrays(estimates[name], packed[0] | packed[1])
    estimates["lost"] = tmp_path / "lost.npz"
    save_arrays(estimates["lost"], {})
    save_arrays(tmp_path / "3.npz", {f"{item}/observed": signal + 1 for item, signal in SIGNALS.items()})
    withheld = {f"{item}/signal": signal for item, signal in SIGNALS.items()}
    save_arrays(tmp_path / "3-withheld.npz", withheld | {"rank-1/mask": np.ones(3)})
    facts = {"shown": [2, 1, 0], "items": [{"name": name} for name in SIGNALS]}
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    tables = {name: tmp_path / f"{name}.csv" for name in ("scores", "curves", "summary")}
    arrays = {"given": tmp_path / "3.npz", "withheld": tmp_path / "3-withheld.npz", "facts": tmp_path / "facts.json"}
    return tables | arrays | {"estimates": estimates}


@pytest.fixture
def scene(files, entry):
    def read(**changes):
        return read_scene(entry(methods=METHODS, subject=["deep"], seeds=[3, 4]) | changes, "toy", "gaussian", **files)

    return read


def test_a_scene_is_of_the_first_item_and_seed_and_its_tables_of_the_cell(scene):
    own = scene()
    assert (own.item, own.seed, own.shown) == ("rank-1", 3, [2, 1, 0])
    np.testing.assert_array_equal(own.truth, SIGNALS["rank-1"])
    np.testing.assert_array_equal(own.observed, SIGNALS["rank-1"] + 1)
    assert set(own.withheld) == {"signal", "mask"}
    for table in (own.scores, own.curves, own.summary):
        assert set(table["noise"]) == {"gaussian"}
    assert set(own.scores["item"]) == set(SIGNALS)
    assert own.values["SVD"] == {"psnr": 5.0}
    assert own.energies == pytest.approx({item: np.mean((signal + 1) ** 2) for item, signal in SIGNALS.items()})


def test_estimates_are_those_of_subject_reference_and_controls_and_of_the_best_others(scene):
    own = scene()
    assert list(own.estimates) == ["LIMIT", *(f"M{index:02d}" for index in range(19, 4, -1)), "SVD", "DEEP"]
    np.testing.assert_allclose(own.estimates["DEEP"], SIGNALS["rank-1"] + 1, rtol=1e-6)
    assert own.subject == ["DEEP"]
    assert own.always == ["DEEP", "SVD"]
    assert own.controls == {"LIMIT"}


def test_the_source_s_methods_are_read_however_weak_they_are(scene):
    own = scene(shown=["m00", "deep"])
    assert "M00" in own.estimates
    assert "M06" in own.estimates
    assert "M05" not in own.estimates  # which is better than M00, and gives way
    assert own.shown_by_source == ["M00", "DEEP"]
    assert own.always == ["M00", "DEEP", "SVD"]


def test_data_and_noise_are_told_in_words(scene):
    assert scene().title == "A toy cube · Gaussian noise, sigma 0.1"
    coded = {"model": "salt_and_pepper", "density": 0.3, "operator": {"kind": "radon", "angles": 40}}
    words = noise_in_words(coded | {"noise_on": "measurements"})
    assert words == "Radon, angles 40; Salt and pepper noise on the measurements, density 0.3"
    assert noise_in_words({}) == "no noise"


def test_without_subject_and_reference_the_best_stand_alone(scene):
    own = scene(subject=[], reference=None)
    assert list(own.estimates) == ["LIMIT", *(f"M{index:02d}" for index in range(19, 2, -1))]
    assert own.always == []
    assert scene(subject=[], reference="left_out").always == []


def test_where_less_is_better_the_lowest_stand_first(scene, files):
    scores = pd.read_csv(files["scores"])
    write(scores.assign(metric="sam", higher_is_better=False), files["scores"])
    own = scene(metric="sam")
    assert list(own.estimates) == ["DEEP", "SVD", *(f"M{index:02d}" for index in range(15)), "LIMIT"]
    assert not own.higher_is_better


def test_a_failed_method_is_a_text_that_fits_into_a_picture(scene):
    own = scene(subject=["lost"])
    assert own.estimates["LOST"].startswith("failed: singular singular")
    assert len(own.estimates["LOST"]) < 130
    assert own.estimates["LOST"].endswith("singular …")


def test_a_message_does_not_repeat_the_name_of_the_method_s_file(scene, files):
    scores = pd.read_csv(files["scores"])
    write(scores.assign(message=scores["message"].where(scores["label"] != "LOST", "lost needs it")), files["scores"])
    assert scene(subject=["lost"]).estimates["LOST"] == "failed: needs it"


def test_figures_are_drawn_from_what_was_read(scene):
    assert len(draw("reconstructions", scene()).axes) >= 20 * 3


@pytest.mark.parametrize(
    ("place", "heading"),
    [
        ("Figure 9", "The source's methods (Figure 9)"),
        ("Image restoration, Table 1 (CVPR 2018)", "The source's methods (Image restoration, Table 1)"),
        ("", "The source's methods"),
    ],
)
def test_a_heading_has_the_place_in_the_source_without_its_papers(place, heading):
    assert heading_of({"place": place}) == heading
