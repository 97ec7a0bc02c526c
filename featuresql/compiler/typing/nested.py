"""Lists, structs, maps, and the lambdas that run over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.typing.argument import (
    JSON,
    NULL,
    UNKNOWN,
    Argument,
    describe,
    map_of,
    struct_of,
    tuple_of,
)
from featuresql.compiler.typing.cast_cost import cast_cost
from featuresql.compiler.typing.names import Names
from featuresql.compiler.typing.rules import constant_integer, constant_text
from featuresql.compiler.typing.values import mix
from featuresql.errors import CompileError, did_you_mean
from featuresql.spec.column_type import BIGINT, VARCHAR, ColumnType, list_of

if TYPE_CHECKING:
    from featuresql.compiler.typing.typer import Typer


def _list(typer: Typer, node: exp.Expr) -> Argument:
    parts = node.expressions
    if len(parts) == 1 and isinstance(parts[0], exp.Comprehension):
        return typer.argument(parts[0])
    return Argument(list_of(mix((typer.argument(part) for part in parts), "a list").type))


def _tuple(typer: Typer, node: exp.Expr) -> Argument:
    return Argument(tuple_of(tuple(typer.argument(part).type for part in node.expressions)))


def _struct(typer: Typer, node: exp.Expr) -> Argument:
    fields = []
    for part in node.expressions:
        if isinstance(part, exp.PropertyEQ | exp.Kwarg):
            fields.append((part.name, typer.argument(part.expression).type))
        else:
            fields.append((part.alias_or_name, typer.argument(part).type))
    return Argument(struct_of(tuple(fields)))


def _map_literal(typer: Typer, node: exp.Expr) -> Argument:
    """Type `MAP {k: v}`, which sqlglot reads as a struct whose names are expressions.

    It also reads `MAP {k: v}[k]` as a map of `{k: v}[k]`: the brackets are taken outside again.
    """
    literal, brackets = node.this, []
    while isinstance(literal, exp.Bracket):
        brackets.append(literal)
        literal = literal.this
    pairs = literal.expressions
    key = mix([typer.annotate(pair.this) for pair in pairs], "a map's keys")
    value = mix([typer.annotate(pair.expression) for pair in pairs], "a map's values")
    typer.give(literal, Argument(map_of(key.type, value.type)))
    for bracket in reversed(brackets):
        for index in bracket.expressions:
            typer.annotate(index)
        typer.give(bracket, _bracket(typer, bracket))
    return typer.argument(node.this)


def _bracket(typer: Typer, node: exp.Expr) -> Argument:
    base, index = typer.argument(node.this), node.expressions[0]
    kind = base.type
    if isinstance(index, exp.Slice):
        if kind.element is not None or kind == VARCHAR or base.is_null:
            return Argument(kind)
    elif kind.element is not None or kind == VARCHAR:
        if cast_cost(typer.argument(index), BIGINT) is None:
            raise CompileError(
                f"{describe(typer.argument(index))} is no position", code="type-mismatch"
            )
        return Argument(kind.element or kind)
    elif kind == JSON:
        return Argument(kind)
    elif kind.name == "MAP":
        return Argument(kind.fields[1][1])
    elif kind.name in {"STRUCT", "TUPLE"}:
        # sqlglot counts from 0.
        return Argument(_field(kind, index, shift=1))
    raise CompileError(
        f"{describe(base)} has no elements", code="type-mismatch", hint="cast it to a list"
    )


def _slice(_typer: Typer, _node: exp.Expr) -> Argument:
    return Argument(NULL)


def _dot(typer: Typer, node: exp.Expr) -> Argument:
    return Argument(_field(typer.argument(node.this).type, node.expression))


def _struct_extract(typer: Typer, node: exp.Expr) -> Argument:
    return Argument(_field(typer.argument(node.this).type, node.expression))


def _field(kind: ColumnType, index: exp.Expr, shift: int = 0) -> ColumnType:
    position, name = constant_integer(index), constant_text(index)
    position = None if position is None else position + shift
    if kind.name == "JSON":
        return JSON
    if kind.name == "MAP":
        return kind.fields[1][1]
    if position is not None and kind.name == "TUPLE" and 1 <= position <= len(kind.fields):
        return kind.fields[position - 1][1]
    for field, found in kind.fields:
        if name is not None and field.lower() == name.lower():
            return found
    shown = name or index.sql("duckdb")
    hint = did_you_mean(shown, [field for field, _ in kind.fields]) if kind.fields else None
    raise CompileError(f"there is no field '{shown}'", code="type-mismatch", hint=hint)


def _comprehension(typer: Typer, node: exp.Expr) -> Argument:
    """Type `[f(x) FOR x IN list IF condition]`."""
    iterator = typer.annotate(node.args["iterator"])
    if iterator.type == UNKNOWN:
        return iterator
    names = [
        node.expression.name,
        *([node.args["position"].name] if node.args.get("position") else []),
    ]
    parameters = (_element(iterator), BIGINT)
    with typer.within(_parameters(typer, names, parameters)):
        condition = node.args.get("condition")
        if condition is not None:
            typer.annotate(condition)
        body = typer.annotate(node.this)
    return Argument(UNKNOWN if body.type == UNKNOWN else list_of(body.type))


def _transform(typer: Typer, node: exp.Expr) -> Argument:
    listed, function = _list_and_lambda(node)
    argument = typer.argument(listed)
    if argument.is_null:
        return argument
    body = _apply(typer, function, (_element(argument), BIGINT))
    return Argument(UNKNOWN if body.type == UNKNOWN else list_of(body.type))


def _filter(typer: Typer, node: exp.Expr) -> Argument:
    listed, function = _list_and_lambda(node)
    argument = typer.argument(listed)
    if argument.is_null:
        return argument
    body = _apply(typer, function, (_element(argument), BIGINT))
    return body if body.type == UNKNOWN else Argument(argument.type)


def _reduce(typer: Typer, node: exp.Expr) -> Argument:
    """Type `list_reduce(list, lambda, initial)`: what is carried is what comes out."""
    listed, function, *initial = node.expressions
    element = _element(typer.argument(listed))
    carried = typer.argument(initial[0]).type if initial else element
    body = _apply(typer, function, (carried, element, BIGINT))
    if body.type == UNKNOWN:
        return body
    return mix((Argument(carried), Argument(body.type)), "list_reduce")


def _list_and_lambda(node: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    if isinstance(node, exp.Anonymous):
        parts = node.expressions
        if len(parts) != 2:  # noqa: PLR2004 - a list and a lambda
            raise CompileError(f"{node.name}() takes a list and a lambda", code="type-mismatch")
        return parts[0], parts[1]
    return node.this, node.expression


def _element(argument: Argument) -> ColumnType:
    if argument.type.element is None:
        raise CompileError(f"{describe(argument)} is no list", code="type-mismatch")
    return argument.type.element


def _apply(typer: Typer, function: exp.Expr, parameters: tuple[ColumnType, ...]) -> Argument:
    if not isinstance(function, exp.Lambda):
        raise CompileError("a lambda is needed here", code="type-mismatch", hint="lambda x: ...")
    names = [parameter.name for parameter in function.expressions]
    if not 1 <= len(names) <= len(parameters):
        raise CompileError(f"a lambda of {len(names)} parameters", code="type-mismatch")
    with typer.within(_parameters(typer, names, parameters)):
        return typer.annotate(function.this)


def _parameters(typer: Typer, names: list[str], kinds: tuple[ColumnType, ...]) -> Names:
    found = {name.lower(): Argument(kind) for name, kind in zip(names, kinds, strict=False)}
    return Names(parent=typer.names, parameters=found)


LAMBDA_FUNCTIONS: Final[dict[str, Callable[[Typer, exp.Expr], Argument]]] = {
    **dict.fromkeys(("list_transform", "array_transform", "list_apply", "array_apply"), _transform),
    **dict.fromkeys(("list_filter", "array_filter"), _filter),
    **dict.fromkeys(("list_reduce", "array_reduce"), _reduce),
    "row": _tuple,
}
HANDLERS: Final[dict[type[exp.Expr], Callable[[Typer, exp.Expr], Argument]]] = {
    exp.Array: _list,
    exp.Tuple: _tuple,
    exp.Struct: _struct,
    exp.ToMap: _map_literal,
    exp.Bracket: _bracket,
    exp.Slice: _slice,
    exp.Dot: _dot,
    exp.StructExtract: _struct_extract,
    exp.Comprehension: _comprehension,
    exp.Transform: _transform,
    exp.ArrayFilter: _filter,
}
