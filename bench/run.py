"""Time the library beside the plain reference: `python -m bench.run`, or `make bench`.

Both sides fit the same data from set-up to result, for a short and a long number of iterations; the difference over the
additional iterations is the time of one, without set-up. Rounds alternate between the sides, so that a change of the
machine's speed meets both; the ratio is that of each round. Memory is measured in a fresh process for each side.
"""

import argparse
import logging
import os
import sys
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from bench.cases import CASES, Case, draw, tiny
from bench.meters import SHORT, Meter, gflop_an_iteration, peak_mib, sgemm_gflops
from bench.pages import quality_page, speed_page
from bench.sides import SIDES, by_library, by_reference, observations
from benchmark.metrics import psnr
from benchmark.provenance import cpu_name, git_state
from benchmark.source import ROOT

log = logging.getLogger("bench")

# Where quality is compared: the problem, iterations, and number of realisations. The cube is cut, to afford several.
QUALITY = {
    "matrix": (CASES["matrix"], 600, 10),
    **{name: (replace(CASES[name], shape=(64, 64, 100)), 200, 10) for name in ("cube", "cube, bfloat16")},
}


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line names, print the tables and write them."""
    options = _options(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    log.setLevel(logging.INFO)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # for the library, and processes of their own
    torch.set_num_threads(options.threads)
    cases = {name: tiny(CASES[name]) if options.tiny else CASES[name] for name in options.cases}
    facts = machine_facts(options.device, options.threads)
    rows = []
    for name, case in cases.items():
        for batch in case.batches:
            log.info("%s, batch of %d", name, batch)
            rows.append(timed_row(name, case, batch, options.rounds, options.seconds, options.device))
            log.info("ratio {ratio_median:.2f}, {ratio_min:.2f} to {ratio_max:.2f}".format(**rows[-1]))
    options.output.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(rows).assign(**facts)
    table.to_csv(options.output / "table.csv", index=False)
    page = speed_page(table, facts)
    if options.quality:
        compared = {name: QUALITY[name] for name in cases if name in QUALITY}
        if options.tiny:
            compared = {name: (tiny(case), 5, 2) for name, (case, *_) in compared.items()}
        quality = pd.DataFrame([quality_row(name, *terms, options.device) for name, terms in compared.items()])
        quality.assign(**facts).to_csv(options.output / "quality.csv", index=False)
        page += quality_page(quality)
    (options.output / "table.md").write_text(page)
    print(page)
    return 0


def timed_row(name: str, case: Case, batch: int, rounds: int, seconds: float, device: str) -> dict:
    """Return a row of the table: the library with a `batch` of realisations beside the reference with one.

    In the case `stopping`, the library with held-out data stands beside the library without, both with the batch.
    `seconds` is the time that the iterations of one measurement should take.
    """
    if name == "stopping":
        sides, batches = ("library", "library, held out"), (batch, batch)
    else:
        sides, batches = ("reference", "library"), (1, batch)
    Ys = observations(case, batch)
    meters = [
        Meter(partial(SIDES[side], case, Ys[:number]), seconds, device)
        for side, number in zip(sides, batches, strict=True)
    ]
    measured = np.array([[meter.read() for meter in meters] for _ in range(rounds)]) / batches
    baseline, library = np.median(measured, axis=0)
    ratios = measured[:, 0] / measured[:, 1]
    peaks = [peak_mib(side, case, number, device) for side, number in zip(sides, batches, strict=True)]
    gflop = gflop_an_iteration(case, Ys[0], device)
    return {
        "case": name,
        "batch": batch,
        "baseline": sides[0],
        "candidate": sides[1],
        "baseline_seconds": baseline,
        "candidate_seconds": library,
        "candidate_iterations_per_second": 1 / library,
        "ratio_median": np.median(ratios),
        "ratio_min": ratios.min(),
        "ratio_max": ratios.max(),
        "rounds": rounds,
        "baseline_iterations": meters[0].long - SHORT,
        "candidate_iterations": meters[1].long - SHORT,
        "baseline_peak_mib": peaks[0],
        "candidate_peak_mib": peaks[1],
        "gflop": gflop,
        "baseline_gflops": gflop / baseline,
        "candidate_gflops": gflop / library,
        "sgemm_gflops": sgemm_gflops(device),
    }


def quality_row(name: str, case: Case, iterations: int, number: int, device: str) -> dict:
    """Return the PSNRs of both sides' iterates of lowest loss after the same number of iterations."""
    log.info("quality of %s: %d realisations, %d iterations", name, number, iterations)
    clean = [draw(case, seed)[0] for seed in range(number)]
    Ys = observations(case, number)
    plain = [fit.product.cpu().numpy() for fit in by_reference(case, Ys, iterations, device)]
    size = max(case.batches)
    parts = [range(number)[first : first + size] for first in range(0, number, size)]
    fits = [fit for part in parts for fit in by_library(case, [Ys[i] for i in part], iterations, device, seeds=part)]
    scores = np.array(
        [
            [psnr(X, estimate, 1.0), psnr(X, fit.decomposition.reconstruct(), 1.0)]
            for X, estimate, fit in zip(clean, plain, fits, strict=True)
        ]
    )
    difference = scores[:, 1] - scores[:, 0]
    return {
        "case": name,
        "shape": " x ".join(map(str, case.shape)),
        "iterations": iterations,
        "realisations": number,
        "reference_mean": scores[:, 0].mean(),
        "reference_sd": scores[:, 0].std(ddof=1),
        "library_mean": scores[:, 1].mean(),
        "library_sd": scores[:, 1].std(ddof=1),
        "difference_mean": difference.mean(),
        "difference_standard_error": difference.std(ddof=1) / number**0.5,
    }


def machine_facts(device: str, threads: int) -> dict[str, object]:
    """Return what the numbers depend on, beside the code."""
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "cpu": cpu_name(),
        "threads": threads,
        "load_at_start": round(os.getloadavg()[0], 2),
        "torch": torch.__version__,
        "date": date.today().isoformat(),
        **git_state(),
    }


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="by default all")
    parser.add_argument("--rounds", type=int, default=5, help="of both sides in turn (default: 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a side in a round, about (default: 3)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of torch on the CPU")
    parser.add_argument("--quality", action="store_true", help="compare the PSNR too, which takes minutes")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, to try the program")
    parser.add_argument("--output", type=Path, default=ROOT / "results/bench", help="the folder of the tables")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
