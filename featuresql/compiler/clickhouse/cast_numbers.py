"""Casts between integers, decimals, floats and booleans, with DuckDB's rounding and its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.conversion import Cast, Conversion
from featuresql.compiler.clickhouse.types import held, inner
from featuresql.compiler.typing.common_type import INTEGER_DIGITS
from featuresql.spec.column_type import DOUBLE, ColumnType, decimal, scalar

# Up to this precision a Decimal is an Int64 inside, above it an Int128.
_SHORT: Final = 18
_LONG: Final = 38
_BITS: Final = {
    "TINYINT": 8,
    "SMALLINT": 16,
    "INTEGER": 32,
    "BIGINT": 64,
    "HUGEINT": 128,
    "UTINYINT": 8,
    "USMALLINT": 16,
    "UINTEGER": 32,
    "UBIGINT": 64,
}
_RANGE: Final = "the value is out of range for the type that it is cast to"
_MANTISSA: Final = {"FLOAT": 24, "DOUBLE": 53}


def limits(kind: ColumnType) -> tuple[int, int]:
    """Return the least and the greatest value of an integer type."""
    bits = _BITS[kind.name]
    if kind.name.startswith("U"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def digits_of(kind: ColumnType) -> tuple[int, int]:
    """Return (precision, scale) of a DECIMAL."""
    return kind.precision or 0, kind.scale or 0


def unscaled(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the integer that a DECIMAL is without its point: 1.50 is 150."""
    precision, scale = digits_of(kind)
    if precision <= _SHORT:
        widened = sql.cast(value, held(decimal(_SHORT, scale)))
        return sql.call("reinterpretAsInt64", widened)
    return sql.call("reinterpretAsInt128", sql.cast(value, held(decimal(_LONG, scale))))


