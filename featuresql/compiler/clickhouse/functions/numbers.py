"""Signs, kinds of floats, and whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.cast_numbers import to_integer
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions import irrational, rounding
from featuresql.compiler.clickhouse.functions.operators import widened
from featuresql.compiler.clickhouse.types import held
from featuresql.spec.column_type import scalar

_LAST_FACTORIAL: Final = 33
_BIGINT: Final = scalar("BIGINT")


def _absolute(call: EmitCall) -> exp.Expr:
    if not call.result.is_integer:
        return call.as_result(sql.call("abs", call.args[0]))
    return to_integer(sql.call("abs", widened(call.args[0], call.result)), call.result)


def _sign(call: EmitCall) -> exp.Expr:
    """Compare with 0: the sign of NaN is 0."""
    above = sql.call("greater", call.args[0], sql.number(0))
    below = sql.call("less", call.args[0].copy(), sql.number(0))
    return call.as_result(sql.call("minus", above, below))


def _magnitudes(call: EmitCall) -> tuple[exp.Expr, exp.Expr]:
    """Return both sides' distances from 0."""
    if call.result != _BIGINT:
        raise call.refuse(f"{call.name} of {call.result.name}", "cast both sides to BIGINT")
    left, right = (sql.call("abs", sql.cast(arg, "Nullable(Int128)")) for arg in call.args)
    return left, right


def _common_divisor(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return the greatest common divisor; that of 0 and x is x, where ClickHouse fails."""

    def not_zero(value: exp.Expr) -> exp.Expr:
        return sql.call("plus", value.copy(), sql.call("equals", value.copy(), sql.number(0)))

    return sql.call(
        "multiIf",
        sql.either(sql.is_null(left.copy()), sql.is_null(right.copy())),
        sql.null(),
        sql.call("equals", left.copy(), sql.number(0)),
        right.copy(),
        sql.call("equals", right.copy(), sql.number(0)),
        left.copy(),
        sql.call("gcd", not_zero(left), not_zero(right)),
    )


def _gcd(call: EmitCall) -> exp.Expr:
    return to_integer(_common_divisor(*_magnitudes(call)), call.result)


def _lcm(call: EmitCall) -> exp.Expr:
    left, right = _magnitudes(call)
    divisor = _common_divisor(left, right)
    positive = sql.call("plus", divisor, sql.call("equals", divisor.copy(), sql.number(0)))
    product = sql.call("multiply", sql.call("intDiv", left.copy(), positive), right.copy())
    return to_integer(product, call.result)


def _factorial(call: EmitCall) -> exp.Expr:
    known = [sql.text(str(factorial(n))) for n in range(_LAST_FACTORIAL + 1)]
    table = sql.cast(sql.call("array", *known), "Array(Int128)")

    def wrong(it: exp.Expr) -> exp.Expr:
        above = sql.call("greater", it.copy(), sql.number(_LAST_FACTORIAL))
        return sql.either(sql.call("less", it, sql.number(0)), above)

    return sql.checked(
        call.args[0],
        wrong,
        "the factorial is out of range",
        then=lambda it: sql.call(
            "arrayElement", table, sql.call("plus", sql.cast(it, "Nullable(Int64)"), sql.number(1))
        ),
    )


def _bit_count(call: EmitCall) -> exp.Expr:
    (kind,) = call.bound
    return call.as_result(sql.call("bitCount", sql.cast(call.args[0], held(kind))))


def _sign_bit(call: EmitCall) -> exp.Expr:
    width = 64 if call.bound[0].name == "DOUBLE" else 32
    bits = sql.call(f"reinterpretAsUInt{width}", call.args[0])
    return call.as_result(sql.call("bitShiftRight", bits, sql.number(width - 1)))


def _test(name: str, clickhouse: str, *, for_times: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        value = call.args[0]
        if not call.bound[0].is_float:
            # ClickHouse's instants are all finite.
            constant = sql.call(for_times, sql.is_null(value.copy()), sql.is_null(value.copy()))
            return call.as_result(sql.choose(sql.is_null(value), sql.null(), constant))
        return call.as_result(sql.call(clickhouse, value))

    cases = tuple(f"{name}({c})" for c in ("f8", "f4", "f9 / 0", "n", "lf[1]"))
    times = () if name == "isnan" else (f"{name}(ts)", f"{name}(d)")
    return Emission(name, build, (*cases, *times))


def _entry(name: str, build: Callable[[EmitCall], exp.Expr], *cases: str) -> Emission:
    return Emission(name, build, cases)


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    *rounding.ENTRIES,
    *irrational.ENTRIES,
    _entry(
        "abs",
        _absolute,
        *(f"abs({c})" for c in ("n", "i8", "u8", "f4", "f8", "d1", "d2", "i8::HUGEINT")),
        "abs(i4::BIGINT)",
        "abs(-0.0::DOUBLE)",
    ),
    _entry(
        "sign",
        _sign,
        *(f"sign({c})" for c in ("i1", "i8", "u8", "f4", "f8", "d1", "d2", "-n")),
    ),
    _entry(
        "gcd",
        _gcd,
        "gcd(i4, 12)",
        "gcd(n, i2)",
        "gcd(0, n)",
        "gcd(i8, 0)",
        "gcd(0, 0)",
        "gcd(i4, i8)",
        "gcd(u4, 6)",
    ),
    _entry("lcm", _lcm, "lcm(i2, 12)", "lcm(n, i2)", "lcm(0, n)", "lcm(-n, 6)", "lcm(i1, i2)"),
    _entry(
        "factorial",
        _factorial,
        "factorial(n)",
        "factorial(33)",
        "factorial(nullif(n, 3))",
        "factorial(n + 21)",
    ),
    _entry(
        "bit_count",
        _bit_count,
        *(f"bit_count({c})" for c in ("i1", "i2", "i4", "i8", "n", "u4", "i8::HUGEINT")),
    ),
    _test("isnan", "isNaN", for_times="less"),
    _test("isinf", "isInfinite", for_times="notEquals"),
    _test("isfinite", "isFinite", for_times="equals"),
    _entry("signbit", _sign_bit, "signbit(f8)", "signbit(f4)", "signbit(-f4)", "signbit(f9)"),
    Refusal("nextafter", "ClickHouse has no such function"),
    Refusal("hash", "its value is DuckDB's own", "write md5(x::VARCHAR)"),
)
