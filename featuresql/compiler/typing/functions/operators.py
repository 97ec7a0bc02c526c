"""Arithmetic and bitwise operators."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.function import Function, Signature, scalar_function, signatures
from featuresql.compiler.typing.rules import (
    decimal_product,
    decimal_remainder,
    decimal_sum,
    same_as_first,
)

INTEGER_NAMES: Final = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
)
NUMBER_NAMES: Final = (*INTEGER_NAMES, "FLOAT", "DOUBLE")


def pairs(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the overloads that take two of a type and give the same."""
    return tuple(f"{name}, {name} -> {name}" for name in names)


def singles(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the overloads that take one of a type and give the same."""
    return tuple(f"{name} -> {name}" for name in names)


def _operator(name: str, node: type[exp.Expr], *overloads: tuple[Signature, ...]) -> Function:
    return Function(
        (name,),
        tuple(signature for group in overloads for signature in group),
        nodes=(node,),
        arguments=("this", "expression"),
    )


_PLUS: Final = signatures(
    "DATE, INTEGER -> DATE",
    "INTEGER, DATE -> DATE",
    "INTERVAL, INTERVAL -> INTERVAL",
    "DATE, INTERVAL -> TIMESTAMP",
    "INTERVAL, DATE -> TIMESTAMP",
    "TIME, INTERVAL -> TIME",
    "INTERVAL, TIME -> TIME",
    "TIMESTAMP, INTERVAL -> TIMESTAMP",
    "INTERVAL, TIMESTAMP -> TIMESTAMP",
    "TIMESTAMPTZ, INTERVAL -> TIMESTAMPTZ",
    "INTERVAL, TIMESTAMPTZ -> TIMESTAMPTZ",
    "TIME, DATE -> TIMESTAMP",
    "DATE, TIME -> TIMESTAMP",
    "T[], T[] -> T[]",
)
_MINUS: Final = signatures(
    "DATE, DATE -> BIGINT",
    "DATE, INTEGER -> DATE",
    "TIMESTAMP, TIMESTAMP -> INTERVAL",
    "TIMESTAMPTZ, TIMESTAMPTZ -> INTERVAL",
    "INTERVAL, INTERVAL -> INTERVAL",
    "DATE, INTERVAL -> TIMESTAMP",
    "TIME, INTERVAL -> TIME",
    "TIMESTAMP, INTERVAL -> TIMESTAMP",
    "TIMESTAMPTZ, INTERVAL -> TIMESTAMPTZ",
)
_TIMES: Final = signatures(
    "INTERVAL, DOUBLE -> INTERVAL",
    "DOUBLE, INTERVAL -> INTERVAL",
    "INTERVAL, BIGINT -> INTERVAL",
    "BIGINT, INTERVAL -> INTERVAL",
)

FUNCTIONS: Final = (
    _operator(
        "+",
        exp.Add,
        signatures(*pairs(NUMBER_NAMES)),
        signatures("DECIMAL, DECIMAL -> DECIMAL", rule=decimal_sum),
        _PLUS,
    ),
    _operator(
        "-",
        exp.Sub,
        signatures(*pairs(NUMBER_NAMES)),
        signatures("DECIMAL, DECIMAL -> DECIMAL", rule=decimal_sum),
        _MINUS,
    ),
    _operator(
        "*",
        exp.Mul,
        signatures(*pairs(NUMBER_NAMES)),
        signatures("DECIMAL, DECIMAL -> DECIMAL", rule=decimal_product),
        _TIMES,
    ),
    _operator(
        "/",
        exp.Div,
        signatures("FLOAT, FLOAT -> FLOAT", "DOUBLE, DOUBLE -> DOUBLE"),
        signatures("INTERVAL, DOUBLE -> INTERVAL"),
    ),
    _operator("//", exp.IntDiv, signatures(*pairs(NUMBER_NAMES))),
    Function(
        ("mod",),
        signatures(*pairs(NUMBER_NAMES))
        + signatures("DECIMAL, DECIMAL -> DECIMAL", rule=decimal_remainder),
        nodes=(exp.Mod,),
        arguments=("this", "expression"),
    ),
    Function(
        ("unary -",),
        signatures(*singles(NUMBER_NAMES), "INTERVAL -> INTERVAL")
        + signatures("DECIMAL -> DECIMAL", rule=same_as_first),
        nodes=(exp.Neg,),
        arguments=("this",),
    ),
    _operator("&", exp.BitwiseAnd, signatures(*pairs(INTEGER_NAMES))),
    _operator("|", exp.BitwiseOr, signatures(*pairs(INTEGER_NAMES))),
    _operator("<<", exp.BitwiseLeftShift, signatures(*pairs(INTEGER_NAMES), "BIT, INTEGER -> BIT")),
    _operator(
        ">>", exp.BitwiseRightShift, signatures(*pairs(INTEGER_NAMES), "BIT, INTEGER -> BIT")
    ),
    scalar_function("xor", *pairs(INTEGER_NAMES), node=exp.BitwiseXor, arguments="this expression"),
    scalar_function("~", *singles(INTEGER_NAMES), node=exp.BitwiseNot, arguments="this"),
)
