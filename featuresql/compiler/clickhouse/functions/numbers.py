"""Functions of numbers.

What the C library computes (logarithms, powers, angles) may differ in its last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.cast_numbers import to_integer
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal, same_cast
from featuresql.compiler.clickhouse.functions.rounding import ROUNDING
from featuresql.compiler.clickhouse.types import held, inner
from featuresql.compiler.typing.function_table import call_name
from featuresql.spec.column_type import DOUBLE

# Beyond it ClickHouse's pow() gives anything.
_LARGE_POWER: Final = 10**12
_MAX_FACTORIAL: Final = 33


def real(value: str) -> exp.Expr:
    """Return a DOUBLE."""
    return sql.cast(sql.text(value), inner(DOUBLE))


def _abs(call: EmitCall) -> exp.Expr:
    if not call.result.is_integer:
        return call.as_result(sql.call("abs", call.args[0]))
    wide = sql.cast(call.args[0], "Nullable(Int256)")
    return to_integer(sql.call("abs", wide), call.result)


def _sign(call: EmitCall) -> exp.Expr:
    (value,) = call.args
    sign = call.as_result(sql.call("sign", value))
    if not call.bound[0].is_float:
        return sign
    zero = call.as_result(sql.number(0))
    return sql.choose(sql.call("isNaN", value.copy()), zero, sign)


def _logarithm(call: EmitCall) -> exp.Expr:
    if len(call.args) > 1:
        base, value = (sql.call("log10", arg) for arg in call.args)
        return call.as_result(sql.call("divide", value, base))
    name = "log2" if call_name(call.node) == "log2" else "log10"
    return call.as_result(sql.call(name, call.args[0]))


def _power(call: EmitCall) -> exp.Expr:
    base, power = call.args
    plain = sql.call("pow", base, power)
    logarithm = sql.call("log", sql.call("abs", base.copy()))
    grown = sql.call("exp", sql.call("multiply", power.copy(), logarithm))
    sign = sql.call("pow", sql.call("sign", base.copy()), power.copy())
    large = sql.both(
        sql.call("greater", sql.call("abs", power.copy()), sql.number(_LARGE_POWER)),
        sql.call("notEquals", sql.call("abs", base.copy()), sql.number(1)),
        sql.call("isFinite", base.copy()),
    )
    return call.as_result(sql.choose(large, sql.call("multiply", sign, grown), plain))


def _tanh(call: EmitCall) -> exp.Expr:
    """ClickHouse's own is wrong near 0."""
    (value,) = call.args
    near = sql.call("less", sql.call("abs", value), sql.number(20))
    ratio = sql.call("divide", sql.call("sinh", value.copy()), sql.call("cosh", value.copy()))
    far = sql.choose(sql.call("isNaN", value.copy()), value.copy(), sql.call("sign", value.copy()))
    return call.as_result(sql.choose(near, ratio, far))


def _cotangent(call: EmitCall) -> exp.Expr:
    return call.as_result(sql.call("divide", real("1"), sql.call("tan", call.args[0])))


def _even(call: EmitCall) -> exp.Expr:
    """Return the next even number away from zero."""

    def body(value: Callable[[], exp.Expr]) -> exp.Expr:
        below = sql.call("less", value(), sql.number(0))
        whole = sql.choose(below, sql.call("floor", value()), sql.call("ceil", value()))
        half = sql.call("trunc", sql.call("divide", whole, sql.number(2)))
        is_even = sql.call("equals", sql.call("multiply", half, sql.number(2)), whole.copy())
        return sql.choose(
            is_even, whole.copy(), sql.call("plus", whole.copy(), sql.call("sign", value()))
        )

    return call.as_result(sql.bind(call.args[0], body))


def _factorial(call: EmitCall) -> exp.Expr:
    values, product = [], 1
    for number in range(_MAX_FACTORIAL + 1):
        product *= max(number, 1)
        values.append(sql.cast(sql.text(str(product)), "Int128"))
    return sql.checked(
        call.args[0],
        lambda it: sql.either(
            sql.call("less", it, sql.number(0)),
            sql.call("greater", it.copy(), sql.number(_MAX_FACTORIAL)),
        ),
        "the factorial is out of range",
        then=lambda it: call.as_result(
            sql.call(
                "arrayElement", sql.call("array", *values), sql.call("plus", it, sql.number(1))
            )
        ),
    )


