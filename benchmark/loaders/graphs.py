"""Networks of nodes that exchange messages: how each weighs what its neighbours send, and which columns it holds."""

import numpy as np
from scipy.sparse.csgraph import connected_components

# Of random graphs, of which one may be connected.
DRAWS = 1000


def ring(nodes: int) -> np.ndarray:
    """Return the weights (nodes, nodes) of a ring: a third each for a node and its two neighbours.

    Raises ValueError for less than one node.
    """
    _check_nodes("ring", nodes)
    near = np.roll(np.eye(nodes), 1, axis=0)
    return metropolis((near + near.T) > 0)


def random_graph(nodes: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return the weights of a connected graph with a random `share` of all links, drawn until it is connected.

    Raises ValueError for less than one node, and for a share of which no connected graph comes in a thousand draws.
    Erdos and Renyi, On random graphs I, Publicationes Mathematicae 6 (1959).
    """
    _check_nodes("graph", nodes)
    for _ in range(DRAWS):
        upper = np.triu(rng.random((nodes, nodes)) < share, 1)
        links = upper | upper.T
        if connected_components(links)[0] == 1:
            return metropolis(links)
    raise ValueError(f"no graph of {nodes} nodes with a `share` of {share:g} of links is connected: give a larger one")


def _check_nodes(kind: str, nodes: int) -> None:
    if nodes < 1:
        raise ValueError(f"a {kind} of {nodes} `nodes`: give 1 or more")


def metropolis(links: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + the larger number of neighbours) for each link of a boolean matrix; the rest is the node's own.

    Xiao, Boyd and Kim, Distributed average consensus with least-mean-square deviation, Journal of Parallel and
    Distributed Computing 67 (2007), DOI 10.1016/j.jpdc.2006.08.010.
    """
    degrees = np.sum(links & ~np.eye(len(links), dtype=bool), axis=1)
    weights = np.where(links, 1 / (1 + np.maximum.outer(degrees, degrees)), 0.0)
    np.fill_diagonal(weights, 0)
    return weights + np.diag(1 - weights.sum(axis=1))


def check_weights(name: str, weights: np.ndarray) -> None:
    """Raise ValueError unless weights (J, J) are symmetric, have rows of sum 1, and bring any values to their mean."""
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or not weights.size:
        raise ValueError(f"{name}: weights of shape {weights.shape}: give one for each pair of nodes, of one at least")
    if bad := np.count_nonzero(~np.isfinite(weights)):
        raise ValueError(f"{name}: {bad} of {weights.size} weights are NaN or infinite: see metropolis")
    if (weights < 0).any() or not np.allclose(weights, weights.T) or not np.allclose(weights.sum(axis=1), 1):
        raise ValueError(
            f"{name}: the weights are not symmetric, non-negative and of sum 1 in each row: see metropolis"
        )
    number, parts = connected_components(weights > 0)
    if number > 1:
        groups = [" ".join(map(str, np.flatnonzero(parts == part))) for part in range(number)]
        raise ValueError(
            f"{name}: the network is in {number} parts, the nodes {' | '.join(groups)}, which cannot agree: link them"
        )
    if np.linalg.eigvalsh(weights)[0] <= -1 + 1e-9:
        raise ValueError(f"{name}: values would swing between two halves of the nodes: give nodes weights of their own")


def shares(total: int, nodes: int) -> list[slice]:
    """Return the columns that each node holds of `total`: blocks one after another, as equal as they can be."""
    ends = np.cumsum([len(part) for part in np.array_split(np.arange(total), nodes)])
    return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
