"""Every column gets its table, stars are expanded, and what does not exist is an error."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from featuresql.compiler.draft import Draft
from featuresql.compiler.read_sql import SQLGLOT_FAULTS
from featuresql.compiler.spell_out import (
    asof_using,
    compare_instants,
    rename_semi_joined,
    unfold_column_aliases,
)
from featuresql.errors import CompileError, did_you_mean, raise_all


def qualify_columns(draft: Draft) -> Draft:
    """Resolve every column of the tree to the relation that it comes from.

    Names become lower case, stars become columns, `USING` becomes `ON`, references to the aliases
    of the same SELECT become what they stand for. Raises `CompileError` for each name that is
    unknown or ambiguous.
    """
    plain = draft.tree.copy()
    unfold_column_aliases(plain)
    rename_semi_joined(plain, _column_names(draft))
    asof_joins = asof_using(plain)
    raise_all(
        [
            draft.error(
                "unsupported", f"ASOF {join.side} JOIN has no USING", join, "write its ON condition"
            )
            for join in asof_joins
            if join.side not in {"", "LEFT"}
        ]
    )
    try:
        tree = qualify(
            plain,
            dialect="duckdb",
            schema=_schema(draft),
            quote_identifiers=False,
            validate_qualify_columns=False,
        )
    except SqlglotError as error:
        raise _name_error(draft, str(error)) from None
    except SQLGLOT_FAULTS as error:
        raise draft.error("names", f"names cannot be resolved: {error}") from None
    for join in asof_joins:
        compare_instants(join)
    errors = [_whole_row(draft, node) for node in tree.find_all(exp.TableColumn)]
    for scope in traverse_scope(tree):
        errors += _unknown_columns(draft, scope)
    raise_all(errors)
    for star in tree.find_all(exp.Star):
        if not isinstance(star.find_ancestor(exp.Count, exp.Query), exp.Count):
            raise draft.error("star", "a star cannot be expanded here", star, "name the columns")
    return replace(draft, tree=tree)


def _schema(draft: Draft) -> MappingSchema:
    tables: dict[str, dict[str, dict[str, str]]] = {"ref": {}, "source": {}}
    for table in draft.tree.find_all(exp.Table):
        columns = draft.catalog.relation_columns(table.db, table.name)
        if columns is not None:
            tables[table.db][table.name] = {c.name: str(c.type) for c in columns}
    filled: dict[str, object] = {schema: names for schema, names in tables.items() if names}
    return MappingSchema(filled, dialect="duckdb", normalize=False)


def _column_names(draft: Draft) -> set[str]:
    """Return all names that columns have somewhere in the tree, in lower case."""
    aliases = [node.alias for node in draft.tree.find_all(exp.Alias)]
    renamed = [c.name for alias in draft.tree.find_all(exp.TableAlias) for c in alias.columns]
    stored = [
        column.name
        for table in draft.tree.find_all(exp.Table)
        for column in draft.catalog.relation_columns(table.db, table.name) or ()
    ]
    return {name.lower() for name in (*aliases, *renamed, *stored)}


def _name_error(draft: Draft, reason: str) -> CompileError:
    """Return the error for what `qualify` refuses, at the column that it names."""
    name = reason.partition("Unknown column: ")[2].strip()
    column = next((c for c in draft.tree.find_all(exp.Column) if c.name.lower() == name), None)
    if column is None:
        return draft.error("names", f"names cannot be resolved: {reason}")
    known = {
        found.name
        for table in draft.tree.find_all(exp.Table)
        if column.table in {"", table.alias_or_name}
        for found in draft.catalog.relation_columns(table.db, table.name) or ()
    }
    where = f"'{column.table}' has" if column.table else "there is"
    hint = did_you_mean(name, known) if known else None
    return draft.error("unknown-column", f"{where} no column '{name}'", column, hint)


def _whole_row(draft: Draft, node: exp.TableColumn) -> CompileError:
    message = f"'{node.name}' is a relation's name here, so it would mean its whole row"
    return draft.error("unknown-column", message, node, "rename the relation or the column")


def _unknown_columns(draft: Draft, scope: Scope) -> list[CompileError]:
    errors = []
    for column in scope.columns:
        if not column.table:
            error = _unresolved(draft, scope, column)
            if error is not None:
                errors.append(error)
            continue
        known = _columns_of(draft, scope, column.table)
        if known is not None and column.name not in known:
            message = f"'{column.table}' has no column '{column.name}'"
            hint = did_you_mean(column.name, known)
            errors.append(draft.error("unknown-column", message, column, hint))
        elif known is None and scope.parent is None and column.table not in scope.sources:
            message = f"there is no relation '{column.table}' here"
            hint = did_you_mean(column.table, scope.sources)
            errors.append(draft.error("unknown-relation", message, column, hint))
    return errors


def _unresolved(draft: Draft, scope: Scope, column: exp.Column) -> CompileError | None:
    if isinstance(column.this, exp.Star) or column.find_ancestor(exp.Lambda):
        return None
    selects = scope.expression.selects if isinstance(scope.expression, exp.Query) else []
    aliases = {select.alias for select in selects}
    if column.name in aliases and column.find_ancestor(exp.Order, exp.Having, exp.Qualify):
        return None
    relations = {name: _columns_of(draft, scope, name) or () for name in scope.sources}
    owners = sorted(name for name, columns in relations.items() if column.name in columns)
    if len(owners) > 1:
        message = f"'{column.name}' is ambiguous: it is in {' and in '.join(owners)}"
        return draft.error("ambiguous-column", message, column, f"write {owners[0]}.{column.name}")
    known = {name for columns in relations.values() for name in columns}
    hint = did_you_mean(column.name, known)
    return draft.error("unknown-column", f"there is no column '{column.name}'", column, hint)


def _columns_of(draft: Draft, scope: Scope, name: str) -> tuple[str, ...] | None:
    source = scope.sources.get(name)
    if isinstance(source, Scope):
        if isinstance(source.expression, exp.Query) and not isinstance(
            source.expression, exp.Table
        ):
            alias = source.expression.parent
            renamed = alias.args.get("alias") if alias else None
            if renamed is not None and renamed.args.get("columns"):
                return tuple(identifier.name for identifier in renamed.args["columns"])
            return tuple(source.expression.named_selects)
        return None
    if isinstance(source, exp.Table):
        columns = draft.catalog.relation_columns(source.db, source.name)
        return None if columns is None else tuple(c.name for c in columns)
    return None
