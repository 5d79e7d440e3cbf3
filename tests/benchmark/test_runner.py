"""Whatever a method does, its run ends with a record; finished items are never lost."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.forkserver import ADDRESS
from benchmark.methods import Run
from benchmark.runner import MethodChanged, run_method
from benchmark.source import ROOT
from benchmark.storage import Unusable, load_arrays, load_json, save_arrays, save_json, unpack
from benchmark.worker import OPTIMISER, available

HEAD = '''"""A method made by a test."""

import os
import subprocess
import time

import numpy as np

from benchmark.contract import Estimate, Skipped, Snapshot

LABEL = "Test"
FAMILY = "first"
TASKS = {"denoise"}
DEVICES = {"cpu"}
REQUIRES = []


def solve(problem, *, seed, device, **params):
'''
RETURN = "return Estimate(signal=problem.observed)"
MANY = "def solve_many(problems, *, seeds, device, **params):\n"
FACTS = [{"name": name, "rank": 2, "budget": 40, "shape": [6, 5], "sha256": 64 * name} for name in ("a", "b")]
PLANNED = Run(
    experiment="fig",
    task="denoise",
    dataset="scene",
    noise="weak",
    method="method",
    seed=0,
    file="method.py",
    params={"strength": 2},
    observation={"model": "gaussian", "sigma": 0.1},
    device="cpu",
    threads=1,
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a way to run a method, whose `solve` has a given body, on two items; it returns arrays and record.

    With a number of `items` there are so many, named and filled by their number.
    """
    monkeypatch.chdir(tmp_path)  # paths are relative, as those of the workflow are
    rng = np.random.default_rng(0)
    observed = {"a/observed": rng.random((6, 5)), "b/observed": 1 + rng.random((6, 5))}
    save_arrays(tmp_path / "given.npz", observed | {"b/calibration": np.arange(3)})
    save_json(tmp_path / "facts.json", {"items": FACTS})

    def call(body, time_limit=60, requires="[]", device="cpu", head="", items=None, damaged=None):
        if items:
            numbers = {str(number): np.full((6, 5), float(number)) for number in range(items)}
            save_arrays(tmp_path / "given.npz", {f"{name}/observed": own for name, own in numbers.items()})
            save_json(tmp_path / "facts.json", {"items": [FACTS[0] | {"name": name} for name in numbers]})
        method = tmp_path / "method.py"
        method.write_text(HEAD.replace("REQUIRES = []", f"REQUIRES = {requires}\n{head}") + f"    {body}\n")
        if damaged:
            content = (tmp_path / damaged).read_bytes()
            (tmp_path / damaged).write_bytes(content[: len(content) // 2])
        planned = replace(PLANNED, file=str(method), device=device)
        run_method(planned, Path("given.npz"), Path("facts.json"), Path("run"), Path("log"), time_limit)
        return load_arrays(Path("run/estimate.npz")), load_json(Path("run/record.json"))

    return call


def statuses(record):
    return [item["status"] for item in record["items"]]


def test_a_finished_worker_leaves_quietly(run, tmp_path):
    run(RETURN)
    assert (tmp_path / "log").read_text() == ""


HUNGRY = {
    "an array": "np.ones((10 * 2**27, 1)) @ np.ones((1, 1))",
    "a list": "[bytes(2**20) for _ in range(10 * 2**10)]",
}


@pytest.mark.parametrize("kind", HUNGRY)
def test_a_method_that_wants_10_gb_where_there_are_3_is_a_row_that_says_so(run, kind):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))"
    _, record = run(f"{limit}; {HUNGRY[kind]}; {RETURN}")
    assert statuses(record) == ["failed", "failed"]
    assert re.match("out of memory: .*(MemoryError|allocate)", record["items"][0]["message"])


# Where control groups of the second version and of the first lie, with their limits of memory and of memory with swap.
GROUPS = {
    "/sys/fs/cgroup": ("memory.max", "memory.swap.max"),
    "/sys/fs/cgroup/memory": ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
}


@pytest.fixture
def group():
    """Return the file of a group of processes, of 200 MiB of memory, that takes in who writes there."""
    for root, (memory, swap) in GROUPS.items():
        folder = Path(root) / f"test-{os.getpid()}"
        with suppress(OSError):
            folder.mkdir()
        if (folder / memory).exists():  # by the kernel
            (folder / memory).write_text(f"{200 * 2**20}")
            with suppress(OSError):  # of a kernel that counts no swap
                (folder / swap).write_text("0" if swap.endswith("max") else f"{200 * 2**20}")
            yield folder / "cgroup.procs"
            folder.rmdir()
            return
        with suppress(OSError):
            folder.rmdir()
    pytest.skip("no group with a limit of memory can be made here")


