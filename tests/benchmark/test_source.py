"""What is read from a file's text: its constants and parameters, and a digest of the code that a function needs."""

import ast
import itertools
import shutil

import pytest

from benchmark.catalog import files_of
from benchmark.methods import method_code
from benchmark.source import (
    REQUIRED,
    ROOT,
    Parameter,
    classes_of,
    code_of,
    docstring_of,
    fields_of,
    literals_of,
    parameters_of,
)

METHOD = '''"""A method."""

from typing import TYPE_CHECKING

from benchmark.helper import Model, scaled
from benchmark import tools
from benchmark.aside import forgotten

if TYPE_CHECKING:
    from benchmark.types import Problem

FACTOR = 2
ASIDE = 3


def solve(problem: "Problem", *, seed: int = 0):
    """Return it scaled."""
    # twice
    return scaled(Model(problem), FACTOR) + tools.first()


def elsewhere():
    return ASIDE


if __name__ == "__main__":
    print(solve(1))
'''
HELPER = '''"""Helpers."""

import numpy as np

LIMIT = 5
np.seterr(over="raise")


def marked(function):
    return function


class Base:
    """A base."""

    def size(self):
        return 1


class Model(Base):
    level: int = 1

    def __init__(self, problem: object):
        self.problem = problem


@marked
def scaled(model, factor: float, power=2) -> float:
    return model.size() * min(factor, LIMIT) ** power


def unreached():
    return 7
'''
TOOLS = """def first():
    return 1


def second():
    return 2
"""
FILES = {"method.py": METHOD, "benchmark/helper.py": HELPER, "benchmark/tools.py": TOOLS}


@pytest.fixture
def digest(tmp_path):
    """Return a maker of digests of `solve` in `method.py`, of files that are written to a new folder."""
    numbers = itertools.count()

    def make(files, *names):
        root = tmp_path / str(next(numbers))
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return code_of(root / "method.py", *(names or ["solve"]), root=root)

    return make


def edited(name, old, new):
    assert old in FILES[name]
    return FILES | {name: FILES[name].replace(old, new)}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("method.py", "# twice", "# three times, as it were"),
        ("method.py", "Return it scaled.", "Return what it makes."),
        ("method.py", '"""A method."""', '"""Another method."""'),
        ("method.py", "seed: int = 0", "seed: float = 0"),
        ("method.py", "return scaled(", "return scaled( \n        "),
        ("method.py", "ASIDE = 3", "ASIDE = 4"),
        ("method.py", "return ASIDE", "return -ASIDE"),
        ("method.py", "print(solve(1))", "print(solve(2))"),
        ("method.py", "import Problem", "import Problem, Other"),
        ("benchmark/helper.py", "problem: object", "problem"),
        ("benchmark/helper.py", "level: int = 1", "level: float = 1"),
        ("benchmark/helper.py", ") -> float:", "):"),
        ("benchmark/helper.py", '"""A base."""', '"""The base."""'),
        ("benchmark/helper.py", "return 7", "return 8"),
        ("benchmark/tools.py", "return 2", "return 3"),
    ],
)
def test_what_decides_no_answer_changes_no_digest(digest, name, old, new):
    assert digest(edited(name, old, new)) == digest(FILES)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("method.py", "return scaled(", "return 2 * scaled("),
        ("method.py", "FACTOR = 2", "FACTOR = 3"),
        ("method.py", "seed: int = 0", "seed: int = 1"),
        ("method.py", "ASIDE = 3", "ASIDE = 3\nprint()"),
        ("benchmark/helper.py", "LIMIT = 5", "LIMIT = 6"),
        ("benchmark/helper.py", 'over="raise"', 'over="warn"'),
        ("benchmark/helper.py", "return function", "return lambda *values: function(*values)"),
        ("benchmark/helper.py", "return 1", "return 2"),
        ("benchmark/helper.py", "class Model(Base)", "class Model"),
        ("benchmark/helper.py", "level: int = 1", "level: int = 2"),
        ("benchmark/helper.py", "self.problem = problem", "self.problem = -problem"),
        ("benchmark/helper.py", "@marked\n", ""),
        ("benchmark/helper.py", "power=2", "power=3"),
        ("benchmark/tools.py", "return 1", "return 3"),
    ],
)
def test_what_is_reached_changes_the_digest(digest, name, old, new):
    assert digest(edited(name, old, new)) != digest(FILES)


