"""Functions of numbers."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.function import Function, scalar_function, signatures
from featuresql.compiler.typing.functions.operators import NUMBER_NAMES, singles
from featuresql.compiler.typing.rules import rounded_decimal, same_as_first, whole_decimal

_SIGNED: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_REAL: Final = "DOUBLE -> DOUBLE"
_TWO_REALS: Final = "DOUBLE, DOUBLE -> DOUBLE"


def _real(names: str, node: type[exp.Expr]) -> Function:
    return scalar_function(names, _REAL, node=node, arguments="this")


FUNCTIONS: Final = (
    Function(
        ("abs",),
        signatures(*singles(NUMBER_NAMES)) + signatures("DECIMAL -> DECIMAL", rule=same_as_first),
        nodes=(exp.Abs,),
    ),
    scalar_function(
        "sign", *(f"{name} -> TINYINT" for name in NUMBER_NAMES), node=exp.Sign, arguments="this"
    ),
    *(
        Function(
            tuple(names.split()),
            signatures("FLOAT -> FLOAT", "DOUBLE -> DOUBLE")
            + signatures("DECIMAL -> DECIMAL", rule=whole_decimal),
            nodes=(node,),
            arguments=("this",),
        )
        for names, node in (("ceil ceiling", exp.Ceil), ("floor", exp.Floor))
    ),
    Function(
        ("round",),
        signatures(*(f"{name}, INTEGER? -> {name}" for name in (*_SIGNED, "FLOAT", "DOUBLE")))
        + signatures("DECIMAL -> DECIMAL", rule=whole_decimal)
        + signatures("DECIMAL, INTEGER -> DECIMAL", rule=rounded_decimal),
        nodes=(exp.Round,),
        arguments=("this", "decimals"),
    ),
    Function(
        ("trunc",),
        signatures(*(f"{name}, INTEGER? -> {name}" for name in NUMBER_NAMES))
        + signatures("DECIMAL -> DECIMAL", rule=whole_decimal)
        + signatures("DECIMAL, INTEGER -> DECIMAL", rule=rounded_decimal),
        nodes=(exp.Trunc,),
        arguments=("this", "decimals"),
    ),
    Function(
        ("round_even", "roundbankers"),
        signatures(*(f"{name}, INTEGER -> {name}" for name in (*_SIGNED, "FLOAT", "DOUBLE")))
        + signatures("DECIMAL, INTEGER -> DECIMAL", rule=rounded_decimal),
    ),
    _real("sqrt", exp.Sqrt),
    _real("cbrt", exp.Cbrt),
    _real("exp", exp.Exp),
    _real("ln", exp.Ln),
    _real("sin", exp.Sin),
    _real("cos", exp.Cos),
    _real("tan", exp.Tan),
    _real("cot", exp.Cot),
    _real("asin", exp.Asin),
    _real("acos", exp.Acos),
    _real("atan", exp.Atan),
    _real("sinh", exp.Sinh),
    _real("cosh", exp.Cosh),
    _real("tanh", exp.Tanh),
    _real("asinh", exp.Asinh),
    _real("acosh", exp.Acosh),
    _real("atanh", exp.Atanh),
    _real("degrees", exp.Degrees),
    _real("radians", exp.Radians),
    scalar_function("log log2 log10", _REAL, _TWO_REALS, node=exp.Log, arguments="this expression"),
    scalar_function("pow power", _TWO_REALS, node=exp.Pow, arguments="this expression"),
    scalar_function("atan2", _TWO_REALS, node=exp.Atan2, arguments="this expression"),
    scalar_function("pi", "-> DOUBLE", node=exp.Pi),
    scalar_function("gamma", _REAL),
    scalar_function("lgamma", _REAL),
    scalar_function("even", _REAL),
    scalar_function("nextafter", _TWO_REALS, "FLOAT, FLOAT -> FLOAT"),
    scalar_function("factorial", "INTEGER -> HUGEINT", node=exp.Factorial, arguments="this"),
    scalar_function(
        "gcd greatest_common_divisor", "BIGINT, BIGINT -> BIGINT", "HUGEINT, HUGEINT -> HUGEINT"
    ),
    scalar_function(
        "lcm least_common_multiple", "BIGINT, BIGINT -> BIGINT", "HUGEINT, HUGEINT -> HUGEINT"
    ),
    scalar_function("isnan", "FLOAT -> BOOLEAN", "DOUBLE -> BOOLEAN", node=exp.IsNan),
    scalar_function(
        "isinf",
        *(f"{name} -> BOOLEAN" for name in ("FLOAT", "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMPTZ")),
        node=exp.IsInf,
    ),
    scalar_function(
        "isfinite",
        *(f"{name} -> BOOLEAN" for name in ("FLOAT", "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMPTZ")),
    ),
    scalar_function("signbit", "FLOAT -> BOOLEAN", "DOUBLE -> BOOLEAN"),
    scalar_function("bit_count", *(f"{name} -> TINYINT" for name in _SIGNED)),
    scalar_function("hash", "ANY, ANY... -> UBIGINT"),
    scalar_function("random", "-> DOUBLE", node=exp.Rand, deterministic=False),
    scalar_function(
        "uuid gen_random_uuid uuidv4 uuidv7", "-> UUID", node=exp.Uuid, deterministic=False
    ),
)