def test_a_worker_that_the_kernel_ends_as_memory_runs_out_is_a_row_that_says_so_and_the_finished_item_stays(run, group):
    grow = "[bytearray(b'x' * 2**20) for _ in range(300)] if problem.observed.min() > 1 else None"
    arrays, record = run(f"open({str(group)!r}, 'w').write(str(os.getpid())); {grow}; {RETURN}")
    assert statuses(record) == ["ok", "failed"]
    assert record["items"][1]["message"] == "out of memory: the kernel ended the process by SIGKILL"
    assert set(arrays) == {"a/answer"}


def test_where_memory_runs_out_a_worker_goes_before_those_that_wait_for_it(run):
    own = int(Path("/proc/self/oom_score_adj").read_text())
    body = "return Estimate(signal=np.full((6, 5), float(open('/proc/self/oom_score_adj').read())))"
    arrays, _ = run(body)
    assert arrays["a/answer"][0, 0] == 1000 > own


FILL = "os.system('head -c {} /dev/zero > run/full 2> /dev/null')"
LONG = "return Estimate(signal=problem.observed, trace=[Snapshot(1, 0, 0, last=problem.observed)] * 200)"


# By what the disk has no room for.
ROOMLESS = {
    "an answer": f"{FILL.format('5080K')}; {LONG}",
    "all": f"{FILL.format('6M')}; {RETURN}",
    "a file of the method's own": f"open('run/own', 'wb').write(bytes(6 * 2**20)); {RETURN}",
}


@pytest.mark.parametrize("kind", ROOMLESS)
def test_a_run_that_the_disk_has_no_room_for_fails_and_is_whole_where_there_is_room(run, tmp_path, small_disk, kind):
    (tmp_path / "run").symlink_to(small_disk)
    with pytest.raises(OSError, match="No space left on device") as error:
        run(ROOMLESS[kind])
    assert error.value.errno == errno.ENOSPC
    assert {path.name for path in small_disk.iterdir()} <= {"full", "own"}
    for path in small_disk.iterdir():
        path.unlink()
    assert statuses(run(RETURN)[1]) == ["ok", "ok"]


@pytest.mark.parametrize("file", ["facts.json", "given.npz"])
def test_damaged_problems_are_an_error_before_the_method_starts(run, tmp_path, file):
    with pytest.raises(Unusable, match=rf"^{file} cannot be read"):
        run(f"open('started', 'w'); {RETURN}", damaged=file)
    assert not (tmp_path / "started").exists()
    assert not (tmp_path / "run").exists()


def test_packages_that_a_method_requires_are_there_before_its_clock_starts(run):
    body = f"import sys; assert 'wave' in sys.modules; {RETURN}"
    assert statuses(run(body, requires="['wave']")[1]) == ["ok", "ok"]
    assert statuses(run(body)[1]) == ["failed", "failed"]


def test_the_first_optimiser_of_a_process_is_made_before_the_clock_of_a_method_that_names_one_starts(run):
    body = f"import sys, torch; assert 'torch._dynamo' in sys.modules; {RETURN}"
    assert statuses(run(f"import torch; torch.optim; {body}")[1]) == ["ok", "ok"]
    assert statuses(run(body)[1]) == ["failed", "failed"]


def test_no_run_of_deeptensor_waits_for_an_optimiser():
    files = [path for path in (ROOT / "deeptensor").glob("*.py") if OPTIMISER.search(path.read_text("utf-8"))]
    assert files == []
    assert OPTIMISER.search((ROOT / "baselines" / "cp_adam.py").read_text("utf-8"))


def test_a_method_that_needs_no_torch_waits_for_none(run):
    body = f"import sys, benchmark.algorithms.decomposed; assert 'torch' not in sys.modules; {RETURN}"
    assert statuses(run(body)[1]) == ["ok", "ok"]


FORKED = "import torch"


def test_a_method_that_loads_pytorch_is_forked_as_long_as_there_is_who_forks(run, server, tmp_path, monkeypatch):
    body = "return Estimate(signal=problem.observed + os.getppid())"

    def parent_of(**options):
        arrays, record = run(body, **options)
        assert statuses(record) == ["ok", "ok"]
        return int(arrays["a/answer"].min())

    assert parent_of(head=FORKED) == server
    assert parent_of() == os.getpid()
    monkeypatch.setenv(ADDRESS, f"{sys.prefix}:{tmp_path}/gone")
    assert parent_of(head=FORKED) == os.getpid()


