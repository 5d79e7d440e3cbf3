"""A config that cannot run is refused before anything runs, with a message that says what to do."""

import pytest


@pytest.mark.parametrize(
    ("experiment", "config", "message"),
    [
        ({}, {"select": ["fig99"]}, "unknown experiment 'fig99'; config has: demo, fig09_hyperspectral"),
        ({"datasets": ["tinny"]}, {}, "unknown data set 'tinny'; config has: cave, cave_cloth, indian_pines"),
        ({"methods": ["svdd"]}, {}, "unknown method 'svdd'; there are: best_rank, bm3d-anscombe"),
        ({}, {"methods": {"bm3d-matched": {"params": {"sigma": 1}}}}, "unknown parameter 'sigma'; baselines/bm3d.py"),
        ({}, {"selct": ["demo"]}, "'selct' was unexpected"),
        ({"sedes": [1]}, {}, "'sedes' was unexpected"),
        ({}, {"datasets": {"tiny": {"rank": 0}}}, "0 is less than the minimum of 1"),
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
