"""How methods look: a colour for each family, the same in all experiments, that colour-blind eyes tell apart."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure
from skimage.color import deltaE_ciede2000, rgb2lab

from benchmark.report.looks import FAMILIES, SUBJECT, looks_of
from benchmark.report.style import compact, plain, written
from benchmark.source import ROOT, literals_of

COLOURS = yaml.safe_load(FAMILIES.read_text())
BASELINES = [literals_of(path) for path in sorted((ROOT / "baselines").glob("[!_]*.py"))]
# Machado, Oliveira and Fernandes 2009, of full severity: how linear RGB looks to those who lack a kind of cone.
SEEN_AS = {
    "all cones": np.eye(3),
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def lab_of(colour: str, matrix) -> np.ndarray:
    rgb = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(matrix) @ linear, 0, 1)
    return rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055))


def experiment(subject=(), **families):
    methods = {name: {"label": name.upper(), "family": family} for name, family in families.items()}
    return {"methods": methods, "subject": list(subject)}


def test_the_families_that_have_a_colour_are_there_and_none_has_the_subject_s():
    assert COLOURS.keys() <= {own["FAMILY"] for own in BASELINES}
    assert SUBJECT not in COLOURS.values()


@pytest.mark.parametrize("task", sorted(path.stem for path in Path(ROOT / "tasks").glob("[!_]*.py")))
@pytest.mark.parametrize("eyes", SEEN_AS)
def test_the_families_of_a_task_and_its_subject_are_told_apart_by_all_eyes(task, eyes):
    families = {own["FAMILY"] for own in BASELINES if task in own["TASKS"]} & COLOURS.keys()
    colours = [SUBJECT, *(COLOURS[family] for family in families)]
    assert len(set(colours)) == len(families) + 1
    for one, other in itertools.combinations(colours, 2):
        difference = deltaE_ciede2000(lab_of(one, SEEN_AS[eyes]), lab_of(other, SEEN_AS[eyes]))
        assert difference > 9, (one, other)  # four times what eyes just tell apart


def test_a_colour_is_the_family_s_in_every_experiment_whatever_stands_beside():
    alone = looks_of(experiment(b="patch-based"))
    beside = looks_of(experiment(["d"], a="truncated SVD", d="patch-based", b="patch-based", c="a family of my own"))
    assert alone["B"].colour == beside["B"].colour == COLOURS["patch-based"]
    assert beside["A"].colour == COLOURS["truncated SVD"]
    assert beside["D"].colour == SUBJECT
    assert beside["C"].colour == looks_of(experiment(c="a family of my own"))["C"].colour
    assert beside["C"].colour in set(COLOURS.values())


def test_methods_of_one_colour_have_markers_of_their_own():
    looks = looks_of(experiment(a="patch-based", b="truncated SVD", c="patch-based", d="covariance shrinkage"))
    assert looks["A"].colour == looks["C"].colour == looks["D"].colour
    assert len({looks[label].marker for label in "ACD"}) == 3
    assert looks["A"].marker == looks["B"].marker


@pytest.mark.parametrize(
    ("scale", "limits", "labels"),
    [
        ("log", (0.5, 200), ["1", "10", "100"]),
        ("log", (8, 700), ["10", "20", "50", "100", "200", "500"]),
        ("log", (220, 480), ["300", "400"]),
        ("symlog", (0, 30), ["0", "1", "10"]),
        ("symlog", (8, 90), ["10", "20", "50"]),
    ],
)
def test_a_logarithmic_axis_has_three_numbers_or_all_that_there_are_in_one_size(scale, limits, labels):
    axis = Figure().subplots()
    axis.set_xscale(scale, subs=range(2, 10), **({"linthresh": 1} if scale == "symlog" else {}))
    axis.set_xlim(limits)
    plain(axis, 6)
    axis.figure.draw_without_rendering()
    ticks = [*axis.xaxis.get_major_ticks(), *axis.xaxis.get_minor_ticks()]
    ticks = [tick for tick in ticks if limits[0] <= tick.get_loc() <= limits[1] and tick.label1.get_text()]
    shown = [tick.label1.get_text() for tick in sorted(ticks, key=lambda tick: tick.get_loc())]
    assert shown == labels
    assert {tick.label1.get_fontsize() for tick in ticks} == {6}


def test_large_powers_of_ten_are_written_as_powers_and_other_numbers_out():
    shown = {
        0.001: "0.001",
        0.25: "0.25",
        200: "200",
        10000: "10000",
        1e5: "$10^{5}$",
        1e8: "$10^{8}$",
        2e6: "2e+06",
        0: "0",
        1e-6: "$10^{-6}$",
    }
    assert {value: written(value) for value in shown} == shown


def test_an_svg_is_cut_to_hundredths_in_attributes_and_nowhere_else():
    svg = '<g id="a.12">\n  <path d="M 1.23987 -4.5 L 60.00012,7.125"/>\n  <text x="1.999">0.98765 1.2345</text>\n</g>'
    cut = '<g>\n<path d="M 1.23 -4.5 L 60.00,7.12"/>\n<text x="1.99">0.98765 1.2345</text>\n</g>'
    assert compact(svg) == cut
    assert compact(cut) == cut


def test_styles_of_an_svg_are_classes_and_names_are_short():
    red, marked = ' style="fill: #ff0000"', ' style="clip-path: url(#p8f)"'
    drawn = '<g id="g_1"><path id="m12"/></g>'
    svg = f'<style>*{{a}}</style>{drawn}<use xlink:href="#m12"{red}/><use{red}/><g id="p8f"{marked}/>'
    assert compact(svg) == (
        '<style>*{a}\n.s0{fill: #ff0000}\n.s1{clip-path: url(#n1)}</style><g><path id="n0"/></g>'
        '<use xlink:href="#n0" class="s0"/><use class="s0"/><g id="n1" class="s1"/>'
    )
    assert compact(compact(svg)) == compact(svg)
