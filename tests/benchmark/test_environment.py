"""The environment of a task: what it logs is scored, what is withheld is nowhere else, and it ends with the worker."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import psutil
import pytest

from benchmark.contract import Item
from benchmark.environment import players
from benchmark.loading import load_module
from benchmark.methods import Run
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.posing import problem_of
from benchmark.runner import run_method
from benchmark.source import ROOT
from benchmark.storage import load_arrays, load_json, parts_of, save_arrays, save_json

HEAD = '''"""A method made by a test."""

import gc
import json
import os
import sys
import time

import numpy as np
import psutil

from benchmark.contract import Estimate

LABEL = "Test"
FAMILY = "first"
TASKS = {"bandit"}
DEVICES = {"cpu"}


def play(problem, rounds, price=0.1):
    """Play so many rounds of rising prices; return the demands."""
    return np.stack([problem.play(np.full(3, price * (n + 1) / rounds)) for n in range(rounds)])


'''
ROUNDS, ITEMS = 8, ("a", "b")
FACTS = [{"name": name, "rank": 2, "budget": None, "shape": [3, 4, 1], "sha256": 64 * name} for name in ITEMS]
OBSERVATION = {"model": "gaussian", "sigma": 0.01}
TASK = load_module(ROOT / "tasks" / "bandit.py")
# All but one round of one item, none of the other.
PLAY_SOME = f"problem.observed[0] > 0.5 and play(problem, {ROUNDS - 1}) is None"
RETURN = f"return Estimate(signal=np.zeros(({ROUNDS}, 3)))"


def planned(method: Path) -> Run:
    names = {"experiment": "prices", "task": "bandit", "dataset": "demand", "noise": "weak", "method": "method"}
    return Run(**names, seed=0, file=str(method), params={}, observation=OBSERVATION, device="cpu", threads=1)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Write two problems, and return a way to write a method whose `solve` has a given body."""
    monkeypatch.chdir(tmp_path)
    given, withheld = {}, {}
    for number, name in enumerate(ITEMS):
        rng = np.random.default_rng(number)
        c = rng.uniform(0.2, 0.4, 3) + 0.3 * number
        demand = np.column_stack([c, 0.5 * np.eye(3) + 0.01 * rng.standard_normal((3, 3))])
        item = Item(name, demand[..., None].astype(np.float32), rank=2, signed=True)
        posed = TASK.pose(item, Observation(Gaussian(0.01)), rng, rounds=ROUNDS)
        given |= {f"{name}/{key}": own for key, own in posed.given.items()}
        withheld |= {f"{name}/{key}": own for key, own in posed.withheld.items()}
    save_arrays(tmp_path / "given.npz", given)
    save_arrays(tmp_path / "truth-withheld.npz", withheld)
    save_json(tmp_path / "facts.json", {"items": FACTS})

    def write(body, head=""):
        lines = "".join(f"    {line}\n" for line in body.split("\n"))
        (tmp_path / "method.py").write_text(f"{HEAD}{head}def solve(problem, *, seed, device):\n{lines}")
        return planned(tmp_path / "method.py")

    return write


@pytest.fixture
def run(house):
    """Return a way to run a method; it returns arrays and the rows of its record."""

    def call(body, time_limit=60, head=""):
        files = Path("given.npz"), Path("facts.json"), Path("run"), Path("log")
        run_method(house(body, head), *files, time_limit, Path("truth-withheld.npz"))
        return load_arrays(Path("run/estimate.npz")), load_json(Path("run/record.json"))["items"]

    return call


def environments():
    """Return the processes below this one that are environments."""
    return [own for own in psutil.Process().children(recursive=True) if "benchmark.environment" in own.cmdline()]


def test_what_was_played_is_the_answer_whatever_a_method_returns(run):
    arrays, rows = run(f"play(problem, {ROUNDS})\nreturn Estimate(signal=np.full(({ROUNDS}, 3), 0.5), trace=[])")
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert set(arrays) == {"a/answer", "b/answer"}
    for own in arrays.values():
        np.testing.assert_allclose(own, np.outer(0.1 * np.arange(1, ROUNDS + 1) / ROUNDS, np.ones(3)))
    assert not environments()


