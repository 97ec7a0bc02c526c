"""round, trunc, ceil and floor: halves away from zero, digits before and after the point."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.cast_numbers import digits_of, half_away, to_integer
from featuresql.compiler.clickhouse.emission import Emission, EmitCall
from featuresql.compiler.clickhouse.types import held, inner
from featuresql.compiler.typing.rules import constant_integer
from featuresql.spec.column_type import DOUBLE, decimal

_INTEGER_DIGITS: Final = 38
_MAX_EXACT_POWER: Final = 22


def _digits(call: EmitCall) -> int:
    """Return the constant number of digits after the point, 0 where none is said."""
    if len(call.operands) == 1:
        return 0
    found = constant_integer(call.operands[1])
    if found is None:
        raise call.refuse(f"{call.name} to digits that are no constant", "write a number")
    return found


def _nearest(call: EmitCall) -> exp.Expr:
    digits = _digits(call)
    if call.result.is_integer:
        return _integer(call, digits, is_nearest=True)
    if call.result.name == "DECIMAL":
        return _decimal(call, "round", digits)
    return _float(call, digits, is_nearest=True)


def _truncated(call: EmitCall) -> exp.Expr:
    digits = _digits(call)
    if call.result.is_integer:
        return _integer(call, digits, is_nearest=False)
    if call.result.name == "DECIMAL":
        return _decimal(call, "trunc", digits)
    return _float(call, digits, is_nearest=False)


def _integer(call: EmitCall, digits: int, *, is_nearest: bool) -> exp.Expr:
    (value, *_) = call.args
    if digits >= 0:
        return call.as_result(value)
    if -digits > _INTEGER_DIGITS:
        return call.as_result(sql.call("multiply", value, sql.number(0)))
    power = 10**-digits
    wide = sql.cast(value, "Nullable(Int256)")
    if is_nearest:
        half = sql.call("multiply", sql.call("sign", wide.copy()), sql.integer(power // 2))
        wide = sql.call("plus", wide, half)
    whole = sql.call("intDiv", wide, sql.integer(power))
    return to_integer(sql.call("multiply", whole, sql.integer(power)), call.result)


def _decimal(call: EmitCall, clickhouse: str, digits: int) -> exp.Expr:
    """Work in as many digits as there are, since rounding up may need one more."""
    source = call.emitter.kind(call.operands[0])
    _, scale = digits_of(source)
    value = sql.cast(call.args[0], held(decimal(_INTEGER_DIGITS, scale)))
    if digits < scale:
        value = sql.call(clickhouse, value, sql.number(digits))
    return call.as_result(value)


def _float(call: EmitCall, digits: int, *, is_nearest: bool) -> exp.Expr:
    def whole(value: exp.Expr) -> exp.Expr:
        return half_away(value) if is_nearest else sql.call("trunc", value)

    value = sql.cast(call.args[0], held(DOUBLE))
    if digits == 0:
        return call.as_result(whole(value))
    if abs(digits) > _MAX_EXACT_POWER:
        raise call.refuse(f"{call.name} to more than {_MAX_EXACT_POWER} digits")
    power = sql.cast(sql.text(str(10 ** abs(digits))), inner(DOUBLE))
    there, back = ("multiply", "divide") if digits > 0 else ("divide", "multiply")

    moved = sql.call(back, whole(sql.call(there, value, power)), power.copy())
    # What leaves the range on its way there is given as it was.
    made = sql.bind(
        moved, lambda again: sql.choose(sql.call("isFinite", again()), again(), value.copy())
    )
    return call.as_result(made)


def _up_or_down(call: EmitCall) -> exp.Expr:
    value = call.args[0]
    if call.result.name == "DECIMAL":
        return _decimal(call, call.name, 0)
    return call.as_result(sql.call(call.name, value))


ROUNDING: Final[tuple[Emission, ...]] = (
    Emission(
        "round",
        _nearest,
        (
            *("round(f8)", "round(f9 * 2.5)", "round(f8, 2)", "round(f4, 1)", "round(f8, -2)"),
            *("round(d1)", "round(d2, 2)", "round(d1, -1)", "round(d1, 5)", "round(d1, 1)"),
            *("round(i4 // 100, -1)", "round(u4 // 100, -2)", "round(i4, 2)", "round(n * 5, -1)"),
        ),
    ),
    Emission(
        "trunc",
        _truncated,
        (
            *("trunc(f8)", "trunc(f9)", "trunc(d1)", "trunc(i4)", "trunc(f4)"),
            *("trunc(d2, 1)", "trunc(i4, -2)", "trunc(f9 * 3, 1)"),
        ),
    ),
    Emission("ceil", _up_or_down, ("ceil(f8)", "ceil(d1)", "ceil(f4)", "ceiling(f9)", "ceil(d2)")),
    Emission("floor", _up_or_down, ("floor(f8)", "floor(d1)", "floor(f4)", "floor(i4 / 7)")),
)
