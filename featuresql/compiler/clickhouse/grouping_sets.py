"""GROUP BY in all its forms as sets of keys."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp

from featuresql.compiler.clickhouse.correlated import aggregates_in

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

Keys: TypeAlias = tuple[exp.Expr, ...]


def grouping_sets(emitter: Emitter, select: exp.Select) -> list[Keys]:
    """Return the sets of keys that a SELECT groups by, one after the other, none without GROUP BY.

    ROLLUP, CUBE and plain keys stand for sets too, and what stands side by side is combined.
    """
    group = select.args.get("group")
    if group is None:
        return []
    if group.args.get("totals"):
        raise emitter.refuse(group, "this form of GROUP BY", "name the columns")
    if group.args.get("all"):
        values = [i.this if isinstance(i, exp.Alias) else i for i in select.expressions]
        keys = tuple(v for v in values if not aggregates_in(emitter, v) and _is_key(v))
        if not keys and not any(aggregates_in(emitter, v) for v in values):
            raise emitter.refuse(group, "GROUP BY ALL of constants", "leave it out")
        return [keys]
    parts = [
        *group.expressions,
        *(
            part
            for key in ("rollup", "cube", "grouping_sets")
            for part in group.args.get(key) or ()
        ),
    ]
    sets = [sum(chosen, ()) for chosen in product(*map(_sets, parts))]
    return [_once(keys) for keys in sets]


def _is_key(value: exp.Expr) -> bool:
    return value.find(exp.Column) is not None


def _sets(part: exp.Expr) -> list[Keys]:
    if isinstance(part, exp.GroupingSets):
        return [keys for each in part.expressions for keys in _sets(each)]
    groups = [_keys(each) for each in part.expressions]
    if isinstance(part, exp.Rollup):
        return [sum(groups[:count], ()) for count in range(len(groups), -1, -1)]
    if isinstance(part, exp.Cube):
        return [
            sum(chosen, ())
            for count in range(len(groups), -1, -1)
            for chosen in combinations(groups, count)
        ]
    return [_keys(part)]


def _keys(part: exp.Expr) -> Keys:
    if isinstance(part, exp.Paren):
        return _keys(part.this)
    return tuple(part.expressions) if isinstance(part, exp.Tuple) else (part,)


def _once(keys: Keys) -> Keys:
    """Return the keys without those that are written twice."""
    return tuple({key.sql("duckdb"): key for key in keys}.values())
