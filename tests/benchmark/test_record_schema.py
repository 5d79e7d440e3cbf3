import pandas as pd
import pytest
import yaml

from benchmark.report.tables import SCHEMA, validate_rows


def test_a_valid_row_passes(row):
    failed = {"status": "failed", "value": None, "message": "out of memory"}
    validate_rows(pd.DataFrame([row(), row(**failed), row(rank=None)]).astype(object))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"status": "crashed"}, "'crashed' is not one of"),
        ({"iterate": "best"}, "'best' is not one of"),
        ({"psnr": 30.0}, "'psnr' was unexpected"),
        ({"seed": 0.5}, "0.5 is not of type 'integer'"),
        ({"schema": 1}, "2 was expected"),
        ({"params": "rank=3"}, "does not match"),
        ({"value": None}, "None is not of type 'number'"),
        ({"status": "failed", "message": "out of memory"}, "30.0 is not of type 'null'"),
        ({"status": "timeout", "value": None}, "None is not of type 'string'"),
    ],
)
def test_a_wrong_row_is_refused_with_the_reason(row, changes, complaint):
    with pytest.raises(ValueError, match=rf"row \d .svd on toy.*{complaint}"):
        validate_rows(pd.DataFrame([row(), row(seed=1) | changes]).astype(object))


@pytest.mark.parametrize(
    "column", ["family", "code_sha256", "data_sha256", "git_commit", "cpu_name", "started", "python"]
)
def test_a_missing_provenance_column_is_refused(row, column):
    with pytest.raises(ValueError, match=f"'{column}' is a required property"):
        validate_rows(pd.DataFrame([row()]).drop(columns=column))


def test_every_column_is_typed_and_described_and_nearly_all_are_required():
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    for name, column in schema["properties"].items():
        assert column["description"].endswith("."), name
        assert "type" in column or "enum" in column, name
    assert set(schema["properties"]) - set(schema["required"]) == {"experiment"}
