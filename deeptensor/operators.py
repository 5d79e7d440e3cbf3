"""Linear measurement operators: sampled entries, coded exposure, parallel-beam tomography, any matrix, any functions.

An operator maps signals of shape (..., *shape) to measurements of shape (..., *measured), and its adjoint maps back.
Both take torch tensors, through which autograd differentiates, or NumPy arrays, and return what they were given:
float64 for float64, else float32. The leading axes, if any, count the signals of a batch.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from math import ceil, prod
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from deeptensor.arguments import check_whole
from deeptensor.arrays import Array, refuse_masked
from deeptensor.extras import needed

if TYPE_CHECKING:
    from scipy import sparse

Function = Callable[[torch.Tensor], torch.Tensor]
Sizes = tuple[int, ...]

SPLIT = "map the real and imaginary parts one by one"


class Operator(nn.Module):
    """A linear map from signals of shape `shape` to measurements of shape `measured`, with its exact adjoint.

    A subclass defines `_forward` and `_adjoint`, which map a tensor with exactly one batch axis, of either float
    precision. It keeps what it computes with in buffers, so that `.to(device)` moves it. Autograd needs nothing more:
    the gradient of each of the two is the other.
    """

    def __init__(self, shape: Sequence[int], measured: Sequence[int]):
        """Set the shapes of one signal and of its measurement."""
        super().__init__()
        self.shape = _checked_sizes(shape, "shape")
        self.measured = _checked_sizes(measured, "measured")

    def forward(self, X: Array) -> Array:
        """Return the measurements (..., *measured) of the signals `X` (..., *shape)."""
        return self._map(X, "the signal", self.shape, self.measured, self._forward, self._adjoint)

    def adjoint(self, y: Array) -> Array:
        """Return the adjoint (..., *shape) of the measurements `y` (..., *measured)."""
        return self._map(y, "the measurement", self.measured, self.shape, self._adjoint, self._forward)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self.shape}, measured={self.measured})"

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define _forward")

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define _adjoint")

    def _map(self, x: Array, name: str, sizes: Sizes, target: Sizes, function: Function, transposed: Function) -> Array:
        tensor = x if isinstance(x, torch.Tensor) else _tensor_of(x, name).to(_device_of(self))
        if tensor.is_complex():
            raise ValueError(f"{name} must hold real numbers, not {tensor.dtype}: {SPLIT}")
        if tensor.dtype != torch.float64:
            tensor = tensor.float()
        batch = tensor.shape[: max(tensor.ndim - len(sizes), 0)]
        if tensor.shape != (*batch, *sizes):
            raise ValueError(f"{name} must have the shape {sizes}, after any batch axes, not {tuple(tensor.shape)}")
        number = prod(batch)
        result = _LinearMap.apply(tensor.reshape(number, *sizes), function, transposed)
        if not isinstance(result, torch.Tensor) or result.is_complex():
            kind = result.dtype if isinstance(result, torch.Tensor) else type(result).__name__
            raise ValueError(f"{self} made {kind} of {name}: its functions must return tensors of real numbers")
        if result.shape != (number, *target):
            raise ValueError(
                f"{self} made an array of shape {tuple(result.shape)} of {name}, of shape {(number, *sizes)}: "
                f"its functions must keep the batch axis and return {(number, *target)}"
            )
        result = result.reshape(*batch, *target)
        return result if isinstance(x, torch.Tensor) else result.numpy(force=True)


class EntrySampling(Operator):
    """The entries of the signal where the boolean `mask` is true, as a vector in row-major order."""

    def __init__(self, mask: Array):
        mask = _host_array(mask, "the mask")
        if not np.isin(mask, (0, 1)).all():
            raise ValueError("the mask must hold true and false, or 1 and 0, alone")
        if not mask.any():
            raise ValueError(f"the mask, of shape {mask.shape}, is nowhere true: nothing would be measured")
        entries = np.flatnonzero(mask)
        super().__init__(mask.shape, entries.shape)
        self.register_buffer("entries", torch.from_numpy(entries))

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        return X.flatten(start_dim=1).index_select(1, self.entries)

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        signal = y.new_zeros(len(y), prod(self.shape)).index_copy_(1, self.entries, y)
        return signal.reshape(len(y), *self.shape)


class CodedExposure(Operator):
    """Sums of `frames` frames each of the video, weighted by `code`; the last axis of both is time.

    Of a code (H, W, T), the measurement k in (H, W, ceil(T / frames)) is the sum of code * X over the frames from
    k * frames up to (k + 1) * frames; the last one is of fewer frames where `frames` does not divide T.
    """

    def __init__(self, code: Array, frames: int):
        code = _real_copy(_host_array(code, "the code"), "the code")
        *pixels, length = _checked_sizes(code.shape, "the shape of the code")
        check_whole("frames", frames)
        super().__init__(code.shape, (*pixels, ceil(length / frames)))
        self.frames = int(frames)
        self.register_buffer("code", torch.from_numpy(code))

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        coded = functional.pad(X * self.code.to(X.dtype), (0, -self.shape[-1] % self.frames))
        return coded.unflatten(-1, (-1, self.frames)).sum(-1)

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        frames = y[..., None].expand(*y.shape, self.frames).flatten(start_dim=-2)
        return frames[..., : self.shape[-1]] * self.code.to(y.dtype)


def random_code(shape: Sequence[int], frames: int, seed: int) -> np.ndarray:
    """Return the boolean code of `shape` (H, W, T) that samples each pixel in one frame of every `frames`.

    Which one, each pixel draws once: the code repeats itself after `frames` frames.
    """
    *pixels, length = _checked_sizes(shape, "shape")
    check_whole("frames", frames)
    phase = np.random.default_rng(seed).integers(frames, size=pixels)
    return np.arange(length) % frames == phase[..., None]


class _Product(Operator):
    """A matrix whose columns are the leading axes of the signal, flattened; the other axes go through unchanged."""

    def __init__(self, matrix: nn.Module, columns: int, shape: Sequence[int], measured: Sequence[int]):
        super().__init__(shape, measured)
        self.matrix = matrix
        self.untouched = prod(self.shape) // columns

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        return self._columnwise(self.matrix, X).reshape(len(X), *self.measured)

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return self._columnwise(self.matrix.adjoint, y).reshape(len(y), *self.shape)

    def _columnwise(self, product: Function, x: torch.Tensor) -> torch.Tensor:
        # One product for the whole batch: its signals stand side by side.
        columns = x.reshape(len(x), prod(x.shape[1:]) // self.untouched, self.untouched).transpose(0, 1)
        result = product(columns.reshape(len(columns), len(x) * self.untouched))
        return result.reshape(len(result), len(x), self.untouched).transpose(0, 1)


class Radon(_Product):
    """Parallel-beam projections of each slice at `angles` in degrees.

    The first two axes (H, W) of the signal are the rows and columns of a slice, the other axes count the slices. A
    projection is the sum over the rows of the slice that is rotated about its centre ((H - 1) / 2, (W - 1) / 2), by
    bilinear interpolation with zeros outside. The measurement is of shape (len(angles), W, ...).

    The rotation is clockwise as a picture is shown, its rows running downwards: row i and column j fall into the bin
    (W - 1) / 2 + (j - (W - 1) / 2) cos(angle) - (i - (H - 1) / 2) sin(angle). For slices of N x N, N odd, that is the
    transpose of `skimage.transform.radon`; for even N scikit-image rotates about N / 2 instead, half a pixel away.
    """

    def __init__(self, shape: Sequence[int], angles: Sequence[float]):
        shape = _checked_sizes(shape, "shape")
        if len(shape) < 2:
            raise ValueError(f"shape must have two axes or more, the rows and columns of a slice first, not {shape}")
        refuse_masked(angles, "angles")
        try:
            degrees = np.array(angles, dtype=float)
        except (TypeError, ValueError):
            degrees = np.array(np.nan)
        if degrees.ndim != 1 or degrees.size == 0 or not np.isfinite(degrees).all():
            raise ValueError(f"angles must be a list of one or more finite numbers, in degrees, not {angles!r}")
        height, width, *slices = shape
        sparse = _scipy_sparse("Radon")
        projections = sparse.vstack([_projection(height, width, angle) for angle in np.deg2rad(degrees)], format="csr")
        super().__init__(_Sparse(projections), height * width, shape, (len(degrees), width, *slices))
        self.angles = degrees


def _projection(height: int, width: int, angle: float) -> "sparse.csr_array":
    """Return the matrix (width, height * width) that rotates a slice by `angle`, in radians, and sums its rows."""
    sparse = _scipy_sparse("Radon")
    bins = np.broadcast_to(np.arange(width), (height, width))
    y, x = np.meshgrid(np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij")
    # Where in the slice each pixel of the rotated slice comes from.
    row = np.cos(angle) * y - np.sin(angle) * x + (height - 1) / 2
    column = np.sin(angle) * y + np.cos(angle) * x + (width - 1) / 2
    matrix = sparse.csr_array((width, height * width))
    for i in (np.floor(row), np.floor(row) + 1):
        for j in (np.floor(column), np.floor(column) + 1):
            weight = (1 - abs(row - i)) * (1 - abs(column - j))
            inside = (weight > 0) & (i >= 0) & (i < height) & (j >= 0) & (j < width)
            pixels = (i * width + j)[inside].astype(int)
            # Equal entries are summed: along a ray, neighbours share their sources.
            matrix += sparse.csr_array((weight[inside], (bins[inside], pixels)), shape=matrix.shape)
    return matrix


class Matrix(_Product):
    """The product of `matrix` (M, prod(shape)), dense or sparse, and the signal flattened in row-major order: (M,)."""

    def __init__(self, matrix: "Array | sparse.sparray | sparse.spmatrix", shape: Sequence[int]):
        shape = _checked_sizes(shape, "shape")
        matrix = _host_array(matrix, "the matrix")
        if matrix.ndim != 2 or matrix.shape[1] != prod(shape):
            raise ValueError(f"the matrix must have {prod(shape)} columns for a signal {shape}, not {matrix.shape}")
        matrix = _real_copy(matrix, "the matrix")
        product = _Sparse(matrix) if _is_sparse(matrix) else _Dense(matrix)
        super().__init__(product, matrix.shape[1], shape, matrix.shape[:1])


class Functions(Operator):
    """The operator of two functions of torch tensors, `forward` and its `adjoint`, that know of one batch axis.

    `forward` maps (n, *shape) to (n, *measured) and `adjoint` maps back, in both float precisions. Neither needs to be
    differentiable. `adjoint_mismatch` tells whether the two belong together.
    """

    def __init__(self, shape: Sequence[int], forward: Function, adjoint: Function, measured: Sequence[int]):
        super().__init__(shape, measured)
        self.function, self.transposed = forward, adjoint

    def _forward(self, X: torch.Tensor) -> torch.Tensor:
        return self.function(X)

    def _adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return self.transposed(y)


def adjoint_mismatch(operator: nn.Module, seed: int = 0) -> float:
    """Return |<A x, y> - <x, A^T y>| / (|A x| |y|) for random x and y, in double precision: at most about 1e-15.

    `operator` is any module with `shape`, `forward` and `adjoint`. It is left as it is: a copy of it is tried.
    """
    operator = deepcopy(operator).double()
    generator = torch.Generator().manual_seed(seed)

    def normal(shape: Sequence[int]) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(_device_of(operator))

    with torch.no_grad():
        x = normal(operator.shape)
        Ax = operator(x)
        y = normal(Ax.shape)
        mismatch = (Ax * y).sum() - (x * operator.adjoint(y)).sum()
        return (mismatch.abs() / (Ax.norm() * y.norm())).item()


class _LinearMap(torch.autograd.Function):
    """A linear function whose gradient is its transpose, and the other way round."""

    @staticmethod
    def forward(ctx, x: torch.Tensor, function: Function, transposed: Function) -> torch.Tensor:
        ctx.functions = transposed, function
        return function(x)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return _LinearMap.apply(gradient, *ctx.functions), None, None


class _Dense(nn.Module):
    """A dense matrix."""

    def __init__(self, matrix: np.ndarray):
        super().__init__()
        self.register_buffer("values", torch.from_numpy(matrix))

    def forward(self, columns: torch.Tensor) -> torch.Tensor:
        return self.values.to(columns.dtype) @ columns

    def adjoint(self, columns: torch.Tensor) -> torch.Tensor:
        return self.values.to(columns.dtype).T @ columns


class _Sparse(nn.Module):
    """A sparse matrix, kept with its transpose: products with compressed rows are the fast ones.

    Measured on 2 threads of a CPU, for 40 projections of 128x128x56 in single precision, forward and adjoint in
    milliseconds: torch CSR 7.3 and 5.7; scipy CSR 15 and 14; torch COO 48 and 50; the transpose of torch CSR 58.
    """

    def __init__(self, matrix: "sparse.csr_array"):
        super().__init__()
        self.rows = _CompressedRows(matrix)
        self.columns = _CompressedRows(matrix.T.tocsr())

    def forward(self, columns: torch.Tensor) -> torch.Tensor:
        return self.rows(columns)

    def adjoint(self, columns: torch.Tensor) -> torch.Tensor:
        return self.columns(columns)


class _CompressedRows(nn.Module):
    """A sparse matrix in buffers that move and change their precision like any others."""

    def __init__(self, matrix: "sparse.csr_array"):
        super().__init__()
        self.shape = matrix.shape
        # The libraries under torch want 32 bits, and would convert at each product.
        index = np.int32 if max(matrix.nnz, *matrix.shape) <= np.iinfo(np.int32).max else np.int64
        self.register_buffer("starts", torch.from_numpy(matrix.indptr.astype(index)))
        self.register_buffer("indices", torch.from_numpy(matrix.indices.astype(index)))
        self.register_buffer("values", torch.from_numpy(matrix.data))
        with warnings.catch_warnings():
            # torch says once in each process that its CSR tensors are in beta.
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            self._tensor(torch.float32)

    def forward(self, columns: torch.Tensor) -> torch.Tensor:
        return self._tensor(columns.dtype) @ columns

    def _tensor(self, dtype: torch.dtype) -> torch.Tensor:
        values = self.values.to(dtype)
        return torch.sparse_csr_tensor(self.starts, self.indices, values, self.shape, check_invariants=False)


def _checked_sizes(sizes: Sequence[int], name: str) -> Sizes:
    if not isinstance(sizes, Iterable) or not (sizes := tuple(sizes)):
        raise ValueError(f"{name} must be of one or more whole numbers, not {sizes!r}")
    for size in sizes:
        check_whole(f"each size of {name}", size)
    return tuple(map(int, sizes))


def _host_array(array: "Array | sparse.sparray | sparse.spmatrix", name: str) -> "np.ndarray | sparse.csr_array":
    """Return the array in NumPy, or the sparse matrix in scipy's compressed rows without duplicates."""
    refuse_masked(array, name)
    if _is_sparse(array):
        return _scipy_sparse("a sparse matrix").csr_array(array)
    if not isinstance(array, torch.Tensor):
        return np.asarray(array)
    array = array.detach().cpu()
    if array.layout == torch.strided:
        return array.numpy() if array.dtype != torch.bfloat16 else array.float().numpy()
    array = array.to_sparse_coo().coalesce()
    entries = array.values().numpy(), array.indices().numpy()
    return _scipy_sparse("a sparse matrix").csr_array(entries, shape=tuple(array.shape))


