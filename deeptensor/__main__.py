"""Decompose an array in a file: `python -m deeptensor INPUT`."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch

from deeptensor.arguments import is_share
from deeptensor.arrays import checked
from deeptensor.decompositions import chosen_ranks, scaled_fit
from deeptensor.fit import Fit, checked_device, factorise
from deeptensor.losses import LOSSES
from deeptensor.matlab import import_scipy_io
from deeptensor.models import ACTIVATIONS, STRUCTURES, Model, Modes, modes_of
from deeptensor.networks import NETWORKS, Network
from deeptensor.presets import PRESETS
from deeptensor.ranks import Rank
from deeptensor.reading import ENDINGS, read_array
from deeptensor.stopping import ExponentialVariance, HeldOut, LowestLoss, WindowedVariance

STOPPING = {
    "lowest-loss": LowestLoss,
    "held-out": HeldOut,
    "windowed-variance": WindowedVariance,
    "exponential-variance": ExponentialVariance,
}


def main(arguments: list[str] | None = None) -> int:
    """Decompose the array that the command line names and return the exit status: 2 after an error of the input."""
    options = _parser().parse_args(arguments)
    try:
        output = _checked_output(options)
        if options.threads is not None:
            _set_threads(options.threads)
        Y = _read(options.input, options.key, options.volume)
        weights = None
        if options.weights is not None:
            weights = _read(options.weights, options.weights_key, options.weights_volume, "weights-")
        if weights is None and not np.isfinite(Y).all():
            raise ValueError(f"the array in {options.input} has NaN or infinite entries: leave them out by --mask")
        checked(Y, f"the array in {options.input}", allow_nan=weights is not None)
        fit = _fit(Y, weights, options)
        contents = contents_of(fit)
        save(output, contents)
    except (ImportError, OSError, ValueError, FloatingPointError) as error:
        print(f"deeptensor: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = options.checkpoint is not None and options.checkpoint.exists()
        advice = "run the same command again to go on" if kept else "--checkpoint PATH would have kept the state"
        print(f"deeptensor: interrupted; {advice}", file=sys.stderr)
        return 130
    error = _relative_error(Y, contents["reconstruction"], weights)
    print(
        f"rank {_rank_of(fit)}; relative error {error:.4g}; iteration {fit.best_iteration} of {len(fit.loss)}; "
        f"stopped at {fit.stop.iteration}: {fit.stop.reason}; written to {output}"
    )
    return 0


def contents_of(fit: Fit) -> dict[str, np.ndarray]:
    """Return what is written: the factors, the core if there is one, the reconstruction, and how the fit went."""
    decomposition = fit.decomposition
    factors = {f"factor_{number}": factor for number, factor in enumerate(decomposition.factors)}
    return {
        **factors,
        **({} if decomposition.core is None else {"core": decomposition.core}),
        "reconstruction": decomposition.reconstruct(),
        "loss": fit.loss,
        "best_iteration": np.array(fit.best_iteration),
        "stop_iteration": np.array(fit.stop.iteration),
        "stop_reason": np.array(fit.stop.reason),
    }


def save(path: Path, contents: Mapping[str, np.ndarray]) -> None:
    """Write arrays as .npz or .mat; a file that is there stays as it is until the new one is complete."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            WRITERS[path.suffix](file, contents)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_npz(file, contents: Mapping[str, np.ndarray]) -> None:
    np.savez(file, **contents)


def _write_mat(file, contents: Mapping[str, np.ndarray]) -> None:
    import_scipy_io("writing a .mat file").savemat(file, contents)


WRITERS: dict[str, Callable] = {".npz": _write_npz, ".mat": _write_mat}


def _checked_output(options: argparse.Namespace) -> Path:
    """Return where the output goes; what would prevent it from being written is found before the fit."""
    source = options.input.resolve()  # `.` has a name, too
    path = options.output or source.with_name(f"{source.stem}.deeptensor.npz")
    if path.suffix not in WRITERS:
        raise ValueError(f"the output {path} has an unknown suffix: use {' or '.join(WRITERS)}")
    if path.suffix == ".mat":
        import_scipy_io("writing a .mat file")
    if not path.parent.is_dir():
        raise ValueError(f"the folder of the output {path} does not exist: create it first")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"the folder of the output {path} cannot be written to: give another --output")
    if path.resolve() == source:
        raise ValueError(f"the output {path} is the input: give another --output")
    if path.exists() and not options.force:
        raise ValueError(f"the output {path} exists: give another --output, or --force to overwrite it")
    return path


