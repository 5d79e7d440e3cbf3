from typing import Literal

import pytest

from benchmark.algorithms.choices import check_choices


def solve(*, loss: Literal["l1", "l2"] = "l2", dimensions: Literal[2, 3] = 2) -> None:
    check_choices(solve, loss=loss, dimensions=dimensions)


def test_choice_of_the_signature_passes():
    solve()
    solve(loss="l1", dimensions=3)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"loss": "l3"}, "unknown loss 'l3'; there are: l1, l2"), ({"dimensions": 1}, "dimensions 1; there are: 2, 3")],
)
def test_any_other_is_an_error_that_names_those_of_the_signature(values, message):
    with pytest.raises(ValueError, match=message):
        solve(**values)
