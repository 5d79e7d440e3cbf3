"""Files of methods, data sets and tasks: what they must state, and why one cannot be used."""

import pytest

from benchmark.catalog import chosen, files_of, models, snake
from benchmark.methods import method_code, missing_packages
from benchmark.settings import SettingsError
from benchmark.source import ROOT, literals_of

HEAD = {"KINDS": '{"stack"}', "MEASURES": '["psnr", "ssim"]', "FIGURES": '{"losses"}', "FLOOR": None, "CEILING": None}
TASK = "\n".join(f"{name} = {value}" for name, value in HEAD.items())
TASK += "".join(f"\n\n\ndef {name}():\n    pass" for name in ("pose", "answer_shape", "measures", "tiny"))


def method(**changes):
    """Return the text of a method with its literals exchanged; of None there is none."""
    literals = {"LABEL": "'One'", "FAMILY": "'first'", "TASKS": "{'mend'}", "DEVICES": "{'cpu'}"} | changes
    head = "\n".join(f"{name} = {value}" for name, value in literals.items() if value is not None)
    return f"{head}\n\n\ndef solve(problem, *, seed, device):\n    return None\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (method(), ""),
        (method().replace("TASKS =", "TASKS: set ="), ""),
        (method(FLOATS="[1.5]", COMPUTED="1 + len('a')"), ""),
        ("import a_module_that_is_not_there\n" + method(), ""),
        (method().replace("def solve(", "def solve(:"), "it is no Python: "),
        ("\0", "it is no Python: "),
        ("", "it has no function `solve`: write it as `def solve(...)`"),
        (method().replace("def solve", "def resolve") + "\nsolve = partial(resolve)\n", "it has no function `solve`"),
        (method(TASKS=None), "it must state TASKS as a literal"),
        (method(FAMILY=None, LABEL=None), "it must state FAMILY, LABEL as a literal"),
        (method(TASKS="set(NAMES)"), "it must state TASKS as a literal"),
        # A literal of another type would end the reading of every experiment.
        (method(TASKS="None"), "TASKS"),
        (method(TASKS="'mend'"), "TASKS"),
        (method(TASKS="{'mnd'}"), "TASKS has 'mnd'; there are: mend"),
        (method(DEVICES="None"), "DEVICES"),
        (method(LABEL="3"), "LABEL"),
        (method(FAMILY="['first']"), "FAMILY"),
        (method(DEVICES="{'tpu'}"), "DEVICES is {'tpu'}: input should be 'cpu' or 'cuda'"),
        (method(TASKS="{3}"), "TASKS is {3}: input should be a valid string"),
        (method(REQUIRES="[None]"), "REQUIRES is [None]: "),
        (method(CONTROL="1"), "CONTROL is 1: input should be a valid boolean"),
        (method(LABEL=r"'a\x00b'"), "it has a sign that is no text"),
        (method(LICENCE_NOTE=r"'\ud800'"), "it has a sign that is no text"),
        ("\ufeff" + method(), ""),
        ("# coding: utf-8\n" + method(LABEL="'Größe'"), ""),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_prevents_nothing(house, text, fault):
    house.write("baselines/one.py", text)
    files = files_of(house.root, "baselines")
    assert set(files) == {"one", "two", "other"}
    assert files["two"].fault == ""
    assert (files["one"].fault == "") == (fault == "")
    assert fault in files["one"].fault
    assert "\n" not in files["one"].fault


def test_a_file_whose_name_becomes_no_folder_says_so(house):
    house.write("baselines/my method.py", method())
    assert "use letters, digits, '_', '-' and '.' only" in files_of(house.root, "baselines")["my method"].fault


def test_a_file_in_another_encoding_or_that_cannot_be_opened_prevents_nothing(house):
    (house.root / "baselines" / "latin.py").write_bytes(b'LABEL = "\xfc"\n')
    (house.root / "baselines" / "gone.py").symlink_to(house.root / "nowhere.py")
    (house.root / "baselines" / "folder.py").mkdir()
    files = files_of(house.root, "baselines")
    assert files["latin"].fault.startswith("it is no Python: ")
    assert files["one"].fault == ""
    assert all(files[name].fault for name in ("gone", "folder") if name in files)


def test_hidden_and_private_files_are_none_of_the_methods(house):
    for name in ("._one.py", "_shared.py", "__init__.py", "notes.txt"):
        house.write(f"baselines/{name}", "")
    assert set(files_of(house.root, "baselines")) == {"one", "two", "other"}