def test_the_order_of_definitions_does_not_matter(digest):
    first, *rest = HELPER.split("\n\n\n")
    assert digest(FILES | {"benchmark/helper.py": "\n\n\n".join([first, *reversed(rest)])}) == digest(FILES)


PACKAGE = {
    "method.py": "from deeptensor import fit\n\n\ndef solve():\n    return fit()\n",
    "deeptensor/__init__.py": "from deeptensor.loop import fit\nfrom deeptensor.front import show\n",
    "deeptensor/loop.py": "def fit():\n    return 1\n",
    "deeptensor/front.py": "def show():\n    return 1\n\n\nprint(1)\n",
}


@pytest.mark.parametrize(("name", "counts"), [("deeptensor/loop.py", True), ("deeptensor/front.py", False)])
def test_a_name_that_a_package_passes_on_is_followed_to_its_module_and_no_further(digest, name, counts):
    other = PACKAGE | {name: PACKAGE[name].replace("1", "2")}
    assert (digest(other) != digest(PACKAGE)) == counts


@pytest.mark.parametrize(
    "used",
    [
        "from deeptensor import parts\n\n\ndef solve():\n    return parts.one()\n",
        "import deeptensor.parts as parts\n\n\ndef solve():\n    return parts.one()\n",
        "import deeptensor.parts\n\n\ndef solve():\n    return deeptensor.parts.one()\n",
        "import deeptensor.parts\nimport deeptensor.others\n\n\ndef solve():\n    return deeptensor.parts.one()\n",
        "def solve():\n    from deeptensor.parts import one\n\n    return one()\n",
        "def solve():\n    from deeptensor import parts\n\n    return parts.one()\n",
        "from deeptensor.parts import one as uno\n\nCHOICES = {1: uno}\n\n\ndef solve():\n    return CHOICES[1]()\n",
        "try:\n    from deeptensor.parts import one\nfinally:\n    pass\n\n\ndef solve():\n    return one()\n",
        "from deeptensor import parts\n\n\ndef solve(name):\n    return getattr(parts, name)\n",
        "from deeptensor import parts\n\n\ndef solve(name):\n    return parts.two, getattr(parts, name)\n",
    ],
)
def test_whatever_way_a_function_is_imported_it_counts(digest, used):
    files = {"method.py": used, "deeptensor/parts.py": "def one():\n    return 1\n\n\ndef two():\n    return 0\n"}
    other = files | {"deeptensor/parts.py": files["deeptensor/parts.py"].replace("1", "2")}
    assert digest(other) != digest(files)


@pytest.mark.parametrize("used", ["from baselines._shared import factor", "from benchmark.shared import *"])
def test_a_helper_beside_the_methods_and_all_names_of_a_module_count(digest, used):
    method = {"method.py": f"{used}\n\n\ndef solve():\n    return factor()\n"}
    place = "baselines/_shared.py" if "baselines" in used else "benchmark/shared.py"
    before, after = (digest(method | {place: f"def factor():\n    return {n}\n"}) for n in (1, 2))
    assert before != after


@pytest.mark.parametrize(
    "used",
    [
        "from deeptensor import parts\n\n\ndef solve():\n    return parts.two()\n",
        "import deeptensor.parts as parts\n\n\ndef solve():\n    return parts.two()\n",
        "def solve():\n    from deeptensor.parts import two\n\n    return two()\n",
    ],
)
def test_of_a_module_the_attributes_that_are_used_count_alone(digest, used):
    files = {"method.py": used, "deeptensor/parts.py": "def one():\n    return 1\n\n\ndef two():\n    return 0\n"}
    other = files | {"deeptensor/parts.py": files["deeptensor/parts.py"].replace("1", "2")}
    assert digest(other) == digest(files)


def test_what_a_package_passes_on_when_it_is_first_used_counts_where_it_is_named(digest):
    package = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from deeptensor.parts import one, two\n"
    files = {
        "method.py": "from deeptensor import one\n\n\ndef solve():\n    return one()\n",
        "deeptensor/__init__.py": package,
        "deeptensor/parts.py": "def one():\n    return 1\n\n\ndef two():\n    return 0\n",
    }
    other = files | {"deeptensor/parts.py": files["deeptensor/parts.py"].replace("1", "2")}
    assert digest(other) != digest(files)
    unused = files | {"deeptensor/parts.py": files["deeptensor/parts.py"].replace("0", "2")}
    assert digest(unused) == digest(files)


