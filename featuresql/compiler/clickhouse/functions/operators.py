"""Operators on numbers: what overflows is an error, as in DuckDB, and never wraps around."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.cast_numbers import (
    digits_of,
    limits,
    scaled,
    to_integer,
    unscaled,
)
from featuresql.compiler.clickhouse.casts import convert
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions import interval_arithmetic
from featuresql.compiler.clickhouse.types import held, inner
from featuresql.compiler.typing.common_type import as_decimal
from featuresql.compiler.typing.rules import constant_integer
from featuresql.spec.column_type import MAX_DECIMAL_PRECISION, ColumnType, decimal

# The integer type that holds every sum, difference and product of a type's values.
_WIDER: Final = {
    "BIGINT": "Int128",
    "UBIGINT": "Int256",
    "HUGEINT": "Int256",
    "UINTEGER": "Int128",
}
_SMALL_DECIMAL: Final = 18
_OVERFLOW: Final = "the result is out of range for its type"


def widened(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return an integer in a type that has room for one operation on it."""
    return sql.cast(value, f"Nullable({_WIDER.get(kind.name, 'Int64')})")


def _by_type(call: EmitCall) -> ColumnType:
    """Return what an operator works on: durations, decimals, or the parameters' common type."""
    return call.result if call.result.name == "DECIMAL" else call.bound[0]


def _arithmetic(clickhouse: str) -> Callable[[EmitCall], exp.Expr]:
    def build(call: EmitCall) -> exp.Expr:
        if interval_arithmetic.concerns(call):
            return interval_arithmetic.build(call)
        kind = call.result
        if kind.name == "DECIMAL":
            return _decimal(call, clickhouse)
        if kind.is_integer:
            left, right = call.args
            made = sql.call(clickhouse, widened(left, call.bound[0]), right)
            return to_integer(made, kind)
        return call.as_result(sql.call(clickhouse, *call.args))

    return build


def _decimal(call: EmitCall, clickhouse: str) -> exp.Expr:
    if clickhouse == "multiply":
        return _product(call)
    left, right = (_operand(call, place, call.result) for place in (0, 1))
    made = sql.call(clickhouse, left, right)
    return _in_range(call, made)


def _operand(call: EmitCall, place: int, kind: ColumnType) -> exp.Expr:
    """Return an operand as the decimal that both sides become."""
    source = call.bound[place]
    if source.precision is None:
        source = call.emitter.kind(call.operands[place])
    return convert(call.emitter, call.operands[place], call.args[place], source, kind)


def _in_range(call: EmitCall, value: exp.Expr) -> exp.Expr:
    """Return a decimal result; DuckDB refuses what has more digits than its type."""
    precision, scale = digits_of(call.result)
    if precision < MAX_DECIMAL_PRECISION and not _is_clipped(call):
        return call.as_result(value)
    return sql.checked(
        value,
        lambda it: sql.call(
            "greaterOrEquals", sql.call("abs", it), sql.integer(10 ** (precision - scale))
        ),
        _OVERFLOW,
        then=call.as_result,
    )


def parameter_kinds(call: EmitCall) -> list[ColumnType]:
    """Return the operands' types, a DECIMAL's digits among them."""
    return [
        bound if bound.precision is not None else call.emitter.kind(operand)
        for bound, operand in zip(call.bound, call.operands, strict=True)
    ]


def _is_clipped(call: EmitCall) -> bool:
    digits = [as_decimal(kind)[0] for kind in parameter_kinds(call)]
    return call.name == "*" and sum(digits) > (call.result.precision or 0)


def _product(call: EmitCall) -> exp.Expr:
    precision, _ = digits_of(call.result)
    parts = []
    for place, kind in enumerate(parameter_kinds(call)):
        _, scale = as_decimal(kind)
        width = _SMALL_DECIMAL if precision <= _SMALL_DECIMAL else MAX_DECIMAL_PRECISION
        parts.append(_operand(call, place, decimal(max(width, scale), scale)))
    return _in_range(call, sql.call("multiply", *parts))


def _divide(call: EmitCall) -> exp.Expr:
    if interval_arithmetic.concerns(call):
        return interval_arithmetic.build(call)
    return call.as_result(sql.call("divide", *call.args))


def _by_zero(call: EmitCall, divisor: exp.Expr) -> exp.Expr:
    """Return a divisor that is an error where it is zero and what it divides is not NULL."""
    value = call.args[0]
    return sql.choose(sql.is_null(value.copy()), sql.number(1), divisor)


