"""A config that cannot run is refused before anything runs, with a message that says what to do."""

import pytest


@pytest.mark.parametrize(
    ("experiment", "config", "message"),
    [
        ({}, {"select": ["fig99"]}, "unknown experiment 'fig99'; config has: demo, fig02_eigenfaces"),
        ({"datasets": ["tinny"]}, {}, "unknown data set 'tinny'; config has: cat_video, cave, cave_cloth"),
        ({"methods": ["svdd"]}, {}, "unknown method 'svdd'; there are: adaptive_median, best_rank"),
        ({}, {"methods": {"bm3d-matched": {"params": {"sigma": 1}}}}, "unknown parameter 'sigma'; baselines/bm3d.py"),
        ({}, {"selct": ["demo"]}, "'selct' was unexpected"),
        ({"sedes": [1]}, {}, "'sedes' was unexpected"),
        ({}, {"datasets": {"tiny": {"rank": 0}}}, "0 is less than the minimum of 1"),
        ({"task": "outliers"}, {}, "'svd' is not for 'outliers'; these are: adaptive_median"),
        ({}, {"noise": {"x": {"model": "gaussian", "sigma": 1, "noise_on": "signal"}}}, "'operator' is a dependency"),
        ({}, {"noise": {"photons-100": {"readout": -1}}}, "-1 is less than the minimum of 0"),
    ],
)
def test_a_config_that_cannot_run_is_refused_with_the_reason(tree, experiment, config, message):
    tree.configure(experiment, **config)
    status, output = tree.snakemake("--dry-run")
    assert status != 0
    assert message in " ".join(output.split())
    assert "Traceback" not in output
    assert not (tree.path / "results").exists()