def test_what_runs_on_the_import_of_a_package_above_counts(digest):
    files = {
        "method.py": "from deeptensor.loop import fit\n\n\ndef solve():\n    return fit()\n",
        "deeptensor/__init__.py": "import torch\n\ntorch.set_num_threads(1)\n",
        "deeptensor/loop.py": "def fit():\n    return 1\n",
    }
    other = files | {"deeptensor/__init__.py": files["deeptensor/__init__.py"].replace("1", "2")}
    assert digest(other) != digest(files)


def test_imports_in_a_circle_end(digest):
    files = {
        "method.py": "from benchmark.one import first\n\n\ndef solve():\n    return first()\n",
        "benchmark/one.py": "from benchmark.two import second\n\n\ndef first():\n    return second()\n",
        "benchmark/two.py": "from benchmark.one import first\n\n\ndef second():\n    return first() + 1\n",
    }
    assert digest(files) != digest(files | {"benchmark/two.py": files["benchmark/two.py"].replace("1", "2")})


def test_a_module_that_is_not_there_or_not_of_this_project_is_left_out(digest):
    text = "import numpy as np\nfrom benchmark.nowhere import thing\n\n\ndef solve():\n    return np.ones(thing)\n"
    assert digest({"method.py": text}) == digest({"method.py": text, "numpy.py": "ones = 1\n"})


def test_each_function_has_a_digest_of_its_own_and_without_names_all_of_a_file_counts(tmp_path):
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text(TOOLS)
    after.write_text(TOOLS.replace("2", "3"))
    assert code_of(before, "first", root=tmp_path) == code_of(after, "first", root=tmp_path)
    assert code_of(before, "first", root=tmp_path) != code_of(before, "second", root=tmp_path)
    assert code_of(before, root=tmp_path) != code_of(after, root=tmp_path)


