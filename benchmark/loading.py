"""Loading of the files that come as one thing each - methods, data sets, tasks - by path.

A package named `datasets` would shadow, or be shadowed by, the one of Hugging Face; so these folders are no packages.
"""

import importlib.util
from pathlib import Path
from types import ModuleType


def load_module(path: Path) -> ModuleType:
    """Import one file of `baselines/`, `datasets/` or `tasks/` under a private name."""
    spec = importlib.util.spec_from_file_location(f"_{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
