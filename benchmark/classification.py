"""Classification of samples by their projections on a basis, the measure of the paper's Figure 2."""

from collections.abc import Mapping

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC

from benchmark.samples import as_rows

# Those of the authors' script, 10 to 100 000, are for its unscaled projections, whose square is some thousands.
PENALTIES = (1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3)
FOLDS = 5
FEWEST = 2


def accuracies(basis: np.ndarray, data: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the share in percent of test samples that a support vector machine on projections classifies rightly.

    `basis` is r x p; `data` holds `observed` and `test` samples, and the `labels` and `test_labels` of each. The
    projections, less the mean of the training samples, are divided by their root mean square, so that the penalties
    mean the same for every basis; classes weigh equally, and the penalty is chosen by cross-validation, five-fold where
    each class has five training samples. Raises ValueError where one has but one.
    """
    smallest = int(np.unique(data["labels"], return_counts=True)[1].min())
    if smallest < FEWEST:
        raise ValueError(f"a class has {smallest} training samples, a quarter of all: give at least 8 samples a class")
    train, test = as_rows(data["observed"]), as_rows(data["test"])
    mean = train.mean(axis=0)
    projected, unseen = (train - mean) @ basis.T, (test - mean) @ basis.T
    scale = np.sqrt(np.mean(projected**2)) or 1.0
    result = {}
    for name, kernel in (("accuracy_linear", "linear"), ("accuracy_rbf", "rbf")):
        machine = SVC(kernel=kernel, class_weight="balanced")
        folds = StratifiedKFold(min(FOLDS, smallest), shuffle=True, random_state=0)
        search = GridSearchCV(machine, {"C": PENALTIES}, cv=folds).fit(projected / scale, data["labels"])
        result[name] = 100 * float(search.score(unseen / scale, data["test_labels"]))
    return result
