"""Plain joins of feature views become as-of joins at the model's own timestamp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlglot import exp

from featuresql.compiler.asof import Search, asof_joins
from featuresql.compiler.collect_columns import output
from featuresql.compiler.draft import Draft, ViewJoin


def inject_asof(draft: Draft) -> Draft:
    """Put the as-of joins into the tree; the tree as it was stays in `checked`.

    Raises `CompileError` where the model's timestamp is not known before the views are joined.
    """
    checked = draft.tree
    if not draft.joins:
        return replace(draft, checked=checked)
    event_time = draft.rendered.config.event_time or ""
    _check_instant(draft, event_time)
    tree = with_asof_joins(checked, draft.joins, event_time)
    return replace(draft, checked=checked, tree=tree)


def with_asof_joins(
    checked: exp.Query,
    joins: tuple[ViewJoin, ...],
    event_time: str,
    known_at: datetime | None = None,
    asked: exp.Table | None = None,
) -> exp.Query:
    """Return a new tree in which each of `joins` is an as-of join at the column `event_time`.

    With `asked`, a spine, views whose keys it has are pruned to them first.
    """
    tree = checked.copy()
    instant = output(tree, event_time)
    if instant is None:
        raise ValueError(event_time)
    by_alias: Mapping[str, ViewJoin] = {join.alias: join for join in joins}
    rewritten: list[exp.Join] = []
    for join in tree.args.get("joins") or ():
        found = by_alias.get(join.alias_or_name)
        if found is None:
            rewritten.append(join)
        else:
            spine = asked if asked is not None and _is_made_of(asked, found) else None
            how = Search(instant, known_at, spine)
            rewritten += asof_joins(found.view, found.alias, found.keys, how)
    tree.set("joins", rewritten)
    return tree


def _is_made_of(spine: exp.Table, join: ViewJoin) -> bool:
    """Return whether a join has keys, and they are made of the spine's columns alone."""
    columns = [c for _, value in join.keys for c in value.find_all(exp.Column)]
    return bool(join.keys) and all(column.table == spine.alias_or_name for column in columns)


def _check_instant(draft: Draft, event_time: str) -> None:
    instant = output(draft.tree, event_time)
    if instant is None or instant.find(exp.AggFunc, exp.Window, exp.Subquery):
        message = f"'{event_time}' is made of several rows, so views cannot be joined at it"
        raise draft.error(
            "instant", message, instant, "join the view in the model that reads this one"
        )
    views = {join.alias for join in draft.joins}
    for column in instant.find_all(exp.Column):
        if column.table in views:
            message = f"'{event_time}' comes from the view '{column.table}' that is joined at it"
            raise draft.error("instant", message, column, "take it from the relation in FROM")
