"""`list_sum(l)` and its like: an aggregate over the elements of a list."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.argument import NULL, Argument
from featuresql.compiler.typing.choose_overload import choose_overload, result_type
from featuresql.compiler.typing.function import Call, Function, Rule, signatures
from featuresql.compiler.typing.functions import aggregates
from featuresql.compiler.typing.rules import constant_text
from featuresql.errors import CompileError, did_you_mean
from featuresql.spec.column_type import ColumnType

_AGGREGATES: Final = {name: f for f in aggregates.FUNCTIONS for name in f.names}
_NAMES: Final = (
    *("sum", "avg", "median", "mode", "product", "count", "first", "last", "any_value"),
    *("stddev_pop", "stddev_samp", "var_pop", "var_samp", "skewness", "kurtosis", "kurtosis_pop"),
    *("mad", "sem", "entropy", "bool_and", "bool_or", "bit_and", "bit_or", "bit_xor"),
    *("approx_count_distinct", "histogram", "string_agg"),
)


def _over_elements(name: str, call: Call) -> ColumnType:
    element = call.arguments[0].type.element or NULL
    if name == "count":
        return choose(name, call, ())
    return choose(name, call, (Argument(element),))


def choose(name: str, call: Call, arguments: tuple[Argument, ...]) -> ColumnType:
    """Return what the aggregate `name` gives for `arguments`."""
    signature, inner = choose_overload(_AGGREGATES[name], call.node, call.operands[:1], arguments)
    return result_type(signature, inner)


def _rule(name: str) -> Rule:
    return lambda call: _over_elements(name, call)


def _named(call: Call) -> ColumnType:
    name = (constant_text(call.operands[1]) or "").lower()
    if name not in _AGGREGATES:
        raise CompileError(
            f"{call.name}() knows no aggregate '{name}'",
            code="unknown-function",
            hint=did_you_mean(name, _AGGREGATES),
        )
    element = call.arguments[0].type.element or NULL
    return choose(name, call, (Argument(element), *call.arguments[2:]))


def _entry(name: str, nodes: tuple[type[exp.Expr], ...] = ()) -> Function:
    return Function((f"list_{name}",), signatures("ANY[] -> ANY", rule=_rule(name)), nodes=nodes)


FUNCTIONS: Final = (
    *(_entry(name) for name in _NAMES),
    _entry("min", (exp.ArrayMin,)),
    _entry("max", (exp.ArrayMax,)),
    Function(
        ("list_aggregate", "list_aggr", "array_aggregate", "array_aggr"),
        signatures("ANY[], VARCHAR, ANY... -> ANY", rule=_named),
    ),
)
