"""Data of one's own, and data that come from elsewhere: read in every format, refused by name, fetched once."""

import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import scipy.io
import skimage.io

from benchmark.storage import load_json

ROOT = Path(__file__).parents[2]
# In two orders, of which one is natural: band_10 after band_9.
BANDS = 12
FORMATS = {
    "mat": {"path": "scene.mat", "key": "hypercube"},
    "npz": {"path": "scene.npz", "key": "hypercube"},
    "npy": {"path": "cube.npy"},
    "folder": {"path": "bands"},
}
PREPARED = [f"results/test/data/formats/{name}/facts.json" for name in FORMATS]
PREPARED += ["results/test/data/people/faces/facts.json"]
BAD = {
    "holed": ({"path": "holed.npy"}, "1 of 2304 values, the first at index (3, 4, 5), are NaN or infinite"),
    "flat": ({"path": "flat.npy"}, "flat.npy: an array of shape (16, 12) is no cube"),
    "keyless": ({"path": "scene.mat", "key": "hypercub"}, "scene.mat cannot be read: no array 'hypercub'"),
    "deep": ({"path": "cube.npy"}, "rank 1000 does not fit item 'cube' of shape (16, 12, 12): choose a rank from 1 to"),
}


@pytest.fixture(scope="session")
def own_data(run_once):
    """Return a checkout that prepared faces and a cube in every format, and ran an experiment of good and bad cubes."""

    def change(tree):
        cube = np.random.default_rng(0).integers(0, 999, (16, 12, BANDS)).astype(np.uint16)
        scipy.io.savemat(tree.path / "scene.mat", {"hypercube": cube, "other": cube})
        np.savez(tree.path / "scene.npz", hypercube=cube, other=cube)
        np.save(tree.path / "cube.npy", cube)
        (tree.path / "bands").mkdir()
        for band in range(BANDS):
            skimage.io.imsave(tree.path / "bands" / f"band_{band}.png", cube[..., band], check_contrast=False)
        holed = cube.astype(float)
        holed[3, 4, 5] = np.nan
        np.save(tree.path / "holed.npy", holed)
        np.save(tree.path / "flat.npy", cube[..., 0])
        formats = {name: {"file": "cube", "params": params} for name, params in FORMATS.items()}
        bad = {name: {"file": "cube", "rank": 2, "params": params} for name, (params, _) in BAD.items()}
        bad["deep"]["rank"] = 1000
        faces = np.random.default_rng(0).integers(0, 255, (2, 3, 8, 8), np.uint8)
        for group, number in np.ndindex(2, 3):
            path = tree.path / "faces" / f"person_{group}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            skimage.io.imsave(path, faces[group, number], check_contrast=False)
        people = {"faces": {"file": "samples", "rank": 2, "params": {"path": "faces"}}}
        tree.experiment("people", title="People", task="factorise", data=people, methods=["noisy"])
        common = {"title": "Cubes", "task": "denoise", "methods": ["noisy"]}
        tree.experiment("formats", **common, data=formats)
        tree.experiment("bad", **common, data={"good": formats["npy"], **bad})

    return run_once("own-data", change, "bad", *PREPARED)


def test_an_own_cube_is_the_same_from_every_format(own_data):
    tree, _, output = own_data
    items = [load_json(tree.path / file)["items"] for file in PREPARED if "formats" in file]
    assert len(items) == len(FORMATS)
    assert len({item["sha256"] for [item] in items}) == 1, output


def test_each_bad_cube_is_named_with_what_is_wrong_and_the_good_one_is_scored(own_data):
    tree, status, output = own_data
    assert status != 0
    for _, message in BAD.values():
        assert message in output
    assert "Traceback" not in output
    assert [path.parts[-3] for path in tree.path.glob("results/test/scores/bad/*/*/0.csv")] == ["good"]


def test_an_image_overwritten_in_a_folder_of_class_folders_prepares_that_data_set_again(own_data, tmp_path):
    tree = own_data[0].copy(tmp_path / "checkout")
    image = np.random.default_rng(1).integers(0, 255, (8, 8), np.uint8)
    skimage.io.imsave(tree.path / "faces" / "person_1" / "2.png", image, check_contrast=False)
    assert tree.planned(*PREPARED) == ["prepare faces for people"]


def test_a_data_set_comes_over_http_and_is_fetched_once(fresh):
    requests = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            requests.append(self.path)

    handler = partial(Handler, directory=str(ROOT / "tests" / "fixtures" / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        fresh.configure(mirror="no/such/folder")
        fresh.done("resources/tiny.json", DEEPTENSOR_MIRROR=url)
        server.shutdown()
    assert requests == ["/tiny/tiny.npy"]
    [file] = load_json(fresh.path / "resources" / "tiny.json")["files"]
    assert file["source"] == f"{url}/tiny/tiny.npy"


def test_without_network_or_mirror_the_message_says_what_to_do(fresh):
    fresh.configure(mirror=None)
    status, output = fresh.snakemake("resources/tiny.json")
    assert status != 0
    message = " ".join(output.split())
    for part in ("data set 'tiny'", "tiny.npy (sha256 ", "Put the files by hand into", "DEEPTENSOR_MIRROR"):
        assert part in message
    assert "Traceback" not in output


def test_an_answer_is_scored_on_problems_of_the_settings_that_there_are_and_no_others(fresh):
    def scored():
        command = ["benchmark", "score", "answer.npy", "--experiment", "scan", "--folders", "mine"]
        return subprocess.run([sys.executable, "-m", *command], cwd=fresh.path, capture_output=True, text=True)

    fresh.experiment("scan", profiles={"embedded": {}})
    np.save(fresh.path / "answer.npy", np.load(fresh.path / "scene.npy") + 0.1)
    posing = ("scan", "--until", "pose", "--config", "profile=embedded", "folders=[mine]")
    fresh.done(*posing, config=None)
    assert re.search(r"psnr +20(\.0+)?\b", scored().stdout)
    strong = {"radon-8": {"model": "gaussian", "sigma": 0.5, "operator": {"kind": "radon", "angles": 8}}}
    fresh.experiment("scan", profiles={"embedded": {}}, noise=strong)
    other = scored()
    assert (other.returncode, other.stdout) == (2, "")
    assert "is of other settings or code (pose: params changed): pose the problems anew by `snakemake" in other.stderr
    fresh.done(*posing, config=None)
    assert scored().returncode == 0
    np.save(fresh.path / "scene.npy", np.zeros((12, 10, 3)))
    assert "(prepare: " in scored().stderr