def test_outcomes_are_those_of_the_task_on_what_is_withheld_of_the_item(run):
    run(f"np.save(f'{{problem.observed[0]:.6f}}.npy', play(problem, {ROUNDS}, 0.5))\n{RETURN}")
    given, withheld = load_arrays(Path("given.npz")), load_arrays(Path("truth-withheld.npz"))
    for name in ITEMS:
        seen = np.load(f"{given[f'{name}/observed'][0]:.6f}.npy")
        truth, observation = parts_of(withheld, name), Observation(Gaussian(0.01))
        prices = [np.full(3, 0.5 * (number + 1) / ROUNDS) for number in range(ROUNDS)]
        wanted = [TASK.respond(truth, observation, number, price) for number, price in enumerate(prices)]
        np.testing.assert_array_equal(seen, wanted)


def test_an_environment_that_is_killed_is_a_failed_row_that_says_so(run):
    body = (
        f"play(problem, {ROUNDS})\n"
        "beside = psutil.Process(os.getppid()).children()\n"
        "[own.kill() for own in beside if 'benchmark.environment' in own.cmdline()]\n"
        f"{RETURN}"
    )
    arrays, rows = run(body)
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert rows[0]["message"] == "the environment ended before it wrote its log: see log"
    assert not arrays


def test_actions_that_the_disk_has_no_room_for_fail_the_run_and_it_is_whole_where_there_is_room(run, small_disk):
    Path("run").symlink_to(small_disk)
    fill = f"if problem.observed[0] > 0.5: os.system('head -c 6M /dev/zero > {small_disk}/full 2> /dev/null')"
    # The worker's own answers are kept, so that the environment alone finds the disk full.
    keep = "from benchmark import worker\nworker.save_arrays = worker.save_json = lambda path, content: None\n"
    with pytest.raises(OSError, match="No space left on device"):
        run(f"play(problem, {ROUNDS})\n{fill}\n{RETURN}", head=keep)
    (small_disk / "full").unlink()
    assert [row["status"] for row in run(f"play(problem, {ROUNDS})\n{RETURN}")[1]] == ["ok", "ok"]


def test_a_round_too_many_is_a_failed_row_that_says_so(run):
    _, rows = run(f"play(problem, {ROUNDS} + (problem.observed[0] > 0.5))\n{RETURN}")
    assert sorted((row["status"], row["message"]) for row in rows) == [
        ("failed", f"ValueError: all {ROUNDS} rounds have been played: no more are granted"),
        ("ok", ""),
    ]


def test_rounds_too_many_that_a_method_passes_over_change_nothing(run):
    body = f"play(problem, {ROUNDS})\ntry:\n    problem.play(np.full(3, 0.5))\nexcept ValueError:\n    pass\n{RETURN}"
    arrays, rows = run(body)
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert arrays["a/answer"].shape == (ROUNDS, 3)
    assert arrays["a/answer"].max() == pytest.approx(0.1)


def test_too_few_rounds_have_no_score_although_the_answer_has_the_shape(run):
    given, withheld = load_arrays(Path("given.npz")), load_arrays(Path("truth-withheld.npz"))
    arrays, rows = run(f"{PLAY_SOME}\n{RETURN}")
    assert [row["status"] for row in rows] == ["ok", "ok"]
    for name in ITEMS:
        measure = TASK.measures(problem_of(parts_of(given, name), Observation()), parts_of(withheld, name))["regret"]
        rounds = (ROUNDS - 1) * (given[f"{name}/observed"][0] > 0.5)
        with pytest.raises(ValueError, match=f"prices of {rounds} rounds were played, where there are {ROUNDS}"):
            measure(arrays[f"{name}/answer"])


def test_an_action_that_is_none_is_a_failed_row_with_the_reason(run):
    _, rows = run(f"problem.play(np.ones(2 + (problem.observed[0] > 0.5)))\n{RETURN}")
    messages = {row["message"] for row in rows}
    assert {row["status"] for row in rows} == {"failed"}
    assert messages == {
        "ValueError: prices of length 1.73205 in round 1: give finite ones in the unit ball",
        "ValueError: prices of shape (2,) in round 1: give one for each of 3",
    }