ENDINGS = {
    "os.abort()": "ended by SIGABRT",
    "os.kill(os.getpid(), 9)": "ended by SIGKILL (most often: memory ran out)",
    "raise SystemExit(4)": "exit status 4",
}
FORKED_ENDINGS = [(body, "failed", message) for body, message in ENDINGS.items()]


@pytest.mark.parametrize(
    ("body", "status", "message"), [*FORKED_ENDINGS, ("time.sleep(60)", "timeout", "time limit of 4 s")]
)
def test_however_a_forked_method_ends_it_is_a_row_with_the_reason_and_leaves_nothing(
    run, server, children, ends, body, status, message
):
    _, record = run(f"{CHILD}; {body}", head=FORKED, time_limit=4)
    assert statuses(record) == [status, status]
    assert all(message in item["message"] for item in record["items"])
    assert children()
    assert all(map(ends, children()))


def test_a_good_method_is_recorded_with_its_cost_and_origin(run):
    arrays, record = run("time.sleep(0.05); return Estimate(signal=problem.observed * params['strength'])")
    assert statuses(record) == ["ok", "ok"]
    assert all(item["seconds"] > 0 and item["peak_rss_mib"] > 10 for item in record["items"])
    assert all(item["warmup_seconds"] > 0 for item in record["items"])
    assert [item["data_sha256"] for item in record["items"]] == [64 * "a", 64 * "b"]
    assert len(record["run"]["code_sha256"]) == 64
    assert record["run"]["params"] == {"strength": 2}
    assert set(record["run"]) >= {"git_commit", "git_dirty", "cpu_name", "python", "torch", "started"}
    assert {item["device_name"] for item in record["items"]} == {"cpu"}
    answer = unpack(arrays, "b")
    assert answer.signal.shape == (6, 5)
    assert answer.signal.max() > 1


OUTCOMES = [
    ("fail(KeyError('why'))", "failed", "KeyError: 'why'"),
    ("fail(Skipped('no weights'))", "skipped", "no weights"),
    ("fail(Skipped)", "skipped", "the method gave no reason"),
    ("problem.observed", "failed", "returned numpy.ndarray, not an Estimate"),
    ("Estimate(signal=problem.observed[1:])", "failed", "returned shape (5, 5), where (6, 5) was asked for"),
    ("Estimate(signal=problem.observed * np.nan)", "nonfinite", "30 of 30 values are NaN or infinite"),
    ("Estimate(signal=problem.observed, iterations=12.5)", "failed", "12.5 as the number of iterations"),
    (
        "Estimate(signal=problem.observed, trace=[Snapshot(1, 0.1, 0.1, last=problem.observed[1:])])",
        "failed",
        "a trace whose `last` in place 0 is shape (5, 5)",
    ),
    ("fail(ValueError('a\\ud800b\\0c\\x1b'))", "failed", "ValueError: a\ufffdb\ufffdc\ufffd"),
    ("Estimate(signal=problem.observed)", "ok", ""),
    ("Estimate(signal=problem.observed, iterations=np.int64(12))", "ok", ""),
]


def test_a_bad_answer_is_a_row_with_the_reason_and_the_other_items_are_done(run):
    choices = ", ".join(f"lambda problem: {choice}" for choice, _, _ in OUTCOMES)
    head = f"def fail(error):\n    raise error\n\n\nCHOICES = [{choices}]\n"
    arrays, record = run("return CHOICES[int(problem.observed[0, 0])](problem)", head=head, items=len(OUTCOMES))
    for item, (_, status, message) in zip(record["items"], OUTCOMES, strict=True):
        assert item["status"] == status
        assert message in item["message"]
    assert [item["iterations"] for item in record["items"][-2:]] == [None, 12]
    assert set(arrays) == {"9/answer", "10/answer"}


@pytest.mark.parametrize(("body", "message"), ENDINGS.items())
def test_a_method_that_ends_its_process_is_a_row_with_the_reason(run, body, message):
    arrays, record = run(body)
    assert statuses(record) == ["failed", "failed"]
    assert all(message in item["message"] for item in record["items"])
    assert not arrays


def test_a_folder_that_a_method_goes_to_loses_nothing(run):
    arrays, record = run(f"os.makedirs('elsewhere', exist_ok=True); os.chdir('elsewhere'); {RETURN}")
    assert statuses(record) == ["ok", "ok"]
    assert set(arrays) == {"a/answer", "b/answer"}


def test_a_method_sees_what_the_problem_grants_and_nothing_of_other_items(run):
    body = "return Estimate(signal=np.full((6, 5), len(problem.granted) + problem.budget + problem.noise.sigma))"
    arrays, _ = run(body)
    assert [arrays[f"{name}/answer"][0, 0] for name in "ab"] == pytest.approx([40.1, 41.1])


