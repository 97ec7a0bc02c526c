"""Days and instants as whole numbers in ClickHouse, and back; what it cannot hold is an error."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.types import held, inner
from featuresql.spec.column_type import TIMESTAMP, ColumnType, scalar

DATE: Final = scalar("DATE")
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
MONTHS_A_YEAR: Final = 12
_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2299
_FIRST_US: Final = -2_208_988_800_000_000
_END_US: Final = 10_413_792_000_000_000
_RANGE: Final = f"ClickHouse holds days and instants of the years {FIRST_YEAR} to {LAST_YEAR} only"


def plus(*parts: exp.Expr) -> exp.Expr:
    """Return the sum of whole numbers."""
    total, *rest = parts
    for part in rest:
        total = sql.call("plus", total, part)
    return total


def times(value: exp.Expr, factor: int) -> exp.Expr:
    """Return a whole number multiplied by a constant."""
    return value if factor == 1 else sql.call("multiply", value, sql.number(factor))


def floor_div(value: exp.Expr, by: int) -> exp.Expr:
    """Return the quotient by a positive constant, rounded down."""
    if by == 1:
        return value
    rest = sql.call("positiveModulo", value, sql.number(by))
    return sql.call("intDiv", sql.call("minus", value.copy(), rest), sql.number(by))


def instant_us(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the microseconds since 1970 of a TIMESTAMP or a DATE, as a Nullable(Int64)."""
    if kind.name == "DATE":
        return times(day_number(value), DAY_US)
    return sql.call("toUnixTimestamp64Micro", sql.cast(value, held(TIMESTAMP)))


def day_number(value: exp.Expr) -> exp.Expr:
    """Return the days since 1970 of a DATE."""
    return sql.call("toInt64", sql.call("toInt32", sql.cast(value, held(DATE))))


def days_of(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the days since 1970 of a DATE, or of a TIMESTAMP's day."""
    if kind.name == "DATE":
        return day_number(value)
    return floor_div(instant_us(value, kind), DAY_US)


def instant(us: exp.Expr) -> exp.Expr:
    """Return the TIMESTAMP that lies `us` microseconds after 1970."""
    return sql.checked(
        us,
        lambda it: sql.either(
            sql.call("less", it, sql.integer(_FIRST_US)),
            sql.call("greaterOrEquals", it.copy(), sql.integer(_END_US)),
        ),
        _RANGE,
        then=lambda it: sql.cast(
            sql.call("fromUnixTimestamp64Micro", sql.cast(it, "Nullable(Int64)"), sql.text("UTC")),
            held(TIMESTAMP),
        ),
    )


def date(days: exp.Expr) -> exp.Expr:
    """Return the DATE that lies `days` after 1970."""
    first, end = (us // DAY_US for us in (_FIRST_US, _END_US))
    epoch = sql.cast(sql.text("1970-01-01"), inner(DATE))
    return sql.checked(
        days,
        lambda it: sql.either(
            sql.call("less", it, sql.number(first)),
            sql.call("greaterOrEquals", it.copy(), sql.number(end)),
        ),
        _RANGE,
        then=lambda it: sql.cast(sql.call("addDays", epoch, it), held(DATE)),
    )


def as_date(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the day of a DATE or a TIMESTAMP; ClickHouse's own rounds up before 1970."""
    return value if kind.name == "DATE" else date(days_of(value, kind))


def part(name: str, value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return a part of a day by ClickHouse's function `name`, such as toYear, as an Int64."""
    return sql.call("toInt64", sql.call(name, as_date(value, kind)))


def month_number(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the months since the year 0."""
    year, month = (part(name, value.copy(), kind) for name in ("toYear", "toMonth"))
    return plus(times(year, MONTHS_A_YEAR), month, sql.number(-1))


def first_day(months: exp.Expr) -> exp.Expr:
    """Return the days since 1970 of the first day of a month, told in months since the year 0."""
    low, high = FIRST_YEAR * MONTHS_A_YEAR, (LAST_YEAR + 1) * MONTHS_A_YEAR

    def made(it: exp.Expr) -> exp.Expr:
        year = floor_div(it, MONTHS_A_YEAR)
        rest = sql.call("positiveModulo", it.copy(), sql.number(MONTHS_A_YEAR))
        month = plus(rest, sql.number(1))
        return day_number(sql.call("makeDate32", year, month, sql.number(1)))

    return sql.checked(
        months,
        lambda it: sql.either(
            sql.call("less", it, sql.number(low)),
            sql.call("greaterOrEquals", it.copy(), sql.number(high)),
        ),
        _RANGE,
        then=made,
    )


def add_months(value: exp.Expr, kind: ColumnType, months: exp.Expr) -> exp.Expr:
    """Return the days since 1970 of a day some months on, at most the last of its month."""
    target = first_day(plus(month_number(value, kind), months))
    day = part("toDayOfMonth", value.copy(), kind)

    def clipped(first: exp.Expr) -> exp.Expr:
        length = month_length(date(first.copy()), DATE)
        return plus(first, sql.call("least", day, length), sql.number(-1))

    return sql.bind(target, lambda again: clipped(again()))


def month_length(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the number of days of a day's month."""

    def length(day: exp.Expr) -> exp.Expr:
        year, month = sql.call("toYear", day), sql.call("toMonth", day.copy())
        rests = [sql.call("modulo", year.copy(), sql.number(size)) for size in (4, 100, 400)]
        fourth, hundredth, four_hundredth = (
            sql.call("equals", rest, sql.number(0)) for rest in rests
        )
        is_leap = sql.both(fourth, sql.either(sql.negated(hundredth), four_hundredth))
        february = sql.both(sql.call("equals", month, sql.number(2)), is_leap)
        days = sql.call("array", *(sql.number(days) for days in _MONTH_DAYS))
        usual = sql.call("arrayElement", days, month.copy())
        return sql.call("toInt64", plus(usual, sql.choose(february, sql.number(1), sql.number(0))))

    return sql.bind(as_date(value, kind), lambda again: length(again()))
