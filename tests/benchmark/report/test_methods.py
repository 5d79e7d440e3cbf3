"""The page of all methods."""

from benchmark.catalog import files_of
from benchmark.report.methods import methods_page
from benchmark.source import ROOT


def test_the_page_says_what_the_files_say_now():
    known = files_of(ROOT, "baselines")
    assert (ROOT / "docs" / "methods.md").read_text() == methods_page(known), "run `make publish` to make it again"
    assert all(f"](../baselines/{name}.py) |" in methods_page(known) for name in known)


def test_rows_stand_by_family_and_signs_of_markdown_are_plain(house):
    method = "\n\nTASKS, DEVICES = {'tell', 'mend'}, {'cpu'}\n\ndef solve(problem, *, seed, device): ...\n"
    house.write("baselines/one.py", f'"""Minimises |A_1 * x|."""\nLABEL, FAMILY = "Z [1]", "b"{method}')
    house.write("baselines/two.py", f'"""Does more."""\nLABEL, FAMILY = "B", "b"{method}')
    house.write("baselines/three.py", f'"""Does\n\nless."""\nLABEL, FAMILY = "Y", "a"{method}')
    house.write("baselines/broken.py", "")
    known = {name: own for name, own in files_of(house.root, "baselines").items() if name in ("one", "two", "three")}
    known["broken"] = files_of(house.root, "baselines")["broken"]
    assert methods_page(known).splitlines()[-3:] == [
        "| a | [Y](../baselines/three.py) | mend, tell | Does |",
        "| b | [B](../baselines/two.py) | mend, tell | Does more. |",
        r"| b | [Z \[1\]](../baselines/one.py) | mend, tell | Minimises &#124;A\_1 \* x&#124;. |",
    ]
