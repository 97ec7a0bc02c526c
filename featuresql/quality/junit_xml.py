"""A test report in JUnit's XML, which CI servers read."""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree import ElementTree as ET

from featuresql.quality.test_report import TestReport, TestResult

# What XML 1.0 cannot hold, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: TestReport) -> str:
    """Return one `testsuite` for each kind of test; a warning is a passed test with its text."""
    suites: dict[str, list[TestResult]] = defaultdict(list)
    for result in report.results:
        suites[result.kind].append(result)
    root = ET.Element("testsuites", name="featuresql")
    for kind, results in suites.items():
        suite = ET.SubElement(root, "testsuite", {"name": kind, **_counts(results)})
        for result in results:
            suite.append(_case(result))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _counts(results: list[TestResult]) -> dict[str, str]:
    statuses = [result.status for result in results]
    return {
        "tests": str(len(results)),
        "failures": str(statuses.count("fail")),
        "errors": str(statuses.count("error")),
        "time": f"{sum(result.seconds for result in results):.6f}",
    }


def _case(result: TestResult) -> ET.Element:
    case = ET.Element(
        "testcase",
        name=_text(result.name),
        classname=_text(f"{result.kind}.{result.model}"),
        file=_text(result.location.path),
        line=str(result.location.line),
        time=f"{result.seconds:.6f}",
    )
    tag = {"fail": "failure", "error": "error", "warn": "system-out"}.get(result.status)
    if tag is not None:
        detail = ET.SubElement(case, tag)
        detail.text = _text(str(result))
        if tag != "system-out":
            detail.set("message", _text(result.message))
    return case


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
