"""Test results as annotations that a GitHub workflow shows at the template's line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from featuresql.quality.test_report import TestReport

_COMMANDS = {"fail": "error", "error": "error", "warn": "warning"}


def github_annotations(report: TestReport, folder: Path = Path()) -> Iterator[str]:
    """Give a workflow command for each test that did not pass.

    Files are named from where the workflow runs: `folder` is the project's, as it was given.
    """
    for result in report.results:
        command = _COMMANDS.get(result.status)
        if command is None:
            continue
        place = result.location
        file = (folder / place.path).as_posix()
        title = f"{result.kind} test {result.name} of {result.model}"
        text = "\n".join(part for part in (result.message, result.rows_shown, result.hint) if part)
        properties = f"file={_value(file)},line={place.line},col={place.column}"
        yield f"::{command} {properties},title={_value(title)}::{_text(text)}"


def _text(text: str) -> str:
    """Return what cannot end the command: its line ends are written as the runner reads them."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
