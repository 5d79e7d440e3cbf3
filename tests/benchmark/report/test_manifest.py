"""What experiments took, on made-up scores."""

import json

import pandas as pd

from benchmark.report.manifest import manifest_of


def test_a_run_counts_once_with_the_sum_of_its_items_and_one_warm_up(row):
    scores = pd.DataFrame(
        [row(item="a", metric=metric, seconds=10.0, warmup_seconds=4.0) for metric in ("psnr", "ssim")]
        + [row(item="b", seconds=20.0, warmup_seconds=4.0), row(item="b", seconds=20.0, iterate="oracle")]
        + [row(seed=1, item="a", seconds=5.0, warmup_seconds=1.0, started="2025-01-01T00:01:00+00:00")]
    )
    facts = manifest_of("smoke", {"fig9": scores})["experiments"]["fig9"]
    assert (facts["runs"], facts["signals"], facts["signals_ok"]) == (2, 3, 3)
    assert (facts["seconds_in_methods"], facts["seconds_of_warm_up"]) == (40, 5)
    assert facts["seconds_of_longest_run"] == 34
    assert facts["span_seconds"] == 66  # the second starts after a minute and takes 6 s
    assert facts["started"] == "2025-01-01 00:00 UTC"


def test_a_manifest_names_the_hungriest_method_and_every_commit_and_can_be_json(row):
    scores = pd.DataFrame(
        [
            row(peak_rss_mib=100.0),
            row(method="bm4d", peak_rss_mib=4000.4, git_commit="89abcde", git_dirty=True),
            row(method="lost", status="failed", value=None, seconds=None, warmup_seconds=None, peak_rss_mib=None),
        ]
    )
    manifest = manifest_of("smoke", {"fig9": scores})
    assert json.loads(json.dumps(manifest)) == manifest
    facts = manifest["experiments"]["fig9"]
    assert facts["peak_mib"] == {"method": "bm4d", "mib": 4000}
    assert facts["peak_gpu_mib"] is None
    assert facts["commits"] == ["1234567", "89abcde"]
    assert facts["uncommitted_changes"] is True
    assert (facts["signals"], facts["signals_ok"]) == (3, 2)
