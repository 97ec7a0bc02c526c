"""Roots, powers, logarithms and angles.

Neither engine's mathematical library rounds all of these correctly, and DuckDB's is the machine's
own. So they are the same but for their last digits: within 4 units in the last place, powers
within a relative error of 1e-13. `sqrt` and what is exact are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.typing.function_table import call_name

_REAL: Final = "Nullable(Float64)"
# From here on tanh is 1.
_FLAT: Final = 20
# Beyond this exponent, and next to 0, pow() goes wrong in ClickHouse.
_FARTHEST: Final = "1e9"
_LEAST_NORMAL: Final = "2.2250738585072014e-308"


def _real(name: str, clickhouse: str, *cases: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        return sql.cast(sql.call(clickhouse, call.args[0]), _REAL)

    return Emission(name, build, (f"{name}(f8)", f"{name}(f9)", f"{name}(i4)", *cases))


def _constant(text: str) -> exp.Expr:
    return sql.cast(sql.text(text), "Float64")


def _cot(call: EmitCall) -> exp.Expr:
    return sql.call("divide", sql.number(1), sql.call("tan", call.args[0]))


def _tanh(call: EmitCall) -> exp.Expr:
    """Divide sinh by cosh: ClickHouse's tanh loses the digits of small numbers."""

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        far = sql.call("greater", sql.call("abs", again()), sql.number(_FLAT))
        ratio = sql.call("divide", sql.call("sinh", again()), sql.call("cosh", again()))
        return sql.cast(sql.choose(far, sql.call("sign", again()), ratio), _REAL)

    return sql.bind(call.args[0], body)


def _log(call: EmitCall) -> exp.Expr:
    if len(call.args) == 1:
        name = call_name(call.node)
        return sql.call("log2" if name == "log2" else "log10", call.args[0])
    base, value = call.args
    return sql.call("divide", sql.call("log10", value), sql.call("log10", base))


def _pow(call: EmitCall) -> exp.Expr:
    """Return a power, by its logarithm where ClickHouse's own is wrong: far away and next to 0."""
    base, exponent = call.args

    def body(x: Callable[[], exp.Expr], y: Callable[[], exp.Expr]) -> exp.Expr:
        made = sql.call("pow", x(), y())
        logarithm = sql.call("log", sql.call("abs", x()))
        size = sql.call("exp", sql.call("multiply", y(), logarithm))
        sign = sql.call("pow", sql.call("sign", x()), y())
        tiny = [
            sql.call("less", sql.call("abs", value), _constant(_LEAST_NORMAL))
            for value in (x(), made.copy())
        ]
        far = sql.call("greater", sql.call("abs", y()), _constant(_FARTHEST))
        usual = sql.both(
            sql.call("isFinite", x()),
            sql.call("notEquals", x(), sql.number(0)),
            sql.call("notEquals", sql.call("abs", x()), sql.number(1)),
        )
        return sql.call(
            "multiIf",
            sql.both(sql.call("equals", x(), sql.number(1)), sql.call("isNotNull", y())),
            _constant("1"),
            sql.both(usual, sql.either(far, *tiny)),
            sql.call("multiply", sign, size),
            made,
        )

    made = sql.bind(base, lambda x: sql.bind(exponent, lambda y: body(x, y)))
    return sql.cast(made, _REAL)


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    _real("sqrt", "sqrt", "sqrt(d1)", "sqrt(abs(f4))"),
    _real("cbrt", "cbrt"),
    _real("exp", "exp", "1 / (1 + exp(-f9))"),
    _real("ln", "log", "ln(abs(d1) + 1)", "ln(0)"),
    _real("sin", "sin", "sin(2 * pi() * n / 24)"),
    _real("cos", "cos"),
    _real("tan", "tan"),
    _real("asin", "asin"),
    _real("acos", "acos"),
    _real("atan", "atan"),
    _real("sinh", "sinh"),
    _real("cosh", "cosh"),
    _real("asinh", "asinh"),
    _real("acosh", "acosh"),
    _real("atanh", "atanh"),
    _real("gamma", "tgamma", "gamma(i1 / 10)"),
    _real("degrees", "degrees"),
    _real("radians", "radians"),
    Emission("cot", _cot, ("cot(f8)", "cot(f9)", "cot(n)")),
    Emission(
        "tanh", _tanh, ("tanh(f8)", "tanh(f9)", "tanh(n)", "tanh(-0.0::DOUBLE)", "tanh(f9 / 1e10)")
    ),
    Emission(
        "log",
        _log,
        (
            *(f"{name}({c})" for name in ("log", "log2", "log10") for c in ("f8", "f9", "i4")),
            "log(2, i8)",
            "log(f9, f8)",
            "log(1, 2)",
            "log(0, 2)",
        ),
    ),
    Emission(
        "pow",
        _pow,
        (
            "pow(f8, 2)",
            "f9 ** 0.5",
            "2 ^ n",
            "pow(f8, f9)",
            "pow(f9, n)",
            "pow(-8, 1 / 3)",
            "pow(0.5, n * 100)",
            "pow(-0.5, n * 97)",
            "pow(i4, 3)",
            "pow(1, f8)",
            "pow(f8, 0)",
            "pow(f8, 1e300)",
            "pow(f9, -1e300)",
            "pow(-1, f8)",
            "pow(1e-320::DOUBLE, f9)",
        ),
    ),
    Emission(
        "atan2",
        lambda call: sql.cast(sql.call("atan2", *call.args), _REAL),
        ("atan2(f8, f9)", "atan2(n, -1)", "atan2(0, f8)"),
    ),
    Emission("pi", lambda _call: sql.call("pi"), ("pi()", "pi() * n")),
    Refusal("lgamma", "it has another sign below zero", "write ln(gamma(x))"),
)
