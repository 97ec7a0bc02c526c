"""FROM and its joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import selects, sql
from featuresql.compiler.clickhouse.plain_values import from_plain
from featuresql.compiler.clickhouse.unnested import refuse_unnest
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
        raise emitter.refuse(select, "LATERAL", "write a join or a window")
    source = select.args.get("from_")
    if source is None:
        return
    for unnest in (source.this, *(join.this for join in select.args.get("joins") or ())):
        if isinstance(unnest, exp.Unnest):
            raise refuse_unnest(emitter, unnest)
    made.set("from_", exp.From(this=_relation(emitter, source.this, select)))
    for join in select.args.get("joins") or ():
        made.append("joins", _join(emitter, join, select))


def _relation(
    emitter: Emitter, node: exp.Expr, select: exp.Select, condition: exp.Expr | None = None
) -> exp.Expr:
    """Return one relation under its alias. `condition` is on the relation's own columns."""
    for part in ("sample", "pivots", "when", "ordinality", "joins"):
        if node.args.get(part):
            raise emitter.refuse(node, f"{part.upper()} in FROM")
    if isinstance(node, exp.Subquery):
        columns = selects.renamed_columns(node.this, node.args.get("alias"))
        made = selects.emit_query_node(emitter, node.this, columns)
        return _named(exp.Subquery(this=made), node.alias)
    if isinstance(node, exp.Values):
        return _values(emitter, node)
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


def _values(emitter: Emitter, node: exp.Values) -> exp.Expr:
    raise emitter.refuse(node, "VALUES", "write SELECT ... UNION ALL SELECT ...")


def _join(emitter: Emitter, join: exp.Join, select: exp.Select) -> exp.Join:
    kind, side, method = (
        (join.args.get(part) or "").upper() for part in ("kind", "side", "method")
    )
    if kind not in _KINDS or side not in _SIDES or method not in {"", "ASOF"}:
        raise emitter.refuse(join, f"a {method} {side} {kind} JOIN".replace("  ", " "))
    if join.args.get("using"):
        raise emitter.refuse(join, "USING that was not resolved")
    relation = _relation(emitter, join.this, select)
    on = join.args.get("on")
    if on is None or isinstance(on, exp.Boolean):
        if (on is not None and not on.this) or side or kind in {"SEMI", "ANTI"}:
            raise emitter.refuse(join, "a join without a condition", "name the columns to join on")
        return exp.Join(this=relation, kind="CROSS")
    if kind in {"SEMI", "ANTI"}:
        side = "LEFT"
    if (side or method) and not _has_equality(on, join.this.alias_or_name):
        hint = "let it be equal in a key too"
        raise emitter.refuse(join, "a join of this kind by inequalities alone", hint)
    made = exp.Join(this=relation, kind=kind, side=side, method=method)
    made.set("on", truth(emitter, on))
    return made


def _has_equality(on: exp.Expr, alias: str) -> bool:
    """Whether one of the conditions is an equality of the relation `alias` with another."""
    return any(
        isinstance(condition, exp.EQ)
        and _reads(condition.this, alias) != _reads(condition.expression, alias)
        and condition.this.find(exp.Column) is not None
        and condition.expression.find(exp.Column) is not None
        for condition in (on.flatten() if isinstance(on, exp.And) else [on])
    )


def _reads(node: exp.Expr, alias: str) -> bool:
    return any(column.table == alias for column in node.find_all(exp.Column))
