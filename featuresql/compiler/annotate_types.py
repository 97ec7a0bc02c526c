"""Every expression gets its type, as DuckDB has it."""

from __future__ import annotations

from dataclasses import replace

from featuresql.compiler import typing
from featuresql.compiler.draft import Draft


def annotate_types(draft: Draft) -> Draft:
    """Type the tree.

    Raises `CompileError` for functions that models may not call, and for arguments that do not fit.
    """
    tree = typing.annotate_types(draft.tree, draft.catalog.relation_columns, draft.error)
    return replace(draft, tree=tree)
