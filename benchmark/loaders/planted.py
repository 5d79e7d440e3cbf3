"""Tensors that a decomposition made, with its factors: what the decomposition itself should find again.

Sizes and distributions that no source prints are of common studies: 20 x 20 x 20 with columns of pairwise congruence c
(Tomasi and Bro 2006, DOI 10.1016/j.csda.2004.11.013), others as the functions say.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmark.contract import Item

HEIGHTS = (15, 20, 12, 25, 18, 30, 16, 22)
COSINES = 8

Rng = np.random.Generator
# A tensor, what is told of it beside its model, and what is withheld.
Planted = tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]


def plant(model: str, name: str, rng: Rng, **settings) -> Item:
    """Return a tensor that `model`, one of `MODELS`, made with random factors, brought into [-1, 1].

    Its extras are `model`, the `ranks` of the model, the `multilinear` ranks of its unfoldings, and the true factors by
    name: A, B and C along the axes, or all `terms`. Its rank is the number of terms
    of a CP tensor that stands beside it: as many as the model's columns together.
    """
    tensor, told, truth = MODELS[model](rng, **settings)
    rank = int(told.pop("rank"))
    extras = {"model": np.array(model)} | told | truth
    signal = (tensor / np.abs(tensor).max()).astype(np.float32)
    return Item(name, signal, rank=rank, signed=True, extras=extras)


def congruent(size: int, rank: int, congruence: float, rng: Rng) -> np.ndarray:
    """Return a factor (size x rank) with columns of norm 1 and pairwise inner product `congruence`."""
    basis = np.linalg.qr(rng.standard_normal((size, rank)))[0]
    gram = (1 - congruence) * np.eye(rank) + congruence
    return basis @ np.linalg.cholesky(gram).T


def exact_product(rows: int, columns: int, rank: int, rng: Rng) -> np.ndarray:
    """Return U V^T / 32, rows x columns, of exactly this rank in single precision, too.

    Entries of U and V are standard normal ones rounded to multiples of 1/32, which no sum of products has to round.
    """
    left, right = (np.round(32 * rng.standard_normal((size, rank))) / 32 for size in (rows, columns))
    return (left @ right.T / 32).astype(np.float32)


def cosines(size: int, number: int) -> np.ndarray:
    """Return an orthonormal basis (size x number) of the slowest cosines of a discrete cosine transform."""
    angles = np.pi * np.outer(np.arange(size) + 0.5, np.arange(number)) / size
    return np.cos(angles) * np.where(np.arange(number) == 0, 1, np.sqrt(2)) / np.sqrt(size)


def cp(rng: Rng, size: int = 20, rank: int = 5, congruence: float = 0.0) -> Planted:
    """Return a CP tensor; the columns of its last factor are scaled by uniform numbers in [0.5, 1.5]."""
    A, B, C = (congruent(size, rank, congruence, rng) for _ in range(3))
    C = C * rng.uniform(0.5, 1.5, rank)
    return np.einsum("ir,jr,kr->ijk", A, B, C), _told(rank, [rank], [rank] * 3), {"A": A, "B": B, "C": C}


def tucker(rng: Rng, size: int = 20, ranks: Sequence[int] = (4, 5, 6)) -> Planted:
    """Return a Tucker tensor with a standard normal core and orthonormal factors."""
    A, B, C = (np.linalg.qr(rng.standard_normal((size, rank)))[0] for rank in ranks)
    tensor = np.einsum("ia,jb,kc,abc->ijk", A, B, C, rng.standard_normal(ranks))
    return tensor, _told(sum(ranks), ranks, ranks), {"A": A, "B": B, "C": C}


def indscal(rng: Rng, size: int = 20, slices: int = 12, rank: int = 4) -> Planted:
    """Return symmetric slices A diag(c_k) A^T with a standard normal A and saliences uniform in [0.2, 1]."""
    A, C = rng.standard_normal((size, rank)), rng.uniform(0.2, 1, (slices, rank))
    return np.einsum("ir,jr,kr->ijk", A, A, C), _told(rank, [rank], [rank] * 3), {"A": A, "C": C}


def candelinc(rng: Rng, size: int = 60, rank: int = 3, number: int = COSINES) -> Planted:
    """Return a CP tensor whose factors are standard normal combinations of a few cosines, which are told."""
    basis = cosines(size, number)
    A, B, C = (basis @ rng.standard_normal((number, rank)) for _ in range(3))
    bases = {"basis_a": basis, "basis_b": basis, "basis_c": basis}
    told = _told(rank, [rank], [rank] * 3) | bases
    return np.einsum("ir,jr,kr->ijk", A, B, C), told, {"A": A, "B": B, "C": C}


def parafac2(rng: Rng, heights: Sequence[int] = HEIGHTS, width: int = 20, rank: int = 3) -> Planted:
    """Return slices P_k B diag(c_k) A^T of unequal heights, one above the other, as a stack of a single image.

    P_k are orthonormal, B and the shared factor standard normal, and c_k uniform in [0.5, 1.5].
    """
    inner, shared = rng.standard_normal((rank, rank)), rng.standard_normal((width, rank))
    weights = rng.uniform(0.5, 1.5, (len(heights), rank))
    slices = [
        np.linalg.qr(rng.standard_normal((height, rank)))[0] @ inner * own @ shared.T
        for height, own in zip(heights, weights, strict=True)
    ]
    told = _told(rank, [rank], [rank, rank, 1]) | {"heights": np.array(heights)}
    return np.concatenate(slices)[..., None], told, {"B": shared, "C": weights}


def dedicom(rng: Rng, size: int = 20, slices: int = 15, rank: int = 3) -> Planted:
    """Return slices A D_k H D_k A^T: A uniform in [0, 1], H standard normal, the diagonals of D_k uniform in [0.2, 1].

    Twice as many terms of CP stand beside it.
    """
    A, C = rng.uniform(0, 1, (size, rank)), rng.uniform(0.2, 1, (slices, rank))
    tensor = np.einsum("ir,kr,rs,ks,js->ijk", A, C, rng.standard_normal((rank, rank)), C, A)
    told = _told(2 * rank, [rank], [rank, rank, rank * (rank + 1) // 2])
    return tensor, told, {"A": A, "C": C}


def paratuck2(rng: Rng, shape: Sequence[int] = (20, 18, 15), ranks: Sequence[int] = (3, 2)) -> Planted:
    """Return slices A diag(c_k) H diag(d_k) B^T: A and B standard normal, |H| and the weights uniform.

    Entries of H are from 0.5 to 1.5 of either sign, weights from 0.3 to 1.5. As many terms of CP as H has entries,
    which hold the model, stand beside it.
    """
    (left, right), slices = ranks, shape[2]
    A, B = rng.standard_normal((shape[0], left)), rng.standard_normal((shape[1], right))
    C, D = (rng.uniform(0.3, 1.5, (slices, rank)) for rank in ranks)
    H = rng.uniform(0.5, 1.5, (left, right)) * rng.choice([-1, 1], (left, right))
    tensor = np.einsum("ir,kr,rs,ks,js->ijk", A, C, H, D, B)
    told = _told(left * right, ranks, [left, right, left * right])
    return tensor, told, {"A": A, "B": B}


def ll1(rng: Rng, shape: Sequence[int] = (20, 20, 12), ranks: Sequence[int] = (2, 2, 2)) -> Planted:
    """Return the sum of terms (A_r B_r^T) o c_r, all standard normal, with `ranks` columns of A_r and B_r."""
    triples = [(rank, rank, 1) for rank in ranks]
    return _blocks(rng, shape, triples, sum(ranks))


def btd(rng: Rng, shape: Sequence[int] = (10, 10, 10), ranks: Sequence[Sequence[int]] = ((3, 3, 3),) * 2) -> Planted:
    """Return the sum of Tucker tensors of `ranks`, all standard normal: block terms.

    As many terms of CP as the largest ranks of the blocks together stand beside it.
    """
    return _blocks(rng, shape, ranks, sum(max(own) for own in ranks))


MODELS: Mapping[str, Callable[..., Planted]] = {
    function.__name__: function for function in (cp, tucker, indscal, candelinc, parafac2, dedicom, paratuck2, ll1, btd)
}


def _blocks(rng: Rng, shape: Sequence[int], ranks: Sequence[Sequence[int]], rank: int) -> Planted:
    terms = []
    for own in ranks:
        factors = [rng.standard_normal((size, columns)) for size, columns in zip(shape, own, strict=True)]
        core = np.eye(own[0])[..., None] if own[2] == 1 else rng.standard_normal(own)
        terms.append(np.einsum("ia,jb,kc,abc->ijk", *factors, core))
    multilinear = np.minimum(np.sum(ranks, axis=0), shape)
    return sum(terms), _told(rank, ranks, multilinear), {"terms": np.stack(terms)}


def _told(rank: int, ranks: Sequence, multilinear: Sequence[int]) -> dict[str, np.ndarray]:
    return {"rank": np.array(rank), "ranks": np.array(ranks), "multilinear": np.array(multilinear)}