def scaled(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the DECIMAL of type `kind` that an integer is with its point set."""
    precision, scale = digits_of(kind)
    width, whole = (_SHORT, "Int64") if precision <= _SHORT else (_LONG, "Int128")
    made = sql.call(
        "reinterpret", sql.cast(value, f"Nullable({whole})"), sql.text(inner(decimal(width, scale)))
    )
    return made if precision == width else sql.cast(made, held(kind))


def _too_long(value: exp.Expr, digits: int) -> exp.Expr:
    return sql.call("greaterOrEquals", sql.call("abs", value), sql.integer(10**digits))


def to_integer(value: exp.Expr, target: ColumnType, *, trying: bool = False) -> exp.Expr:
    """Return an integer of any type cast to `target`, an error or NULL where it does not fit."""
    if trying:
        return sql.call("accurateCastOrNull", value, sql.text(inner(target)))
    return sql.call("accurateCast", value, sql.text(held(target)))


def _from_integer_to_integer(value: exp.Expr, to: Conversion) -> exp.Expr:
    low, high = limits(to.source)
    least, greatest = limits(to.target)
    if least <= low and high <= greatest:
        return sql.cast(value, held(to.target))
    return to_integer(value, to.target, trying=to.trying)


def _from_integer_to_decimal(value: exp.Expr, to: Conversion) -> exp.Expr:
    precision, scale = digits_of(to.target)
    room = precision - scale
    if INTEGER_DIGITS[to.source.name] <= room and to.source.name != "HUGEINT":
        return sql.cast(value, held(to.target))

    def then(it: exp.Expr) -> exp.Expr:
        if to.source.name != "HUGEINT":
            return sql.cast(it, held(to.target))
        # There is no CAST from Int128 to Decimal.
        return scaled(sql.call("multiply", it, sql.integer(10**scale)), to.target)

    return sql.checked(value, lambda it: _too_long(it, room), _RANGE, then=then, trying=to.trying)


def _plain(value: exp.Expr, to: Conversion) -> exp.Expr:
    return sql.cast(value, held(to.target))


def _to_boolean(value: exp.Expr, to: Conversion) -> exp.Expr:
    return sql.cast(sql.call("notEquals", value, sql.number(0)), held(to.target))


def rounded(value: exp.Expr, scale: int) -> exp.Expr:
    """Return a decimal rounded to `scale` digits after its point, halves away from zero."""
    return sql.call("round", value, sql.number(scale))


def _from_decimal_to_decimal(value: exp.Expr, to: Conversion) -> exp.Expr:
    precision, scale = digits_of(to.source)
    wide, fine = digits_of(to.target)
    room = wide - fine
    if fine >= scale and room >= precision - scale:
        return sql.cast(value, held(to.target))
    nearest = value if fine >= scale else rounded(value, fine)
    if room > precision - scale:
        return sql.cast(nearest, held(to.target))
    return sql.checked(
        nearest,
        lambda it: _too_long(it, room),
        _RANGE,
        then=lambda it: sql.cast(it, held(to.target)),
        trying=to.trying,
    )


def _from_decimal_to_integer(value: exp.Expr, to: Conversion) -> exp.Expr:
    precision, scale = digits_of(to.source)
    if scale:
        whole = decimal(_SHORT if precision <= _SHORT else _LONG, 0)
        value = sql.cast(rounded(value, 0), held(whole))
        return to_integer(unscaled(value, whole), to.target, trying=to.trying)
    return to_integer(unscaled(value, to.source), to.target, trying=to.trying)


def _from_decimal_to_float(value: exp.Expr, to: Conversion) -> exp.Expr:
    """Divide what is exact at once, otherwise the whole part and the fraction apart, as DuckDB."""
    precision, scale = digits_of(to.source)
    whole, kind = unscaled(value, to.source), held(to.target)
    exact = 2 ** _MANTISSA[to.target.name]

    def at_once(it: exp.Expr) -> exp.Expr:
        if not scale:
            return sql.cast(it, kind)
        divided = sql.call("divide", sql.cast(it, kind), _float(10**scale, to.target))
        return divided if to.target.name == "DOUBLE" else sql.cast(divided, kind)

    if not scale or 10**precision <= exact:
        return at_once(whole)
    power = sql.integer(10**scale)

    def in_parts(it: exp.Expr) -> exp.Expr:
        before = sql.cast(sql.call("intDiv", it, power), kind)
        after = at_once(sql.call("modulo", it.copy(), power.copy()))
        return sql.cast(sql.call("plus", before, after), kind)

    return sql.bind(
        whole,
        lambda again: sql.choose(
            sql.call("lessOrEquals", sql.call("abs", again()), sql.integer(exact)),
            at_once(again()),
            in_parts(again()),
        ),
    )


def _float(value: int, kind: ColumnType) -> exp.Expr:
    return sql.cast(sql.text(str(value)), inner(kind))


def half_away(value: exp.Expr) -> exp.Expr:
    """Return a float rounded to a whole number, halves away from zero; infinity and NaN stay."""

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        whole = sql.call("trunc", again())
        rest = sql.call("minus", again(), whole.copy())
        moved = sql.call(
            "plus", whole, sql.call("trunc", sql.call("multiply", rest, sql.number(2)))
        )
        return sql.choose(sql.call("isFinite", again()), moved, again())

    return sql.bind(value, body)


def _from_float_to_integer(value: exp.Expr, to: Conversion) -> exp.Expr:
    """Round halves to even, as DuckDB does for floats alone."""
    low, high = limits(to.target)
    nearest = sql.call("round", sql.cast(value, "Nullable(Float64)"))
    least = "greater" if to.target.name == "HUGEINT" else "greaterOrEquals"
    whole = exact_integer if to.target.name == "HUGEINT" else None

    def wrong(it: exp.Expr) -> exp.Expr:
        # NaN is in no range.
        return sql.negated(
            sql.both(
                sql.call(least, it, _float(low, DOUBLE)),
                sql.call("less", it.copy(), _float(high + 1, DOUBLE)),
            )
        )

    return sql.checked(
        nearest,
        wrong,
        _RANGE,
        then=whole or (lambda it: sql.cast(it, held(to.target))),
        trying=to.trying,
    )


def exact_integer(value: exp.Expr) -> exp.Expr:
    """Return a whole float as an Int128; ClickHouse's own cast loses digits of the large ones."""

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        power = _float(2**64, DOUBLE)
        high = sql.call("trunc", sql.call("divide", again(), power))
        rest = sql.call("minus", again(), sql.call("multiply", high, power.copy()))
        signed = "Nullable(Int128)"
        shifted = sql.call("multiply", sql.cast(high.copy(), signed), sql.integer(2**64))
        sign = sql.call("sign", rest)
        low = sql.cast(sql.call("abs", rest.copy()), "Nullable(UInt64)")
        return sql.call("plus", shifted, sql.call("multiply", sql.cast(low, signed), sign))

    return sql.bind(value, body)


def _from_float_to_decimal(value: exp.Expr, to: Conversion) -> exp.Expr:
    precision, scale = digits_of(to.target)
    value = sql.cast(value, "Nullable(Float64)")
    if scale:
        value = sql.call("multiply", value, _float(10**scale, DOUBLE))
    limit = _float(10**precision, DOUBLE)
    return sql.checked(
        half_away(value),
        lambda it: sql.negated(sql.call("less", sql.call("abs", it), limit)),
        _RANGE,
        then=lambda it: scaled(it if precision <= _SHORT else exact_integer(it), to.target),
        trying=to.trying,
    )


def _from_double_to_float(value: exp.Expr, to: Conversion) -> exp.Expr:
    """Refuse a number that a FLOAT has no room for; infinity and NaN stay."""

    def wrong(it: exp.Expr) -> exp.Expr:
        narrow = sql.cast(it.copy(), held(to.target))
        return sql.both(sql.call("isFinite", it), sql.call("isInfinite", narrow))

    return sql.checked(
        value, wrong, _RANGE, then=lambda it: sql.cast(it, held(to.target)), trying=to.trying
    )


def _from_float_to_float(value: exp.Expr, to: Conversion) -> exp.Expr:
    if to.target.name == "DOUBLE":
        return sql.cast(value, held(to.target))
    return _from_double_to_float(value, to)


CASTS: Final[dict[tuple[str, str], Cast]] = {
    ("integer", "integer"): _from_integer_to_integer,
    ("integer", "decimal"): _from_integer_to_decimal,
    ("integer", "float"): _plain,
    ("integer", "boolean"): _to_boolean,
    ("decimal", "integer"): _from_decimal_to_integer,
    ("decimal", "decimal"): _from_decimal_to_decimal,
    ("decimal", "float"): _from_decimal_to_float,
    ("decimal", "boolean"): _to_boolean,
    ("float", "integer"): _from_float_to_integer,
    ("float", "decimal"): _from_float_to_decimal,
    ("float", "float"): _from_float_to_float,
    ("float", "boolean"): _to_boolean,
    ("boolean", "integer"): _plain,
    ("boolean", "float"): _plain,
    ("boolean", "decimal"): lambda value, to: _from_integer_to_decimal(
        sql.cast(value, "Nullable(Int8)"),
        Conversion(scalar("TINYINT"), to.target, to.trying, to.refuse),
    ),
}
