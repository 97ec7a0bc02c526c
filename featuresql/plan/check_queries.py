"""Questions about a built relation."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from featuresql.compiler.asof import column, relation, timestamp

EARLIEST = datetime(1, 1, 1)  # noqa: DTZ001 - instants in SQL are UTC without a zone
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001 - as above


def count_query(place: tuple[str, str]) -> str:
    """Return the query of how many rows a relation has, as `n`."""
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    return exp.select(count).from_(relation(*place)).sql("duckdb")


def outside_query(place: tuple[str, str], event_time: str) -> str:
    """Return the query of how many rows have an instant outside of the years 1 to 9999, as `n`."""
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    inside = exp.Between(this=column(event_time), low=timestamp(EARLIEST), high=timestamp(LATEST))
    return exp.select(count).from_(relation(*place)).where(exp.not_(inside)).sql("duckdb")
