"""Whole queries, one file a topic, mean the same on both engines or are refused for a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from two_engines import TwoEngines

CORPUS = Path(__file__).parent / "corpus"
REFUSED = "-- refused: "


def statements() -> list[tuple[str, str, str | None]]:
    """Give each query with its file's name and, where it must be refused, a part of the reason."""
    found = []
    for path in sorted(CORPUS.glob("*.sql")):
        for statement in path.read_text().split(";\n"):
            lines = [line for line in statement.strip().splitlines() if line]
            reasons = [line.removeprefix(REFUSED) for line in lines if line.startswith(REFUSED)]
            sql = " ".join(line.strip() for line in lines if not line.startswith("--"))
            if sql:
                found.append((path.stem, sql, reasons[0] if reasons else None))
    return found


STATEMENTS = statements()


@pytest.mark.parametrize(
    ("topic", "sql", "reason"), STATEMENTS, ids=[f"{topic}: {sql}" for topic, sql, _ in STATEMENTS]
)
def test_a_query_is_equal_or_refused_as_it_says(
    value_engines: TwoEngines, topic: str, sql: str, reason: str | None
) -> None:
    for query in (sql, sql.replace("FROM t ", "FROM empty ")):
        found = value_engines.compare(query)
        if reason is None:
            assert found.verdict == "equal", f"{topic}: {found.detail}\n{found.sql}"
        else:
            assert found.verdict == "refused"
            assert reason in found.detail
