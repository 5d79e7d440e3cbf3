"""What the defaults cost and reach, beside the paper's settings and other libraries: `python -m bench.defaults`.

Noisy data: the library's defaults beside `deeptensor.PAPER`, both the iterate of lowest training loss, by their error
to the clean signal. Data of exact rank without noise: the defaults beside NumPy, scikit-learn and TensorLy. The
defaults were chosen on other data: `skimage.data.moon`, `coins`, `astronaut` and `brick` with noise of 0.1, and tensors
and arrays of exact rank from other seeds. About 30 minutes, nearly all for the paper's settings.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import skimage.data
import tensorly
import torch
from scipy.ndimage import gaussian_filter1d
from sklearn.decomposition import PCA, TruncatedSVD
from tensorly.decomposition import parafac

from bench.pages import listed, markdown
from bench.run import machine_facts
from benchmark.source import ROOT
from deeptensor import PAPER, DeepPCA, cp, svd

log = logging.getLogger("bench")

SEEDS = range(3)
# The number of images' terms and of principal components, and the noise in units of the largest value or of the signal.
RANK, COMPONENTS, NOISE = 20, 5, 0.1

# A clean signal, its estimate by settings and a seed, and one by the classical method.
Problem = tuple[np.ndarray, Callable[..., np.ndarray], Callable[[], np.ndarray]]


def main(arguments: list[str] | None = None) -> int:
    """Fit all, print the tables and write them."""
    parser = argparse.ArgumentParser(prog="python -m bench.defaults", description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "results/bench", help="the folder of the tables")
    parser.add_argument("--iterations", type=int, help="of all fits, to try the program")
    parser.add_argument("--paper", type=Path, metavar="CSV", help="a table of noisy data whose paper's rows are kept")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    log.setLevel(logging.INFO)
    torch.set_num_threads(1)
    facts = machine_facts("cpu", torch.get_num_threads())
    common = {"device": "cpu"} | ({} if options.iterations is None else {"iterations": options.iterations})
    noisy = noisy_table(common, facts["git_commit"], options.paper)
    exact = pd.DataFrame(exact_rows(common))
    options.output.mkdir(parents=True, exist_ok=True)
    noisy.to_csv(options.output / "defaults_noisy.csv", index=False)
    exact.to_csv(options.output / "defaults_exact.csv", index=False)
    page = defaults_page(noisy, exact, facts)
    (options.output / "defaults.md").write_text(page)
    print(page)
    return 0


def noisy_table(common: dict, commit: str, earlier: Path | None) -> pd.DataFrame:
    """Return the rows of noisy data with the commit that each was measured at, those of the paper from an earlier file.

    The paper's settings take ten times as long as all else, and what the defaults are does not change their rows.
    """
    if earlier is None:
        return pd.DataFrame(noisy_rows(common)).assign(git_commit=commit)
    kept = pd.read_csv(earlier)
    own = pd.DataFrame(noisy_rows(common, without="paper")).assign(git_commit=commit)
    return pd.concat([own, kept[kept["settings"] == "paper"]], ignore_index=True)


def noisy_rows(common: dict, without: str | None = None) -> list[dict]:
    """Return the errors to the clean signal, and CPU seconds, of the defaults, the paper's settings and a classic."""
    rows = []
    for name, problem in NOISY.items():
        for seed in SEEDS:
            clean, ours, classic = problem(seed)
            calls = {
                "defaults": lambda ours=ours, seed=seed: ours(random_state=seed, **common),
                "paper": lambda ours=ours, seed=seed: ours(random_state=seed, **{**PAPER, **common}),
                "classical": classic,
            }
            calls.pop(without, None)
            rows += [
                {"data": name, "seed": seed, "settings": label, **measured(clean, calls[label])} for label in calls
            ]
            log.info("%s, seed %d: %s", name, seed, {row["settings"]: row["error"] for row in rows[-len(calls) :]})
    return rows


def exact_rows(common: dict) -> list[dict]:
    """Return the errors and CPU seconds of the library and of others for data of exact rank, factors normal numbers."""
    rows = []
    for shape, rank in (((40, 30), 3), ((512, 512), 20), ((20, 20, 20), 3)):
        for seed in SEEDS:
            X = multiplied(
                [np.random.default_rng([seed, axis]).standard_normal((n, rank)) for axis, n in enumerate(shape)]
            )
            for label, call in exact_calls(X, rank, seed, common).items():
                rows.append({"data": f"{times(shape)}, rank {rank}", "seed": seed, "by": label, **measured(X, call)})
                log.info("%s", rows[-1])
    return rows


def exact_calls(X: np.ndarray, rank: int, seed: int, common: dict) -> dict[str, Callable[[], np.ndarray]]:
    """Return the reconstructions to be timed."""
    if X.ndim == 2:
        return {
            "deeptensor.svd": lambda: summed(*svd(X, rank, random_state=seed, **common)),
            "numpy.linalg.svd": lambda: truncated(X, rank),
            "sklearn TruncatedSVD": lambda: by_sklearn(X, rank, seed),
        }
    return {
        "deeptensor.cp": lambda: cp(X, rank, random_state=seed, **common).to_tensor(),
        "tensorly parafac": lambda: tensorly.cp_to_tensor(parafac(X, rank, n_iter_max=2000, random_state=seed)),
    }