def test_what_is_no_action_at_all_ends_no_environment(run):
    body = (
        "connection = problem.play.args[0]\n"
        "for message in (b'', b'abc', b'abcdefg', bytes(3) + b'\\x09' + bytes(24), b'\\xff' * 28):\n"
        "    connection.send_bytes(message)\n"
        "    assert connection.recv_bytes().startswith(b'r')\n"
        f"play(problem, {ROUNDS})\n{RETURN}"
    )
    arrays, rows = run(body)
    assert [(row["status"], row["message"]) for row in rows] == 2 * [("ok", "")]
    assert arrays["b/answer"].shape == (ROUNDS, 3)


# Looks for bytes in the memory of its process, of which it holds the complement alone.
SEARCH = """
def memory_has(complement):
    wanted, found = np.frombuffer(complement, np.uint8), False
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            place, rights, *_, name = (line.split() + [""])[:7]
            if not rights.startswith("rw") or name.startswith("[v"):
                continue
            start, end = (int(own, 16) for own in place.split("-"))
            memory.seek(start)
            try:
                region = np.frombuffer(memory.read(end - start), np.uint8)
            except OSError:
                continue
            places = np.flatnonzero(region[: len(region) - len(wanted) + 1] == 255 - wanted[0])
            for number in range(1, len(wanted)):
                places = places[region[places + number] == 255 - wanted[number]]
            found = found or len(places) > 0
    return found


"""


def complement(array):
    return bytes(255 - own for own in np.ascontiguousarray(array).tobytes())


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the memory of a process is no file here")
def test_no_worker_holds_what_is_withheld_or_is_told_where_it_is(run, tmp_path):
    given, withheld = load_arrays(tmp_path / "given.npz"), load_arrays(tmp_path / "truth-withheld.npz")
    hidden = {
        "signal": complement(withheld["a/signal"][0, :4]),
        "seed": complement(withheld["a/noise_seed"]),
        "observed": complement(given["a/observed"]),
    }
    head = f"HIDDEN = {hidden!r}\n{SEARCH}"
    body = (
        f"play(problem, {ROUNDS})\n"
        "found = {name: memory_has(own) for name, own in HIDDEN.items()}\n"
        "every = [own.info['cmdline'] or [] for own in psutil.process_iter(['cmdline'])]\n"
        "ours = [own for own in every if 'benchmark.environment' in own]\n"
        "told = [open(sys.argv[1]).read(), str(sys.argv), str(dict(os.environ)), str(ours)]\n"
        "told += [os.readlink(f'/proc/self/fd/{own}') for own in os.listdir('/proc/self/fd')\n"
        "         if os.path.exists(f'/proc/self/fd/{own}')]\n"
        "arrays = [own for own in gc.get_objects() if isinstance(own, dict) and 'noise_seed' in own]\n"
        "report = {'found': found, 'named': ['truth-withheld' in own for own in told], 'dicts': len(arrays),\n"
        "          'ours': len(ours), 'granted': sorted(problem.granted)}\n"
        f"open('report.json', 'w').write(json.dumps(report, default=str))\n{RETURN}"
    )
    _, rows = run(body, head=head)
    assert [row["status"] for row in rows] == ["ok", "ok"], rows[0]["message"]
    report = json.loads((tmp_path / "report.json").read_text())
    # Of the second item, whose observation is another one, the first is still in the memory of the worker.
    assert report["found"] == {"signal": False, "seed": False, "observed": True}
    assert report["ours"] >= 1
    assert not any(report["named"])
    assert len(report["named"]) > 6
    assert report["dicts"] == 0
    assert report["granted"] == ["revenue_bound", "revenue_slope", "rounds"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("os.kill(os.getpid(), 9)", "failed"),
        ("time.sleep(60)", "timeout"),
        ("os.fork() or (os.setsid(), time.sleep(60))", "ok"),
        ("problem.play.args[0].close()", "ok"),
    ],
)
def test_an_environment_ends_with_its_worker_however_that_ends(run, body, status):
    _, rows = run(f"play(problem, {ROUNDS})\n{body}\n{RETURN}", time_limit=4)
    assert rows[0]["status"] == status
    assert not environments()


# Of the runner that has started the method, and of no other.
CHILDREN = "psutil.Process(os.getppid()).children()"
BESIDE = f"[own for own in {CHILDREN} if 'benchmark.environment' in own.as_dict()['cmdline']]"