def _greatest_divisor(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return the greatest common divisor of two Int128 that are not below 0."""
    no_left = sql.call("equals", left.copy(), sql.number(0))
    no_right = sql.call("equals", right.copy(), sql.number(0))
    small = [sql.cast(part.copy(), "Nullable(UInt64)") for part in (left, right)]
    found = sql.cast(sql.call("gcd", *small), "Nullable(Int128)")
    return sql.choose(no_left, right.copy(), sql.choose(no_right, left.copy(), found))


def _whole_parts(call: EmitCall) -> list[exp.Expr]:
    if call.result.name == "HUGEINT":
        raise call.refuse(f"{call.name} of HUGEINT")
    return [sql.call("abs", sql.cast(arg, "Nullable(Int128)")) for arg in call.args]


def _known(call: EmitCall, value: exp.Expr) -> exp.Expr:
    unknown = sql.either(*(sql.is_null(arg.copy()) for arg in call.args))
    return sql.choose(unknown, sql.cast(sql.null(), held(call.result)), value)


def _gcd(call: EmitCall) -> exp.Expr:
    left, right = _whole_parts(call)
    return _known(call, to_integer(_greatest_divisor(left, right), call.result))


def _lcm(call: EmitCall) -> exp.Expr:
    left, right = _whole_parts(call)
    none = sql.call("equals", sql.call("multiply", left.copy(), right.copy()), sql.number(0))
    divisor = sql.choose(none, sql.integer(1), _greatest_divisor(left, right))
    whole = sql.call("multiply", sql.call("intDiv", left, divisor), right)
    return _known(call, to_integer(sql.cast(whole, "Nullable(Int128)"), call.result))


def _is(clickhouse: str, *, of_times: bool) -> Callable[[EmitCall], exp.Expr]:
    def build(call: EmitCall) -> exp.Expr:
        if call.bound[0].is_float:
            return call.as_result(sql.call(clickhouse, call.args[0]))
        absent = sql.is_null(call.args[0])
        return sql.choose(
            absent, call.as_result(sql.null()), exp.true() if of_times else exp.false()
        )

    return build


def _sign_bit(call: EmitCall) -> exp.Expr:
    bits = "reinterpretAsInt32" if call.bound[0].name == "FLOAT" else "reinterpretAsInt64"
    return call.as_result(sql.call("less", sql.call(bits, call.args[0]), sql.number(0)))


def _real(name: str, clickhouse: str, *cases: str) -> Emission:
    return same_cast(name, clickhouse, *cases)


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    *ROUNDING,
    Emission(
        "abs", _abs, ("abs(i8)", "abs(u8)", "abs(f8)", "abs(d1)", "abs(f4)", "abs(i4::BIGINT)")
    ),
    Emission("sign", _sign, ("sign(i4)", "sign(f8)", "sign(d2)", "sign(u8)")),
    _real("sqrt", "sqrt", "sqrt(f8)", "sqrt(i4)"),
    _real("cbrt", "cbrt", "cbrt(f9)", "cbrt(i2)"),
    _real("exp", "exp", "exp(f9)", "exp(f8)", "exp(i1)"),
    _real("ln", "log", "ln(f8)", "ln(u4)"),
    Emission(
        "log",
        _logarithm,
        ("log(f8)", "log10(u8)", "log2(u4)", "log(2, u8)", "log(f9, 7)", "log(0.5, f8)"),
    ),
    Emission(
        "pow",
        _power,
        (
            *("pow(f8, 2)", "pow(2, i4)", "power(f8, f9)", "i2 ** 3", "f8 ^ 0.5"),
            *("pow(f8, 1e300)", "pow(f9, -1e300)", "pow(1, f8)", "pow(-1, f8)", "pow(f8, 0)"),
        ),
    ),
    *(_real(name, name, f"{name}(f9)", f"{name}(f8)") for name in ("sin", "cos", "tan")),
    *(_real(name, name, f"{name}(f9)", f"{name}(f8)") for name in ("asin", "acos", "atan")),
    *(_real(name, name, f"{name}(f9)", f"{name}(f8)") for name in ("sinh", "cosh", "asinh")),
    *(_real(name, name, f"{name}(f9)", f"{name}(f8)") for name in ("acosh", "atanh")),
    Emission("tanh", _tanh, ("tanh(f9)", "tanh(f8)", "tanh(f9 / 1e10)")),
    Emission("cot", _cotangent, ("cot(f9)", "cot(f8 * 0)")),
    _real("atan2", "atan2", "atan2(f8, f9)", "atan2(f9, -1)"),
    _real("degrees", "degrees", "degrees(f8)"),
    _real("radians", "radians", "radians(f8)"),
    _real("pi", "pi", "pi()"),
    _real("gamma", "tgamma", "gamma(f9)", "gamma(i1 / 10)"),
    _real("lgamma", "lgamma", "lgamma(u4)"),
    Emission("even", _even, ("even(f8)", "even(f9)", "even(i4)")),
    Emission("factorial", _factorial, ("factorial(n)", "factorial(n + 21)")),
    Emission("gcd", _gcd, ("gcd(i4, i8)", "gcd(u4, 6)", "gcd(i2, 0)")),
    Emission("lcm", _lcm, ("lcm(i1, i2)", "lcm(u4, 6)", "lcm(i2, 0)")),
    Emission("isnan", _is("isNaN", of_times=False), ("isnan(f8)", "isnan(f4)", "isnan(lf[1])")),
    Emission("isinf", _is("isInfinite", of_times=False), ("isinf(f8)", "isinf(ts)", "isinf(d)")),
    Emission("isfinite", _is("isFinite", of_times=True), ("isfinite(f8)", "isfinite(ts)")),
    Emission("signbit", _sign_bit, ("signbit(f4)", "signbit(f8)", "signbit(-f4)")),
    same_cast("bit_count", "bitCount", "bit_count(i4)", "bit_count(i8)", "bit_count(i1)"),
    Refusal("hash", "each engine has a hash of its own", "use md5() or sha256()"),
    Refusal("nextafter", "ClickHouse has no such function"),
    Refusal("round_even", "it is told by digits that need not be there", "use round()"),
)
