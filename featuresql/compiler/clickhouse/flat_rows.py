"""What a SELECT has read so far as one relation, with the columns that are to be used above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.scopes import columns_above_from
from featuresql.compiler.clickhouse.types import is_composed

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_ROWS: Final = "__rows"
_KEPT: Final = "__kept"


def flatten(
    emitter: Emitter,
    select: exp.Select,
    made: exp.Select,
    added: Sequence[tuple[str, exp.Expr]] = (),
) -> str:
    """Make of all that `made` reads one relation, `made` reading that; return its name.

    Its columns are those that `select` reads of its relations, as far as `made` has them, and
    `added`. From now on the emitter says a column of `select` as a column of this relation.
    """
    emitter.flattened += 1
    alias = f"{_ROWS}{emitter.flattened}"
    inner = exp.Select()
    for key in ("from_", "joins", "where"):
        if made.args.get(key):
            inner.set(key, made.args[key])
            made.set(key, None)
    known = _relations_in(inner)
    renamed = dict(emitter.renamed)
    for column in columns_above_from(select):
        place = (column.table.lower(), column.name.lower())
        if place not in renamed and place[0] not in known:
            continue
        name = f"{column.table}.{column.name}"
        inner.append("expressions", exp.alias_(emitter.emit(column), name, quoted=True))
        renamed[place] = exp.column(name, table=alias, quoted=True)
    lifted = {}
    for i, (node, found) in enumerate(emitter.lifted.items()):
        name = f"{_KEPT}{i}"
        inner.append("expressions", exp.alias_(found.column, name, quoted=True))
        lifted[node] = replace(found, column=exp.column(name, table=alias, quoted=True))
    for name, value in added:
        inner.append("expressions", exp.alias_(value, name, quoted=True))
    if not inner.expressions:
        inner.append("expressions", exp.alias_(sql.number(1), "__one", quoted=True))
    emitter.renamed, emitter.lifted = renamed, lifted
    table = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    made.set("from_", exp.From(this=exp.Subquery(this=inner, alias=table)))
    return alias


def _relations_in(inner: exp.Select) -> set[str]:
    """Return the names of the relations that a ClickHouse SELECT reads."""
    source = inner.args.get("from_")
    found = [] if source is None else [source.this]
    found += [join.this for join in inner.args.get("joins") or () if join.kind != "ARRAY"]
    return {relation.alias_or_name.lower() for relation in found}


def boxed(emitter: Emitter, column: exp.Column) -> exp.Expr:
    """Return a column in an Array, which is never NULL.

    ClickHouse joins a correlated query to its rows by the values that it reads of them, and NULL
    equals nothing there.
    """
    value = emitter.emit(column)
    return value if is_composed(emitter.kind(column)) else sql.call("array", value)
