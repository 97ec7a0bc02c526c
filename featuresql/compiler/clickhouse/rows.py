"""The rows that a SELECT reads: FROM, WHERE, and what its queries find out about each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.clickhouse.correlated import lift_queries
from featuresql.compiler.clickhouse.relations import emit_from
from featuresql.compiler.clickhouse.values import truth

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def read_rows(emitter: Emitter, select: exp.Select, made: exp.Select) -> None:
    """Give `made` the rows that `select` reads, each with what is to be known of it."""
    emit_from(emitter, select, made)
    lift_queries(emitter, select, made)
    where = select.args.get("where")
    if where is not None:
        made.set("where", exp.Where(this=truth(emitter, where.this)))