CHILD = "child = subprocess.Popen(['sleep', '300']); open(os.environ['PID_FILE'], 'a').write(f'{child.pid} ')"


@pytest.fixture
def children(tmp_path, monkeypatch):
    """Return a way to list the processes that methods started, by `CHILD`."""
    path = tmp_path / "pids"
    monkeypatch.setenv("PID_FILE", str(path))
    return lambda: [int(number) for number in path.read_text().split()]


APART = CHILD.replace("'300']", "'300'], start_new_session=True")


def test_what_a_method_starts_in_a_session_of_its_own_ends_with_it_too(run, children, ends):
    _, record = run(f"{APART}; time.sleep(60 if problem.observed.min() > 1 else 0); {RETURN}", time_limit=8)
    assert statuses(record) == ["ok", "timeout"]
    run(f"{APART}; {RETURN}")
    assert len(children()) == 4
    assert all(map(ends, children()))


@pytest.mark.parametrize(("end", "status"), [(RETURN, "ok"), ("raise SystemExit(4)", "failed")])
def test_a_thread_that_a_method_leaves_behind_holds_nothing_up(run, end, status):
    _, record = run(f"import threading; threading.Thread(target=time.sleep, args=(300,)).start(); {end}", time_limit=50)
    assert set(statuses(record)) == {status}


@pytest.mark.parametrize(("body", "status"), [(RETURN, "ok"), ("os._exit(3)", "failed")])
def test_what_a_method_starts_ends_with_it(run, children, body, status, ends):
    _, record = run(f"{CHILD}; {body}")
    assert set(statuses(record)) == {status}
    assert children()
    assert all(map(ends, children()))


def test_a_time_limit_ends_the_run_with_all_that_it_started_and_keeps_the_finished_item(run, children, ends):
    body = f"{CHILD}; time.sleep(60 if problem.observed.min() > 1 else 0); {RETURN}"
    arrays, record = run(body, time_limit=8)
    assert statuses(record) == ["ok", "timeout"]
    assert "time limit of 8 s" in record["items"][1]["message"]
    assert set(arrays) == {"a/answer"}
    assert len(children()) == 2
    assert all(map(ends, children()))


def test_a_run_that_was_broken_off_leaves_nothing_beside_the_next_one(run, tmp_path):
    leftover = tmp_path / "run" / f"unfinished-{2**22 + 1}"  # no process has such a number
    leftover.mkdir(parents=True)
    run(RETURN)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["estimate.npz", "record.json"]


def test_a_method_that_cannot_be_imported_is_a_row_with_the_reason(run):
    _, record = run("pass", head='raise ImportError("no module of that name")')
    assert statuses(record) == ["failed", "failed"]
    assert record["items"][0]["message"] == "ImportError: no module of that name"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_a_row_that_says_what_to_do(run):
    assert available("auto") == "cpu"
    _, record = run(RETURN, device="cuda")
    assert statuses(record) == ["failed", "failed"]
    assert "set device to auto or cpu" in record["items"][0]["message"]


def test_the_memory_of_a_method_is_its_own_and_not_that_of_the_process_that_started_it(run):
    ballast = np.ones(2**25)  # 256 MiB
    _, record = run(RETURN)
    assert ballast.size
    assert 10 < record["items"][0]["peak_rss_mib"] < 200
    _, record = run("np.ones(2**25); return Estimate(signal=problem.observed)")
    assert record["items"][0]["peak_rss_mib"] > 256


def test_a_method_that_changes_while_it_runs_must_run_again(run, tmp_path):
    with pytest.raises(MethodChanged, match="changed while it ran"):
        run(f"open(__file__, 'a').write('\\nsolve_many = None\\n'); {RETURN}")
    assert not (tmp_path / "run" / "record.json").exists()


def test_a_comment_that_is_written_while_it_runs_changes_no_method(run):
    assert statuses(run(f"open(__file__, 'a').write('# done'); {RETURN}")[1]) == ["ok", "ok"]


def test_a_method_for_gpus_alone_is_skipped_on_a_cpu_with_the_reason(run):
    _, record = run(RETURN, head='DEVICES = {"cuda"}\n')
    assert statuses(record) == ["skipped", "skipped"]
    assert record["items"][0]["message"] == "it runs on cuda alone, and this run is on cpu"


