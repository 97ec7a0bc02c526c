"""Rounding: halves go away from zero, for floats, decimals and integers alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.cast_numbers import (
    digits_of,
    half_away,
    limits,
    scaled,
    to_integer,
    unscaled,
)
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions.operators import parameter_kinds, widened
from featuresql.compiler.typing.rules import constant_integer
from featuresql.spec.column_type import MAX_DECIMAL_PRECISION

# Powers of ten up to this one are floats without an error.
_EXACT_POWER: Final = 22


def _digits(call: EmitCall) -> int:
    if len(call.operands) == 1:
        return 0
    digits = constant_integer(call.operands[1])
    if digits is None:
        raise call.refuse(f"{call.name} to a number of digits that is no constant")
    return digits


def _nearest(value: exp.Expr, power: int) -> exp.Expr:
    """Return an integer divided by `power`, halves away from zero."""

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        below = sql.call("less", again(), sql.number(0))
        half = sql.choose(below, sql.integer(-(power // 2)), sql.integer(power // 2))
        return sql.call("intDiv", sql.call("plus", again(), half), sql.integer(power))

    return sql.bind(value, body)


def _cut(value: exp.Expr, power: int) -> exp.Expr:
    return sql.call("intDiv", value, sql.integer(power))


def _lower(value: exp.Expr, power: int) -> exp.Expr:
    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        rest = sql.call("modulo", again(), sql.integer(power))
        return sql.call("minus", _cut(again(), power), sql.call("less", rest, sql.number(0)))

    return sql.bind(value, body)


def _upper(value: exp.Expr, power: int) -> exp.Expr:
    return sql.call("negate", _lower(sql.call("negate", value), power))


Divide = Callable[[exp.Expr, int], exp.Expr]


def _zero(call: EmitCall) -> exp.Expr:
    return call.as_result(sql.call("multiply", call.args[0], sql.number(0)))


def _integer(call: EmitCall, divide: Divide) -> exp.Expr:
    digits = _digits(call)
    if digits >= 0:
        return call.as_result(call.args[0])
    power = 10**-digits
    if power // 2 > limits(call.result)[1]:
        return _zero(call)
    whole = divide(widened(call.args[0], call.result), power)
    return to_integer(sql.call("multiply", whole, sql.integer(power)), call.result)


def _decimal(call: EmitCall, divide: Divide) -> exp.Expr:
    kind = parameter_kinds(call)[0]
    precision, scale = digits_of(kind)
    digits = _digits(call)
    dropped = scale - digits
    if dropped <= 0:
        return call.as_result(call.args[0])
    if dropped > precision:
        # DuckDB gives 0 there, for NULL too.
        raise call.refuse(f"{call.name} of a DECIMAL to more digits than it has")
    whole = divide(unscaled(call.args[0], kind), 10**dropped)
    if digits < 0:
        whole = sql.call("multiply", whole, sql.integer(10**-digits))
    if scale or precision < MAX_DECIMAL_PRECISION:
        return scaled(whole, call.result)
    return sql.checked(
        whole,
        lambda it: sql.call("greaterOrEquals", sql.call("abs", it), sql.integer(10**precision)),
        f"{call.name}: the result has too many digits",
        then=lambda it: scaled(it, call.result),
    )


def _float(call: EmitCall, nearest: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    digits = _digits(call)
    value = sql.cast(call.args[0], "Nullable(Float64)")
    if digits == 0:
        return call.as_result(nearest(value))
    if abs(digits) > _EXACT_POWER:
        raise call.refuse(f"{call.name} of floats to more than {_EXACT_POWER} digits")
    power = sql.cast(sql.text(str(10 ** abs(digits))), "Float64")
    there, back = ("multiply", "divide") if digits > 0 else ("divide", "multiply")

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        moved = nearest(sql.call(there, again(), power.copy()))
        made = sql.call(back, moved, power.copy())
        return sql.bind(
            made, lambda made: sql.choose(sql.call("isFinite", made()), made(), again())
        )

    return call.as_result(sql.bind(value, body))


def _rounding(
    floats: Callable[[exp.Expr], exp.Expr], wholes: Divide
) -> Callable[[EmitCall], exp.Expr]:
    def build(call: EmitCall) -> exp.Expr:
        if call.result.is_integer:
            return _integer(call, wholes)
        if call.result.name == "DECIMAL":
            return _decimal(call, wholes)
        return _float(call, floats)

    return build


def _named(clickhouse: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda value: sql.call(clickhouse, value)


def _even(call: EmitCall) -> exp.Expr:
    """Return the even number next to a float, away from zero."""

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        whole = sql.call("ceil", sql.call("abs", again()))
        half = sql.call("ceil", sql.call("divide", whole, sql.number(2)))
        made = sql.call("multiply", half, sql.number(2))
        below = sql.call("less", again(), sql.number(0))
        signed = sql.choose(below, sql.call("negate", made), made.copy())
        return sql.choose(sql.call("equals", again(), sql.number(0)), again(), signed)

    return sql.bind(call.args[0], body)


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    Emission(
        "round",
        _rounding(half_away, _nearest),
        (
            *(f"round({c})" for c in ("f4", "f8", "f9", "d1", "d2", "n", "i8", "u4")),
            *(f"round({c}, 1)" for c in ("f4", "f8", "f9", "d1", "d2", "i8")),
            *(f"round({c}, -2)" for c in ("f4", "f8", "f9", "d1", "d2", "n", "i4 // 10")),
            "round(d2, 9)",
            "round(i1 // 10, -2)",
            "round(i2, -9)",
            "round(i8::HUGEINT, -20)",
            "round(d2::DECIMAL(38, 10), -5)",
            "round(f8, 22)",
        ),
    ),
    Emission(
        "trunc",
        _rounding(_named("trunc"), _cut),
        (
            *(f"trunc({c})" for c in ("f4", "f8", "f9", "d1", "d2", "n", "i8", "u8")),
            *(f"trunc({c}, 1)" for c in ("f4", "f8", "d1", "d2", "i8")),
            *(f"trunc({c}, -2)" for c in ("f4", "f8", "d1", "d2", "i8", "u8", "i1")),
        ),
    ),
    Emission(
        "ceil",
        _rounding(_named("ceil"), _upper),
        (*(f"ceil({c})" for c in ("f4", "f8", "f9", "d1", "d2", "n")), "ceiling(-0.5::DOUBLE)"),
    ),
    Emission(
        "floor",
        _rounding(_named("floor"), _lower),
        tuple(f"floor({c})" for c in ("f4", "f8", "f9", "d1", "d2", "n", "-0.5::DOUBLE")),
    ),
    Emission("even", _even, ("even(f8)", "even(f9)", "even(d1)", "even(n)", "even(f4)")),
    Refusal("round_even", "its halves depend on the last digit of a float", "write round(x, n)"),
)
