"""The command line: what it reads, what it writes, and what it refuses."""

import subprocess
import sys

import h5py
import nibabel
import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from deeptensor.__main__ import STOPPING, main
from deeptensor.loop import State
from deeptensor.reading import read_array

QUICK = "--iterations 3 --channels 4 --scales 1".split()


@pytest.fixture(scope="module")
def matrix():
    rng = np.random.default_rng(0)
    return rng.random((9, 2)) @ rng.random((2, 7))


@pytest.fixture
def source(tmp_path, matrix):
    np.save(tmp_path / "data.npy", matrix)
    return tmp_path / "data.npy"


def run(*arguments):
    return main([*QUICK, *map(str, arguments)])


def refused(capsys, *arguments):
    """Return the one line in which a run was refused."""
    try:
        status = run(*arguments)
    except SystemExit as exit:
        status = exit.code
    assert status == 2
    error = capsys.readouterr().err
    assert error.startswith("deeptensor: error: ")
    assert error.count("\n") == 1
    return error


def test_output_lies_beside_the_input_and_holds_factors_that_make_the_reconstruction(source, matrix, capsys):
    assert run(source, "--rank", 2) == 0
    with np.load(source.with_name("data.deeptensor.npz")) as output:
        assert set(output) == set(
            "factor_0 factor_1 reconstruction loss best_iteration stop_iteration stop_reason".split()
        )
        assert output["factor_0"].shape == (9, 2)
        np.testing.assert_allclose(output["factor_0"] @ output["factor_1"].T, output["reconstruction"], atol=1e-5)
        assert output["loss"].shape == (3,)
        assert output["best_iteration"] == 1 + output["loss"].argmin()
        error = np.linalg.norm(matrix - output["reconstruction"]) / np.linalg.norm(matrix)
        reason = str(output["stop_reason"])
    summary = capsys.readouterr().out
    assert summary.count("\n") == 1
    assert f"relative error {error:.4g}; " in summary
    assert reason in summary
    assert "data.deeptensor.npz" in summary


def test_a_fit_reproduces_a_low_rank_matrix(source):
    assert main([str(source), *"--rank 2 --iterations 300 --channels 16 --scales 1 --learning-rate 1e-2".split()]) == 0
    with np.load(source.with_name("data.deeptensor.npz")) as output:
        matrix = np.load(source)
        residual = np.linalg.norm(matrix - output["reconstruction"])
    assert residual < 0.3 * np.linalg.norm(matrix - matrix.mean())


