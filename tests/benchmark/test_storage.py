"""Estimates and items survive the disk, and files appear whole or not at all."""

import errno
import os
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmark.contract import Estimate, Item, Snapshot, compose
from benchmark.report.style import save as save_figure
from benchmark.report.tables import write
from benchmark.storage import (
    Unusable,
    folder_written_whole,
    load_arrays,
    load_json,
    pack,
    pack_item,
    parts_of,
    save_arrays,
    save_json,
    sha256_of_array,
    sha256_of_items,
    unpack,
    unpack_item,
    written_whole,
)

RNG = np.random.default_rng(0)
U, V = RNG.standard_normal((7, 6, 3)), RNG.standard_normal((5, 3))


def test_factors_and_trace_survive_the_disk(tmp_path):
    trace = [Snapshot(i, i / 7, 1 / i, last=(U * i, V), average=(U, V)) for i in (1, 10)]
    save_arrays(tmp_path / "e.npz", pack(Estimate(factors=(U, V), trace=trace), "a"))
    back = unpack(load_arrays(tmp_path / "e.npz"), "a")
    assert back.signal is None
    assert back.parts is None
    np.testing.assert_allclose(compose(back.factors), compose((U, V)), rtol=1e-5, atol=1e-5)
    assert [snapshot.iteration for snapshot in back.trace] == [1, 10]
    assert back.trace[1].seconds == pytest.approx(10 / 7)
    assert back.trace[1].loss == pytest.approx(0.1)
    np.testing.assert_allclose(compose(back.trace[1].last), compose((U * 10, V)), rtol=0, atol=0.2)


@pytest.mark.parametrize("scale", [1e-9, 1e5, 1e6])
def test_factors_beyond_the_range_of_half_precision_survive_in_the_trace(scale):
    factors = U * scale, V / scale
    back = unpack(pack(Estimate(factors=factors, trace=[Snapshot(1, 0.0, 0.0, last=factors)]), "a"), "a")
    np.testing.assert_allclose(compose(back.trace[0].last), compose((U, V)), rtol=0, atol=0.02)


def test_half_precision_snapshots_cost_less_than_a_hundredth_of_a_decibel():
    clean = np.abs(compose((U, V))) / np.abs(compose((U, V))).max()
    left, values, right = np.linalg.svd(clean.reshape(42, 5) + 0.01 * RNG.standard_normal((42, 5)))
    factors = (left[:, :3] * values[:3]), right[:3].T
    estimate = Estimate(factors=factors, trace=[Snapshot(1, 0.0, 0.0, last=factors)])
    packed = unpack(pack(estimate, "a"), "a")

    def psnr(value):
        return -10 * np.log10(np.mean((compose(value) - clean.reshape(42, 5)) ** 2))

    assert psnr(packed.trace[0].last) == pytest.approx(psnr(factors), abs=0.01)


def test_signals_survive_too():
    signal = compose((U, V))
    estimate = Estimate(signal=signal, trace=[Snapshot(3, 0.1, 0.2, last=signal)])
    back = unpack(pack(Estimate(signal=-signal), "b") | pack(estimate, "a"), "a")
    np.testing.assert_array_equal(back.signal, signal.astype(np.float32))
    assert back.factors is None
    assert back.trace[0].average is None


def test_parts_survive_by_name_in_answer_and_trace(tmp_path):
    parts = {"low": compose((U, V)), "means/by band": np.arange(5.0)}
    estimate = Estimate(parts=parts, trace=[Snapshot(3, 0.1, 0.2, last=parts, average={"low": parts["low"]})])
    save_arrays(tmp_path / "e.npz", pack(estimate, "a"))
    back = unpack(load_arrays(tmp_path / "e.npz"), "a")
    assert back.signal is None
    assert back.factors is None
    for answer in (back.parts, back.trace[0].last):
        assert set(answer) == set(parts)
        np.testing.assert_allclose(answer["low"], parts["low"], atol=0.01)
        np.testing.assert_array_equal(answer["means/by band"], np.arange(5))
    assert set(back.trace[0].average) == {"low"}