def image(name: str) -> Callable[[int], Problem]:
    """Return the problem of a photograph in [0, 1] with Gaussian noise."""

    def problem(seed: int) -> Problem:
        clean = getattr(skimage.data, name)() / 255
        noisy = clean + NOISE * np.random.default_rng(seed).standard_normal(clean.shape)
        return clean, lambda **settings: summed(*svd(noisy, RANK, **settings)), lambda: truncated(noisy, RANK)

    return problem


def table(seed: int) -> Problem:
    """Return the problem of the covariance of few smooth components, from 1000 samples of 20 features with noise."""
    rng = np.random.default_rng(seed)
    components = smooth(20, COMPONENTS, rng)
    signal = rng.standard_normal((1000, COMPONENTS)) @ components.T
    samples = signal + signal.std() * rng.standard_normal(signal.shape)

    def classic() -> np.ndarray:
        pca = PCA(COMPONENTS).fit(samples)
        return (pca.components_.T * pca.explained_variance_) @ pca.components_

    return (
        components @ components.T,
        lambda **settings: DeepPCA(COMPONENTS, **settings).fit(samples).get_covariance(),
        classic,
    )


def tensor(seed: int) -> Problem:
    """Return the problem of a 64 x 64 x 64 tensor of rank 5 with smooth factors and as much noise as signal."""
    rng = np.random.default_rng(seed)
    clean = multiplied([smooth(64, COMPONENTS, rng) for _ in range(3)])
    noisy = clean + clean.std() * rng.standard_normal(clean.shape)
    return (
        clean,
        lambda **settings: cp(noisy, COMPONENTS, **settings).to_tensor(),
        lambda: tensorly.cp_to_tensor(parafac(noisy, COMPONENTS, random_state=seed)),
    )


NOISY = {
    "camera, 512 x 512": image("camera"),
    "DeepPCA, 1000 x 20": table,
    "cp, 64 x 64 x 64": tensor,
}


def measured(clean: np.ndarray, call: Callable[[], np.ndarray]) -> dict[str, float]:
    """Return the relative error of what a call returns, and its CPU seconds."""
    started = time.process_time()
    found = call()
    seconds = time.process_time() - started
    return {"error": np.linalg.norm(found - clean) / np.linalg.norm(clean), "cpu_seconds": seconds}


def defaults_page(noisy: pd.DataFrame, exact: pd.DataFrame, facts: Mapping[str, object]) -> str:
    """Return the tables as Markdown."""
    paper = ", ".join(sorted(noisy.loc[noisy["settings"] == "paper", "git_commit"].unique()))
    columns = "data | defaults, error | paper, error | classical, error | defaults, s | paper, s".split(" | ")
    cells = []
    for name, group in noisy.groupby("data", sort=False):
        errors, seconds = (
            group.pivot(index="seed", columns="settings", values=value) for value in ("error", "cpu_seconds")
        )
        cells.append(
            [
                name,
                *(" ".join(f"{error:.4f}" for error in errors[label]) for label in ("defaults", "paper", "classical")),
                *(f"{seconds[label].mean():.1f}" for label in ("defaults", "paper")),
            ]
        )
    means = exact.groupby(["data", "by"], sort=False).agg(error=("error", "max"), cpu_seconds=("cpu_seconds", "mean"))
    lines = [[*key, f"{row.error:.2g}", f"{row.cpu_seconds:.3g}"] for key, row in means.iterrows()]
    return f"""# What the defaults reach, and in what time

Relative errors to the clean signal for the noisy data of three seeds, and mean seconds of a call on one CPU core.
"Paper" is `deeptensor.PAPER`, "classical" the truncated SVD, PCA, and alternating least squares (TensorLy).

{markdown(columns, cells)}

Data of exact rank without noise, the factors normal numbers: the largest relative error of three seeds, mean seconds.

{markdown(["data", "by", "relative error", "s"], lines)}

{listed(facts)}; of the paper's settings: {paper}
"""


def summed(U: np.ndarray, s: np.ndarray, Vh: np.ndarray) -> np.ndarray:
    """Return U diag(s) Vh."""
    return (U * s) @ Vh


def truncated(X: np.ndarray, rank: int) -> np.ndarray:
    """Return the best approximation of a rank."""
    U, s, Vh = np.linalg.svd(X, full_matrices=False)
    return summed(U[:, :rank], s[:rank], Vh[:rank])


def by_sklearn(X: np.ndarray, rank: int, seed: int) -> np.ndarray:
    """Return scikit-learn's approximation of a rank."""
    model = TruncatedSVD(rank, random_state=seed)
    return model.inverse_transform(model.fit_transform(X))


def multiplied(factors: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sum of outer products of two or three factors (n_i, r)."""
    return np.einsum("ir,jr->ij" if len(factors) == 2 else "ir,jr,kr->ijk", *factors)


def smooth(size: int, rank: int, rng: np.random.Generator) -> np.ndarray:
    """Return smooth columns (size, r) of unit variance, about."""
    columns = gaussian_filter1d(rng.standard_normal((size, rank)), size / 16, axis=0)
    return columns / columns.std()


def times(shape: tuple[int, ...]) -> str:
    """Return the shape as in "3 x 4"."""
    return " x ".join(map(str, shape))


if __name__ == "__main__":
    sys.exit(main())
