import pytest


@pytest.fixture
def row():
    """Return a maker of valid rows of scores: a record of the schema with the given columns changed."""

    def make(**changes):
        return {
            "task": "denoise",
            "dataset": "toy",
            "item": "cube",
            "rank": 4,
            "noise": "gaussian",
            "method": "svd",
            "file": "svd",
            "label": "SVD",
            "iterate": "returned",
            "seed": 0,
            "metric": "psnr",
            "value": 30.0,
            "higher_is_better": True,
            "status": "ok",
            "message": None,
            "iterations": None,
            "seconds": 2.0,
            "warmup_seconds": 0.5,
            "peak_rss_mib": 100.0,
            "peak_gpu_mib": None,
            "params": "{}",
            "licence_note": None,
            "control": False,
            "code_sha256": "a" * 64,
            "data_sha256": "b" * 64,
            "git_commit": "1234567",
            "git_dirty": False,
            "device_name": "cpu",
            "cpu_name": "Processor",
            "threads": 1,
            "torch": "2.13.0",
            "python": "3.11.2",
            "started": "2025-01-01T00:00:00+00:00",
            "schema": 1,
        } | changes

    return make