def test_long_traces_and_many_factors_keep_their_order():
    trace = [Snapshot(i, i, i, last=np.ones(1)) for i in range(1100)]
    assert [s.iteration for s in unpack(pack(Estimate(signal=np.ones(1), trace=trace), "a"), "a").trace] == [
        *range(1100)
    ]
    factors = tuple(np.full((2, 1), number) for number in range(12))
    assert [own[0, 0] for own in unpack(pack(Estimate(factors=factors), "a"), "a").factors] == [*range(12)]


@pytest.mark.parametrize("labels", [["cat", "dog", "tree"], np.array([3, 1, 2])])
def test_an_item_survives_with_what_belongs_to_it(tmp_path, labels):
    signal = RNG.random((3, 4, 2))
    item = Item("faces", signal, rank=2, signed=True, extras={"labels": labels, "places": np.eye(3)})
    save_arrays(tmp_path / "items.npz", pack_item(Item("other", -signal)) | pack_item(item))
    facts = {"name": "faces", "rank": 5, "budget": 70, "signed": True}
    back = unpack_item(load_arrays(tmp_path / "items.npz"), facts)
    assert (back.name, back.rank, back.budget, back.signed) == ("faces", 5, 70, True)
    np.testing.assert_array_equal(back.signal, signal.astype(np.float32))
    assert back.signal.dtype == np.float32
    assert set(back.extras) == {"labels", "places"}
    np.testing.assert_array_equal(back.extras["labels"], labels)


def test_the_arrays_of_an_item_are_not_those_of_another_whose_name_starts_alike():
    arrays = {"a/x": np.ones(1), "a/y/z": np.ones(2), "ab/x": np.ones(3), "a": np.ones(4)}
    assert {name: own.size for name, own in parts_of(arrays, "a").items()} == {"x": 1, "y/z": 2}


def full_disk(path):
    path.write_text("half")
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("before", [None, 3])
def test_an_error_while_writing_leaves_the_old_file_and_no_partial_one(tmp_path, before):
    path = tmp_path / "deep" / "a.npz"
    if before:
        save_arrays(path, {"x": np.ones(before)})
    with pytest.raises(OSError, match="No space"), written_whole(path) as partial:
        full_disk(partial)
    assert [own.name for own in path.parent.iterdir()] == (["a.npz"] if before else [])
    if before:
        np.testing.assert_array_equal(load_arrays(path)["x"], np.ones(before))


def noise_drawn() -> Figure:
    """Return a figure of many points."""
    figure = Figure()
    figure.subplots().imshow(RNG.random((300, 300)), interpolation="nearest")
    figure.subplots().plot(RNG.random(5000))
    return figure


