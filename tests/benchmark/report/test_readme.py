"""What the README shows: the condition that speaks against a claim, in short cells, between markers."""

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.markers import CARETLEFTBASE, CARETRIGHTBASE

from benchmark.report.claims import scorecard
from benchmark.report.forest import forest
from benchmark.report.readme import LONGEST, between, of_first_source, shown, strip_of, table_of, verdicts_of
from benchmark.report.scorecard import as_markdown, claims_of
from benchmark.report.site.charts import forests
from benchmark.scoring import CURVE_COLUMNS


@pytest.fixture
def card(entry, row):
    """Return the scorecard of a claim that holds, one that holds in part, and one that could not be judged."""
    values = {"deeptensor": 31.0, "svd": 30.0, "bm3d": 33.0}
    scores = pd.DataFrame(
        [
            row(method=name, label=name.upper(), seed=seed, value=own)
            for name, own in values.items()
            for seed in range(5)
        ]
    )
    base = {
        "effect": "PSNR over SVD [dB]",
        "statistic": "difference",
        "metric": "psnr",
        "of": "deeptensor",
        "to": ["svd"],
    }
    conditions = {
        "good": [base | {"at_least": 1}],
        "mixed": [base | {"at_least": 1}, base | {"effect": "PSNR over BM3D [dB]", "to": ["bm3d"], "above": 0}],
        "lost": [base | {"to": ["tv"], "above": 0}],
    }
    claims = [
        {"id": name, "where": "Figure 9", "claim": "x" * 60, "short": f"A {name} claim", "conditions": own, "why": {}}
        for name, own in conditions.items()
    ]
    entries = {"fig9": entry(claims=claims)}
    return scorecard(entries, {"fig9": (scores, pd.DataFrame(columns=CURVE_COLUMNS))})


def test_the_row_of_a_claim_has_the_condition_that_does_not_hold(card):
    good, mixed, lost = table_of(card).splitlines()[2:]
    here = "1.00 [1.00, 1.00] dB, PSNR over SVD"
    assert good == f"| Figure 9 | A good claim | {here} | at least 1 | reproduced* | BM3D +2.00 dB |"
    assert "| -2.00 [-2.00, -2.00] dB, PSNR over BM3D | above 0 by 0.1 | partly (1 of 2)* |" in mixed
    assert "| - | above 0 by 0.1 | not run |" in lost


def test_a_mean_that_is_no_number_is_told_as_on_the_scorecard(card):
    for mean, text in ((np.inf, "∞"), (-np.inf, "-∞"), (np.nan, "undefined")):
        odd = card.assign(mean=mean, low=np.nan, high=np.nan)
        assert f"| A good claim | {text} dB" in table_of(odd)
        assert f": {text}, 5 units" in as_markdown(odd)


def test_the_sentence_counts_verdicts_and_how_many_are_firm(card):
    text = "Of 3 claims 1 holds, 1 holds in part, 0 do not and 1 could not be judged; 2 verdicts are firm."
    assert verdicts_of(card) == text


def test_the_table_is_of_the_first_source_and_the_sentences_name_all(card):
    both = pd.concat([card.assign(source="A paper"), card[card["id"] == "lost"].assign(source="A lecture")])
    assert set(of_first_source(both)["source"]) == {"A paper"}
    first, second = verdicts_of(both).splitlines()
    assert first.startswith("Of 3 claims of *A paper* 1 holds, 1 holds in part")
    assert (
        second
        == "Of 1 claim of *A lecture* 0 hold, 0 hold in part, 0 do not and 1 could not be judged; 0 verdicts are firm."
    )


def test_cells_are_short_and_end_in_a_word(card):
    long = "a sentence of many words " * 3
    for line in table_of(card.assign(short=long, where=long, effect=f"{long}[%]")).splitlines()[2:]:
        cells = line.strip("| ").split(" | ")
        assert max(map(len, cells)) <= LONGEST
        assert {cell.split()[-2] for cell in cells if cell.endswith(" …")} <= set(long.split())
        assert cells[0] == "a sentence of many words a sentence of many words a sentence …"
        assert cells[2] == "-" or cells[2].endswith("] %, a sentence of many words a …")


