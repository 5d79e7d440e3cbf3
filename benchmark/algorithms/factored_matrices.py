"""Matrices that are kept as factors: composed, and applied factor by factor, by torch.

Modes are (n_1 .. n_d) of the rows of a matrix and (m_1 .. m_d) of its columns, row-major. A format is told by its
arrays:

* `matrix` (n x m); or `left` (n x r) and `right` (r x m), their product;
* `cores.k` (r_{k-1} x m_k x n_k x r_k), tensor-train cores, W(n; m) = G_1[m_1, n_1] ... G_d[m_d, n_d];
* `rows.k` (n_k x R) and `columns.k` (m_k x R), CP; with a `core` (a_1 .. a_d, b_1 .. b_d), `rows.k` (n_k x a_k) and
  `columns.k` (m_k x b_k), Tucker.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce

import numpy as np
import torch

Parts = Mapping[str, torch.Tensor]
# Of which a format has one for each mode, the others one each.
NUMBERED = {"rows", "columns", "cores"}


def factors_of(answer: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """Return the arrays `name.*` of an answer; raise ValueError where there are none."""
    own = {key.removeprefix(f"{name}."): array for key, array in answer.items() if key.startswith(f"{name}.")}
    if not own:
        raise ValueError(f"the answer has no arrays of `{name}`; it has: {', '.join(answer)}")
    return own


def tensors(arrays: Mapping[str, np.ndarray], kind: type = np.float32) -> dict[str, torch.Tensor]:
    """Return arrays as tensors of a precision."""
    return {name: torch.from_numpy(np.ascontiguousarray(own, kind)) for name, own in arrays.items()}


def weight_of(parts: Parts) -> torch.Tensor:
    """Return the matrix (rows x columns) that the factors of its format make; raise ValueError where they make none."""
    compose, _, arrays = _form(parts)
    try:
        return compose(*arrays)
    except RuntimeError as error:  # torch's word for shapes that do not fit
        raise ValueError(f"the arrays {', '.join(sorted(parts))} make no matrix: {error}") from error


def applied(parts: Parts) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return what makes of vectors (b x columns) their products (b x rows), by the factors one after the other."""
    _, apply, arrays = _form(parts)
    return partial(apply, *arrays)


def _form(parts: Parts) -> tuple[Callable, Callable, list]:
    """Return what composes a matrix of a format, what applies it, and the arrays; raise ValueError for other arrays."""
    of_modes = {key: _numbered(parts, key) for key in NUMBERED}
    rows, columns, cores = (of_modes[key] for key in ("rows", "columns", "cores"))
    forms = {
        ("matrix",): (_dense_weight, _dense, [parts.get("matrix")]),
        ("left", "right"): (_product_weight, _product, [parts.get("left"), parts.get("right")]),
        ("cores",): (train_weight, _train, [cores]),
        ("columns", "rows"): (cp_weight, _cp, [rows, columns]),
        ("columns", "core", "rows"): (tucker_weight, _tucker, [rows, columns, parts.get("core")]),
    }
    names = tuple(sorted({name.partition(".")[0] for name in parts}))
    wanted = {f"{key}.{number}" for key, own in of_modes.items() for number in range(len(own))} | {*names} - NUMBERED
    if names not in forms or len(rows) != len(columns) or {*parts} != wanted:
        known = "; ".join(" and ".join(form) for form in forms)
        raise ValueError(f"no format has the arrays {', '.join(sorted(parts))}: give {known}, numbered from 0")
    for name, own in parts.items():
        axes = {"cores": 4, "core": 2 * len(rows)}.get(name.partition(".")[0], 2)
        if own.ndim != axes:
            raise ValueError(f"the array `{name}` has the shape {tuple(own.shape)}: give it {axes} axes")
    return forms[names]


def _numbered(parts: Parts, key: str) -> list[torch.Tensor]:
    """Return the arrays `key.0`, `key.1`, ... in their order; raise ValueError where a number lacks."""
    names = [f"{key}.{number}" for number in range(sum(name.startswith(f"{key}.") for name in parts))]
    if lacking := [name for name in names if name not in parts]:
        raise ValueError(f"there is no array `{lacking[0]}`: number those of `{key}` from 0, one after the other")
    return [parts[name] for name in names]


def _dense_weight(matrix: torch.Tensor) -> torch.Tensor:
    return matrix


def _dense(matrix: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    return vectors @ matrix.T


def _product_weight(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return left @ right


def _product(left: torch.Tensor, right: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    return vectors @ right.T @ left.T


def train_weight(cores: Iterable[torch.Tensor]) -> torch.Tensor:
    """Return the matrix (prod of rows x prod of columns) of a tensor train."""
    whole = reduce(_joined, cores)
    return whole.reshape(whole.shape[1:3]).T


def _joined(left: torch.Tensor, core: torch.Tensor) -> torch.Tensor:
    """Return the core of two neighbours, whose modes are the products of theirs."""
    both = torch.einsum("amnb,bijc->aminjc", left, core)
    return both.reshape(len(left), left.shape[1] * core.shape[1], left.shape[2] * core.shape[2], core.shape[3])


def _train(cores: list[torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
    state, done = vectors[:, None, None], 1  # b x modes of the rows that are done x rank x modes of columns to come
    for core in cores:
        rank, column, row, following = core.shape
        state = state.reshape(len(vectors), done, rank, column, -1)
        state = torch.einsum("bdrmx,rmns->bdnsx", state, core)
        done *= row
        state = state.reshape(len(vectors), done, following, -1)
    return state.reshape(len(vectors), -1)


def _khatri_rao(factors: Sequence[torch.Tensor]) -> torch.Tensor:
    return reduce(lambda left, right: (left[:, None] * right).reshape(-1, right.shape[1]), factors)


def cp_weight(rows: Sequence[torch.Tensor], columns: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the matrix (prod of rows x prod of columns) of a CP tensor, whose rank is at most that of the tensor."""
    return _khatri_rao(rows) @ _khatri_rao(columns).T


def _cp(rows: list[torch.Tensor], columns: list[torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
    state = vectors.reshape(len(vectors), *[len(own) for own in columns])
    state = torch.tensordot(state, columns[0], dims=([1], [0]))
    for own in columns[1:]:
        state = torch.einsum("bm...r,mr->b...r", state, own)
    for own in rows[:-1]:
        state = state[..., None, :] * own
    return (state @ rows[-1].T).reshape(len(vectors), -1)


def tucker_weight(rows: Sequence[torch.Tensor], columns: Sequence[torch.Tensor], core: torch.Tensor) -> torch.Tensor:
    """Return (A_1 x .. x A_d) G (B_1 x .. x B_d)^T, of Kronecker products of the factors."""
    left, right = reduce(torch.kron, rows), reduce(torch.kron, columns)
    return left @ core.reshape(left.shape[1], right.shape[1]) @ right.T


def _tucker(
    rows: list[torch.Tensor], columns: list[torch.Tensor], core: torch.Tensor, vectors: torch.Tensor
) -> torch.Tensor:
    state = vectors.reshape(len(vectors), *[len(own) for own in columns])
    for own in columns:  # the first axis goes, and that of its factor comes last
        state = torch.tensordot(state, own, dims=([1], [0]))
    state = torch.tensordot(state, core, dims=(list(range(1, state.ndim)), list(range(len(rows), core.ndim))))
    for own in rows:
        state = torch.tensordot(state, own, dims=([1], [1]))
    return state.reshape(len(vectors), -1)
