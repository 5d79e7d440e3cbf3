"""Arrays from and for the caller: NumPy arrays or torch tensors."""

import numpy as np
import torch

Array = np.ndarray | torch.Tensor


def checked(Y: Array, name: str = "Y", allow_nan: bool = False) -> torch.Tensor:
    """Return a real array in single precision, contiguous, on its own device: a copy, or `Y` itself if that is so.

    Raises ValueError if it is empty, not real, or, unless `allow_nan`, not finite in single precision.
    """
    if not isinstance(Y, torch.Tensor):
        if np.ma.is_masked(Y):
            raise ValueError(f"{name} is a masked array: give its data, and what is not masked as weights")
        Y = np.asarray(Y)
        if Y.dtype.kind not in "fiub":
            raise ValueError(f"{name} must hold real numbers, not {Y.dtype}")
        # Of NumPy's types, torch knows none of other byte orders or of more than 8 bytes.
        dtype = np.float64 if Y.dtype.itemsize > 8 else Y.dtype.newbyteorder("=")
        Y = torch.from_numpy(np.array(Y, dtype=dtype, order="C"))
    if Y.is_complex():
        raise ValueError(f"{name} must hold real numbers, not {Y.dtype}")
    if Y.numel() == 0:
        raise ValueError(f"{name} is empty, of shape {tuple(Y.shape)}")
    Y = Y.detach().to(torch.float32).contiguous()
    if not allow_nan and not Y.isfinite().all():
        raise ValueError(f"{name} has entries that are not finite in single precision: replace them, or scale {name}")
    return Y


def like(tensor: torch.Tensor, Y: Array) -> Array:
    """Return the tensor as an array of the kind and device of `Y`, in double precision if `Y` is, else in single."""
    if isinstance(Y, torch.Tensor):
        return tensor.detach().to(Y.device, torch.float64 if Y.dtype == torch.float64 else torch.float32)
    double = np.asarray(Y).dtype.newbyteorder("=") == np.float64
    return tensor.detach().cpu().numpy().astype(np.float64 if double else np.float32)
