"""The command line of the suite: what there is, how two results differ, and the score of an answer of one's own."""

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmark.listing import KINDS, as_text, listed
from benchmark.measured import fitting, minutes_of
from benchmark.plan import Plan
from benchmark.settings import SettingsError

PROGRAM = "python -m benchmark"


def show_list(options: argparse.Namespace) -> int:
    """Print what there is of a kind, one line each."""
    sys.stdout.write(as_text(listed(plan_of(options), options.kind)))
    return 0


def show_comparison(options: argparse.Namespace) -> int:
    """Print how the results in two folders differ; return 1 where a difference is past the tolerance."""
    from benchmark import comparing  # it loads pandas and SciPy

    differences = comparing.compare(options.first, options.second)
    if options.csv:
        differences.to_csv(options.csv, index=False)
    if options.html:
        page = comparing.as_html(differences, (str(options.first), str(options.second)))
        options.html.write_text(page, encoding="utf-8")
    sys.stdout.write(comparing.as_text(differences, options.tolerance))
    return int(not comparing.past(differences, options.tolerance).empty)


def show_quick(options: argparse.Namespace) -> int:
    """Print the names of the experiments that fit into some minutes, for a command line of Snakemake."""
    plan, measured = plan_of(options), minutes_of(options.profile)
    names = fitting(plan.selected, measured, options.minutes, options.cores)
    if not names:
        least = f"the shortest takes {min(measured.values()) / options.cores:.1f}" if measured else "none is published"
        raise ValueError(f"no experiment of {options.profile} fits into {options.minutes:g} minutes: {least}")
    sys.stdout.write(f"{' '.join(names)}\n")
    return 0


def show_score(options: argparse.Namespace) -> int:
    """Print the measures of an answer that was made elsewhere."""
    from benchmark.answering import score_answer

    plan = plan_of(options, select=[options.experiment])
    rows = score_answer(plan, options.experiment, options.answer, options.data, options.noise, options.seed)
    sys.stdout.write(rows.to_string(index=False, float_format="{:.4g}".format) + "\n")
    return 0


def plan_of(options: argparse.Namespace, **config: object) -> Plan:
    """Return the plan of the profile and the folders that the command line names."""
    folders = {"folders": options.folders} if options.folders else {}
    return Plan.read({"profile": options.profile, **folders, **config})


def main() -> int:
    """Run from the command line; return the exit status, 2 after an error of the input."""
    options = _parser().parse_args()
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (SettingsError, ValueError, OSError) as error:
        sys.stderr.write(f"{PROGRAM}: error: {error}\n")
        return 2


def _number(kind: type, holds: Callable[[float], bool], what: str) -> Callable[[str], float]:
    """Return a reader of numbers of a kind, of which some hold; of any other text it says that it is no `what`."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not holds(value):
            raise argparse.ArgumentTypeError(f"{text} is no {what}")
        return value

    return read


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    planned = argparse.ArgumentParser(add_help=False)
    planned.add_argument("--profile", default="embedded", help="profile of the experiments (default: embedded)")
    planned.add_argument("--folders", nargs="+", metavar="FOLDER", help="folders of experiments, with your own")

    command = commands.add_parser("list", parents=[planned], help="methods, data, tasks or experiments, one line each")
    command.add_argument("kind", choices=KINDS)
    command.set_defaults(run=show_list)

    command = commands.add_parser("compare", help="how the results in two folders differ, by paired runs")
    command.add_argument("first", type=Path, metavar="A", help="a folder such as results/published/embedded")
    command.add_argument("second", type=Path, metavar="B", help="a folder such as results/embedded")
    tolerance = "exit status 1 for a larger difference, in units of the measure (default: 0.1)"
    difference = _number(float, lambda own: 0 <= own < math.inf, "difference: give a number from 0 on")
    command.add_argument("--tolerance", type=difference, default=0.1, metavar="D", help=tolerance)
    command.add_argument("--csv", type=Path, metavar="FILE", help="write all rows as CSV")
    command.add_argument("--html", type=Path, metavar="FILE", help="write all rows as a page")
    command.set_defaults(run=show_comparison)

    quick = "names of the experiments that fit into some minutes, by measured times"
    command = commands.add_parser("quick", parents=[planned], help=quick)
    time = _number(float, lambda own: own > 0, "time: give a number of minutes above 0")
    command.add_argument("--minutes", type=time, default=10, metavar="N", help="minutes that there are (default: 10)")
    cores = _number(int, lambda own: own >= 1, "number of cores: give one from 1 on")
    command.add_argument("--cores", type=cores, default=os.cpu_count() or 1, metavar="N", help="default: all")
    command.set_defaults(run=show_quick)

    command = commands.add_parser("score", parents=[planned], help="score an answer that was made elsewhere")
    command.add_argument("answer", type=Path, metavar="ANSWER", help=".npz with an array an item, or .npy for one item")
    command.add_argument("--experiment", required=True, metavar="NAME")
    for name in ("data", "noise"):
        command.add_argument(f"--{name}", metavar="NAME", help="where the experiment has several")
    command.add_argument("--seed", type=int, metavar="N", help="where the experiment has several")
    command.set_defaults(run=show_score)
    return parser


if __name__ == "__main__":
    sys.exit(main())
