"""The SQL corpus means the same on both engines, or is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from two_engines import TwoEngines

CORPUS = Path(__file__).parents[1] / "typing_pass" / "sql_corpus"
CASES = json.loads((CORPUS / "cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case_is_equal_or_refused(corpus_engines: TwoEngines, case: dict[str, str]) -> None:
    found = corpus_engines.compare(case["sql"])
    assert found.verdict in {"equal", "refused"}, f"{found.detail}\n{found.sql}"
