"""Which overload of a function a call means, as DuckDB chooses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from sqlglot import exp

from featuresql.compiler.typing.argument import NULL, UNKNOWN, Argument, describe
from featuresql.compiler.typing.cast_cost import cast_cost, target_cost
from featuresql.compiler.typing.common_type import common_argument
from featuresql.compiler.typing.function import GENERICS, Call, Function, Signature
from featuresql.errors import CompileError
from featuresql.spec.column_type import ColumnType, list_of

_Bindings = dict[str, list[Argument]]


def choose_overload(
    function: Function,
    node: exp.Expr,
    operands: Sequence[exp.Expr],
    arguments: Sequence[Argument],
) -> tuple[Signature, Call]:
    """Return the overload whose implicit casts cost least, and the call bound to it.

    Raises `CompileError` with code `type-mismatch` where none fits or several fit equally well.
    """
    best: list[tuple[Signature, _Bindings]] = []
    best_cost: int | None = None
    for signature in function.signatures:
        if not signature.accepts(len(arguments)):
            continue
        bindings: _Bindings = {}
        cost = _cost(signature, arguments, bindings)
        if cost is None:
            continue
        if best_cost is None or cost < best_cost:
            best, best_cost = [], cost
        if cost == best_cost:
            best.append((signature, bindings))
    if len(best) != 1:
        raise _no_overload(function, arguments, ambiguous=bool(best))
    signature, bindings = best[0]
    generics = {name: _resolve(function, found) for name, found in bindings.items()}
    bound = tuple(
        _bound(signature.parameter(i), argument, generics) for i, argument in enumerate(arguments)
    )
    call = Call(function.name, node, tuple(operands), tuple(arguments), bound, generics)
    return signature, call


def result_type(signature: Signature, call: Call) -> ColumnType:
    """Return the type that the call gives."""
    if isinstance(signature.result, ColumnType):
        return substitute(signature.result, call.generics)
    return signature.result(call)


def substitute(kind: ColumnType, generics: Mapping[str, ColumnType]) -> ColumnType:
    """Return `kind` with T, K and V replaced by what they stand for, NULL where nothing said."""
    if kind.name in GENERICS:
        return generics.get(kind.name, NULL)
    if kind.element is not None:
        return list_of(substitute(kind.element, generics))
    if kind.fields:
        return ColumnType(
            kind.name,
            fields=tuple((name, substitute(field, generics)) for name, field in kind.fields),
        )
    return kind


def _cost(signature: Signature, arguments: Sequence[Argument], bindings: _Bindings) -> int | None:
    total = 0
    for position, argument in enumerate(arguments):
        cost = _fit(argument, signature.parameter(position), bindings)
        if cost is None:
            return None
        total += cost
    return total


def _fit(  # noqa: PLR0911 - one return for each kind of parameter
    argument: Argument, parameter: ColumnType, bindings: _Bindings
) -> int | None:
    """Return what it costs to give `argument` to `parameter`, and note what T, K, V then are."""
    if parameter.name in GENERICS:
        bindings.setdefault(parameter.name, []).append(argument)
        return 0
    if parameter.name in {"ANY", "LAMBDA"}:
        return 0
    if parameter.element is not None and _has_placeholder(parameter):
        # A bare NULL for a list makes DuckDB's answer NULL of no type: cast it, if it is meant.
        if argument.type.element is None:
            return None
        return _fit(Argument(argument.type.element), parameter.element, bindings)
    if parameter.name == "MAP":
        if argument.type.name != "MAP":
            return target_cost(parameter) if argument.is_null else None
        for (_, have), (_, want) in zip(argument.type.fields, parameter.fields, strict=True):
            _fit(Argument(have), want, bindings)
        return 0
    if parameter.name in {"STRUCT", "TUPLE"} and not parameter.fields:
        return 0 if argument.type.name in {"STRUCT", "TUPLE"} else None
    return cast_cost(argument, parameter)


def _has_placeholder(parameter: ColumnType) -> bool:
    if parameter.element is not None:
        return _has_placeholder(parameter.element)
    return parameter.name in {*GENERICS, "ANY"}


def _resolve(function: Function, found: list[Argument]) -> ColumnType:
    common: Argument | None = Argument(NULL)
    common = reduce(
        lambda left, right: None if left is None else common_argument(left, right), found, common
    )
    if common is None:
        kinds = " and ".join(dict.fromkeys(describe(argument) for argument in found))
        raise CompileError(
            f"{function.name}() cannot mix {kinds}",
            code="type-mismatch",
            hint="cast one of them to the type that is meant",
        )
    return common.type


def _bound(
    parameter: ColumnType, argument: Argument, generics: dict[str, ColumnType]
) -> ColumnType:
    if parameter.name == "DECIMAL" and parameter.precision is None:
        return argument.type
    if _has_placeholder(parameter):
        return argument.type if _is_any(parameter) else substitute(parameter, generics)
    return argument.type if parameter.name in {"MAP", "STRUCT", "TUPLE"} else parameter


def _is_any(parameter: ColumnType) -> bool:
    if parameter.element is not None:
        return _is_any(parameter.element)
    return parameter.name == "ANY"


def _no_overload(
    function: Function, arguments: Sequence[Argument], *, ambiguous: bool
) -> CompileError:
    given = ", ".join(describe(argument) for argument in arguments) or "no arguments"
    if any(argument.type == UNKNOWN for argument in arguments):
        given = "an argument of unknown type"
    counts = sorted({len(signature.parameters) for signature in function.signatures})
    if not any(signature.accepts(len(arguments)) for signature in function.signatures):
        wanted = " or ".join(str(count) for count in counts)
        message = f"{function.name}() takes {wanted} arguments, not {len(arguments)}"
        return CompileError(message, code="type-mismatch")
    if ambiguous:
        message = f"{function.name}() could mean several things for {given}"
        return CompileError(message, code="type-mismatch", hint="cast the argument explicitly")
    return CompileError(
        f"{function.name}() does not take {given}",
        code="type-mismatch",
        hint="cast the argument to a type that it takes",
    )
