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
from featuresql.compiler.typing.call_function import call_with
from featuresql.compiler.typing.function_table import BY_NAME
from featuresql.compiler.typing.names import Names
from featuresql.compiler.typing.rules import constant_integer, constant_text
from featuresql.compiler.typing.values import mix
from featuresql.errors import CompileError, did_you_mean
from featuresql.spec.column_type import BIGINT, ColumnType, list_of

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
    """Type `MAP {k: v}`, which sqlglot reads as a struct whose names are expressions."""
    pairs = node.this.expressions
    if not all(isinstance(pair, exp.PropertyEQ) for pair in pairs):
        raise CompileError("a map is made of pairs", code="syntax", hint="write MAP {key: value}")
    key = mix([typer.annotate(pair.this) for pair in pairs], "a map's keys")
    value = mix([typer.annotate(pair.expression) for pair in pairs], "a map's values")
    found = Argument(map_of(key.type, value.type))
    for part in (node.this, *pairs):
        typer.give(part, found)
    return found


def _bracket(typer: Typer, node: exp.Expr) -> Argument:
    """Type `x[i]` and `x[a:b]` as the functions that they stand for."""
    base, index = typer.argument(node.this), node.expressions[0]
    kind = base.type
    name = subscript_function(kind, index)
    if len(node.expressions) > 1:
        raise CompileError("a subscript has one position", code="unsupported", hint="write x[i][j]")
    if name is not None:
        parts = slice_bounds(index) if isinstance(index, exp.Slice) else [index]
        return call_with(typer, node, BY_NAME[name], [node.this, *parts])
    if isinstance(index, exp.Slice):
        if base.is_null:
            return base
    elif kind == JSON:
        return Argument(kind)
    elif kind.name in {"STRUCT", "TUPLE"}:
        return Argument(find_field(kind, index)[1])
    raise CompileError(
        f"{describe(base)} has no elements", code="type-mismatch", hint="cast it to a list"
    )


def subscript_function(kind: ColumnType, index: exp.Expr) -> str | None:
    """Return the name of the function that a subscript of a `kind` stands for.

    None for what has no such function: structs, whose fields are found by name, and JSON.
    """
    return (_PARTS if isinstance(index, exp.Slice) else _ELEMENTS).get(kind.name)


def slice_bounds(node: exp.Expr) -> list[exp.Expr]:
    """Return the first and last position of a typed slice, and its step where it has one."""
    step = node.args.get("step")
    return [node.this, node.expression, *([] if step is None else [step])]


def _slice(typer: Typer, node: exp.Expr) -> Argument:
    """Write out the bounds that `x[a:]` and `x[:b]` leave out: which end they are at is known."""
    step = node.args.get("step")
    sign = 1 if step is None else constant_integer(step)
    bounds = {"this": 1, "expression": -1}
    for key, position in bounds.items():
        if node.args.get(key) is not None:
            continue
        if not sign:
            raise CompileError(
                "a slice whose step is not constant needs both its ends", code="unsupported"
            )
        bound = exp.Literal.number(position if sign > 0 else -position)
        node.set(key, bound)
        typer.annotate(bound)
    return Argument(NULL)


def _struct_extract(typer: Typer, node: exp.Expr) -> Argument:
    return Argument(find_field(typer.argument(node.this).type, node.expression)[1])


def find_field(kind: ColumnType, key: exp.Expr) -> tuple[str, ColumnType]:
    """Return the name and the type of the field of a struct, tuple, map or JSON that `key` names.

    Fields are found without regard to case; those of a tuple are called by their position, from 1.
    Raises `CompileError` with code `type-mismatch` where there is none.
    """
    position, name = constant_integer(key), constant_text(key)
    if kind.name == "JSON":
        return name or "", JSON
    if kind.name == "MAP":
        return name or "", kind.fields[1][1]
    wanted = str(position) if kind.name == "TUPLE" else (name or "").lower()
    for field, found in kind.fields:
        if field.lower() == wanted:
            return field, found
    shown = name or key.sql("duckdb")
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
    if len(node.expressions) not in (2, 3):
        raise CompileError(f"{node.name}() takes a list and a lambda", code="type-mismatch")
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


_ELEMENTS: Final = {"LIST": "list_extract", "VARCHAR": "array_extract", "MAP": "map_extract_value"}
_PARTS: Final = {"LIST": "list_slice", "VARCHAR": "array_slice"}
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
    exp.Dot: _struct_extract,
    exp.StructExtract: _struct_extract,
    exp.Comprehension: _comprehension,
    exp.Transform: _transform,
    exp.ArrayFilter: _filter,
}
