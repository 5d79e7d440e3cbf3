import os
from pathlib import Path

from benchmark.download import DownloadError, fetch, mirrors_from
from benchmark.job import logged
from benchmark.storage import save_json

with logged(snakemake.log[0], expected=(DownloadError,)):
    manifest = fetch(
        snakemake.wildcards.source,
        Path(snakemake.input.registry),
        Path(snakemake.params.folder),
        mirrors_from(snakemake.params.mirror, os.environ),
    )
    save_json(Path(snakemake.output.manifest), manifest)
