"""Lists whose elements are rows of FROM: UNNEST, range and generate_series; and VALUES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.functions.pieces import value_of
from featuresql.compiler.clickhouse.types import held
from featuresql.compiler.typing.argument import as_column
from featuresql.compiler.typing.values import mix
from featuresql.spec.column_type import BIGINT, ColumnType
from featuresql.spec.model import Column

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_ROW: Final = "__row"


def listed(node: exp.Expr) -> exp.Expr | None:
    """Return the list whose elements `node`, a relation, has as rows."""
    if isinstance(node, exp.Lateral):
        node = node.this
    if isinstance(node, exp.Unnest):
        found: exp.Expr = node.expressions[0]
        return found
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
        return node.this
    return node if isinstance(node, exp.GenerateSeries) else None


def _columns(emitter: Emitter, node: exp.Expr, value: exp.Expr) -> list[tuple[str, exp.Expr]]:
    """Return the names of the columns that `node` has, and the Array of each."""
    alias = node.args.get("alias")
    names = [identifier.name for identifier in alias.args.get("columns") or ()] if alias else []
    unnest = node.this if isinstance(node, exp.Lateral) else node
    exclusive = isinstance(value, exp.GenerateSeries) and value.args.get("is_end_exclusive")
    default = "range" if exclusive else "generate_series"
    if isinstance(unnest, exp.Unnest):
        default = "unnest"
    elements = value_of(emitter.emit(value))
    columns = [(names[0] if names else default, elements)]
    offset = unnest.args.get("offset")
    if offset:
        places = sql.call("arrayEnumerate", elements.copy())
        own = offset.name if isinstance(offset, exp.Expr) else "ordinality"
        name = names[1] if len(names) > 1 else own
        columns.append((name, sql.cast(places, f"Array({held(BIGINT)})")))
    return columns


def join_elements(emitter: Emitter, node: exp.Expr, value: exp.Expr, *, left: bool) -> exp.Join:
    """Return the ARRAY JOIN that gives a row for each element of the list `value`.

    From now on the emitter says the columns of `node` as those that it makes.
    """
    columns = _columns(emitter, node, value)
    relation = node.alias_or_name or columns[0][0]
    renamed = dict(emitter.renamed)
    parts = []
    for name, array in columns:
        made = f"{relation}:{name}".lower()
        parts.append(exp.alias_(array, made, quoted=True))
        renamed[relation.lower(), name.lower()] = exp.column(made, quoted=True)
    emitter.renamed = renamed
    return array_join(parts, left=left)


def array_join(arrays: list[exp.Expr], *, left: bool) -> exp.Join:
    """Return the join that gives a row for each place in the Arrays, all of one length."""
    made = exp.Join(this=arrays[0], expressions=arrays[1:], kind="ARRAY")
    if left:
        made.set("side", "LEFT")
    return made


def emit_elements(emitter: Emitter, node: exp.Expr, value: exp.Expr) -> exp.Select:
    """Return the elements of a list that is the same for all rows as a query."""
    parts = [exp.alias_(a, name.lower(), quoted=True) for name, a in _columns(emitter, node, value)]
    names = [exp.column(part.alias, quoted=True) for part in parts]
    made = exp.select(*names, copy=False).from_(one_row(), copy=False)
    made.append("joins", array_join(parts, left=False))
    return made


def one_row() -> exp.Subquery:
    """Return a relation of one row, for what is read of no relation."""
    one = exp.select(exp.alias_(sql.number(1), "__one", quoted=True), copy=False)
    alias = exp.TableAlias(this=exp.to_identifier("__nothing", quoted=True))
    return exp.Subquery(this=one, alias=alias)


def emit_values(emitter: Emitter, node: exp.Values) -> exp.Select:
    """Return VALUES as a query: its rows are the elements of one Array."""
    rows = [row.expressions for row in node.expressions]
    kinds = [
        as_column(mix((emitter.typer.argument(cell) for cell in cells), "VALUES").type)
        for cells in zip(*rows, strict=True)
    ]
    tuples = [
        sql.call("tuple", *(emitter.emit_as(c, k) for c, k in zip(row, kinds, strict=True)))
        for row in rows
    ]
    types = ", ".join(held(kind) for kind in kinds)
    array = sql.cast(sql.call("array", *tuples), f"Array(Tuple({types}))")
    source = exp.select(exp.alias_(sql.call("arrayJoin", array), _ROW, quoted=True), copy=False)
    made = exp.Select()
    for place, column in enumerate(values_columns(node, kinds), 1):
        cell = sql.call("tupleElement", exp.column(_ROW, quoted=True), sql.number(place))
        made.append("expressions", exp.alias_(cell, column.name, quoted=True))
    made.set("from_", exp.From(this=exp.Subquery(this=source)))
    return made


def values_columns(node: exp.Values, kinds: list[ColumnType]) -> list[Column]:
    """Return the columns of VALUES under the names that its alias gives them."""
    alias = node.args.get("alias")
    names = [identifier.name for identifier in alias.args.get("columns") or ()] if alias else []
    return [Column(names[i] if i < len(names) else f"col{i}", kind) for i, kind in enumerate(kinds)]
