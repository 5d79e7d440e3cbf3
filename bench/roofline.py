"""Where the seconds of an iteration go, beside the machine's peaks: `python -m bench.roofline`.

A profile of the library's fit at the settings of the paper, one realisation or a batch at once, by kinds of operation.
The least time is that of the convolutions and products alone, if they ran at the faster of the two measured peaks.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from bench.cases import CASES, Case, tiny
from bench.meters import SHORT, fastest, gflop_an_iteration, product_gflops
from bench.pages import roofline_page
from bench.sides import by_library, observations
from benchmark.source import ROOT

ITERATIONS = 3
# By the beginnings of the names of torch's operations; what begins with none of them is bookkeeping.
KINDS = {
    "convolution": ("aten::mkldnn_convolution", "aten::convolution", "aten::_slow_conv", "aten::slow_conv"),
    "matrix products": ("aten::bmm", "aten::baddbmm", "aten::addmm", "aten::mm", "aten::_sparse"),
    "normalisation": ("aten::native_batch_norm",),
    "activation": ("aten::leaky_relu",),
    "upsampling": ("aten::upsample",),
    "padding and windows": ("aten::reflection_pad", "_Windows", "aten::cat"),
    "optimiser": ("aten::_fused_adam",),
    "copies": ("aten::copy_", "aten::fill_", "aten::add_"),
    "averaging and choice of the iterate": ("aten::lerp", "aten::where"),
}
REST = "other arithmetic and bookkeeping"
# Done once a fit, not in each iteration.
SET_UP = ("aten::uniform_", "aten::normal_", "aten::all", "aten::abs")


def main(arguments: list[str] | None = None) -> int:
    """Profile the cases, print the table and write it."""
    parser = argparse.ArgumentParser(prog="python -m bench.roofline", description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=[name for name in CASES if name != "stopping"])
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, to try the program")
    parser.add_argument("--output", type=Path, default=ROOT / "results/bench", help="the folder of the tables")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = []
    for name in options.cases:
        case = tiny(CASES[name]) if options.tiny else CASES[name]
        for batch in case.batches:
            rows.append({"case": name, "batch": batch, **profiled_row(case, batch), **peaks(options.tiny)})
    options.output.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.output / "roofline.csv", index=False)
    page = roofline_page(rows, [*KINDS, REST])
    (options.output / "roofline.md").write_text(page)
    print(page)
    return 0


def profiled_row(case: Case, batch: int) -> dict[str, float]:
    """Return the milliseconds of an iteration by kinds, of the batch together, and its GFLOP."""
    Ys = observations(case, batch)
    by_library(case, Ys, SHORT, "cpu")
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        by_library(case, Ys, ITERATIONS, "cpu")
    spent = dict.fromkeys([*KINDS, REST], 0.0)
    for event in recorded.key_averages():
        if not event.key.startswith(SET_UP):
            spent[kind_of(event.key)] += event.self_cpu_time_total / 1e3 / ITERATIONS
    return {**spent, "gflop": batch * gflop_an_iteration(case, Ys[0], "cpu")}


def kind_of(operation: str) -> str:
    """Return the kind of an operation of torch's profiler."""
    return next((kind for kind, names in KINDS.items() if operation.startswith(names)), REST)


def peaks(small: bool) -> dict[str, float]:
    """Return the peaks in GFLOP/s of the product of square matrices, and of a convolution of 128 channels."""
    size, side = (64, 8) if small else (2048, 145)
    found = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        found[f"product_{name}"] = product_gflops(size, dtype, "cpu")
        x, weight = torch.rand(1, 128, side, side).to(dtype), torch.rand(128, 128, 3, 3).to(dtype)
        operations = 2e-9 * 9 * 128**2 * (side - 2) ** 2
        found[f"convolution_{name}"] = operations / fastest(partial(functional.conv2d, x, weight), "cpu")
    return found


if __name__ == "__main__":
    sys.exit(main())
