"""Settings that cannot run are refused before anything runs, with a message that says what to do."""

import numpy as np
import pytest
import skimage.io


def misspelt(tree):
    tree.configure(selct=["demo"])


def vanished_file(tree):
    (tree.path / "scene.npy").unlink()


def samples_in_a_denoise_experiment(tree):
    for number in range(3):
        (tree.path / "faces").mkdir(exist_ok=True)
        image = np.random.default_rng(number).integers(0, 255, (8, 8), np.uint8)
        skimage.io.imsave(tree.path / "faces" / f"{number}.png", image, check_contrast=False)
    tree.experiment("demo", data={"faces": {"file": "samples", "rank": 2, "params": {"path": "faces"}}})


FAULTS = {
    misspelt: "config: unknown key 'selct' there are: ",
    vanished_file: "mine/scan.yaml: data: scene: there is nothing at the path 'scene.npy'",
    samples_in_a_denoise_experiment: "datasets/samples.py makes samples, which the task 'denoise' does not take",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_settings_that_cannot_run_are_refused_with_the_reason_also_where_results_are_there(tree, fault):
    fault(tree)
    status, output = tree.snakemake()
    assert status != 0
    assert FAULTS[fault] in " ".join(output.split())
    assert "Traceback" not in output
    assert "Job " not in output


def test_title_task_data_and_methods_make_an_experiment_which_can_stand_in_the_config(fresh):
    least = {"title": "Least", "task": "denoise", "data": ["tiny"], "methods": ["noisy"]}
    fresh.configure(folders=["experiments"], select=["least"], experiments={"least": least})
    assert "run noisy on tiny, none, seed 0, for least" in fresh.planned()
