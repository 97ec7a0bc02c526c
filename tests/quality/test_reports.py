"""What people and CI servers read of a test's result."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest

from featuresql.errors import Location, TestFailureError
from featuresql.quality.junit_xml import junit_xml
from featuresql.quality.test_report import TestReport, TestResult, raise_failures
from featuresql.quality.text_table import text_table

PASS = TestResult("t1", "unit", "m", "pass", Location("models/t.yml", 4, 5), seconds=0.25)
FAIL = replace(
    PASS,
    name="not_null(a)",
    kind="data",
    status="fail",
    message="2 rows fail",
    failures=2,
    rows_shown="a\n-\n<&\x00>",
)
ERROR = replace(PASS, status="error", message="no rows are given", hint="add it to 'given'")
WARN = replace(FAIL, status="warn")


def test_a_table_is_aligned_and_cut() -> None:
    table = pa.table(
        {
            "id": pa.array([1, None, 3]),
            "at": pa.array([datetime(2024, 1, 1), None, None], pa.timestamp("us", tz="UTC")),  # noqa: DTZ001 - UTC
            "text": ["a\nb", "é", "x" * 50],
            "l": pa.array([[1], None, []], pa.list_(pa.int64())),
            "left": [1, 2, 3],
            "out": [1, 2, 3],
        }
    )

    assert text_table(table, max_rows=2, max_columns=4).splitlines() == [
        "id    at                   text  l     …",
        "----  -------------------  ----  ----  -",
        "1     2024-01-01 00:00:00  a\\nb  [1]   …",
        "NULL  NULL                 é     NULL  …",
        "… and 1 more",
    ]
    assert "x" * 31 + "…" in text_table(table.select(["text"]))


def test_a_table_shows_instants_that_python_cannot_hold() -> None:
    far = pa.table({"t": pa.array([9_089_348_860_800_500_000], pa.timestamp("us"))})

    assert "out of range" in text_table(far)


def test_junit_xml_counts_and_escapes() -> None:
    root = ET.fromstring(junit_xml(TestReport((PASS, FAIL, ERROR, WARN))))  # noqa: S314 - our own

    unit, data = root.findall("testsuite")
    assert (unit.get("name"), unit.get("tests"), unit.get("errors")) == ("unit", "2", "1")
    assert (data.get("tests"), data.get("failures"), data.get("errors")) == ("2", "1", "0")
    failure = data.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "2 rows fail"
    assert "<&\ufffd>" in (failure.text or "")
    case = unit.find("testcase")
    assert case is not None
    assert (case.get("file"), case.get("line"), case.get("time")) == (
        "models/t.yml",
        "4",
        "0.250000",
    )


def test_no_failure_raises_nothing() -> None:
    raise_failures(TestReport((PASS, WARN)))
    found = TestReport((PASS, WARN)).as_json()
    assert found["status"] == "success"
    assert found["counts"] == {"pass": 1, "warn": 1, "fail": 0, "error": 0}


def test_failures_are_listed_with_place_rows_and_hint() -> None:
    report = TestReport((PASS, FAIL, ERROR, WARN))
    with pytest.raises(TestFailureError) as caught:
        raise_failures(report)

    text = str(caught.value)
    assert "2 of 4 tests failed" in text
    assert "not_null(a) of m: 2 rows fail\n  at models/t.yml:4:5\n    a\n    -" in text
    assert "hint: add it to 'given'" in text
    assert caught.value.exit_code == 1
    assert report.as_json()["status"] == "error"


def test_a_single_failure_has_its_own_place() -> None:
    with pytest.raises(TestFailureError) as caught:
        raise_failures(TestReport((FAIL,)))

    assert caught.value.location == FAIL.location
