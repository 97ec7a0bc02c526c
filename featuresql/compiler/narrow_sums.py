"""Sums of integers are BIGINT: DuckDB's HUGEINT would be a decimal in Arrow and in every client."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.annotate_types import annotate_types
from featuresql.compiler.draft import Draft
from featuresql.compiler.typing import column_type_of

WRAPPERS = (exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls, exp.Window)


def narrow_sums(draft: Draft) -> Draft:
    """Cast aggregates that give a HUGEINT to BIGINT; a sum beyond it is the engine's error."""
    tree = draft.tree.copy()
    wide = [node for node in tree.find_all(exp.AggFunc) if _is_widened(node)]
    if not wide:
        return draft
    for node in wide:
        whole: exp.Expr = node
        while isinstance(whole.parent, WRAPPERS) and whole.arg_key == "this":
            whole = whole.parent
        whole.replace(exp.cast(whole.copy(), "BIGINT", dialect="duckdb"))
    return annotate_types(replace(draft, tree=tree))


def _is_widened(node: exp.AggFunc) -> bool:
    """Return whether an aggregate gives a HUGEINT: not one that it picks from a HUGEINT column."""
    if column_type_of(node).name != "HUGEINT":
        return False
    return isinstance(node, exp.Sum | exp.CountIf)