def _is_safe(call: EmitCall) -> bool:
    """Whether the divisor is a constant that neither is zero nor overflows."""
    return constant_integer(call.operands[1]) not in {None, 0, -1}


def _integer_division(call: EmitCall) -> exp.Expr:
    kind = call.result
    if kind.is_float:
        divided = sql.call("divide", call.args[0], sql.name("__divisor"))
        return _floats_divided(call, divided)
    left, right = call.args
    if not _is_safe(call):
        right = _by_zero(call, right)
    return to_integer(sql.call("intDiv", widened(left, kind), right), kind)


def _floats_divided(call: EmitCall, _made: exp.Expr) -> exp.Expr:
    left, right = call.args
    zero = sql.both(
        sql.call("isNotNull", left.copy()), sql.call("equals", right.copy(), sql.number(0))
    )
    raised = sql.call("throwIf", zero, sql.text("division by zero"))
    return sql.choose(
        sql.call("equals", sql.call("ifNull", raised, sql.number(0)), sql.number(0)),
        call.as_result(sql.call("divide", left, right)),
        sql.null(),
    )


def _modulo(call: EmitCall) -> exp.Expr:
    kind = call.result
    if kind.is_float:
        raise call.refuse("the remainder of FLOAT and DOUBLE", "cast both sides to DECIMAL")
    if kind.name == "DECIMAL":
        return _decimal_modulo(call)
    left, right = call.args
    if not _is_safe(call):
        right = _by_zero(call, right)
        least, _ = limits(kind)
        if least:
            # The smallest number divided by -1 overflows in DuckDB.
            quotient = to_integer(
                sql.call("intDiv", widened(left.copy(), kind), right.copy()), kind
            )
            made = sql.call("modulo", widened(left, kind), right)
            return sql.choose(sql.call("isNotNull", quotient), call.as_result(made), sql.null())
    return call.as_result(sql.call("modulo", widened(left, kind), right))


def _decimal_modulo(call: EmitCall) -> exp.Expr:
    left, right = (unscaled(_operand(call, place, call.result), call.result) for place in (0, 1))
    guarded = sql.choose(sql.is_null(call.args[0].copy()), sql.number(1), right)
    return scaled(sql.call("modulo", left, guarded), call.result)


def _negation(call: EmitCall) -> exp.Expr:
    if interval_arithmetic.concerns(call):
        return interval_arithmetic.build(call)
    (value,) = call.args
    if call.result.is_integer:
        return to_integer(sql.call("negate", widened(value, call.result)), call.result)
    return call.as_result(sql.call("negate", value))


def _bits(clickhouse: str) -> Callable[[EmitCall], exp.Expr]:
    def build(call: EmitCall) -> exp.Expr:
        # Bits are those of the type: a literal's own would be fewer.
        parts = (sql.cast(arg, held(kind)) for arg, kind in zip(call.args, call.bound, strict=True))
        return call.as_result(sql.call(clickhouse, *parts))

    return build


def _width(kind: ColumnType) -> int:
    low, high = limits(kind)
    return (high - low).bit_length()


def _left_shift(call: EmitCall) -> exp.Expr:
    """Shift left; what is negative, or leaves its type, is an error, as is a negative distance."""
    kind = call.result
    if kind.name not in {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT"} | {
        "UINTEGER"
    }:
        raise call.refuse(f"a left shift of {kind.name}")
    value, distance = (sql.cast(arg, held(kind)) for arg in call.args)
    width = _width(kind) if not limits(kind)[0] else _width(kind) - 1

    def wrong(it: exp.Expr) -> exp.Expr:
        far = sql.call("minus", sql.number(width), distance.copy())
        kept = sql.call("bitShiftRight", it.copy(), sql.call("greatest", far, sql.number(0)))
        low = limits(kind)[0]
        outside = sql.both(
            sql.call("notEquals", it.copy(), sql.number(0)),
            sql.either(
                sql.call("notEquals", kept, sql.number(0)),
                sql.call("greater", distance.copy(), sql.number(width)),
            ),
        )
        if not low:
            return outside
        negative = [sql.call("less", part.copy(), sql.number(0)) for part in (it, distance)]
        return sql.either(*negative, outside)

    wide = "Nullable(Int128)"
    return sql.checked(
        value,
        wrong,
        _OVERFLOW,
        then=lambda it: call.as_result(
            sql.call("bitShiftLeft", sql.cast(it, wide), distance.copy())
        ),
    )