REPLACE = (
    f"np.savez(sys.argv[1].replace('job.json', 'played'), **{{f'{{n}}/answer': np.zeros(({ROUNDS}, 3)) for n in 'ab'}})"
)


@pytest.mark.parametrize(
    "body",
    [
        f"[own.kill() for own in {BESIDE}]",
        f"[own.suspend() for own in {BESIDE}]",
        f"[own.kill() for own in {BESIDE}]; time.sleep(0.2); {REPLACE}",  # by an answer of its own
    ],
    ids=["killed", "stopped", "replaced"],
)
def test_a_method_that_ends_or_holds_its_environment_is_a_row_with_the_reason(run, body, monkeypatch):
    monkeypatch.setattr("benchmark.environment.GRACE", 0.5)
    arrays, rows = run(f"play(problem, {ROUNDS})\nif problem.observed[0] > 0.5:\n    {body}\n{RETURN}")
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert rows[0]["message"] == "the environment ended before it wrote its log: see log"
    assert not arrays
    assert not environments()


@pytest.mark.parametrize("length", [1000, 2**31 - 1, -1])
def test_a_message_that_breaks_off_loses_nothing_that_was_played(run, length):
    message = f"({length}).to_bytes(4, 'big', signed=True) + bytes(3)"
    last = f"problem.observed[0] > 0.5 and os.write(problem.play.args[0].fileno(), {message})"
    arrays, rows = run(f"play(problem, {ROUNDS})\n{last}\n{RETURN}")
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert {own.shape for own in arrays.values()} == {(ROUNDS, 3)}


def test_who_plays_with_an_environment_that_has_ended_is_told_so(run):
    first = "if problem.observed[0] < 0.5:"
    _, rows = run(f"{first}\n    [own.kill() for own in {BESIDE}]\n    time.sleep(0.2)\nplay(problem, 1)\n{RETURN}")
    assert {row["message"] for row in rows} == {"RuntimeError: the environment has ended: see the log"}


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("np.zeros((1, 3))", "ValueError: an action of shape (1, 3) and type float64: give a vector of real numbers"),
        ("np.zeros((3, 1))", "ValueError: an action of shape (3, 1) and type float64: give a vector of real numbers"),
        ("np.full(3, 0.1 + 0.5j)", "ValueError: an action of shape (3,) and type complex128: give a vector of"),
        ("['0.1'] * 3", "ValueError: an action of shape (3,) and type <U3: give a vector of real numbers"),
        ("None", "ValueError: an action of shape () and type object: give a vector of real numbers"),
    ],
)
def test_an_action_that_is_no_vector_of_numbers_is_refused_as_it_is(run, action, message):
    _, rows = run(f"problem.play({action})\n{RETURN}")
    assert {row["status"] for row in rows} == {"failed"}
    assert rows[0]["message"].startswith(message)


def test_a_killed_runner_takes_its_environment_along(house, tmp_path, ends):
    body = "play(problem, 2)\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)"
    script = (
        "import json, sys; from pathlib import Path; from benchmark.methods import Run;"
        "from benchmark.runner import run_method; p = Path(sys.argv[1]); run = Run(**json.loads(sys.argv[2]));"
        "run_method(run, p/'given.npz', p/'facts.json', p/'run', p/'log', 60, p/'truth-withheld.npz')"
    )
    command = [sys.executable, "-c", script, str(tmp_path), json.dumps(asdict(house(body)))]
    runner = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    [environment] = environments()
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert ends(environment.pid)


def test_an_environment_that_cannot_start_is_a_row_with_the_reason(run, tmp_path):
    content = (tmp_path / "truth-withheld.npz").read_bytes()
    (tmp_path / "truth-withheld.npz").write_bytes(content[: len(content) // 2])
    _, rows = run(RETURN)
    assert {row["status"] for row in rows} == {"failed"}
    assert rows[0]["message"] == "RuntimeError: the environment could not be started: see the log"
    assert "truth-withheld.npz cannot be read" in (tmp_path / "log").read_text()


def test_a_task_without_an_environment_has_nothing_to_play_with():
    assert players(None, 2) == [None, None]
