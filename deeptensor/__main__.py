"""Decompose an array in a file: `python -m deeptensor INPUT --rank R`."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import numpy as np
import torch

from deeptensor.arrays import checked
from deeptensor.decompositions import scaled_fit
from deeptensor.extras import needed
from deeptensor.fit import Fit, factorise
from deeptensor.losses import LOSSES
from deeptensor.models import ACTIVATIONS, Model, Modes
from deeptensor.networks import NETWORKS, Network
from deeptensor.presets import PRESETS
from deeptensor.stopping import ExponentialVariance, HeldOut, LowestLoss, WindowedVariance

STRUCTURES = ("cp", "symmetric", "tucker")
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
        Y = load(options.input, options.key)
        checked(Y, f"the array in {options.input}")
        fit = _fit(Y, options)
        contents = contents_of(fit)
        save(output, contents)
    except (ImportError, OSError, ValueError, FloatingPointError) as error:
        print(f"deeptensor: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = options.checkpoint is not None and options.checkpoint.exists()
        advice = (
            "run the same command again to go on" if kept else "--checkpoint PATH would keep the state every minute"
        )
        print(f"deeptensor: interrupted; {advice}", file=sys.stderr)
        return 130
    error = _relative_error(Y, contents["reconstruction"])
    print(
        f"relative error {error:.4g}; iteration {fit.best_iteration} of {len(fit.loss)}; "
        f"stopped at {fit.stop.iteration}: {fit.stop.reason}; written to {output}"
    )
    return 0


def load(path: Path, key: str | None = None) -> np.ndarray:
    """Return the array in a .npy, .npz or .mat file; of several, the one called `key`.

    Raises ValueError if the file is of another kind or cannot be read, or if it does not say which array is meant, and
    ImportError for a .mat file where there is no SciPy.
    """
    if path.suffix not in READERS:
        raise ValueError(f"{path} has an unknown suffix: convert it to one of {', '.join(READERS)}")
    if not path.is_file():
        raise ValueError(f"{path} does not exist or is no file")
    try:
        return READERS[path.suffix](path, key)
    except ImportError:
        raise
    except Exception as error:  # a damaged file can make a reader raise anything
        raise ValueError(f"{path}: {error}") from error


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


def _read_npy(path: Path, key: str | None) -> np.ndarray:
    if key is not None:
        raise ValueError("a .npy file has a single array without a name: leave out --key")
    return np.load(path)


def _read_npz(path: Path, key: str | None) -> np.ndarray:
    with np.load(path) as file:
        return file[_chosen(file.files, key)]


def _read_mat(path: Path, key: str | None) -> np.ndarray:
    try:
        contents = _scipy_io().loadmat(path)
    except NotImplementedError:  # version 7.3 is HDF5, with MATLAB's first axis innermost
        with needed("h5py", by="a .mat file of version 7.3", install="h5py"):
            import h5py
        with h5py.File(path) as file:
            contents = {name: item[()].T for name, item in file.items() if isinstance(item, h5py.Dataset)}
    arrays = {name: value for name, value in contents.items() if isinstance(value, np.ndarray)}
    # Scalars, which MATLAB stores as matrices, and texts are settings, not data.
    arrays = {name: array for name, array in arrays.items() if array.dtype.kind in "biufc" and array.size > 1}
    return arrays[_chosen(arrays, key)]


def _chosen(names: Iterable[str], key: str | None) -> str:
    known = list(names)
    if key is None and len(known) == 1:
        return known[0]
    if key in known:
        return key
    fault = "choose an array by --key" if key is None else f"there is no array {key!r}"
    raise ValueError(f"{fault}; the file has: {', '.join(known) or 'none'}")


def _write_npz(file, contents: Mapping[str, np.ndarray]) -> None:
    np.savez(file, **contents)


def _write_mat(file, contents: Mapping[str, np.ndarray]) -> None:
    _scipy_io().savemat(file, contents)


def _scipy_io() -> ModuleType:
    with needed("SciPy", by="a .mat file"):
        import scipy.io
    return scipy.io


READERS: dict[str, Callable] = {".npy": _read_npy, ".npz": _read_npz, ".mat": _read_mat}
WRITERS: dict[str, Callable] = {".npz": _write_npz, ".mat": _write_mat}


def _checked_output(options: argparse.Namespace) -> Path:
    """Return where the output goes; what would prevent it from being written is found before the fit."""
    path = options.output or options.input.with_name(f"{options.input.stem}.deeptensor.npz")
    if path.suffix not in WRITERS:
        raise ValueError(f"the output {path} has an unknown suffix: use {' or '.join(WRITERS)}")
    if path.suffix == ".mat":
        _scipy_io()
    if not path.parent.is_dir():
        raise ValueError(f"the folder of the output {path} does not exist: create it first")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"the folder of the output {path} cannot be written to: give another --output")
    if path.resolve() == options.input.resolve():
        raise ValueError(f"the output {path} is the input: give another --output")
    if path.exists() and not options.force:
        raise ValueError(f"the output {path} exists: give another --output, or --force to overwrite it")
    return path


def _fit(Y: np.ndarray, options: argparse.Namespace) -> Fit:
    preset = dict(PRESETS[options.preset])
    network = preset.pop("network", Network())
    own = {"kind": options.network, "channels": options.channels, "scales": options.scales}
    given = {"iterations": options.iterations, "learning_rate": options.learning_rate}
    own, given = ({name: value for name, value in group.items() if value is not None} for group in (own, given))
    model = Model(
        rank=options.rank,
        structure=options.structure,
        modes=options.modes,
        network=replace(network, **own),
        activation=options.nonnegative,
    )
    settings = {
        **preset,
        **given,
        "loss": options.loss,
        "stopping": STOPPING[options.stopping](),
        "device": options.device,
        "checkpoint": options.checkpoint,
    }
    if options.normalise:
        return scaled_fit(Y, model, options.seed, **settings)
    return factorise(Y, model, seed=options.seed, **settings)


def _relative_error(Y: np.ndarray, X: np.ndarray) -> float:
    """Return ||Y - X|| / ||Y|| in the Frobenius norm, or ||X|| where Y is zero."""
    Y = Y.astype(np.float64)
    return float(np.linalg.norm(Y - X) / (np.linalg.norm(Y) or 1.0))


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

    parser.add_argument("input", type=Path, metavar="INPUT", help="a .npy, .npz or .mat file")
    parser.add_argument("--rank", type=_integers, required=True, metavar="R", help="r, or r_1,r_2,... for Tucker")
    parser.add_argument("--key", metavar="NAME", help="the array of a .npz or .mat file that has several")
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
    normalise = "fit the array over its largest magnitude, which the factors then take in, or as it is"
    parser.add_argument("--normalise", default=True, action=argparse.BooleanOptionalAction, help=normalise)
    add("--seed", 0, "the same seed gives the same answer on a CPU", type=int, metavar="N")
    add("--device", "auto", "auto, cpu, cuda or cuda:N; auto is a GPU if there is one", type=_device, metavar="NAME")
    checkpoint = "keep the state of the fit here, to go on after an interruption"
    parser.add_argument("--checkpoint", type=Path, metavar="PATH", help=checkpoint)
    output = "a .npz or .mat file; by default beside INPUT, its stem + .deeptensor.npz"
    parser.add_argument("--output", type=Path, metavar="PATH", help=output)
    parser.add_argument("--force", action="store_true", help="overwrite the output")
    return parser


def _integers(text: str) -> int | tuple[int, ...]:
    try:
        numbers = tuple(int(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number, nor numbers between commas") from None
    return numbers if len(numbers) > 1 else numbers[0]


def _groups(text: str) -> Modes:
    try:
        return tuple(tuple(int(axis) for axis in group.split(",")) for group in text.split(";"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 0,1;2") from None


def _device(name: str) -> str:
    if name != "auto":
        try:
            torch.empty(0, device=name)
        except (RuntimeError, AssertionError):  # the latter where torch is built without CUDA
            raise argparse.ArgumentTypeError(f"torch {torch.__version__} has no {name!r} here; try auto") from None
    return name


if __name__ == "__main__":
    sys.exit(main())