def _is_sparse(array: object) -> bool:
    """Tell whether this is a sparse matrix of SciPy, which is loaded already where there is one."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and sparse.issparse(array)


def _scipy_sparse(by: str) -> ModuleType:
    with needed("SciPy", by):
        from scipy import sparse
    return sparse


def _real_copy(array: "np.ndarray | sparse.csr_array", name: str) -> "np.ndarray | sparse.csr_array":
    """Return a copy in single precision if that holds every value of the type, else in double."""
    _check_kind(array.dtype, name)
    copy = array.astype(np.float32 if np.can_cast(array.dtype, np.float32) else np.float64)
    if not np.isfinite(copy.data if _is_sparse(copy) else copy).all():
        raise ValueError(f"{name} has values that are not finite: replace them")
    return copy


def _tensor_of(array: np.ndarray, name: str) -> torch.Tensor:
    refuse_masked(array, name)
    array = np.asarray(array)
    _check_kind(array.dtype, name)
    dtype = np.float64 if array.dtype.kind == "f" and array.dtype.itemsize >= 8 else np.float32
    return torch.from_numpy(np.array(array, dtype=dtype, order="C"))


def _check_kind(dtype: np.dtype, name: str) -> None:
    if dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers, not {dtype}" + (f": {SPLIT}" if dtype.kind == "c" else ""))


def _device_of(module: nn.Module) -> torch.device:
    return next((buffer.device for buffer in module.buffers()), torch.device("cpu"))
