"""The tables as Markdown."""

from collections.abc import Mapping, Sequence

import pandas as pd

from bench.meters import SHORT


def speed_page(table: pd.DataFrame, facts: Mapping[str, object]) -> str:
    """Return the table of times as Markdown."""
    columns = (
        "case | realisations at once | reference, ms | library, ms | library, iterations/s | ratio (min to max) | "
        "peak MiB, reference | peak MiB, library | GFLOP | GFLOP/s, reference | GFLOP/s, library"
    ).split(" | ")
    cells = [
        [
            row.case if row.baseline == "reference" else f"{row.case}: {row.baseline} / {row.candidate}",
            row.batch,
            f"{1e3 * row.baseline_seconds:.3g}",
            f"{1e3 * row.candidate_seconds:.3g}",
            f"{row.candidate_iterations_per_second:.3g}",
            f"{row.ratio_median:.2f} ({row.ratio_min:.2f} to {row.ratio_max:.2f})",
            f"{row.baseline_peak_mib:.0f}",
            f"{row.candidate_peak_mib:.0f}",
            f"{row.gflop:.3g}",
            f"{row.baseline_gflops:.3g}",
            f"{row.candidate_gflops:.3g}",
        ]
        for row in table.itertuples()
    ]
    rounds, sgemm = table["rounds"].max(), table["sgemm_gflops"].max()
    return f"""# Speed of the library beside the plain reference

{markdown(columns, cells)}

Times are of one iteration of one realisation, set-up left out: the slope between fits of {SHORT} and of more
iterations, the median of {rounds} rounds in turn. The ratio is that of each round. In the case `stopping` both sides
are the library with the same batch, first without and then with 5 % of the entries held out. Peak memory is that of a
fresh process for a fit of {SHORT} iterations, above what it held before, the whole batch together. GFLOP counts the
convolutions and matrix products of one iteration of the reference, forward and backward; both rates divide this count
by their time, even where the library needs fewer operations. The product of two large matrices runs at {sgemm:.0f}
GFLOP/s on this machine, at best.

{listed(facts)}
"""


def listed(facts: Mapping[str, object]) -> str:
    """Return what the numbers depend on, as a line."""
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items())


def quality_page(quality: pd.DataFrame) -> str:
    """Return the table of PSNRs as Markdown."""
    header = "case | shape | iterations | realisations | reference, dB | library, dB | library - reference"
    cells = [
        [
            row.case,
            row.shape,
            row.iterations,
            row.realisations,
            f"{row.reference_mean:.2f} (sd {row.reference_sd:.2f})",
            f"{row.library_mean:.2f} (sd {row.library_sd:.2f})",
            f"{row.difference_mean:+.2f} ± {row.difference_standard_error:.2f}",
        ]
        for row in quality.itertuples()
    ]
    return f"""
## Quality after the same number of iterations

{markdown(header.split(" | "), cells)}

PSNR against the clean array of the iterate of lowest training loss: mean and standard deviation over realisations, each
with its own data; the difference with its standard error over them.
"""


def markdown(columns: Sequence[str], cells: Sequence[Sequence[object]]) -> str:
    rows = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def roofline_page(rows: Sequence[Mapping[str, float]], kinds: Sequence[str]) -> str:
    """Return the table of where the time goes as Markdown."""
    header = ["", *(f"{row['case']}, batch of {row['batch']}" for row in rows)]
    cells = []
    for kind in kinds:
        shares = (f"{row[kind]:.1f} ({row[kind] / sum(row[name] for name in kinds):.0%})" for row in rows)
        cells.append([kind, *shares])
    cells.append(["all", *(f"{sum(row[name] for name in kinds):.1f}" for row in rows)])
    peaks = [max(row["product_float32"], row["convolution_float32"]) for row in rows]
    least = [1e3 * row["gflop"] / peak for row, peak in zip(rows, peaks, strict=True)]
    cells.append(["least, in single precision", *(f"{time:.1f}" for time in least)])
    best = {name: max(row[name] for row in rows) for name in rows[0] if name.startswith(("product_", "convolution_"))}
    listed = ", ".join(f"{name.replace('_', ' in ')} {rate:.0f}" for name, rate in best.items())
    return f"""# Where the time of an iteration goes

Milliseconds of one iteration of all realisations together, one thread, under torch's profiler, which itself takes some
microseconds an operation. The last line is the time of the convolutions and products at the machine's peak.

{markdown(header, cells)}

Peaks in GFLOP/s, one thread: {listed}.
"""