WRITERS = {
    "a.npz": lambda path: save_arrays(path, {"x": RNG.random(40_000)}),
    "a.json": lambda path: save_json(path, {"x": 40_000 * "x"}),
    "a.csv": lambda path: write(pd.DataFrame(RNG.random((20_000, 2))), path),
    "a.parquet": lambda path: write(pd.DataFrame(RNG.random((20_000, 2)), columns=["a", "b"]), path),
    "a.svg": lambda path: save_figure(noise_drawn(), path),
    "a.webp": lambda path: save_figure(noise_drawn(), path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_has_no_room_on_the_disk_is_an_error_that_says_so_and_leaves_what_was_there(small_disk, name):
    path = small_disk / name
    path.write_text("before")
    (small_disk / "full").write_bytes(bytes(5 * 2**20 - 4 * 2**12))
    with pytest.raises(OSError, match="No space left on device") as error:
        WRITERS[name](path)
    assert error.value.errno == errno.ENOSPC
    assert path.read_text() == "before"
    assert sorted(own.name for own in small_disk.iterdir()) == sorted([name, "full"])
    (small_disk / "full").unlink()
    WRITERS[name](path)
    assert path.stat().st_size > 10_000


def test_a_folder_is_replaced_whole_or_stays_as_it_was(small_disk):
    folder = small_disk / "kept"
    (folder / "old").mkdir(parents=True)
    (small_disk / ".kept.partial" / "of a process that was killed").mkdir(parents=True)
    (small_disk / "new").write_bytes(bytes(3 * 2**20))
    with pytest.raises(OSError, match="No space"), folder_written_whole(folder) as partial:
        shutil.copytree(small_disk, partial, ignore=shutil.ignore_patterns(".*"))
    (small_disk / "new").unlink()
    assert [path.name for path in small_disk.rglob("*")] == ["kept", "old"]
    with folder_written_whole(folder) as partial:
        partial.mkdir()
        (partial / "new").touch()
    assert [path.name for path in small_disk.rglob("*")] == ["kept", "new"]


def test_a_folder_is_there_after_an_end_between_taking_away_the_old_and_putting_the_new(tmp_path, monkeypatch):
    folder, moves = tmp_path / "kept", []
    (folder / "old").mkdir(parents=True)

    def second_move_fails(source, target):
        moves.append(source)
        if len(moves) == 2:
            raise KeyboardInterrupt
        os.rename(source, target)

    monkeypatch.setattr(os, "replace", second_move_fails)
    with pytest.raises(KeyboardInterrupt), folder_written_whole(folder) as partial:
        (partial / "new").mkdir(parents=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "old"]
    folder.rename(tmp_path / ".kept.before")  # as a process leaves it that is killed there
    (tmp_path / ".kept.partial").mkdir()
    with pytest.raises(ValueError, match="again"), folder_written_whole(folder):
        raise ValueError("again")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "old"]


@pytest.mark.parametrize(("save", "name"), [(save_arrays, "a.npz"), (save_json, "a.json")])
def test_what_cannot_be_written_leaves_nothing(tmp_path, save, name):
    with pytest.raises(TypeError):
        save(tmp_path / name, {"fine": 1, "wrong": Unreadable()})
    assert list(tmp_path.iterdir()) == []


class Unreadable:
    """Something of which no array and no JSON can be made."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError


def test_json_survives(tmp_path):
    save_json(tmp_path / "a.json", {"items": [1, None, "ü"]})
    assert load_json(tmp_path / "a.json") == {"items": [1, None, "ü"]}


DAMAGE = {
    "half": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "no text": lambda content: b"\xff" * len(content),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("read", [load_arrays, load_json, sha256_of_items])
def test_a_damaged_file_is_an_error_that_names_it_and_a_line_that_deletes_it(tmp_path, read, damage):
    path = tmp_path / "the user's own" / "a"
    path.parent.mkdir()
    save_arrays(path.with_suffix(".npz"), {"a/x": np.arange(6.0)})
    save_json(path.with_suffix(".json"), {"items": [1, None, "ü"]})
    path = path.with_suffix(".json" if read is load_json else ".npz")
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with pytest.raises(Unusable) as error:
        read(path)
    said, line = str(error.value).rsplit("\n", 1)
    assert said.startswith(f"{path} cannot be read: ")
    assert shlex.split(line) == ["rm", str(path)]


@pytest.mark.parametrize("read", [load_arrays, load_json, sha256_of_items])
def test_a_file_that_is_not_there_is_not_said_to_be_damaged(tmp_path, read):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "a")


def test_the_digest_tells_values_shapes_and_types_apart():
    x = np.arange(6.0)
    others = [x + 1e-9, x.reshape(2, 3), x.astype(np.float32)]
    assert len({sha256_of_array(a) for a in [x, *others]}) == 4
    assert sha256_of_array(np.asfortranarray(x.reshape(2, 3))) == sha256_of_array(x.reshape(2, 3))


def test_compose_equals_the_sum_of_outer_products():
    A, B, C = (RNG.standard_normal((n, 4)) for n in (3, 5, 2))
    np.testing.assert_allclose(compose((A, B, C)), np.einsum("ir,jr,kr->ijk", A, B, C))
    np.testing.assert_allclose(compose((U, V)), np.einsum("ijr,kr->ijk", U, V))
    assert compose((A, B)).shape == (3, 5)
