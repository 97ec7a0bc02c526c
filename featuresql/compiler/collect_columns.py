"""The typed columns that a model gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.draft import Draft
from featuresql.compiler.typing import output_columns
from featuresql.errors import raise_all

MAX_COLUMNS = 2_000
RESERVED_PREFIX = "__"


def collect_columns(draft: Draft) -> Draft:
    """Collect the output columns, in order.

    Raises `CompileError` for columns without a name of their own, with a name that another has, or
    with one that FeatureSQL keeps for itself.
    """
    selects = draft.tree.selects
    if len(selects) > MAX_COLUMNS:
        raise draft.error("too-many-columns", f"{len(selects)} columns; at most {MAX_COLUMNS}")
    counts = Counter(select.alias_or_name for select in selects)
    errors = []
    for select in selects:
        name = select.alias_or_name
        if not name or name.startswith("_col_"):
            sql = select.unalias().sql("duckdb")
            errors.append(
                draft.error("unnamed-column", f"'{sql}' has no name", select, "add AS name")
            )
        elif counts[name] > 1:
            errors.append(draft.error("duplicate-column", f"two columns are '{name}'", select))
            counts[name] = 0
        elif name.startswith(RESERVED_PREFIX):
            errors.append(
                draft.error("reserved-name", f"'{name}' begins with two underscores", select)
            )
    raise_all(errors)
    return replace(draft, columns=output_columns(draft.tree))


def output(tree: exp.Query, name: str) -> exp.Expr | None:
    """Return the SELECT item called `name`, without its alias, or None."""
    for select in tree.selects:
        if select.alias_or_name == name:
            return select.unalias()
    return None