def _read(path: Path, key: str | None, volume: int | None, prefix: str = "") -> np.ndarray:
    """Return the array of a file; errors name the options by which to choose one, which start by `prefix`."""
    try:
        return read_array(path, key, volume=volume)
    except ValueError as error:
        text = str(error).replace("`key`", f"--{prefix}key").replace("`volume`", f"--{prefix}volume")
        raise ValueError(text) from None


def _set_threads(number: int) -> None:
    """Let torch use so many threads, and the library know that somebody chose the number."""
    os.environ["OMP_NUM_THREADS"] = str(number)
    torch.set_num_threads(number)


def _fit(Y: np.ndarray, weights: np.ndarray | None, options: argparse.Namespace) -> Fit:
    preset = dict(PRESETS[options.preset])
    network = preset.pop("network", Network())
    own = {"kind": options.network, "channels": options.channels, "scales": options.scales}
    given = {"iterations": options.iterations, "learning_rate": options.learning_rate}
    own, given = ({name: value for name, value in group.items() if value is not None} for group in (own, given))
    model = Model(
        rank=1,
        structure=options.structure,
        modes=options.modes,
        network=replace(network, **own),
        activation=options.nonnegative,
    )
    model = replace(model, rank=_rank_for(model, options.rank, Y, weights))
    settings = {
        "weights": weights,
        **preset,
        **given,
        "loss": options.loss,
        "stopping": STOPPING[options.stopping](),
        "device": options.device,
        "progress": options.progress,
        "checkpoint": options.checkpoint,
    }
    if options.normalise:
        return scaled_fit(Y, model, options.seed, **settings)[0]
    return factorise(Y, model, seed=options.seed, **settings)


