"""The binary labelling of an image that is cheapest where neighbours that differ cost, by a minimum cut."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

# Capacities are 32-bit whole numbers, and so is what flows in all; up to this they differ from real ones by far less
# than what labels differ in.
LARGEST, FINEST = 2**31 - 1, 1e6


@dataclass(frozen=True)
class Grid:
    """The pixels of an image h x w with their four neighbours, none of them across its edges, a source and a sink."""

    height: int
    width: int

    def cheapest(self, costs: np.ndarray, smoothness: float) -> np.ndarray:
        """Return the labels x (h x w, boolean) of least sum of costs x + smoothness |x_i - x_j| over neighbours.

        `costs` (h x w) are those of True over False. Of several such labellings it is the one with the fewest True.
        Greig, Porteous and Seheult, Exact maximum a posteriori estimation for binary images, Journal of the Royal
        Statistical Society B 51 (1989), DOI 10.1111/j.2517-6161.1989.tb01764.x.
        """
        if smoothness == 0:
            return costs < 0
        # Beyond four times the smoothness a pixel is decided, whatever its four neighbours are.
        links = np.clip(-costs.ravel() / smoothness, -5, 5)
        total = min(links[links > 0].sum(), -links[links < 0].sum())
        scale = min(FINEST, LARGEST / max(total, 1))
        weights = np.concatenate([np.maximum(links, 0), np.maximum(-links, 0), np.ones(self.pairs.shape[1])])
        graph = self.graph(np.rint(scale * weights).astype(np.int32))
        residual = graph - maximum_flow(graph, self.source, self.sink).flow
        residual.eliminate_zeros()
        reached = breadth_first_order(residual, self.source, return_predecessors=False)
        labels = np.zeros(self.sink + 1, bool)
        labels[reached] = True
        return labels[: self.source].reshape(costs.shape)

    @property
    def source(self) -> int:
        """The node from which what becomes True is reached; pixels have the numbers before it."""
        return self.height * self.width

    @property
    def sink(self) -> int:
        """The last node."""
        return self.source + 1

    @cached_property
    def pairs(self) -> np.ndarray:
        """The pixels and their neighbours, each pair in both directions (2 x n)."""
        pixels = np.arange(self.source).reshape(self.height, self.width)
        down = np.stack([pixels[:-1].ravel(), pixels[1:].ravel()])
        right = np.stack([pixels[:, :-1].ravel(), pixels[:, 1:].ravel()])
        return np.concatenate([down, down[::-1], right, right[::-1]], axis=1)

    @cached_property
    def _layout(self) -> csr_array:
        """The places of capacities, those of opposite arcs of none included: data are their numbers, from 1 on."""
        pixels, one = np.arange(self.source), np.ones(self.source, int)
        arcs = [(self.source * one, pixels), (pixels, self.sink * one), self.pairs, (pixels, self.source * one)]
        rows, columns = np.concatenate([*arcs, (self.sink * one, pixels)], axis=1)
        return coo_array((np.arange(1, len(rows) + 1), (rows, columns))).tocsr()

    def graph(self, weights: np.ndarray) -> csr_array:
        """Return the graph with the capacities from the source, to the sink, and between the pairs, one after another.

        Arcs against those of source and sink stand there with a capacity of 0, as the solver needs them.
        """
        padded = np.concatenate([weights, np.zeros(2 * self.source, weights.dtype)])
        layout = self._layout
        return csr_array((padded[layout.data - 1], layout.indices, layout.indptr), shape=layout.shape)
