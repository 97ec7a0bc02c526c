"""What came of a project's tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from featuresql.errors import FeatureSQLError, Location, TestFailureError

INDENT = "    "
Kind = Literal["unit", "data", "leakage", "engines"]


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test.

    `failures` counts the failing rows, `rows_shown` has the first of them as a text table. `error`
    is the status of a test that could not be run, `warn` that of one that failed with the severity
    `warn`.
    """

    __test__: ClassVar[bool] = False

    name: str
    kind: Kind
    model: str
    status: Literal["pass", "fail", "warn", "error"]
    location: Location
    seconds: float = 0.0
    message: str = ""
    hint: str | None = None
    failures: int = 0
    rows_shown: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether this result makes the whole fail."""
        return self.status in {"fail", "error"}

    def __str__(self) -> str:
        """Give the result as one block of text: what, where, the rows, what to do."""
        lines = [f"{self.status}: {self.name} of {self.model}"]
        lines[0] += f": {self.message}" if self.message else ""
        lines.append(f"  at {self.location}")
        lines += [f"{INDENT}{line}".rstrip() for line in self.rows_shown.splitlines()]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class TestReport:
    """The results of all tests, in the order in which they ran."""

    __test__: ClassVar[bool] = False

    results: tuple[TestResult, ...]

    @property
    def broken(self) -> tuple[TestResult, ...]:
        """The results that make the whole fail."""
        return tuple(result for result in self.results if result.is_broken)

    @property
    def counts(self) -> dict[str, int]:
        """How many results there are of each status, in the order pass, warn, fail, error."""
        found = [result.status for result in self.results]
        return {status: found.count(status) for status in ("pass", "warn", "fail", "error")}

    def as_json(self) -> dict[str, object]:
        """Return the report as values that JSON can hold: the shape of `run_results.json`."""
        return {
            "run_results_version": 1,
            "verb": "test",
            "status": "error" if self.broken else "success",
            "counts": self.counts,
            "results": [_result_json(result) for result in self.results],
        }


def error_result(
    name: str,
    kind: Kind,
    model: str,
    location: Location,
    error: FeatureSQLError,
) -> TestResult:
    """Return the result of a test that could not be run because of `error`."""
    place = error.location or location
    return TestResult(name, kind, model, "error", place, message=error.message, hint=error.hint)


def failures(report: TestReport) -> tuple[TestFailureError, ...]:
    """Return an error for each test that failed (`test-failure`) or could not run (`test-error`).

    The error is without the rows, which the result has.
    """
    codes = {"fail": "test-failure", "error": "test-error"}
    return tuple(
        TestFailureError(
            f"{result.name} of {result.model}" + (f": {result.message}" if result.message else ""),
            code=codes[result.status],
            location=result.location,
            hint=result.hint,
        )
        for result in report.broken
    )


def raise_failures(report: TestReport) -> None:
    """Raise `TestFailureError` that lists all tests that failed or could not run, if any did."""
    broken = report.broken
    if not broken:
        return
    count = len(report.results)
    message = f"{len(broken)} of {count} tests failed\n" + "\n".join(map(str, broken))
    raise TestFailureError(message, location=broken[0].location if len(broken) == 1 else None)


def _result_json(result: TestResult) -> dict[str, object]:
    return {
        "name": result.name,
        "kind": result.kind,
        "model": result.model,
        "status": result.status,
        "seconds": round(result.seconds, 6),
        "message": result.message,
        "hint": result.hint,
        "failures": result.failures,
        "rows_shown": result.rows_shown,
        "location": str(result.location),
    }
