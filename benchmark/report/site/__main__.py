"""Builds the site of results: `python -m benchmark.report.site OUT --results results/published`."""

import argparse
import shutil
import sys
from pathlib import Path

from benchmark.report.publish import PUBLISHED
from benchmark.report.readme import PROFILES
from benchmark.report.site.experiment import write_experiment
from benchmark.report.site.render import write_assets
from benchmark.report.site.results import Profile, SiteError, profiles_in
from benchmark.report.site.shelves import write_shelves


def build(profiles: list[Profile], out: Path) -> Path:
    """Write the whole site of the profiles' results into a folder, in place of an earlier one; return its index.

    Raise SiteError if the folder holds something else.
    """
    if out.exists() and any(out.iterdir()) and not (out / "assets" / "site.js").is_file():
        raise SiteError(f"{out} is no site: name a folder that is new, empty, or a site")
    shutil.rmtree(out, ignore_errors=True)
    write_assets(out / "assets")
    for profile in profiles:
        for result in profile.results.values():
            write_experiment(result, out)
    return write_shelves(profiles, out)


def main(arguments: list[str] | None = None) -> None:
    """Build the site that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.report.site", description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the site")
    parser.add_argument(
        "--results", type=Path, default=Path(PUBLISHED), help="results of a profile, or a folder of profiles"
    )
    asked = parser.parse_args(arguments)
    try:
        index = build(profiles_in(asked.results, PROFILES), asked.out)
    except SiteError as error:
        sys.exit(str(error))
    print(f"Open {index}")


if __name__ == "__main__":
    main()
