"""Where a feature comes from."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

from featuresql.compiler.compile_project import CompiledProject
from featuresql.errors import InternalError


@dataclass(frozen=True, slots=True)
class Origin:
    """The model and the SQL that a feature comes from, and the source columns behind it."""

    model: str
    path: str
    expression: str
    sources: tuple[str, ...]


def trace_feature(compiled: CompiledProject, model: str, column: str) -> Origin:
    """Return what `model` says of its column `column`, and the source columns that reach it."""
    scope = _scope(compiled, model)
    written = _value(scope, column).sql("duckdb", comments=False)
    sources = sorted(_source_columns(compiled, scope, column))
    return Origin(model, compiled.models[model].path, written, tuple(sources))


def _scope(compiled: CompiledProject, model: str) -> Scope:
    scope = build_scope(compiled.models[model].checked.copy())
    if scope is None:
        raise InternalError(f"'{model}' is no query")
    return scope


def _query(scope: Scope) -> exp.Query:
    if not isinstance(scope.expression, exp.Query):
        raise InternalError("a scope is no query")
    return scope.expression


def _value(scope: Scope, column: str) -> exp.Expr:
    """Return the expression of a column, with the named windows written out."""
    query = _query(scope)
    selected = next(e for e in query.selects if e.alias_or_name == column)
    named = {window.name: window for window in query.args.get("windows") or []}

    def write_out(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Window) or node.alias not in named:
            return node
        whole: exp.Expr = named[node.alias].copy()
        whole.set("this", node.this)
        return whole

    return selected.unalias().transform(write_out)


def _source_columns(compiled: CompiledProject, scope: Scope, column: str) -> set[str]:
    found: set[str] = set()
    if scope.set_operation_scopes:
        position = [e.alias_or_name for e in _query(scope).selects].index(column)
        for part in scope.set_operation_scopes:
            name = _query(part).selects[position].alias_or_name
            found |= _source_columns(compiled, part, name)
        return found
    for read in _value(scope, column).find_all(exp.Column):
        relation = scope.sources.get(read.table)
        if isinstance(relation, Scope):
            found |= _source_columns(compiled, relation, read.name)
        elif isinstance(relation, exp.Table) and relation.db == "source":
            found.add(f"{relation.name}.{read.name}")
        elif isinstance(relation, exp.Table):
            found |= _source_columns(compiled, _scope(compiled, relation.name), read.name)
    return found
