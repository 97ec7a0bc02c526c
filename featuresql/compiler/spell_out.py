"""What sqlglot's `qualify` would get wrong is spelled out before it, or mended after it."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

ASOF = "ASOF"


def unfold_column_aliases(tree: exp.Query) -> None:
    """Make `t AS a(x, y)` a derived table, in place; `qualify` knows no new names of a table's own.

    `qualify` gives the derived table's columns these names.
    """
    for table in list(tree.find_all(exp.Table)):
        alias = table.args.get("alias")
        if alias is None or not alias.columns or not isinstance(table.this, exp.Identifier):
            continue
        joins = table.args.get("joins")
        table.set("joins", None)
        table.set("alias", None)
        star = exp.Select(expressions=[exp.Star()], from_=exp.From(this=table.copy()))
        table.replace(exp.Subquery(this=star, alias=alias, joins=joins))


def rename_semi_joined(tree: exp.Query, columns: Collection[str]) -> None:
    """Rename the relations of SEMI and ANTI joins that are called like one of `columns`, in place.

    `qualify` takes the name of such a relation for the column, and what is written after the point
    for one of its fields.
    """
    for join in list(tree.find_all(exp.Join)):
        name = join.alias_or_name.lower()
        if join.kind not in {"SEMI", "ANTI"} or name not in columns:
            continue
        hidden = exp.to_identifier(f"__{name}")
        for column in list(join.find_all(exp.Column)):
            if column.table.lower() == name and not _is_shadowed(column, name, join):
                column.set("table", hidden.copy())
        alias = join.this.args.get("alias") or exp.TableAlias()
        alias.set("this", hidden)
        join.this.set("alias", alias)


def _is_shadowed(column: exp.Expr, name: str, join: exp.Join) -> bool:
    """Return whether a subquery between `column` and `join` has a relation `name` of its own."""
    query = column.find_ancestor(exp.Select, exp.Join)
    while query is not None and query is not join:
        if isinstance(query, exp.Select):
            joined = [query.args.get("from_"), *(query.args.get("joins") or ())]
            if any(part is not None and part.alias_or_name.lower() == name for part in joined):
                return True
        query = query.find_ancestor(exp.Select, exp.Join)
    return False


def asof_using(tree: exp.Query) -> list[exp.Join]:
    """Return the joins `ASOF JOIN ... USING`."""
    return [j for j in tree.find_all(exp.Join) if j.method == ASOF and j.args.get("using")]


def compare_instants(join: exp.Join) -> None:
    """Make the last of the equalities that `qualify` made of USING a `>=`, in place, as DuckDB."""
    condition = join.args.get("on")
    if condition is None:
        return
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    last = parts[-1]
    while isinstance(last, exp.Paren):
        last = last.this
    last.replace(exp.GTE(this=last.this, expression=last.expression))
