"""The bar that shows how far a fit is, and what time is left."""

from tqdm import tqdm


def progress_bar(title: str, iterations: int, done: int, progress: bool | None) -> tqdm:
    """Return a bar of `iterations`, of which some are `done`; a `progress` of None shows it on a terminal alone."""
    hidden = None if progress is None else not progress
    return tqdm(total=iterations, initial=done, desc=title, unit="it", disable=hidden)