def _right_shift(call: EmitCall) -> exp.Expr:
    """Shift right; by less than 0, or by all bits and more, gives 0."""
    kind = call.result
    if kind.name == "HUGEINT":
        raise call.refuse(f"a right shift of {kind.name}")
    value, distance = (sql.cast(arg, held(kind)) for arg in call.args)
    width = _width(kind)
    inside = sql.both(
        sql.call("greaterOrEquals", distance, sql.number(0)),
        sql.call("less", distance.copy(), sql.number(width)),
    )
    shifted = sql.call("bitShiftRight", value.copy(), distance.copy())
    either_null = sql.either(sql.is_null(value), sql.is_null(distance.copy()))
    return call.as_result(
        sql.call(
            "multiIf",
            either_null,
            sql.null(),
            inside,
            shifted,
            sql.cast(sql.number(0), inner(kind)),
        )
    )


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    Emission(
        "+",
        _arithmetic("plus"),
        (
            "i1::SMALLINT + i2::INTEGER",
            "i4::BIGINT + 5",
            "i8 + CASE WHEN i8 < 0 THEN 1 ELSE 0 END",
            "u4 + 0",
            "f4 + f8",
            "f4 + f4",
            "d1 + d2",
            "d1 + 1",
            "d2 + d2::DECIMAL(38, 10)",
            "i4 + 1.5",
            "i8::HUGEINT + i8",
            "d + 1",
            "3 + d",
            "ts + INTERVAL 3 DAY",
            "ts + INTERVAL '1 month 2 days 3 hours'",
            "d + INTERVAL 1 MONTH",
            "INTERVAL 1 HOUR + ts",
            "ts + to_days(n)",
            "d + to_months(n) + to_hours(n)",
            "ts + INTERVAL (n) MONTH",
        ),
    ),
    Emission(
        "-",
        _arithmetic("minus"),
        (
            "i4::BIGINT - i8 // 2",
            "u8 - u8",
            "f8 - f9",
            "d1 - d2",
            "1 - d1",
            "d - DATE '2020-01-01'",
            "d - 40",
            "ts - INTERVAL 1 MONTH",
            "d - INTERVAL 25 HOUR",
            "epoch(ts - ts2)",
            "ts2 + (ts - ts2)",
            "ts - ts2 > INTERVAL 1 DAY",
        ),
    ),
    Emission(
        "*",
        _arithmetic("multiply"),
        (
            "i2 * i1::INTEGER",
            "i4::BIGINT * i4",
            "i4 * 2.5",
            "d1 * d1",
            "d1 * 3",
            "d2::DECIMAL(20, 4) * d1",
            "f8 * f9",
            "f4 * f4",
            "f4 * 2",
            "d + INTERVAL 1 DAY * n",
            "d + n * INTERVAL '1 month'",
        ),
    ),
    Emission(
        "/", _divide, ("i4 / 2", "i4 / i1", "f8 / f9", "f4 / f4", "d1 / d2", "n / 0", "0 / f8")
    ),
    Emission(
        "//",
        _integer_division,
        (
            "i4 // 2",
            "i4 // -2",
            "i8 // 3",
            "u8 // 3",
            "i4 // nullif(i1, 0)",
            "i8 // (i4 * 0::BIGINT + 7)",
            "f8 // 2",
            "d1 // 3",
        ),
    ),
    Emission(
        "mod",
        _modulo,
        (
            "i4 % 3",
            "i4 % -3",
            "i8 % 10",
            "u8 % 7",
            "i4 % nullif(i1, 0)",
            "mod(i4, 4)",
            "d1 % 3",
            "d2 % nullif(d1, 0)",
        ),
    ),
    Emission("unary -", _negation, ("-f8", "-d1", "-(i4::BIGINT)", "-n", "-f4", "-(-n)")),
    Emission("&", _bits("bitAnd"), ("i4 & 6", "i8 & i4", "u8 & 255", "i1 & -2")),
    Emission("|", _bits("bitOr"), ("i4 | 6", "i8 | i4", "u8 | 255")),
    Emission("xor", _bits("bitXor"), ("xor(i4, 6)", "xor(i8, -1)", "xor(u4, u4)")),
    Emission("~", _bits("bitNot"), ("~i4", "~u8", "~i1", "~5")),
    Emission(
        "<<", _left_shift, ("n << 3", "1 << n", "(n::BIGINT) << 40", "0 << 100", "u4 // 16 << 4")
    ),
    Emission(">>", _right_shift, ("i4 >> 1", "i8 >> 70", "i4 >> -1", "u4 >> 3", "i4 >> n")),
)
