"""Classification of samples by their projections on a basis, the measure of the paper's Figure 2."""

from collections.abc import Mapping

import numpy as np

from benchmark.samples import as_rows

# Those of the authors' script, 10 to 100 000, are for its unscaled projections, whose square is some thousands.
PENALTIES = (1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3)
FOLDS = 5
FEWEST = 2


def accuracy(kernel: str, basis: np.ndarray, observed: np.ndarray, withheld: Mapping[str, np.ndarray]) -> float:
    """Return the share in percent of test samples that a support vector machine on projections classifies rightly.

    `basis` is r x p; `observed` are the training samples, and `withheld` holds their `labels`, the samples `test` and
    the `test_labels`. The projections, less the mean of the training samples, are divided by their root mean square, so
    that the penalties mean the same for every basis; classes weigh equally, and the penalty is chosen by
    cross-validation, five-fold where each class has five training samples.
    """
    # They take two seconds to load, and bases alone need them.
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.svm import SVC

    train, test = as_rows(observed), as_rows(withheld["test"])
    mean = train.mean(axis=0)
    projected, unseen = (train - mean) @ basis.T, (test - mean) @ basis.T
    scale = np.sqrt(np.mean(projected**2)) or 1.0
    machine = SVC(kernel=kernel, class_weight="balanced")
    folds = StratifiedKFold(min(FOLDS, smallest_class(withheld["labels"])), shuffle=True, random_state=0)
    search = GridSearchCV(machine, {"C": PENALTIES}, cv=folds).fit(projected / scale, withheld["labels"])
    return 100 * float(search.score(unseen / scale, withheld["test_labels"]))


def smallest_class(labels: np.ndarray) -> int:
    """Return the number of samples of the rarest class."""
    return int(np.unique(labels, return_counts=True)[1].min())


def check_classes(labels: np.ndarray, share: float) -> None:
    """Raise ValueError if a class has too few of the training `labels`, which are a `share` of all, to learn from.

    So it does where they are of one class.
    """
    smallest = smallest_class(labels) if len(np.unique(labels)) > 1 else 0
    if smallest < FEWEST:
        raise ValueError(
            f"a class has {smallest} training samples, where {share:g} of all samples train: "
            f"give at least {round(FEWEST / share)} samples a class"
        )
