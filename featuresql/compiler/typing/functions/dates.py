"""Functions of dates, times and intervals."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.function import Call, Function, scalar_function, signatures
from featuresql.compiler.typing.rules import constant_text, require_constants
from featuresql.errors import CompileError, did_you_mean
from featuresql.spec.column_type import BIGINT, DOUBLE, TIMESTAMP, VARCHAR, ColumnType

_INSTANTS: Final = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")
_DATED: Final = (*_INSTANTS, "INTERVAL")
_TIMED: Final = (*_DATED, "TIME")
_BUCKETED: Final = (*_INSTANTS, "TIME")
_DIFFERENCE: Final = tuple(f"VARCHAR, {x}, {x} -> BIGINT" for x in (*_INSTANTS, "TIME"))


_WHOLE_PARTS: Final = frozenset(
    {
        *("year", "years", "yr", "yrs", "y", "month", "months", "mon", "mons"),
        *("day", "days", "d", "dayofmonth", "decade", "decades", "dec", "decs"),
        *("century", "centuries", "cent", "c", "millennium", "millennia", "millenium", "mil"),
        *("microseconds", "microsecond", "us", "usec", "usecs", "useconds"),
        *("milliseconds", "millisecond", "ms", "msec", "msecs"),
        *("second", "seconds", "sec", "secs", "s", "minute", "minutes", "min", "mins", "m"),
        *("hour", "hours", "hr", "hrs", "h", "dow", "dayofweek", "weekday", "isodow"),
        *("week", "weeks", "w", "weekofyear", "doy", "dayofyear", "yearweek", "isoyear"),
        *("quarter", "quarters", "era", "timezone", "timezone_hour", "timezone_minute"),
        *("nanosecond", "nanoseconds", "ns"),
    }
)
_REAL_PARTS: Final = frozenset({"epoch", "julian", "jd"})


def _part_type(call: Call) -> ColumnType:
    """Give BIGINT, or DOUBLE for the parts that have a fraction."""
    part = constant_text(call.operands[0])
    if part is None:
        return DOUBLE
    if part.lower() in _REAL_PARTS:
        return DOUBLE
    if part.lower() in _WHOLE_PARTS:
        # DuckDB reads a constant NULL before it reads the part.
        return DOUBLE if isinstance(call.operands[1].this, exp.Null) else BIGINT
    raise CompileError(
        f"'{part}' is no part of a date",
        code="type-mismatch",
        hint=did_you_mean(part.lower(), _WHOLE_PARTS | _REAL_PARTS),
    )


def _formatted(call: Call) -> ColumnType:
    """Give text; the format, on either side, must not depend on a row."""
    if all(operand.find(exp.Column) is not None for operand in call.operands):
        require_constants(call)
    return VARCHAR


def _parsed(call: Call) -> ColumnType:
    """Give a TIMESTAMP; the format must not depend on a row."""
    require_constants(call)
    return TIMESTAMP


def _no_zone_for_dates(_call: Call) -> ColumnType:
    """Refuse `date AT TIME ZONE`: DuckDB answers it in nanoseconds, which no column has."""
    raise CompileError(
        "AT TIME ZONE of a DATE", code="unsupported", hint="cast the date to TIMESTAMP first"
    )


def _part(names: str, node: type[exp.Expr] | tuple[type[exp.Expr], ...] = ()) -> Function:
    return scalar_function(names, *(f"{x} -> BIGINT" for x in _DATED), node=node, arguments="this")


def _time_part(names: str, node: type[exp.Expr] | tuple[type[exp.Expr], ...] = ()) -> Function:
    return scalar_function(names, *(f"{x} -> BIGINT" for x in _TIMED), node=node, arguments="this")


def _to_interval(unit: str, node: tuple[type[exp.Expr], ...] = ()) -> Function:
    return scalar_function(f"to_{unit}", "BIGINT -> INTERVAL", "INTEGER -> INTERVAL", node=node)


FUNCTIONS: Final = (
    _part("year", exp.Year),
    _part("month", exp.Month),
    _part("day", exp.Day),
    _part("dayofmonth", exp.DayOfMonth),
    _part("dayofweek weekday", exp.DayOfWeek),
    _part("isodow", exp.DayOfWeekIso),
    _part("dayofyear", exp.DayOfYear),
    _part("week", exp.Week),
    _part("weekofyear", exp.WeekOfYear),
    _part("quarter", exp.Quarter),
    _part("decade"),
    _part("century"),
    _part("millennium"),
    _part("era"),
    _part("isoyear"),
    _part("yearweek"),
    _time_part("hour", exp.Hour),
    _time_part("minute", exp.Minute),
    _time_part("second", exp.Second),
    _time_part("millisecond"),
    _time_part("microsecond"),
    _time_part("nanosecond"),
    scalar_function(
        "date_part datepart extract",
        *(f"VARCHAR, {x} -> BIGINT" for x in _TIMED),
        node=exp.Extract,
        arguments="this expression",
        rule=_part_type,
    ),
    scalar_function("epoch", *(f"{x} -> DOUBLE" for x in _TIMED), node=exp.TimeToUnix),
    scalar_function("epoch_us", *(f"{x} -> BIGINT" for x in _TIMED)),
    scalar_function("epoch_ns", *(f"{x} -> BIGINT" for x in _TIMED)),
    scalar_function("epoch_ms", *(f"{x} -> BIGINT" for x in _TIMED), "BIGINT -> TIMESTAMP"),
    scalar_function("to_timestamp", "DOUBLE -> TIMESTAMPTZ"),
    scalar_function("julian", *(f"{x} -> DOUBLE" for x in _INSTANTS)),
    scalar_function("dayname", *(f"{x} -> VARCHAR" for x in _INSTANTS), node=exp.Dayname),
    scalar_function("monthname", *(f"{x} -> VARCHAR" for x in _INSTANTS), node=exp.Monthname),
    scalar_function(
        "last_day", *(f"{x} -> DATE" for x in _INSTANTS), node=exp.LastDay, arguments="this"
    ),
    scalar_function("days_in_month", *(f"{x} -> BIGINT" for x in _INSTANTS)),
    scalar_function(
        "date_trunc datetrunc",
        "VARCHAR, DATE -> TIMESTAMP",
        "VARCHAR, TIMESTAMP -> TIMESTAMP",
        "VARCHAR, TIMESTAMPTZ -> TIMESTAMPTZ",
        "VARCHAR, INTERVAL -> INTERVAL",
        node=(exp.TimestampTrunc, exp.DateTrunc),
        arguments="unit this",
    ),
    scalar_function(
        "date_diff datediff", *_DIFFERENCE, node=exp.DateDiff, arguments="unit expression this"
    ),
    scalar_function("date_sub datesub", *_DIFFERENCE),
    scalar_function(
        "date_add",
        "DATE, INTERVAL -> TIMESTAMP",
        "TIMESTAMP, INTERVAL -> TIMESTAMP",
        "TIMESTAMPTZ, INTERVAL -> TIMESTAMPTZ",
        "TIME, INTERVAL -> TIME",
        "DATE, INTEGER -> DATE",
        node=exp.DateAdd,
        arguments="this expression",
    ),
    scalar_function(
        "strftime",
        *(f"{x}, VARCHAR -> VARCHAR" for x in _INSTANTS),
        *(f"VARCHAR, {x} -> VARCHAR" for x in _INSTANTS),
        node=exp.TimeToStr,
        arguments="this format",
        rule=_formatted,
    ),
    scalar_function(
        "strptime",
        "VARCHAR, VARCHAR -> TIMESTAMP",
        node=exp.StrToTime,
        arguments="this format",
        rule=_parsed,
    ),
    scalar_function("try_strptime", "VARCHAR, VARCHAR -> TIMESTAMP", rule=_parsed),
    scalar_function(
        "make_date",
        "BIGINT, BIGINT, BIGINT -> DATE",
        "INTEGER -> DATE",
        node=exp.DateFromParts,
        arguments="year month day",
    ),
    scalar_function(
        "make_time",
        "BIGINT, BIGINT, DOUBLE -> TIME",
        node=exp.TimeFromParts,
        arguments="hour min sec",
    ),
    scalar_function(
        "make_timestamp",
        "BIGINT -> TIMESTAMP",
        "BIGINT, BIGINT, BIGINT, BIGINT, BIGINT, DOUBLE -> TIMESTAMP",
        node=exp.TimestampFromParts,
        arguments="year month day hour min sec",
    ),
    scalar_function("make_timestamp_ms", "BIGINT -> TIMESTAMP"),
    scalar_function(
        "time_bucket",
        *(f"INTERVAL, {x} -> {x}" for x in _BUCKETED),
        *(f"INTERVAL, {x}, {x} -> {x}" for x in _BUCKETED),
        *(f"INTERVAL, {x}, INTERVAL -> {x}" for x in _BUCKETED),
        node=exp.DateBin,
        arguments="this expression unit",
    ),
    Function(
        ("timezone",),
        signatures("VARCHAR, TIMESTAMP -> TIMESTAMPTZ", "VARCHAR, TIMESTAMPTZ -> TIMESTAMP")
        + signatures("VARCHAR, DATE -> TIMESTAMPTZ", rule=_no_zone_for_dates),
        nodes=(exp.AtTimeZone,),
        arguments=("zone", "this"),
    ),
    scalar_function(
        "age", "TIMESTAMP, TIMESTAMP -> INTERVAL", "TIMESTAMPTZ, TIMESTAMPTZ -> INTERVAL"
    ),
    *(_to_interval(unit) for unit in ("years", "quarters", "months", "weeks", "decades")),
    _to_interval("days", (exp.ToDays,)),
    scalar_function("to_hours", "BIGINT -> INTERVAL"),
    scalar_function("to_minutes", "BIGINT -> INTERVAL"),
    scalar_function("to_seconds", "DOUBLE -> INTERVAL"),
    scalar_function("to_milliseconds", "DOUBLE -> INTERVAL"),
    scalar_function("to_microseconds", "BIGINT -> INTERVAL"),
    scalar_function(
        "now get_current_timestamp transaction_timestamp current_timestamp",
        "-> TIMESTAMPTZ",
        node=exp.CurrentTimestamp,
        arguments="this",
        deterministic=False,
    ),
    scalar_function(
        "today current_date", "-> DATE", node=exp.CurrentDate, arguments="this", deterministic=False
    ),
    scalar_function(
        "current_localtimestamp localtimestamp",
        "-> TIMESTAMP",
        node=exp.Localtimestamp,
        arguments="this",
        deterministic=False,
    ),
    scalar_function(
        "current_localtime localtime",
        "-> TIME",
        node=exp.Localtime,
        arguments="this",
        deterministic=False,
    ),
)
