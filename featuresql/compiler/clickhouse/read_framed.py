"""FROM and WHERE, and below windows of a distance the columns that these order by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse.range_frames import Framed
from featuresql.compiler.clickhouse.relations import emit_from
from featuresql.compiler.clickhouse.values import truth

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

FRAMED: Final = "__framed"


def read_rows(emitter: Emitter, select: exp.Select, made: exp.Select) -> None:
    """Give `made` the rows that `select` reads."""
    emit_from(emitter, select, made)
    where = select.args.get("where")
    if where is not None:
        made.set("where", exp.Where(this=truth(emitter, where.this)))


def read_framed(emitter: Emitter, select: exp.Select, frames: Mapping[str, Framed]) -> exp.Subquery:
    """Return the rows that `select` reads as one relation with a column for each of `frames`."""
    if select.args.get("group") is not None or any(
        isinstance(node, exp.Query) for item in select.expressions for node in item.walk()
    ):
        reason = "RANGE with a distance beside GROUP BY or a query in the SELECT list"
        raise emitter.refuse(select, reason, "put the window into a CTE of its own")
    made = exp.Select()
    read_rows(emitter, select, made)
    for table, name in read_columns(select):
        value = exp.column(name, table=table, quoted=True)
        made.append("expressions", exp.alias_(value, flat_name(table, name), quoted=True))
    for framed in frames.values():
        made.append("expressions", exp.alias_(framed.value.copy(), framed.name, quoted=True))
    alias = exp.TableAlias(this=exp.to_identifier(FRAMED, quoted=True))
    return exp.Subquery(this=made, alias=alias)


def read_columns(select: exp.Select) -> list[tuple[str, str]]:
    """Return the (table, column) pairs that are used above FROM and WHERE, each once."""
    parts = [*select.expressions, *(select.args.get("windows") or ())]
    parts += [part for key in ("qualify", "order", "distinct") if (part := select.args.get(key))]
    columns = (column for part in parts for column in part.find_all(exp.Column) if column.table)
    return list(dict.fromkeys((column.table, column.name) for column in columns))


def flat_name(table: str, name: str) -> str:
    """Return the name of `table.name` in the relation that `read_framed` makes."""
    return f"{table}.{name}"
