"""FROM and its joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import laterals, selects, sql
from featuresql.compiler.clickhouse.asof_conditions import check_asof
from featuresql.compiler.clickhouse.conditions import common
from featuresql.compiler.clickhouse.flat_rows import flatten
from featuresql.compiler.clickhouse.plain_values import from_plain
from featuresql.compiler.clickhouse.scopes import free_columns, names_of
from featuresql.compiler.clickhouse.types import is_composed
from featuresql.compiler.clickhouse.unnested import (
    emit_elements,
    emit_values,
    join_elements,
    listed,
)
from featuresql.compiler.clickhouse.values import truth

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

# A constant that ClickHouse does not fold: joins without an equality take it for one.
ONE: Final = "__one"
_KINDS: Final = frozenset({"", "INNER", "CROSS", "OUTER", "SEMI", "ANTI"})
_SIDES: Final = frozenset({"", "LEFT", "RIGHT", "FULL"})


def table_name(schema: str, name: str) -> str:
    """Return the name that the relation `schema.name` has in the target's one database."""
    return name if schema in {"", "main"} else f"{schema}__{name}"


def emit_from(emitter: Emitter, select: exp.Select, made: exp.Select) -> None:
    """Give `made` what `select` reads."""
    if select.args.get("laterals"):
        raise emitter.refuse(select, "this LATERAL", "write JOIN LATERAL (...) ON true")
    source = select.args.get("from_")
    if source is None:
        return
    own = names_of(select)
    made.set("from_", exp.From(this=_relation(emitter, source.this, select)))
    for join in select.args.get("joins") or ():
        elements = listed(join.this)
        if not any(column.table.lower() in own for column in free_columns(join.this)):
            made.append("joins", _join(emitter, join, select, made))
        elif elements is not None:
            left = laterals.check_join(emitter, join)
            made.append("joins", join_elements(emitter, join.this, elements, left=left))
            laterals.keep_where(emitter, select, made, join)
        else:
            laterals.join_rows(emitter, select, made, join)


def _relation(
    emitter: Emitter, node: exp.Expr, select: exp.Select, condition: exp.Expr | None = None
) -> exp.Expr:
    """Return one relation under its alias. `condition` is on the relation's own columns."""
    for part in ("sample", "pivots", "when", "ordinality", "joins"):
        if node.args.get(part):
            raise emitter.refuse(node, f"{part.upper()} in FROM")
    elements = listed(node)
    if elements is not None:
        name = node.alias_or_name or elements.output_name
        return _named(exp.Subquery(this=emit_elements(emitter, node, elements)), name)
    query = node.this if isinstance(node, exp.Lateral) else node
    if isinstance(query, exp.Subquery):
        columns = selects.renamed_columns(query.this, node.args.get("alias"))
        made = selects.emit_query_node(emitter, query.this, columns)
        return _named(exp.Subquery(this=made), node.alias)
    if isinstance(node, exp.Values):
        return _named(exp.Subquery(this=emit_values(emitter, node)), node.alias)
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise emitter.refuse(node, f"{node.key.upper()} in FROM")
    return _table(emitter, node, select, condition)


def _named(relation: exp.Expr, alias: str) -> exp.Expr:
    relation.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return relation


def _table(
    emitter: Emitter, node: exp.Table, select: exp.Select, condition: exp.Expr | None
) -> exp.Expr:
    alias = node.alias_or_name
    name = exp.table_(table_name(node.db, node.name), quoted=True)
    is_cte = not node.db and emitter.is_cte(node)
    if is_cte or (emitter.is_held(node.db, node.name) and condition is None):
        return _named(name, alias)
    columns = emitter.typer.relation_columns(node.db, node.name) or ()
    used = {c.name.lower() for c in select.find_all(exp.Column) if c.table == alias}
    read = exp.Select()
    for column in columns:
        if column.name.lower() in used:
            value = from_plain(exp.column(column.name, table="__raw", quoted=True), column.type)
            read.append("expressions", exp.alias_(value, column.name, quoted=True))
    if not read.expressions:
        read.append("expressions", exp.alias_(sql.number(1), ONE, quoted=True))
    read.set("from_", exp.From(this=_named(name, "__raw")))
    return _named(exp.Subquery(this=read), alias)