def test_module_runs_as_a_program(source):
    command = [sys.executable, "-m", "deeptensor", str(source), "--rank", "2", *QUICK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "relative error" in done.stdout
    again = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert again.returncode == 2
    assert again.stderr.startswith("deeptensor: error: ")
    assert "Traceback" not in again.stderr


def test_seed_decides_the_answer(source, tmp_path):
    answers = []
    for number, seed in enumerate((5, 5, 6)):
        output = tmp_path / f"{number}.npz"
        assert run(source, "--rank", 2, "--seed", seed, "--output", output) == 0
        answers.append(np.load(output)["reconstruction"])
    assert np.array_equal(answers[0], answers[1])
    assert not np.allclose(answers[0], answers[2])


def test_normalised_answer_scales_with_the_data_and_the_other_does_not(matrix, tmp_path):
    answers = {}
    for factor in (1, 1024):
        for option in ("--normalise", "--no-normalise"):
            np.save(tmp_path / "data.npy", factor * matrix)
            assert run(tmp_path / "data.npy", "--rank", 2, option, "--force") == 0
            answers[factor, option] = np.load(tmp_path / "data.deeptensor.npz")["reconstruction"]
    np.testing.assert_allclose(answers[1024, "--normalise"], 1024 * answers[1, "--normalise"], rtol=1e-4)
    assert np.abs(answers[1024, "--no-normalise"]).max() < 512 * np.abs(answers[1, "--no-normalise"]).max()


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_single_array_of_a_file_needs_no_key(suffix, matrix, tmp_path):
    write = np.savez if suffix == ".npz" else lambda path, **arrays: scipy.io.savemat(path, arrays)
    write(tmp_path / f"one{suffix}", cube=matrix)
    assert np.array_equal(read_array(tmp_path / f"one{suffix}"), matrix)


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_of_several_arrays_the_key_chooses_and_errors_list_them(suffix, matrix, tmp_path, capsys):
    write = np.savez if suffix == ".npz" else lambda path, **arrays: scipy.io.savemat(path, arrays)
    path = tmp_path / f"two{suffix}"
    write(path, first=matrix, second=2 * matrix)
    assert np.array_equal(read_array(path, "second"), 2 * matrix)
    assert "set --key to say which array is meant; the file holds first (9, 7), second (9, 7)" in refused(
        capsys, path, "--rank", 2
    )
    assert "no array 'third'; the file holds first (9, 7), second (9, 7)" in refused(
        capsys, path, "--rank", 2, "--key", "third"
    )


def test_mat_files_of_both_kinds_keep_the_order_of_the_axes(tmp_path):
    cube = np.arange(24.0).reshape(2, 3, 4)
    scipy.io.savemat(tmp_path / "old.mat", {"cube": cube, "wavelength": 5.0, "name": "test"})
    with h5py.File(tmp_path / "new.mat", "w", userblock_size=512) as file:
        file["cube"] = cube.T
    # What MATLAB writes in front, from which SciPy tells the version: 7.3 is 2.
    with (tmp_path / "new.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    for name in ("old.mat", "new.mat"):
        assert np.array_equal(read_array(tmp_path / name), cube)


def test_mat_output_is_read_by_scipy(source, tmp_path):
    output = tmp_path / "answer.mat"
    assert run(source, "--rank", 2, "--output", output) == 0
    contents = scipy.io.loadmat(output, squeeze_me=True)
    np.testing.assert_allclose(contents["factor_0"] @ contents["factor_1"].T, contents["reconstruction"], atol=1e-5)
    assert contents["stop_reason"]


def test_volume_of_a_scan_is_chosen_and_their_number_told(tmp_path, capsys):
    voxels = np.random.default_rng(0).random((4, 3, 2, 5)).astype(np.float32)
    nibabel.Nifti1Image(voxels, np.eye(4)).to_filename(tmp_path / "scan.nii")
    assert "holds 5 volumes of (4, 3, 2); say which by --volume, 0 to 4" in refused(
        capsys, tmp_path / "scan.nii", "--rank", 2
    )
    output = tmp_path / "answer.npz"
    assert run(tmp_path / "scan.nii", "--rank", 2, "--volume", 3, "--output", output) == 0
    assert np.load(output)["reconstruction"].shape == (4, 3, 2)


def test_folder_of_images_is_a_cube(tmp_path, monkeypatch):
    folder = tmp_path / "bands"
    folder.mkdir()
    for number in range(3):
        image = np.random.default_rng(number).integers(0, 256, (6, 5), dtype=np.uint8)
        Image.fromarray(image).save(folder / f"band_{number}.png")
    (folder / "._band_0.png").write_bytes(b"what macOS lays beside a file")
    assert run(folder, "--rank", 2) == 0
    output = tmp_path / "bands.deeptensor.npz"
    assert np.load(output)["reconstruction"].shape == (6, 5, 3)
    output.unlink()
    monkeypatch.chdir(folder)
    assert run(".", "--rank", 2) == 0
    assert output.exists()


def test_tucker_takes_ranks_and_groups_of_axes(tmp_path):
    np.save(tmp_path / "cube.npy", np.random.default_rng(0).random((6, 5, 7)))
    arguments = ["--structure", "tucker", "--rank", "3,2", "--modes", "0,1;2"]
    assert run(tmp_path / "cube.npy", *arguments) == 0
    with np.load(tmp_path / "cube.deeptensor.npz") as output:
        assert output["factor_0"].shape == (6, 5, 3)
        assert output["core"].shape == (3, 2)
        assert output["reconstruction"].shape == (6, 5, 7)


def test_left_out_rank_and_share_of_the_energy_are_those_of_svd(tmp_path, capsys):
    U, V = (np.linalg.qr(np.random.default_rng(n).standard_normal((size, 3)))[0] for n, size in ((0, 40), (1, 30)))
    noise = 0.01 * np.random.default_rng(2).standard_normal((40, 30))
    np.save(tmp_path / "matrix.npy", (U * [8.0, 6.0, 5.0]) @ V.T + noise)
    # Of the energy, 64 + 36 + 25, the first holds 51 %, the first two 80 %.
    for option, rank in (((), 3), (("--rank", 0.5), 1), (("--rank", 0.75), 2), (("--rank", 0.9), 3)):
        assert run(tmp_path / "matrix.npy", *option, "--force") == 0
        assert capsys.readouterr().out.startswith(f"rank {rank}; relative error ")
        with np.load(tmp_path / "matrix.deeptensor.npz") as output:
            assert output["factor_0"].shape == (40, rank)


def test_ranks_are_chosen_for_each_group_of_axes(tmp_path, capsys):
    U, V, W = (np.linalg.qr(np.random.default_rng(n).standard_normal((size, 2)))[0] for n, size in enumerate((9, 8, 7)))
    # Along the last axis both terms have one direction, so that the unfolding has rank 1.
    np.save(tmp_path / "cube.npy", np.einsum("ir,jr,k->ijk", U * [5, 4], V, W[:, 0]))
    axes = ("--modes", "0;1;2", "--force")
    for options, rank in (
        (("--rank", "0.99"), "1"),
        (("--rank", "0.99", *axes), "2"),
        (("--rank", "0.99,2,0.99", "--structure", "tucker", *axes), "2,2,1"),
        (("--rank", "0.99", "--structure", "tucker", *axes), "2,2,1"),
    ):
        assert run(tmp_path / "cube.npy", *options) == 0
        assert capsys.readouterr().out.startswith(f"rank {rank}; ")


def test_symmetric_factors_are_equal(tmp_path):
    np.save(tmp_path / "square.npy", np.eye(8))
    assert run(tmp_path / "square.npy", "--structure", "symmetric", "--rank", 2) == 0
    with np.load(tmp_path / "square.deeptensor.npz") as output:
        assert np.array_equal(output["factor_0"], output["factor_1"])


@pytest.mark.parametrize("activation", ["softplus", "abs", "relu"])
def test_nonnegative_factors_are_so(activation, source, tmp_path):
    output = tmp_path / "answer.npz"
    assert run(source, "--rank", 2, "--nonnegative", activation, "--output", output) == 0
    contents = np.load(output)
    assert all(contents[f"factor_{number}"].min() >= 0 for number in (0, 1))
    assert contents["factor_0"].max() > 0


@pytest.mark.parametrize("rule", STOPPING)
def test_every_stopping_rule_can_be_named(rule, source):
    # The variances of iterates need a hundred of them.
    assert run(source, "--rank", 2, "--stopping", rule, "--iterations", 110) == 0


@pytest.mark.parametrize("network", ["skip", "decoder", "mlp"])
def test_every_network_can_be_named(network, source):
    assert run(source, "--rank", 2, "--network", network, "--loss", "l1", "--device", "cpu") == 0


@pytest.mark.parametrize(("option", "value", "least"), [("--seed", -1, 0), ("--seed", 0.5, 0), ("--threads", 0, 1)])
def test_numbers_that_can_be_none_are_refused_by_the_name_of_the_option(source, capsys, option, value, least):
    said = f"argument {option}: '{value}' is no whole number of at least {least}"
    assert said in refused(capsys, source, "--rank", 2, option, value)


def test_existing_output_is_refused_before_the_fit_and_overwritten_by_force(source, capsys):
    output = source.with_name("data.deeptensor.npz")
    output.write_text("mine")
    # A fit of so many iterations would not end.
    assert main([str(source), "--rank", "2", "--iterations", "1000000000"]) == 2
    assert "exists" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert run(source, "--rank", 2, "--force") == 0
    assert "factor_0" in np.load(output)
    assert [path.name for path in sorted(source.parent.iterdir())] == ["data.deeptensor.npz", "data.npy"]


def test_fit_goes_on_from_its_checkpoint(source, monkeypatch):
    checkpoint = source.with_name("state")

    def stop_after_saving(state, path, fingerprint):
        save(state, path, fingerprint)
        raise KeyboardInterrupt

    save = State.save
    # A state is kept after each iteration; the first run is interrupted by that.
    monkeypatch.setattr("deeptensor.loop.SECONDS_BETWEEN_CHECKPOINTS", 0)
    monkeypatch.setattr(State, "save", stop_after_saving)
    assert run(source, "--rank", 2, "--checkpoint", checkpoint) == 130
    monkeypatch.setattr(State, "save", save)
    assert run(source, "--rank", 2, "--checkpoint", checkpoint) == 0
    continued = np.load(source.with_name("data.deeptensor.npz"))["loss"]
    assert run(source, "--rank", 2, "--force") == 0
    assert np.array_equal(continued, np.load(source.with_name("data.deeptensor.npz"))["loss"])
    assert not checkpoint.exists()


def test_interrupted_fit_says_how_to_go_on(source, monkeypatch, capsys):
    def interrupted(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("deeptensor.__main__.scaled_fit", interrupted)
    checkpoint = source.with_name("state")
    assert run(source, "--rank", 2, "--checkpoint", checkpoint) == 130
    assert "--checkpoint PATH would have kept the state" in capsys.readouterr().err
    checkpoint.touch()
    assert run(source, "--rank", 2, "--checkpoint", checkpoint) == 130
    assert "run the same command again" in capsys.readouterr().err


def test_weights_tell_what_is_observed(tmp_path, matrix, capsys):
    observed = np.random.default_rng(0).random(matrix.shape) < 0.7
    np.save(tmp_path / "gaps.npy", np.where(observed, matrix, np.nan))
    np.savez(tmp_path / "two.npz", mask=observed, other=np.ones((9, 7)))
    scipy.io.savemat(tmp_path / "one.mat", {"weights": observed.astype(float)})
    answers = []
    for option in (["--mask", tmp_path / "two.npz", "--weights-key", "mask"], ["--weights", tmp_path / "one.mat"]):
        assert run(tmp_path / "gaps.npy", "--rank", 2, "--force", *option) == 0
        answers.append(np.load(tmp_path / "gaps.deeptensor.npz")["reconstruction"])
        error = np.linalg.norm((matrix - answers[-1])[observed]) / np.linalg.norm(matrix[observed])
        assert f"relative error {error:.4g}; " in capsys.readouterr().out
    assert np.isfinite(answers[0]).all()
    np.testing.assert_array_equal(*answers)
    assert "two.npz cannot be read: set --weights-key to say which array is meant" in refused(
        capsys, tmp_path / "gaps.npy", "--rank", 2, "--mask", tmp_path / "two.npz", "--force"
    )
    np.save(tmp_path / "short.npy", np.ones(3))
    wrong = refused(capsys, tmp_path / "gaps.npy", "--rank", 2, "--mask", tmp_path / "short.npy", "--force")
    assert "weights must have the shape (9, 7)" in wrong


def test_threads_are_those_that_are_asked_for(source, monkeypatch, capsys):
    monkeypatch.delenv("OMP_NUM_THREADS")
    before, used, advance = torch.get_num_threads(), [], State.advance

    def advance_and_tell(state, task):
        used.append(torch.get_num_threads())
        return advance(state, task)

    monkeypatch.setattr(State, "advance", advance_and_tell)
    monkeypatch.setattr("deeptensor.fit.THREADS_AT_FIRST", 2)
    try:
        torch.set_num_threads(2)
        assert run(source, "--rank", 2) == 0
        assert set(used) == {1}
        assert run(source, "--rank", 2, "--threads", 2, "--force") == 0
        assert used[-1] == 2
    finally:
        torch.set_num_threads(before)
    assert "'0' is no whole number of at least 1" in refused(capsys, source, "--rank", 2, "--threads", 0)


def test_progress_is_shown_where_asked_for(source, capfd):
    assert run(source, "--rank", 2, "--progress") == 0
    assert "3/3" in capfd.readouterr().err


def test_bad_files_and_options_are_refused_in_one_line(source, matrix, tmp_path, capsys):
    (tmp_path / "text.csv").write_text("1,2")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "broken.mat").write_bytes(b"x" * 200)
    (tmp_path / "objects.npy").write_bytes(b"")
    np.savez(tmp_path / "none.npz")
    np.save(tmp_path / "gaps.npy", np.where(matrix > 0.5, np.nan, matrix))
    np.save(tmp_path / "complex.npy", matrix + 1j)
    np.save(tmp_path / "line.npy", np.ones(5))
    assert "does not exist" in refused(capsys, tmp_path / "missing.npy", "--rank", 2)
    assert "no reader of '.csv' files; give .mat, " in refused(capsys, tmp_path / "text.csv", "--rank", 2)
    for name in ("broken.npz", "broken.mat", "objects.npy"):
        assert name in refused(capsys, tmp_path / name, "--rank", 2)
    assert "the file holds no arrays of numbers" in refused(capsys, tmp_path / "none.npz", "--rank", 2)
    gaps = refused(capsys, tmp_path / "gaps.npy", "--rank", 2)
    assert "gaps.npy has NaN or infinite entries: leave them out by --mask" in gaps
    assert "complex" in refused(capsys, tmp_path / "complex.npy", "--rank", 2)
    assert "axes" in refused(capsys, tmp_path / "line.npy", "--rank", 2)
    for rank in ("0", "-1", "1.5", "1.0", "0.0", "two", "nan", "2,", "3,two"):
        wrong = rank.split(",")[-1]
        assert f"--rank: {wrong!r} is neither a whole number" in refused(capsys, source, f"--rank={rank}")
    assert "several ranks (2, 2) are for" in refused(capsys, source, "--rank", "2,2")
    assert "--rank takes one" in refused(capsys, source, "--rank", "0.9,0.9")
    tucker = ("--structure", "tucker")
    assert "with --structure tucker 2, not 3" in refused(capsys, source, *tucker, "--rank", "0.9,2,2")
    assert "whole number where there are weights" in refused(capsys, source, "--weights", source)
    assert "--modes" in refused(capsys, source, "--rank", 2, "--modes", "a;b")
    assert "modes" in refused(capsys, source, "--rank", 2, "--modes", "1;0")
    assert "leave out the key" in refused(capsys, source, "--rank", 2, "--key", "x")
    assert "unknown suffix" in refused(capsys, source, "--rank", 2, "--output", tmp_path / "answer.csv")
    assert "create it first" in refused(capsys, source, "--rank", 2, "--output", tmp_path / "no" / "answer.npz")
    assert "torch" in refused(capsys, source, "--rank", 2, "--device", "toaster")
    assert "cuda:99" in refused(capsys, source, "--rank", 2, "--device", "cuda:99")
    npz = tmp_path / "same.npz"
    np.savez(npz, matrix)
    assert "is the input" in refused(capsys, npz, "--rank", 2, "--output", npz, "--force")
