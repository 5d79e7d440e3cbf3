"""Minimises ||Y - W H^T||_F^2, or the divergence of Kullback and Leibler, over non-negative W and H of the given rank.

Y holds the n samples, flattened, in rows; entries that noise made negative are set to zero.

Lee and Seung, Learning the parts of objects by non-negative matrix factorization, Nature 401 (1999),
DOI 10.1038/44565; the norm by coordinate descent (Cichocki and Phan 2009, DOI 10.1587/transfun.E92.A.708), the
divergence by multiplicative updates (Févotte and Idier 2011, DOI 10.1162/NECO_a_00168), as in scikit-learn.

Parameters are those of the DeepTensor authors' script: 200 iterations, a tolerance of 1e-4, no penalties, and W solved
anew for the fitted H. The start is the non-negative double SVD (Boutsidis and Gallopoulos 2008,
DOI 10.1016/j.patcog.2007.09.010), for the divergence with the mean of Y in place of zeros, which its updates could not
leave. A rank above the number of samples or features, which that start cannot have, takes one random draw as its start.
The draws are the same for every seed.
"""

import logging
from typing import Literal

import numpy as np
from sklearn.decomposition import NMF

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import decomposed, whole_tensor
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.logged import logged_warnings
from benchmark.contract import Estimate, Problem, Skipped
from benchmark.samples import as_rows, check_rank

LABEL = "NMF"
FAMILY = "non-negative factorisation"
TASKS = {"decompose", "factorise"}
DEVICES = {"cpu"}

# Solver and start of each loss.
LOSSES = {"frobenius": ("cd", "nndsvd"), "kullback-leibler": ("mu", "nndsvda")}

# A part of the norm that is negative, above which a tensor is taken for a signed one.
LARGEST = 0.1

log = logging.getLogger(__name__)


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    loss: Literal["frobenius", "kullback-leibler"] = "frobenius",
    iterations: int = 200,
) -> Estimate:
    """Return the factors W of shape n x rank and H of shape (*sample shape, rank).

    Of a tensor I x J x K to be decomposed, the samples are its fibres along the last axis, and C is H, K x rank.
    """
    check_choices(solve, loss=loss)
    rank, observed = rank_of("nmf", problem), problem.observed
    if "model" in problem.granted:
        observed = whole_tensor("nmf", problem).reshape(-1, problem.observed.shape[-1])
        if np.linalg.norm(np.minimum(observed, 0)) > LARGEST * np.linalg.norm(observed):
            raise Skipped("nmf needs the tensor not to be negative beyond noise")
    samples = np.maximum(as_rows(observed), 0)
    check_rank(rank, samples.size, samples)
    solver, start = LOSSES[loss]
    model = NMF(
        n_components=rank,
        init=start if rank <= min(samples.shape) else "random",
        solver=solver,
        beta_loss=loss,
        max_iter=iterations,
        random_state=0,
    )
    with logged_warnings(log):
        weights = model.fit(samples).transform(samples)
    if "model" in problem.granted:
        signal = (weights @ model.components_).reshape(problem.observed.shape)
        return decomposed(signal, C=model.components_.T)
    components = model.components_.T.reshape(*problem.observed.shape[1:], rank)
    return Estimate(factors=(weights, components), iterations=model.n_iter_)
