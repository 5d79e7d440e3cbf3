import logging
import warnings

import pytest

from benchmark.algorithms.logged import logged_warnings

log = logging.getLogger("test_logged")


def test_warning_goes_to_the_log_and_nowhere_else(caplog, recwarn):
    with logged_warnings(log):
        warnings.warn("too few iterations", UserWarning, stacklevel=1)
    assert caplog.record_tuples == [("test_logged", logging.WARNING, "UserWarning: too few iterations")]
    assert not recwarn.list


def fail_after_a_warning() -> None:
    with logged_warnings(log):
        warnings.warn("this ends badly", UserWarning, stacklevel=1)
        raise RuntimeError("indeed")


def test_warnings_before_an_error_are_logged(caplog):
    with pytest.raises(RuntimeError, match="indeed"):
        fail_after_a_warning()
    assert "this ends badly" in caplog.text
