"""Where runs come from: the commit, and whether the sources are its own."""

import subprocess

import pytest

from benchmark.provenance import git_state


@pytest.fixture
def checkout(tmp_path):
    """Return a checkout of one commit with one method."""
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "svd.py").write_text("RANK = 3\n")
    author = ["-c", "user.name=Doe", "-c", "user.email=doe@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message", "Start"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    return tmp_path


def test_what_lies_beside_the_sources_makes_no_run_doubtful(checkout):
    (checkout / "run.log").write_text("Job 1\n")
    (checkout / "part.yaml").write_text("profile: mine\n")
    state = git_state(checkout)
    assert (len(state["git_commit"]), state["git_dirty"]) == (40, False)


@pytest.mark.parametrize("name", ["baselines/svd.py", "baselines/new.py", "deeptensor/fit.py"])
def test_a_source_that_is_changed_or_new_does(checkout, name):
    (checkout / name).parent.mkdir(exist_ok=True)
    (checkout / name).write_text("RANK = 4\n")
    assert git_state(checkout)["git_dirty"]


def test_outside_git_nothing_is_known(tmp_path):
    assert git_state(tmp_path) == {"git_commit": None, "git_dirty": None}