@pytest.mark.parametrize(
    ("folder", "name", "text", "fault"),
    [
        ("datasets", "scene", "KIND = 'stack'\nTITLE = 'Scene'\n", "no function `load`"),
        ("datasets", "scene", "TITLE = 'Scene'\ndef load(folder):\n    pass\n", "must state KIND"),
        ("tasks", "mend", "def pose():\n    pass\n", "no function `answer_shape`"),
        ("tasks", "mend", TASK.replace('"ssim"', '"nssim"'), "MEASURES has 'nssim'; there are: accuracy"),
        ("tasks", "mend", TASK.replace('["psnr", "ssim"]', "[]"), "MEASURES is []: it has to name one"),
        (
            "tasks",
            "mend",
            TASK.replace('"losses"', '"loses"'),
            "FIGURES has 'loses'; there are: backgrounds, bases, conv",
        ),
    ],
)
def test_data_sets_and_tasks_have_contracts_of_their_own(house, folder, name, text, fault):
    assert files_of(house.root, folder)[name].fault == ""
    house.write(f"{folder}/{name}.py", text)
    assert fault in files_of(house.root, folder)[name].fault


def test_a_file_that_is_asked_for_is_there_and_can_be_used_or_the_message_says_why(house):
    house.write("baselines/two.py", "")
    files = files_of(house.root, "baselines")
    assert chosen(files, "one", "baselines", "here").path == house.root / "baselines" / "one.py"
    with pytest.raises(SettingsError, match=r"here: unknown file baselines/ 'tree.py'\n  there are: one, other, two"):
        chosen(files, "tree", "baselines", "here")
    with pytest.raises(SettingsError, match=r"here: baselines/two.py cannot be used\n  it has no function `solve`"):
        chosen(files, "two", "baselines", "here")


@pytest.mark.parametrize(
    ("name", "text"),
    [("Poisson", "poisson"), ("SaltAndPepper", "salt_and_pepper"), ("CodedExposure", "coded_exposure")],
)
def test_classes_have_the_names_that_experiments_write(name, text):
    assert snake(name) == text


def test_models_are_those_that_can_be_drawn_and_each_is_told_by_its_file():
    task = ROOT / "tasks" / "recover.py"
    noise, operators = models("model", task, ROOT), models("kind", task, ROOT)
    assert {"gaussian", "poisson", "rician", "salt_and_pepper", "skewed"} <= set(noise)
    assert {"radon", "coded_exposure"} <= set(operators)
    assert not set(noise) & set(operators)
    assert noise["salt_and_pepper"] == (ROOT / "benchmark" / "noise.py", "SaltAndPepper")


@pytest.mark.parametrize(("needed", "missing"), [(["numpy"], []), (["no_such_package", "numpy"], ["no_such_package"])])
def test_packages_that_are_not_installed_are_named(needed, missing):
    assert missing_packages(needed) == missing


def test_a_module_of_a_package_that_is_not_installed_is_named_too():
    assert missing_packages(["no_such_package.module"]) == ["no_such_package.module"]


@pytest.mark.parametrize("folder", ["baselines", "datasets", "tasks"])
def test_every_file_of_the_repository_can_be_used(folder):
    faults = {file.place: file.fault for file in files_of(ROOT, folder).values() if file.fault}
    assert faults == {}


def test_the_code_of_a_method_is_that_of_its_functions_and_flags(house):
    path = house.root / "baselines" / "one.py"
    before = method_code(path, house.root)
    path.write_text(path.read_text().replace('"One"', '"Uno"'))
    assert literals_of(path)["LABEL"] == "Uno"
    assert method_code(path, house.root) == before
    path.write_text(path.read_text().replace("problem.observed", "2 * problem.observed"))
    assert method_code(path, house.root) != before


@pytest.mark.parametrize("line", ["CONTROL = None", "SEES_TRUTH = 'no'", "LICENCE_NOTE = 5", "REQUIRES = 'numpy'"])
def test_a_literal_that_may_be_left_out_has_its_type_where_it_is_stated(house, line):
    path = house.root / "baselines" / "two.py"
    path.write_text(path.read_text() + f"\n{line}\n")
    files = files_of(house.root, "baselines")
    assert line.split()[0] in files["two"].fault
    assert not files["one"].fault


def test_no_required_package_is_fine(house):
    path = house.root / "baselines" / "two.py"
    path.write_text(path.read_text() + "\nREQUIRES = []\n")
    assert not files_of(house.root, "baselines")["two"].fault
    assert missing_packages([".x"]) == [".x"]