def test_what_solve_many_did_to_its_problems_before_it_failed_is_undone(run):
    arrays, _ = run(
        "return Estimate(signal=problem.observed.copy())",
        head=f"{MANY}    problems[0].observed[...] = 7\n    raise ValueError('too late')\n",
    )
    np.testing.assert_allclose(arrays["a/answer"], load_arrays(Path("given.npz"))["a/observed"], rtol=1e-6)


def test_a_method_that_leaves_is_told_so(run, tmp_path):
    _, record = run("sys.exit(0)", head="import sys\n")
    assert record["items"][0]["message"].startswith("the method ended its process, with exit status 0")
    assert "sys.exit(0)" in (tmp_path / "log").read_text()


def test_a_missing_package_skips_the_run_with_the_reason(run):
    _, record = run(RETURN, requires="['no_such_package']")
    assert statuses(record) == ["skipped", "skipped"]
    assert "no_such_package, which is not installed" in record["items"][0]["message"]


def test_items_differ_in_their_seed_and_runs_do_not(run):
    body = "return Estimate(signal=np.random.default_rng(seed).random((6, 5)))"
    arrays, again = run(body)[0], run(body)[0]
    np.testing.assert_array_equal(arrays["a/answer"], again["a/answer"])
    assert np.abs(arrays["a/answer"] - arrays["b/answer"]).max() > 0.1


def test_a_killed_runner_takes_its_worker_along_and_leaves_no_output(tmp_path, run, ends):
    run("open(os.environ['PID_FILE'], 'w').write(str(os.getpid())); time.sleep(60)", time_limit=0.01)
    for path in (tmp_path / "run").iterdir():
        path.unlink()
    script = (
        "import json, sys; from pathlib import Path; from benchmark.methods import Run;"
        "from benchmark.runner import run_method; p = Path(sys.argv[1]); run = Run(**json.loads(sys.argv[2]));"
        "run_method(run, p/'given.npz', p/'facts.json', p/'run', p/'log', 60)"
    )
    pid_file = tmp_path / "pid"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PID_FILE": str(pid_file)}
    planned = json.dumps(asdict(replace(PLANNED, file=str(tmp_path / "method.py"))))
    runner = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), planned], env=environment)
    deadline = time.monotonic() + 60
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = int(pid_file.read_text())
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert ends(worker)
    assert not list((tmp_path / "run").glob("*.*"))


def test_items_of_equal_shape_and_rank_come_in_one_call_and_share_its_time(run):
    head = (
        f"{MANY}"
        "    time.sleep(0.4)\n"
        "    return [Estimate(signal=problem.observed + len(problems)) for problem in problems]\n"
    )
    arrays, record = run("raise AssertionError", head=head)
    assert statuses(record) == ["ok", "ok"]
    assert arrays["a/answer"].min() > 2
    assert arrays["b/answer"].min() > 3
    first, second = (item["seconds"] for item in record["items"])
    assert first == second > 0


def test_a_batch_that_fails_is_done_item_by_item(run):
    head = f"{MANY}    raise ValueError('one of them is bad')\n"
    body = "assert problem.observed.max() < 1, 'too bright'; return Estimate(signal=problem.observed)"
    arrays, record = run(body, head=head)
    assert statuses(record) == ["ok", "failed"]
    assert record["items"][1]["message"] == "AssertionError: too bright"
    assert "a/answer" in arrays


def test_iterations_of_one_item_of_a_batch_are_no_other_s(run):
    head = (
        f"{MANY}"
        "    good, bad = (problem.observed for problem in problems)\n"
        "    return [Estimate(signal=good, iterations=7), Estimate(signal=bad * np.nan, iterations=9)]\n"
    )
    _, record = run("raise AssertionError", head=head)
    assert [(item["status"], item["iterations"]) for item in record["items"]] == [("ok", 7), ("nonfinite", None)]


def test_too_few_answers_of_a_batch_are_none_and_it_is_done_item_by_item(run):
    head = f"{MANY}    return [Estimate(signal=problems[0].observed)]\n"
    arrays, record = run("return Estimate(signal=problem.observed + 10)", head=head)
    assert statuses(record) == ["ok", "ok"]
    assert min(own.min() for own in arrays.values()) > 10
    body = "raise ValueError('alone it cannot be solved')"
    assert [item["message"] for item in run(body, head=head)[1]["items"]] == 2 * [
        "ValueError: alone it cannot be solved"
    ]


def test_a_batch_that_is_skipped_is_skipped_for_all(run):
    head = f"{MANY}    raise Skipped\n"
    _, record = run(RETURN, head=head)
    assert [(item["status"], item["message"]) for item in record["items"]] == 2 * [
        ("skipped", "the method gave no reason")
    ]
