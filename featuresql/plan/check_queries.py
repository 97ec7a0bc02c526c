"""Questions about a built relation."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlglot import exp

from featuresql.compiler.asof import column, relation, timestamp
from featuresql.compiler.write_sql import CLICKHOUSE

# The instants that each engine holds, and Arrow and Python with it, in UTC without a zone.
_YEARS: Final = {CLICKHOUSE: (1900, 2299)}
_ALL_YEARS: Final = (1, 9999)


def count_query(place: tuple[str, str]) -> exp.Select:
    """Return the query of how many rows a relation has, as `n`."""
    return exp.select(_count()).from_(relation(*place, alias="rows"))


def outside_query(place: tuple[str, str], event_time: str, dialect: str) -> exp.Select:
    """Return the query of how many rows have an instant that the engine does not hold, as `n`."""
    first, last = instant_years(dialect)
    inside = exp.Between(
        this=column(event_time, "rows"),
        low=timestamp(datetime(first, 1, 1)),  # noqa: DTZ001 - instants in SQL have no zone
        high=timestamp(datetime(last, 12, 31, 23, 59, 59, 999_999)),  # noqa: DTZ001 - as above
    )
    return exp.select(_count()).from_(relation(*place, alias="rows")).where(exp.not_(inside))


def instant_years(dialect: str) -> tuple[int, int]:
    """Return the first and the last year of which an engine holds all instants."""
    return _YEARS.get(dialect, _ALL_YEARS)


def _count() -> exp.Expr:
    return exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)
