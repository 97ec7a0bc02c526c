"""The type of a function's or an operator's call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from featuresql.compiler.typing.argument import UNKNOWN, Argument
from featuresql.compiler.typing.choose_overload import choose_overload, result_type
from featuresql.compiler.typing.function import Function
from featuresql.compiler.typing.function_table import (
    BY_NAME,
    call_name,
    find_function,
    is_forbidden,
    operands_of,
)
from featuresql.errors import CompileError, did_you_mean, nearest

if TYPE_CHECKING:
    from featuresql.compiler.typing.typer import Typer

_AROUND_WINDOW = (exp.IgnoreNulls, exp.RespectNulls, exp.Filter, exp.WithinGroup)


def call_function(typer: Typer, node: exp.Expr) -> Argument:
    """Return what the call `node` gives.

    Raises `CompileError` with code `unknown-function`, `forbidden-function`, `non-deterministic` or
    `type-mismatch`.
    """
    function = lookup_function(typer, node)
    operands = operands_of(node, function)
    return call_with(typer, node, function, operands)


def call_with(
    typer: Typer, node: exp.Expr, function: Function, operands: Sequence[exp.Expr]
) -> Argument:
    """Return what `function` gives for `operands`, all of which have been typed but lambdas."""
    if function.kind == "window" and not _has_window(node):
        raise CompileError(
            f"{function.name}() needs an OVER clause",
            code="type-mismatch",
            hint="write OVER (PARTITION BY ... ORDER BY ...)",
        )
    if function.kind == "scalar" and _has_window(node):
        raise CompileError(f"{function.name}() is no window function", code="type-mismatch")
    arguments = [typer.argument(operand) for operand in operands]
    if any(argument.type == UNKNOWN for argument in arguments):
        return Argument(UNKNOWN)
    signature, call = choose_overload(function, node, operands, arguments)
    typer.calls[id(node)] = call
    return Argument(result_type(signature, call))


def lookup_function(typer: Typer, node: exp.Expr) -> Function:
    """Return the entry of the function table that `node` calls, if models may call it."""
    function = find_function(node)
    if is_forbidden(node):
        raise CompileError(
            f"{call_name(node)}() may not be called in a model",
            code="forbidden-function",
            hint="a model reads only what ref() and source() name",
        )
    if function is None:
        raise _unknown(node)
    if not function.deterministic and not typer.allow_non_deterministic:
        raise CompileError(
            f"{function.name} gives another value each time it is asked",
            code="non-deterministic",
            hint="a feature depends on its rows alone: use a column of theirs",
        )
    return function


def _unknown(node: exp.Expr) -> CompileError:
    if not isinstance(node, exp.Func):
        sql = node.sql("duckdb")
        return CompileError(f"'{sql}' is not supported", code="unsupported")
    name = call_name(node)
    known = [known for known in BY_NAME if known.isidentifier()]
    hint = did_you_mean(name, known) if nearest(name, known) else None
    return CompileError(f"there is no function {name}()", code="unknown-function", hint=hint)


def _has_window(node: exp.Expr) -> bool:
    while isinstance(node.parent, _AROUND_WINDOW):
        node = node.parent
    return isinstance(node.parent, exp.Window) and node.arg_key == "this"