def _rank_for(model: Model, rank: Rank | tuple[Rank, ...], Y: np.ndarray, weights: np.ndarray | None) -> int | tuple:
    """Return the rank, or Tucker's ranks, that are meant for a model of Y; of a sum the largest over the unfoldings."""
    given = rank if isinstance(rank, tuple) else (rank,)
    if all(isinstance(own, int) for own in given):
        return rank
    modes = modes_of(model, Y.ndim)
    tucker = model.structure == "tucker"
    if len(modes) == 2 and not tucker:
        modes = modes[:1]  # the other unfolding is the same matrix, transposed
    if len(given) not in (1, len(modes)):
        raise ValueError(f"--rank takes one, or with --structure tucker {len(modes)}, not {len(given)}")
    ranks = chosen_ranks(given * (len(modes) // len(given)), Y, modes, weights)
    return ranks if tucker or len(given) > 1 else max(ranks)


def _rank_of(fit: Fit) -> str:
    core, factors = fit.decomposition.core, fit.decomposition.factors
    return ",".join(map(str, factors[0].shape[-1:] if core is None else core.shape))


def _relative_error(Y: np.ndarray, X: np.ndarray, weights: np.ndarray | None) -> float:
    """Return ||Y - X|| / ||Y|| in the Frobenius norm over what is observed, or ||X|| where Y is zero."""
    Y = Y.astype(np.float64)
    observed = slice(None) if weights is None else weights != 0
    # In units of the largest entry, whose square may be beyond the range of double precision.
    largest = np.abs(Y[observed]).max() or 1.0
    error, size = (np.linalg.norm(array[observed] / largest) for array in (Y - X, Y))
    return float(error / size) if size else float(np.linalg.norm(X[observed]))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"deeptensor: error: {message}; --help lists the options\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m deeptensor",
        description="Decompose an array into low-rank factors, each the output of an untrained network.",
    )

    def add(name: str, default: object, help: str, **settings) -> None:
        parser.add_argument(name, default=default, help=f"{help} (default: {default})", **settings)

    source = f"a file ({', '.join(ENDINGS)}) or a folder of grey images, stacked in natural order"
    parser.add_argument("input", type=Path, metavar="INPUT", help=source)
    rank = (
        "r, or r_1,r_2,... for Tucker; a number between 0 and 1 is a share of the energy (default: parallel analysis)"
    )
    parser.add_argument("--rank", type=_ranks, metavar="R", help=rank)
    key = "the array of a .npz or .mat file that has several; data.cube is a member of a structure"
    parser.add_argument("--key", metavar="NAME", help=key)
    volume = "the volume of a NIfTI file that has several, from 0"
    parser.add_argument("--volume", type=int, metavar="N", help=volume)
    weights = "not negative, of the shape of the array: 0 or False marks what is not observed, and may be NaN there"
    parser.add_argument("--weights", "--mask", type=Path, metavar="FILE", help=weights)
    parser.add_argument("--weights-key", metavar="NAME", help="the array of weights in a file that has several")
    parser.add_argument("--weights-volume", type=int, metavar="N", help=f"{volume}, of weights")
    add("--structure", "cp", "sum of outer products (U V^T for a matrix), U U^T, or Tucker's", choices=STRUCTURES)
    modes = "groups of neighbouring axes, one factor each, such as '0,1;2'"
    parser.add_argument("--modes", type=_groups, metavar="GROUPS", help=modes)
    parser.add_argument("--nonnegative", choices=ACTIVATIONS, help="activation that makes every factor non-negative")
    add("--loss", "l2", "the misfit", choices=LOSSES)
    presets = "the settings that the next five leave open: quick, or those of the DeepTensor paper, which take long"
    add("--preset", "default", presets, choices=PRESETS)
    parser.add_argument("--iterations", type=int, metavar="N", help="at most")
    parser.add_argument("--learning-rate", type=float, metavar="RATE", help="of Adam")
    parser.add_argument("--network", choices=NETWORKS, help="what makes each factor")
    parser.add_argument("--channels", type=int, metavar="N", help="of the networks' hidden layers")
    parser.add_argument("--scales", type=int, metavar="N", help="halvings of the sizes, at most")
    add("--stopping", "lowest-loss", "which iterate is returned, and when the fit ends", choices=STOPPING)
    normalise = "fit the array over twice its root mean square, which the factors then take in, or as it is"
    parser.add_argument("--normalise", default=True, action=argparse.BooleanOptionalAction, help=normalise)
    add("--seed", 0, "the same seed gives the same answer on a CPU", type=_at_least(0), metavar="N")
    add("--device", "auto", "auto, cpu, cuda or cuda:N; auto is a GPU if there is one", type=_device, metavar="NAME")
    threads = "threads of the CPU (default: OMP_NUM_THREADS, else 1: more seldom help)"
    parser.add_argument("--threads", type=_at_least(1), metavar="N", help=threads)
    progress = "show how far the fit is, and what time is left (default: on a terminal)"
    parser.add_argument("--progress", action=argparse.BooleanOptionalAction, help=progress)
    checkpoint = "keep the state of the fit here, every minute and at an interrupt, to go on from"
    parser.add_argument("--checkpoint", type=Path, metavar="PATH", help=checkpoint)
    output = "a .npz or .mat file; by default beside INPUT, its stem + .deeptensor.npz"
    parser.add_argument("--output", type=Path, metavar="PATH", help=output)
    parser.add_argument("--force", action="store_true", help="overwrite the output")
    return parser


def _ranks(text: str) -> int | float | tuple[int | float, ...]:
    """Return a rank, or several between commas: whole numbers, and shares of the energy."""
    ranks = tuple(map(_rank, text.split(",")))
    return ranks if len(ranks) > 1 else ranks[0]


def _rank(text: str) -> int | float:
    for kind, holds in ((int, lambda number: number >= 1), (float, is_share)):
        try:
            number = kind(text)
        except ValueError:
            continue
        if holds(number):
            return number
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither a whole number of at least 1 nor a share of the energy between 0 and 1"
    )


def _groups(text: str) -> Modes:
    try:
        return tuple(tuple(int(axis) for axis in group.split(",")) for group in text.split(";"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 0,1;2") from None


def _at_least(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least {least}")
        return number

    return read


def _device(name: str) -> str:
    if name != "auto":
        try:
            checked_device(name)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{error}; try auto") from None
    return name


if __name__ == "__main__":
    sys.exit(main())