def _join(emitter: Emitter, join: exp.Join, select: exp.Select, made: exp.Select) -> exp.Join:
    kind, side, method = (
        (join.args.get(part) or "").upper() for part in ("kind", "side", "method")
    )
    if kind not in _KINDS or side not in _SIDES or method not in {"", "ASOF"}:
        raise emitter.refuse(join, f"a {method} {side} {kind} JOIN".replace("  ", " "))
    if join.args.get("using"):
        raise emitter.refuse(join, "USING that was not resolved")
    relation = _relation(emitter, join.this, select)
    on = join.args.get("on")
    if on is not None and any(True for _ in on.find_all(exp.Query)):
        raise emitter.refuse(on, "a query in a join's condition", "put it into WHERE or a CTE")
    if method == "ASOF":
        check_asof(emitter, join, side)
    if kind in {"SEMI", "ANTI"}:
        side = "LEFT"
    if _is_true(on) and not (side or method):
        return exp.Join(this=relation, kind="CROSS")
    if (side or method) and not _has_equality(emitter, on, join.this.alias_or_name):
        return _join_each(emitter, select, made, join, relation, side=side, kind=kind)
    result = exp.Join(this=relation, kind=kind, side=side, method=method)
    if on is not None:
        result.set("on", truth(emitter, on))
    return result


def _is_true(on: exp.Expr | None) -> bool:
    return on is None or (isinstance(on, exp.Boolean) and bool(on.this))


def _join_each(  # noqa: PLR0913 - the parts of a join
    emitter: Emitter,
    select: exp.Select,
    made: exp.Select,
    join: exp.Join,
    relation: exp.Expr,
    *,
    side: str,
    kind: str,
) -> exp.Join:
    """Return a join that ClickHouse has no equality for, with one of constants before the rest."""
    method = (join.args.get("method") or "").upper()
    alias = flatten(emitter, select, made, [(ONE, _zero())])
    inner = relation.copy()
    inner.set("alias", exp.TableAlias(this=exp.to_identifier("__other", quoted=True)))
    one = exp.alias_(_zero(), ONE, quoted=True)
    right = exp.select(exp.Star(), one, copy=False).from_(inner, copy=False)
    name = join.this.alias_or_name
    equal = sql.call(
        "equals",
        exp.column(ONE, table=alias, quoted=True),
        exp.column(ONE, table=name, quoted=True),
    )
    on = join.args.get("on")
    result = exp.Join(
        this=_named(exp.Subquery(this=right), name), kind=kind, side=side, method=method
    )
    result.set("on", equal if _is_true(on) or on is None else sql.both(equal, truth(emitter, on)))
    return result


def _zero() -> exp.Expr:
    """Return 0 in a way that ClickHouse computes for each row, so that it takes it for a key."""
    return sql.call("less", sql.call("rowNumberInAllBlocks"), sql.number(0))


def _has_equality(emitter: Emitter, on: exp.Expr | None, alias: str) -> bool:
    """Whether one of the conditions is an equality of the relation `alias` with another.

    That of floats or lists is none, since ClickHouse's own is another.
    """
    return on is not None and any(
        isinstance(condition, exp.EQ)
        and _reads(condition.this, alias) != _reads(condition.expression, alias)
        and condition.this.find(exp.Column) is not None
        and condition.expression.find(exp.Column) is not None
        and not _is_special(emitter, condition)
        for condition in (on.flatten() if isinstance(on, exp.And) else [on])
    )


def _is_special(emitter: Emitter, condition: exp.Expr) -> bool:
    kind = common(emitter, condition.this, condition.expression)
    return kind.is_float or is_composed(kind)


def _reads(node: exp.Expr, alias: str) -> bool:
    return any(column.table == alias for column in node.find_all(exp.Column))