def test_a_file_that_is_edited_is_read_again(tmp_path):
    path = tmp_path / "method.py"
    path.write_text("LABEL = 'One'\n")
    assert literals_of(path) == {"LABEL": "One"}
    path.write_text("LABEL = 'Other'\n")
    assert literals_of(path) == {"LABEL": "Other"}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """Return a copy of the repository's packages."""
    root = tmp_path_factory.mktemp("untouched")
    for folder in ("benchmark", "deeptensor", "baselines", "tasks"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture
def root(untouched, tmp_path):
    """Return a copy to edit."""
    return shutil.copytree(untouched, tmp_path / "edited")


def edit(path, function):
    """Put a statement at the start of a function, after its docstring."""
    [node] = [node for node in ast.parse(path.read_text()).body if getattr(node, "name", "") == function]
    first = next(statement for statement in node.body if not isinstance(statement, ast.Expr))
    lines = path.read_text().splitlines()
    lines.insert(first.lineno - 1, f"{' ' * first.col_offset}edited = True")
    path.write_text("\n".join(lines) + "\n")


def changed(root):
    """Return the methods whose digest is not that of the repository."""
    files = files_of(root, "baselines")
    return {name for name, file in files.items() if method_code(file.path, root) != method_code(ROOT / file.place)}


def test_a_copy_has_the_digests_of_the_repository(untouched):
    assert changed(untouched) == set()


def test_an_edit_of_the_estimators_changes_no_method(root):
    (root / "deeptensor" / "estimators.py").write_text("1 / 0\n")
    assert changed(root) == set()


def test_an_edit_of_the_fit_changes_the_methods_that_fit_networks_and_no_other(root):
    edit(root / "deeptensor" / "loop.py", "run")
    found = changed(root)
    assert {"deeptensor_cube", "deeptensor_nmf", "deeptensor_basis"} <= found
    assert not found & {"svd", "noisy", "pca", "cgls", "tv"}


def test_an_edit_of_an_algorithm_changes_the_methods_that_use_it(root):
    edit(root / "benchmark" / "algorithms" / "principal.py", "principal_components")
    found = changed(root)
    assert {"pca", "clean_pca"} <= found
    assert not found & {"svd", "deeptensor_cube"}


@pytest.mark.parametrize(
    ("line", "counts"), [("SEES_TRUTH = True", True), ("COMPLETE = True", True), ('LABEL = "Other"', False)]
)
def test_of_what_a_method_states_that_counts_which_decides_what_it_is_given(root, line, counts):
    path = root / "baselines" / "svd.py"
    path.write_text(f"{path.read_text()}\n{line}\n")
    assert changed(root) == ({"svd"} if counts else set())


@pytest.mark.parametrize(("function", "concerned"), [("measures", (False, True)), ("pose", (True, False))])
def test_problems_depend_on_how_they_are_posed_and_scores_on_the_measures(root, function, concerned):
    for path in sorted((root / "tasks").glob("*.py")):
        places = [(path, root), (ROOT / "tasks" / path.name, ROOT)]
        edit(path, function)
        posing, scoring = (
            len({code_of(place, *names, root=top) for place, top in places}) == 2
            for names in (["pose"], ["MEASURES", "measures"])
        )
        assert (posing, scoring) == concerned, path.name


@pytest.fixture
def written(tmp_path):
    """Return a writer of a file of its own."""
    numbers = itertools.count()

    def write(text):
        path = tmp_path / f"file_{next(numbers)}.py"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ('LABEL = "One"', {"LABEL": "One"}),
        ('TASKS: set = {"denoise"}', {"TASKS": {"denoise"}}),
        ("FLOOR, CEILING = None, 'clean'", {"FLOOR": None, "CEILING": "clean"}),
        ("FLOOR = CEILING = None", {"FLOOR": None, "CEILING": None}),
        ("RGB = (2, 1, 0)\nRGB = (3, 1, 0)", {"RGB": (3, 1, 0)}),
        ("SIZE = -1.5", {"SIZE": -1.5}),
        ('NOTE = ("one " "two")', {"NOTE": "one two"}),
        ("import nowhere\nLABEL = 1", {"LABEL": 1}),
        ("COMPUTED = 1 + len('a')\nOTHER = COMPUTED", {}),
        ("TASKS: set", {}),
        ("lower = 1\nclass UPPER:\n    pass", {}),
        ("A, B = divmod(7, 3)", {}),
        ("", {}),
        # None of these is a literal of that name, and none prevents that the others are read.
        ("TABLE = {}\nTABLE['key'] = 3\nLABEL = 1", {"TABLE": {}, "LABEL": 1}),
        ("A, (B, C) = 1, (2, 3)\nLABEL = 1", {"LABEL": 1}),
        ("A, *B = 1, 2, 3\nLABEL = 1", {"LABEL": 1}),
        ("A, B = 5\nLABEL = 1", {"LABEL": 1}),
        ("A = {[]}\nLABEL = 1", {"LABEL": 1}),
    ],
)
def test_literals_are_what_can_be_read_without_running_the_file(written, text, literals):
    assert literals_of(written(text)) == literals


def test_the_first_line_of_a_docstring_can_be_read_and_may_be_missing(written):
    assert docstring_of(written('"""What it is.\n\nMore.\n"""\n')).partition("\n")[0] == "What it is."
    assert docstring_of(written("1 + 1\n")) == ""


def test_parameters_have_their_annotations_and_defaults(written):
    path = written(
        "def solve(problem, *, seed: int, strength: float = 1.5, rate=None, step: float = 1 / 30, kind: 'str' = 'a'):\n"
        "    pass\n"
    )
    assert parameters_of(path, "solve", without=["seed"]) == {
        "strength": Parameter("float", 1.5),
        "rate": Parameter("", None),
        "step": Parameter("float", "1 / 30"),
        "kind": Parameter("'str'", "a"),
    }
    assert parameters_of(path, "solve")["seed"].default is REQUIRED
    assert parameters_of(path, "load") is None
    assert parameters_of(written("from functools import partial\n\nsolve = partial(print)\n"), "solve") is None


def test_fields_of_a_class_are_those_of_its_objects(written):
    path = written(
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Radon:\n    angles: int\n    start: float = 0.0\n"
        "    sums: ClassVar[bool] = True\n    plain = 3\n\n    def build(self):\n        pass\n\n\n"
        "class Bare:\n    def build(self):\n        pass\n"
    )
    assert fields_of(path, "Radon") == {"angles": Parameter("int"), "start": Parameter("float", 0.0)}
    assert fields_of(path, "Other") is None
    assert classes_of(path, "build") == ["Radon"]
    assert classes_of(path, "sample") == []
