"""Projects images onto the principal components of the training images, whitened, and asks a support vector machine.

100 components, or as many as there are; a linear machine with penalty 1 and classes that weigh equally: scikit-learn's
defaults, and what practitioners start from. Turk and Pentland, Eigenfaces for recognition, Journal of Cognitive
Neuroscience 3 (1991), DOI 10.1162/jocn.1991.3.1.71; Cortes and Vapnik, Support-vector networks, Machine Learning 20
(1995), DOI 10.1007/BF00994018.
"""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from benchmark.algorithms.faces import faces_of
from benchmark.contract import Estimate, Problem

LABEL = "Eigenfaces, SVM"
FAMILY = "classifier"
TASKS = {"classify"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, components: int = 100) -> Estimate:
    """Return the labels of the queries, (q,)."""
    faces = faces_of(problem, np.float64)
    # n centred images span n - 1 dimensions.
    number = min(components, len(faces.training) - 1, faces.training.shape[1])
    machine = make_pipeline(
        PCA(number, whiten=True, svd_solver="full"), SVC(kernel="linear", C=1.0, class_weight="balanced")
    )
    return Estimate(signal=machine.fit(faces.training, faces.labels).predict(faces.queries))
