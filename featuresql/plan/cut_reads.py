"""A model's query -> the same query over only those rows that an interval is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlglot import exp

from featuresql.compiler.asof import column, relation, timestamp
from featuresql.compiler.intervals.times import Reach
from featuresql.compiler.place_relations import Places, place_relations
from featuresql.spec.instant import from_us


def cut_reads(
    tree: exp.Query, cuts: Sequence[Reach], start_us: int, end_us: int, places: Places
) -> exp.Query:
    """Return a new tree, at its places, that reads what [start_us, end_us) is made of.

    `cuts` say how far each relation reaches; one that has no cut is read whole.
    """
    by_relation: Mapping[tuple[str, str], Reach] = {cut.relation: cut for cut in cuts}

    def cut(node: exp.Expr) -> exp.Expr:
        found = by_relation.get((node.db, node.name)) if isinstance(node, exp.Table) else None
        if found is None:
            return node
        rows = exp.select("*").from_(relation(*places(*found.relation)))
        near = within(column(found.column), start_us - found.back_us, end_us + found.ahead_us)
        # Not a query over the relation's logical name: what is made here is not cut again.
        return rows.where(*near).subquery(exp.to_identifier(node.alias_or_name, quoted=True))

    return place_relations(cast("exp.Query", tree.transform(cut)), places)


def within(instant: exp.Expr, start_us: int, end_us: int) -> list[exp.Expr]:
    """Return the conditions of an instant in [start_us, end_us), where there are such instants."""
    bounds: list[exp.Expr] = []
    start, end = _instant(start_us), _instant(end_us)
    if start is not None:
        bounds.append(exp.GTE(this=instant.copy(), expression=timestamp(start)))
    if end is not None:
        bounds.append(exp.LT(this=instant.copy(), expression=timestamp(end)))
    return bounds


def _instant(us: int) -> datetime | None:
    try:
        return from_us(us).replace(tzinfo=None)
    except OverflowError:
        return None
