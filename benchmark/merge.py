"""Takes over runs that were made elsewhere: `python -m benchmark.merge OTHER/results/public results/public`.

So the runs of a profile can be shared between machines, or days, and gathered in one table, in which each row keeps its
own provenance. The problems have to be there first: `snakemake --until pose` with the profile.
"""

import argparse
import sys
from pathlib import Path

from benchmark.methods import method_code
from benchmark.record import differences, other_problems
from benchmark.source import ROOT
from benchmark.storage import Unusable, copy_whole, explained, intact, load_json, sha256_of_items

FILES = ("estimate.npz", "record.json")


def merge(source: Path, target: Path, root: Path = ROOT) -> tuple[list[str], dict[str, str]]:
    """Copy the runs of a profile's folder `source` that `target` lacks; return their names, and why others were left.

    A run is taken if this checkout has the code that made it (the digest in its record is that of its file in
    `baselines/` and what it imports), and if its clean signals and problems are those of `target`. Whether its
    parameters are those of the plan, scoring tells.
    """
    if not (source / "runs").is_dir():
        raise FileNotFoundError(f"{source} has no folder `runs`; give the folder of a profile, such as results/public")
    taken, left = [], {}
    for record in sorted(source.glob("runs/*/*/*/*/*/record.json")):
        folder = record.parent.relative_to(source)
        if not all((record.parent / name).resolve().is_relative_to(source.resolve()) for name in FILES):
            left[str(folder)] = "is a link that leads out of the folder"
            continue
        if absent := [name for name in FILES if not (record.parent / name).is_file()]:
            left[str(folder)] = f"has no {absent[0]}"
            continue
        try:
            with intact(record):
                reason = obstacle(load_json(record), folder, target, root)
        except Unusable as error:
            if error.paths != (record,):
                raise
            reason = error.fault  # without advice: it is elsewhere that it has to be made anew
        if reason:
            left[str(folder)] = reason
            continue
        for name in FILES:  # without the times of the files, so that they are newer than the problems
            copy_whole(source / folder / name, target / folder / name)
        taken.append(str(folder))
    return taken, left


def obstacle(record: dict, folder: Path, target: Path, root: Path) -> str:
    """Return why a run cannot be taken over into `folder` of `target`, or nothing if it can."""
    _, experiment, dataset, noise, _, seed = folder.parts
    data, method = target / "data" / experiment / dataset, root / record["run"].get("file", "")
    problems = [data / noise / f"{seed}{ending}.npz" for ending in ("", "-withheld")]
    if (target / folder / "record.json").exists():
        return "is there already"
    for path in (data / "facts.json", *problems):
        if not path.exists():
            return f"its problems are not posed here: {path} is missing"
    ours = {item["name"]: item["sha256"] for item in load_json(data / "facts.json")["items"]}
    if {item["item"]: item["data_sha256"] for item in record["items"]} != ours:
        return "was made of other clean signals"
    if not method.is_file() or differences(record, {"code_sha256": method_code(method, root)}):
        return "was made by other code than this checkout's"
    if other_problems(record, map(sha256_of_items, problems)):
        return "was made of other problems, of the same clean signals"
    return ""


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder of the profile's results that were made elsewhere")
    parser.add_argument("target", type=Path, help="folder of the same profile here, such as results/public")
    options = parser.parse_args()
    try:
        taken, left = merge(options.source, options.target)
    except (OSError, Unusable) as error:
        sys.exit(explained(error, options.target) if isinstance(error, OSError) else str(error))
    for name, reason in left.items():
        sys.stdout.write(f"left {name}: {reason}\n")
    sys.stdout.write(f"{len(taken)} runs taken over, {len(left)} left. Run snakemake again for the tables.\n")


if __name__ == "__main__":
    main()
