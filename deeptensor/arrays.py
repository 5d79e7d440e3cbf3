"""Arrays from and for the caller: NumPy arrays or torch tensors."""

from math import frexp, isfinite, nan

import numpy as np
import torch

Array = np.ndarray | torch.Tensor

DENSE = "convert it to a dense array first"
# How many times the largest datum a result may be, of which the largest is close to it.
HEADROOM = 2.0


def real(Y: Array, name: str = "Y", advice: str | None = None) -> torch.Tensor:
    """Return a real array in single precision if that is its own or it has less, else in double.

    The tensor is contiguous and on the array's own device: a copy, or `Y` itself if that is so. Raises ValueError for
    what is no array of real numbers, is empty, sparse, or has masked entries; `advice` says what to do about missing
    ones, which is to give weights if it is None.
    """
    if not isinstance(Y, torch.Tensor):
        Y = _tensor_of(Y, name, advice)
    if Y.layout != torch.strided:
        raise ValueError(f"{name} is sparse ({Y.layout}): {DENSE}")
    if Y.is_complex():
        raise ValueError(f"{name} must hold real numbers, not {Y.dtype}")
    if Y.numel() == 0:
        raise ValueError(f"{name} is empty, of shape {tuple(Y.shape)}")
    Y = Y.detach().to(precision(Y)).contiguous()
    # Of a tensor made in inference mode, autograd may keep nothing.
    return Y.clone() if Y.is_inference() and not torch.is_inference_mode_enabled() else Y


def checked(Y: Array, name: str = "Y", allow_nan: bool = False) -> torch.Tensor:
    """Return what `real` returns in single precision; ValueError unless that is finite, or `allow_nan`."""
    single = real(Y, name).to(torch.float32)
    if not allow_nan and not single.isfinite().all():
        raise ValueError(f"{name} has entries that are not finite in single precision: replace them, or scale {name}")
    return single


def refuse_masked(Y: object, name: str, advice: str | None = None) -> None:
    """Raise ValueError for a NumPy array with masked entries, whose values other functions would use."""
    if np.ma.is_masked(Y):
        advice = advice or "give its data, and what is not masked as weights"
        raise ValueError(f"{name} is a masked array: {advice}")


def refuse_edge(largest: float, Y: Array, name: str, advice: str) -> None:
    """Raise ValueError if results that are a little larger than `largest` exceed their precision, which is that for Y.

    It is for what comes before a fit, whose results can overshoot its data; `advice` says what to do.
    """
    wanted = precision(Y)
    if largest > torch.finfo(wanted).max / HEADROOM:
        raise ValueError(
            f"{name} has values of up to {largest:.3g}, where results can exceed the range of {wanted}: {advice}"
        )


def precision(Y: Array) -> torch.dtype:
    """Return the precision of the results for an array: single for single or less, else double, for integers too."""
    if isinstance(Y, torch.Tensor):
        single = Y.is_floating_point() and Y.dtype.itemsize <= 4
    else:
        dtype = np.asarray(Y).dtype
        single = dtype.kind == "f" and dtype.itemsize <= 4
    return torch.float32 if single else torch.float64


def divided(Y: torch.Tensor, scale: float) -> torch.Tensor:
    """Return Y / scale in single precision, for any positive double `scale`; what is beyond its range is infinite.

    The power of two comes off first, in the precision of Y and without rounding errors: neither Y nor `scale` need be
    within the range of single precision.
    """
    mantissa, exponent = frexp(scale)
    return _times_power_of_two(Y, -exponent).to(torch.float32) / mantissa


def like(tensor: torch.Tensor, Y: Array, scale: float = 1.0) -> Array:
    """Return `scale` times the tensor as an array of the kind and device of `Y`, in the precision of results for it.

    Raises ValueError where that cannot hold a finite entry.
    """
    tensor, wanted = tensor.detach(), precision(Y)
    result = times(tensor, scale).to(wanted)
    if not (result.isfinite() | ~tensor.isfinite()).all():
        raise ValueError(f"the result exceeds the range of {wanted}: divide the data by some power of ten")
    return result.to(Y.device) if isinstance(Y, torch.Tensor) else result.cpu().numpy()


def times(tensor: torch.Tensor, scale: float) -> torch.Tensor:
    """Return `scale` times the tensor in double precision, with the rounding errors of the tensor's own."""
    mantissa, exponent = frexp(scale)
    return _times_power_of_two((mantissa * tensor).double(), exponent)


def squared(value: float, scale: float) -> float:
    """Return `scale`^2 times a mean square; NaN where double precision has no number for it."""
    result = value * scale * scale
    return result if isfinite(result) and (result == 0) == (value == 0) else nan


def _times_power_of_two(tensor: torch.Tensor, exponent: int) -> torch.Tensor:
    # In two steps: the inverse of a small scale can be infinite.
    return tensor * 2.0 ** (exponent // 2) * 2.0 ** (exponent - exponent // 2)


def _tensor_of(Y: object, name: str, advice: str | None) -> torch.Tensor:
    refuse_masked(Y, name, advice)
    if hasattr(Y, "toarray"):
        raise ValueError(f"{name} is sparse ({type(Y).__name__}): {DENSE}")
    try:
        Y = np.asarray(Y)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be made an array: {error}") from error
    if Y.dtype.kind not in "fiub":
        missing = f"; {advice or 'missing values must be NaN, with weights of 0'}" if Y.dtype.kind == "O" else ""
        raise ValueError(f"{name} must hold real numbers, not {Y.dtype}{missing}")
    # Of NumPy's types, torch knows none of other byte orders or of more than 8 bytes.
    dtype = np.float64 if Y.dtype.itemsize > 8 else Y.dtype.newbyteorder("=")
    with np.errstate(over="ignore"):  # what double precision cannot hold is then found not to be finite
        return torch.from_numpy(np.array(Y, dtype=dtype, order="C"))
