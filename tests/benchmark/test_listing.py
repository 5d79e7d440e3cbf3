"""`python -m benchmark list`: what there is, one line each."""

from benchmark.listing import listed


def test_each_thing_is_told_with_what_it_belongs_to_and_what_it_is_for(house):
    house.write("baselines/broken.py", "")
    house.experiment(source={"of": "paper", "place": "Figure 1"})
    house.experiment("second", title="Second")
    plan = house.plan()
    assert ("one", "mend", "A method.") in listed(plan, "methods")
    assert listed(plan, "data") == [("people", "samples", "A scene."), ("scene", "stack", "A scene.")]
    assert listed(plan, "tasks") == [("mend", "stack", "A signal, mended."), ("tell", "samples", "A signal, told.")]
    assert listed(plan, "experiments") == [("first", "mend", "First (Figure 1 of paper)"), ("second", "mend", "Second")]
    [broken] = [row for row in listed(plan, "methods") if row[0] == "broken"]
    assert broken[2].startswith("cannot be used: it has no function `solve`")
