"""Data that cannot be used ends its own branch of the DAG with a clear message; the rest goes on."""

import numpy as np
import scipy.io


def test_each_bad_cube_is_named_with_what_is_wrong_and_the_good_one_is_scored(tree):
    good = np.random.default_rng(0).random((16, 12, 8))
    holed, infinite = good.copy(), good.copy()
    holed[3, 4, 5], infinite[0, 0, 0] = np.nan, np.inf
    cubes = {"good": good, "holed": holed, "constant": np.full_like(good, 0.5), "flat": good[..., 0]}
    datasets = {name: {"file": "cube", "rank": 2, "params": {"path": f"{name}.npy"}} for name in cubes}
    for name, cube in cubes.items():
        np.save(tree.path / f"{name}.npy", cube)
    scipy.io.savemat(tree.path / "scene.mat", {"hypercube": good, "infinite": infinite})
    for key in ("hypercub", "infinite"):
        datasets[key] = {"file": "cube", "rank": 2, "params": {"path": "scene.mat", "key": key}}
    datasets["deep"] = {"file": "cube", "rank": 97, "params": {"path": "good.npy"}}
    datasets["absent"] = {"file": "cube", "rank": 2, "params": {"path": "nowhere.npy"}}
    tree.configure({"datasets": [name for name in datasets if name != "absent"], "methods": ["svd"]}, datasets=datasets)

    status, output = tree.snakemake()

    assert status != 0
    runs = tree.path / "results" / "test" / "runs"
    assert [path.parts[-5] for path in runs.glob("*/*/*/*/*/scores.csv")] == ["good"]
    for message in (
        "1 of 1536 values, the first at index (3, 4, 5), are NaN or infinite",
        "1 of 1536 values, the first at index (0, 0, 0), are NaN or infinite",
        "a constant signal tells no methods apart",
        "flat.npy: an array of shape (16, 12) is no cube",
        "scene.mat cannot be read: no array 'hypercub'; the file holds hypercube (16, 12, 8), infinite (16, 12, 8)",
        "rank 97 does not fit item 'good' of shape (16, 12, 8): choose a rank from 1 to 96",
    ):
        assert message in output


def test_a_file_that_is_not_there_is_named_before_anything_runs(tree):
    tree.configure(
        {"datasets": ["absent"]}, datasets={"absent": {"file": "cube", "rank": 2, "params": {"path": "nowhere.npy"}}}
    )
    status, output = tree.snakemake("--dry-run")
    assert status != 0
    assert "nowhere.npy" in output
