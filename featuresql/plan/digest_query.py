"""The query of what a source holds in each interval."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from featuresql.compiler.asof import column, relation
from featuresql.compiler.place_relations import SOURCES_SCHEMA
from featuresql.spec.column_type import ColumnType
from featuresql.spec.model import Column


def digest_query(
    source: str,
    columns: Sequence[Column],
    instant: str,
    available_at: str | None,
    interval_us: int,
) -> exp.Select:
    """Return the query of `start_us`, `rows`, `latest_us` and `checksum`, a row an interval.

    Intervals are counted from 1970 in UTC. The checksum is a sum, so that it does not depend on the
    order of the rows and tells two equal rows from none; it takes in every bit of every column.
    Rows whose instant is NULL lie in no interval. It reads the whole source once.
    """
    us = exp.Anonymous(this="epoch_us", expressions=[exp.cast(column(instant), "TIMESTAMP")])
    width = exp.Literal.number(interval_us)
    # % keeps the sign of what is divided: twice, it is never negative.
    rest = exp.Mod(this=us.copy(), expression=width)
    rest = exp.Mod(
        this=exp.paren(exp.Add(this=exp.paren(rest), expression=width)), expression=width
    )
    start = exp.Sub(this=us, expression=exp.paren(rest))
    parts = [part for c in columns for part in _bits(column(c.name), c.type)]
    checksum = exp.Sum(
        this=exp.cast(exp.Anonymous(this="hash", expressions=parts), "HUGEINT", dialect="duckdb")
    )
    latest = column(available_at or instant)
    latest_us = exp.Anonymous(this="epoch_us", expressions=[exp.cast(latest, "TIMESTAMP")])
    return (
        exp.select(
            exp.alias_(start, "start_us"),
            exp.alias_(exp.Count(this=exp.Star()), "rows"),
            exp.alias_(exp.Max(this=latest_us), "latest_us"),
            exp.alias_(exp.cast(checksum, "VARCHAR", dialect="duckdb"), "checksum"),
        )
        .from_(relation(SOURCES_SCHEMA, source))
        .where(exp.not_(exp.Is(this=column(instant), expression=exp.null())))
        .group_by(exp.column("start_us"))
        .order_by(exp.column("start_us"))
    )


def _bits(value: exp.Expr, kind: ColumnType) -> list[exp.Expr]:
    """Return what differs wherever the value does: hashes take 0.0 and -0.0 for one."""
    if kind.is_float:
        return [value, exp.Anonymous(this="signbit", expressions=[value.copy()])]
    if kind.name in {"LIST", "STRUCT"}:
        return [value, exp.cast(value.copy(), "VARCHAR", dialect="duckdb")]
    return [value]
