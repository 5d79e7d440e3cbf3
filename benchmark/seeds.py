"""Seeds derived from names, so that no draw depends on what else runs."""

import hashlib

import numpy as np


def seed_for(seed: int, *names: str) -> int:
    """Return a 32-bit seed that a root seed and names determine."""
    digests = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") for name in names]
    return int(np.random.SeedSequence([seed, *digests]).generate_state(1)[0])
