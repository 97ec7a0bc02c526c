"""Every expression of a query gets the type that DuckDB gives it."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing import conditions, nested, queries, values
from featuresql.compiler.typing.argument import UNKNOWN, Argument, as_column, is_storable, type_text
from featuresql.compiler.typing.call_function import call_function
from featuresql.compiler.typing.data_types import column_type_of
from featuresql.compiler.typing.names import Columns
from featuresql.compiler.typing.typer import MakeError, RelationColumns, Typer
from featuresql.errors import CompileError, raise_all
from featuresql.spec.model import Column


def _anonymous(typer: Typer, node: exp.Expr) -> Argument:
    handler = nested.LAMBDA_FUNCTIONS.get(str(node.name).lower())
    return handler(typer, node) if handler else call_function(typer, node)


_HANDLERS: Final = {
    **values.HANDLERS,
    **conditions.HANDLERS,
    **nested.HANDLERS,
    **queries.HANDLERS,
    exp.Anonymous: _anonymous,
}


def plain_error(
    code: str, message: str, node: exp.Expr | None, hint: str | None = None
) -> CompileError:
    """Return an error that shows the expression itself, for want of a place in a file."""
    excerpt = None if node is None else node.sql("duckdb")[:200]
    return CompileError(message, code=code, hint=hint, excerpt=excerpt)


def annotate_types(
    tree: exp.Query,
    relation_columns: RelationColumns,
    make_error: MakeError = plain_error,
    *,
    allow_non_deterministic: bool = False,
    copy: bool = True,
) -> exp.Query:
    """Return a copy of a qualified query in which every expression has its DuckDB type.

    `relation_columns(schema, name)` gives the columns of a table (schema is '' for a bare name), or
    None where there is none. `make_error(code, message, node, hint)` makes the errors, so that the
    caller adds the place. With `copy=False` the tree itself is typed and returned, which saves most
    of the time for a tree that nobody else holds. Raises `CompileError` or `ManyErrors` with the
    codes `unknown-function`, `forbidden-function`, `non-deterministic`, `type-mismatch`,
    `unsupported`, `unsupported-type`, `unknown-column` and `unknown-relation`.
    """
    tree = tree.copy() if copy else tree
    type_tree(tree, relation_columns, make_error, allow_non_deterministic=allow_non_deterministic)
    return tree


def type_tree(
    tree: exp.Query,
    relation_columns: RelationColumns,
    make_error: MakeError = plain_error,
    *,
    allow_non_deterministic: bool = False,
) -> Typer:
    """Type `tree` in place, as `annotate_types` says, and return all that was learned of it."""
    typer = Typer(relation_columns, make_error, _HANDLERS, allow_non_deterministic)
    columns = queries.bind_query(typer, tree)
    if not typer.errors:
        typer.errors += _unstorable(tree, columns, make_error)
    raise_all(typer.errors)
    return typer


def output_columns(tree: exp.Expr) -> tuple[Column, ...]:
    """Return the columns of a query that `annotate_types` gave back, as a table would have them.

    In a set operation they are neither the left side's nor the right's; a bare NULL is an INTEGER.
    """
    return tuple(Column(name, as_column(kind)) for name, kind in _columns(tree))


def _columns(query: exp.Expr) -> Columns:
    if isinstance(query, exp.Subquery):
        return _columns(query.this)
    if isinstance(query, exp.SetOperation):
        return queries.combine(query, _columns(query.this), _columns(query.expression))
    if not isinstance(query, exp.Select):
        msg = f"{query.key.upper()} has no columns"
        raise TypeError(msg)
    return tuple((item.alias_or_name, column_type_of(item)) for item in query.expressions)


def _unstorable(tree: exp.Query, columns: Columns, make_error: MakeError) -> list[CompileError]:
    items = {item.alias_or_name: item for item in tree.selects}
    return [
        make_error(
            "unsupported-type",
            f"'{name}' is {type_text(kind)}, which no column may be",
            items.get(name),
            "take out of it what is needed",
        )
        for name, kind in columns
        if kind != UNKNOWN and not is_storable(kind)
    ]