def test_an_effect_without_a_unit_says_what_it_is_of(card):
    assert "| 1.00 [1.00, 1.00], affinity over SVD's | " in table_of(card.assign(effect="affinity over SVD's"))


def test_the_picture_has_a_row_for_each_condition_in_decibels_at_its_mean(card):
    [axis] = forest(card).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        *("Figure 9: over SVD",) * 2,
        "Figure 9: over BM3D",
    ]
    means = [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "o"]
    assert means == [1.0, 1.0, -2.0]


def test_a_measure_is_taken_out_as_a_whole_word_alone(card):
    [axis] = forest(card.assign(effect="SNR here, PSNR there, XPSNR nowhere [dB]")).axes
    assert {label.get_text() for label in axis.get_yticklabels()} == {"Figure 9: here, there, XPSNR nowhere"}


def test_the_picture_and_the_page_need_the_same(card):
    tests = ["above 0 by 0.1 and 2 standard deviations", "within ±1", "below 1 by 2 standard errors"]
    card = card[card["n"] > 0].assign(test=tests, n=9, sd=0.6)
    [axis] = forest(card).axes
    markers = [line.get_xdata()[0] for line in axis.lines if line.get_marker() in (CARETRIGHTBASE, CARETLEFTBASE)]
    [chart] = forests(claims_of(card), "")
    ticks = [place for row in chart["spec"]["datasets"]["rows"] for place in row["needed"]]
    assert markers == pytest.approx([1.2, -1, 1, 0.6])
    assert ticks == pytest.approx(markers)


def test_a_failed_condition_lies_outside_of_what_it_needs(card):
    [axis] = forest(card.assign(test="above 0 by 0.1", mean=0.05, n=1, holds=False)).axes
    places = {line.get_marker(): line.get_xdata()[0] for line in axis.lines if len(line.get_xdata()) == 1}
    assert places["o"] < places[CARETRIGHTBASE]


def test_a_long_label_keeps_the_word_that_tells_it_apart(card):
    effects = [f"PSNR lost from the best iteration to 3 times it, by the {name} [dB]" for name in ("decoder", "skip")]
    for effect in effects:
        [axis] = forest(card.assign(effect=effect)).axes
        label = axis.get_yticklabels()[0].get_text()
        assert label.endswith(effect.split()[-2])
        assert label.count("\n") == 1


def test_what_stands_between_markers_is_replaced_and_a_marker_that_lacks_is_told():
    text = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n"
    assert between(text, "x", "new\n") == "a\n<!-- x -->\nnew\n<!-- end of x -->\nb\n"
    with pytest.raises(ValueError, match="there is no <!-- y -->"):
        between(text, "y", "")


def test_the_profile_closest_to_the_source_is_shown():
    assert shown({"embedded": None, "public-cpu": None}) == "public-cpu"
    assert shown({"mine": None}) == "mine"


def test_the_strip_is_the_first_of_the_profile_closest_to_the_source(tmp_path, entry):
    published = tmp_path / "results" / "published"
    own = entry(place="Figure 9")
    [[dataset], [noise]] = own["data"], own["noise"]
    for profile, name in (("embedded", "fig9"), ("public-cpu", "plain"), ("public-cpu", "other")):
        folder = published / profile / name / dataset / noise
        folder.mkdir(parents=True)
        (published / profile / "experiments.yaml").write_text(yaml.safe_dump({"plain": own, name: own}))
        if name != "plain":
            (folder / "strip.webp").touch()
    shown_here = f"](results/published/public-cpu/other/{dataset}/{noise}/strip.webp)\n\nFigure 9: "
    assert shown_here in strip_of(published)
    (published / "public-cpu" / "other" / dataset / noise / "strip.webp").unlink()
    assert f"](results/published/embedded/fig9/{dataset}/{noise}/strip.webp)" in strip_of(published)
    (published / "embedded" / "fig9" / dataset / noise / "strip.webp").unlink()
    assert strip_of(published) == ""
