"""Literals, columns, CASE and what is like it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.casts import convert
from featuresql.compiler.clickhouse.types import held, inner, is_composed
from featuresql.spec.column_type import BOOLEAN, ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_BEYOND_LITERALS: Final = 2**63


def nothing(kind: ColumnType) -> exp.Expr:
    """Return the NULL of a type."""
    if is_composed(kind):
        return sql.cast(sql.call("array"), held(kind))
    return sql.cast(sql.null(), held(kind))


def missing(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return whether a value of type `kind` is NULL."""
    return sql.call("empty", value) if is_composed(kind) else sql.is_null(value)


def _literal(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    kind = emitter.kind(node)
    if node.is_string:
        return sql.text(str(node.this))
    if kind.name == "DECIMAL":
        return sql.cast(sql.text(str(node.this).replace("_", "")), inner(kind))
    if kind.is_integer:
        value = int(str(node.this).replace("_", ""))
        if value >= _BEYOND_LITERALS:
            return sql.cast(sql.text(str(value)), inner(kind))
        return sql.number(value)
    return sql.cast(sql.text(str(node.this).replace("_", "")), inner(kind))


def _column(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    renamed = emitter.renamed.get((node.text("table").lower(), node.name.lower()))
    if renamed is not None:
        return renamed.copy()
    parts = [exp.to_identifier(node.name, quoted=True)]
    if isinstance(node, exp.Column) and node.table:
        return exp.Column(this=parts[0], table=exp.to_identifier(node.table, quoted=True))
    return exp.Column(this=parts[0])


def _boolean(_emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return exp.Boolean(this=bool(node.this))


def _null(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return nothing(emitter.kind(node))


def _same(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return emitter.emit(node.this)


def _paren(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return exp.paren(emitter.emit(node.this), copy=False)


def _negation(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    argument = emitter.typer.argument(node)
    if isinstance(argument.literal, int):
        if argument.literal < -_BEYOND_LITERALS:
            return sql.cast(sql.text(str(argument.literal)), inner(argument.type))
        return exp.paren(sql.number(argument.literal), copy=False)
    return emitter.emit_call(node)


def truth(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Return a condition: a BOOLEAN, or whether an integer is not zero."""
    kind = emitter.kind(node)
    if kind == BOOLEAN:
        return emitter.emit(node)
    if kind.is_integer:
        return sql.call("notEquals", emitter.emit(node), sql.number(0))
    return nothing(BOOLEAN)


def _if(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    kind = emitter.kind(node)
    default = node.args.get("false")
    otherwise = nothing(kind) if default is None else emitter.emit_as(default, kind)
    then = emitter.emit_as(node.args["true"], kind)
    return sql.choose(truth(emitter, node.this), then, otherwise)


def _coalesce(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    kind = emitter.kind(node)
    parts = [emitter.emit_as(part, kind) for part in (node.this, *node.expressions)]
    if not is_composed(kind):
        return sql.call("coalesce", *parts)
    *others, last = parts
    for part in reversed(others):
        last = sql.choose(sql.call("notEmpty", part), part.copy(), last)
    return last


def _cast(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    source, target = emitter.kind(node.this), emitter.kind(node)
    trying = isinstance(node, exp.TryCast)
    if source.name == "NULL":
        return nothing(target)
    return convert(emitter, node.this, emitter.emit(node.this), source, target, trying=trying)


HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {
    exp.Literal: _literal,
    exp.Var: lambda _emitter, node: sql.text(node.name),
    exp.Column: _column,
    exp.Identifier: _column,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Paren: _paren,
    exp.Neg: _negation,
    exp.Collate: _same,
    exp.If: _if,
    exp.Coalesce: _coalesce,
    exp.Cast: _cast,
    exp.TryCast: _cast,
}
