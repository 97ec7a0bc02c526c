"""The clauses of a query that a model may have: what else sqlglot can read is refused by name."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.draft import Draft
from featuresql.errors import CompileError

_QUERY: Final = frozenset({"with_", "order", "limit", "offset"})
# The parts that each construct may have. Whatever else is set says something that would be lost.
_PARTS: Final[dict[type[exp.Expr], frozenset[str]]] = {
    exp.Select: _QUERY
    | {"expressions", "distinct", "from_", "joins", "laterals", "where", "group", "having"}
    | {"qualify", "windows"},
    exp.Subquery: _QUERY | {"this", "alias"},
    **dict.fromkeys(
        (exp.Union, exp.Intersect, exp.Except),
        _QUERY | {"this", "expression", "distinct", "by_name"},
    ),
    exp.Table: frozenset({"this", "alias", "db", "catalog"}),
    exp.Join: frozenset({"this", "on", "side", "kind", "using", "method"}),
    exp.With: frozenset({"expressions", "recursive"}),
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.Lateral: frozenset({"this", "alias"}),
    exp.Unnest: frozenset({"expressions", "alias", "offset"}),
    exp.Values: frozenset({"expressions", "alias"}),
    exp.Star: frozenset({"except_", "replace", "rename"}),
    exp.Group: frozenset({"expressions", "grouping_sets", "cube", "rollup", "all"}),
    exp.Order: frozenset({"this", "expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"this", "expression", "limit_options"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe"}),
}
_NAMES: Final = {
    "locks": "FOR UPDATE",
    "sample": "USING SAMPLE",
    "pivots": "PIVOT or UNPIVOT",
    "ilike": "LIKE after a star",
    "joins": "JOIN within a JOIN",
    "nearest": "NEAREST",
    "ordinality": "WITH ORDINALITY but that of unnest()",
    "key_expressions": "USING KEY",
    "when": "AT",
    "version": "AT",
}
_HINTS: Final = {
    "pivots": "write one aggregate with FILTER (WHERE ...) for each column",
    "sample": "a feature depends on its rows alone: filter by a hash of the key",
    "ilike": "name the columns",
    "joins": "write the joins one after the other, or a subquery",
}

_WITH_ALIASES: Final = (exp.Select, exp.Star, exp.Struct)


def clause_errors(draft: Draft, tree: exp.Expr) -> list[CompileError]:
    """Return an error for each clause in `tree` that a model may not have."""
    errors: list[CompileError] = []
    for node in tree.walk():
        error = _node_error(draft, node)
        errors += [] if error is None else [error]
        allowed = _PARTS.get(type(node), frozenset(node.args))
        set_parts = {part for part, value in node.args.items() if value}
        errors += [_error(draft, node, part) for part in sorted(set_parts - allowed - {"pivots"})]
    return errors


def _node_error(draft: Draft, node: exp.Expr) -> CompileError | None:  # noqa: PLR0911 - one a kind
    if isinstance(node, exp.Pivot):
        hint = _HINTS["pivots"]
        return draft.error("unsupported", "a model has no PIVOT or UNPIVOT", node, hint)
    if isinstance(node, exp.Star) and isinstance(node.parent, exp.Binary):
        return _error(draft, node, "ilike")
    if isinstance(node, exp.Join) and "POSITIONAL" in (node.method, node.kind):
        message = "POSITIONAL JOIN pairs rows by where they happen to stand"
        return draft.error("non-deterministic", message, node, "join on a key")
    if isinstance(node, exp.Columns):
        message = "columns() is not supported: a model's columns are known by name"
        return draft.error("unsupported", message, node, "name the columns")
    if isinstance(node, exp.Select) and not node.expressions:
        return draft.error("syntax", "a SELECT has no columns", node)
    if isinstance(node, exp.Group) and not any(node.args.values()):
        return draft.error("syntax", "GROUP BY names no columns", node)
    if isinstance(node, exp.Alias) and not isinstance(node.parent, _WITH_ALIASES):
        return draft.error("syntax", f"the alias '{node.alias}' stands within an expression", node)
    if isinstance(node, exp.Slice) and not isinstance(node.parent, exp.Bracket):
        return draft.error("syntax", "a ':' stands outside of a subscript", node)
    return None


def _error(draft: Draft, node: exp.Expr, part: str) -> CompileError:
    name = _NAMES.get(part, part.strip("_").replace("_", " ").upper())
    code = "non-deterministic" if part == "sample" else "unsupported"
    return draft.error(code, f"a model has no {name}", node, _HINTS.get(part))
