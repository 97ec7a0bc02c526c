"""Functions of days and instants."""

from __future__ import annotations

from typing import Final
from zoneinfo import available_timezones

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.calendar import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    as_date,
    date,
    day_number,
    instant,
    instant_us,
    month_length,
    part,
    plus,
    times,
)
from featuresql.compiler.clickhouse.cast_numbers import half_away, to_integer
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions.date_parts import DATE_PARTS
from featuresql.compiler.clickhouse.functions.date_steps import DATE_STEPS
from featuresql.compiler.clickhouse.functions.date_texts import DATE_TEXTS
from featuresql.compiler.clickhouse.functions.interval_arithmetic import moved
from featuresql.compiler.clickhouse.functions.intervals_made import INTERVALS
from featuresql.compiler.clickhouse.intervals import parts_of
from featuresql.compiler.typing.rules import constant_text
from featuresql.spec.column_type import BIGINT, TIMESTAMP

_NO_SUCH_DAY: Final = "there is no such day or time"
_A_DAY_S: Final = 86_400


def _last_day(call: EmitCall) -> exp.Expr:
    kind = call.bound[0]

    def body(value: exp.Expr) -> exp.Expr:
        rest = sql.call(
            "minus", month_length(value, kind), part("toDayOfMonth", value.copy(), kind)
        )
        return date(plus(day_number(as_date(value.copy(), kind)), rest))

    return call.as_result(sql.bind(call.args[0], lambda again: body(again())))


def _days_in_month(call: EmitCall) -> exp.Expr:
    return call.as_result(month_length(call.args[0], call.bound[0]))


def _real_day(year: exp.Expr, month: exp.Expr, day: exp.Expr) -> exp.Expr:
    """Return the day of three numbers, an error where there is none."""
    made = sql.call("makeDate32", year, month, day)
    wrong = sql.either(
        *(
            sql.call("notEquals", sql.call(name, made.copy()), given.copy())
            for name, given in (("toYear", year), ("toMonth", month), ("toDayOfMonth", day))
        )
    )
    raised = sql.call("throwIf", sql.call("ifNull", wrong, sql.number(0)), sql.text(_NO_SUCH_DAY))
    return sql.choose(sql.call("equals", raised, sql.number(0)), made, sql.null())


def _make_date(call: EmitCall) -> exp.Expr:
    if len(call.args) == 1:
        return call.as_result(date(sql.call("toInt64", call.args[0])))
    year, month, day = call.args
    return call.as_result(_real_day(year, month, day))


def _make_timestamp(call: EmitCall) -> exp.Expr:
    if len(call.args) == 1:
        return call.as_result(instant(call.args[0]))
    year, month, day, hour, minute, second = call.args
    us = to_integer(half_away(sql.call("multiply", second, sql.number(SECOND_US))), BIGINT)
    wrong = sql.either(
        *(
            sql.negated(
                sql.both(
                    sql.call("greaterOrEquals", value.copy(), sql.number(0)),
                    sql.call("less", value.copy(), sql.number(limit)),
                )
            )
            for value, limit in ((hour, 24), (minute, 60), (us, MINUTE_US))
        )
    )
    raised = sql.call("throwIf", sql.call("ifNull", wrong, sql.number(0)), sql.text(_NO_SUCH_DAY))
    start = times(day_number(_real_day(year, month, day)), DAY_US)
    total = plus(start, times(hour.copy(), HOUR_US), times(minute.copy(), MINUTE_US), us.copy())
    known = sql.call("equals", raised, sql.number(0))
    return call.as_result(sql.choose(known, instant(total), sql.null()))


def _added(call: EmitCall) -> exp.Expr:
    value, kind = call.args[0], call.bound[0]
    if call.bound[1].name != "INTERVAL":
        return date(plus(day_number(value), sql.call("toInt64", call.args[1])))
    return call.as_result(moved(value, kind, parts_of(call.operands[1], call.args[1])))


def _from_ms(call: EmitCall) -> exp.Expr:
    return call.as_result(instant(times(call.args[0], 1_000)))


def _epoch_ms(call: EmitCall) -> exp.Expr:
    kind = call.bound[0]
    if kind.is_integer:
        return _from_ms(call)
    if kind.name == "INTERVAL":
        raise call.refuse("epoch_ms of an interval", "take epoch() of it")
    us = instant_us(call.args[0], kind)
    half = times(sql.call("sign", us.copy()), 500)
    return call.as_result(sql.call("intDiv", plus(us, half), sql.number(1_000)))


def _from_seconds(call: EmitCall) -> exp.Expr:
    moved = sql.call("multiply", call.args[0], sql.number(SECOND_US))
    return call.as_result(instant(to_integer(sql.call("round", moved), BIGINT)))


def _zone(call: EmitCall) -> exp.Expr:
    name = constant_text(call.operands[0])
    if name is None or name not in available_timezones():
        raise call.refuse("a time zone that is no constant name", "write it as 'Europe/Zurich'")
    us = instant_us(call.args[1], TIMESTAMP)
    if call.bound[1].name == "TIMESTAMPTZ":
        local = sql.bind(us, lambda again: plus(again(), _offset_us(again(), name)))
        return call.as_result(instant(local))
    return call.as_result(instant(sql.bind(us, lambda again: _from_local(again(), name))))


def _offset_us(us: exp.Expr, zone: str) -> exp.Expr:
    """Return how far a zone's clocks are ahead at an instant."""
    moment = sql.call("toTimeZone", instant(us), sql.text(zone))
    return times(sql.call("toInt64", sql.call("timeZoneOffset", moment)), SECOND_US)


def _from_local(local: exp.Expr, zone: str) -> exp.Expr:
    """Return the instant of a local time, as DuckDB: the later of two, the gap's length later."""
    before, after = (
        _offset_us(plus(local.copy(), sql.number(days * _A_DAY_S * SECOND_US)), zone)
        for days in (-1, 1)
    )
    least, most = (sql.call(name, before.copy(), after.copy()) for name in ("least", "greatest"))
    late = sql.call("minus", local, least)
    early = sql.call("minus", local.copy(), most)
    is_late = sql.call("equals", _offset_us(late.copy(), zone), least.copy())
    is_early = sql.call("equals", _offset_us(early.copy(), zone), most.copy())
    return sql.choose(is_late, late.copy(), sql.choose(is_early, early, late.copy()))


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    *DATE_PARTS,
    *DATE_STEPS,
    *DATE_TEXTS,
    *INTERVALS,
    Emission(
        "date_add", _added, ("date_add(d, INTERVAL 1 MONTH)", "date_add(ts, INTERVAL (n) HOUR)")
    ),
    Emission("last_day", _last_day, ("last_day(d)", "last_day(ts)")),
    Emission("days_in_month", _days_in_month, ("days_in_month(d)", "days_in_month(ts)")),
    Emission(
        "make_date",
        _make_date,
        ("make_date(2024, n, 3)", "make_date(year(d), month(d), 1)", "make_date(n * 1000)"),
    ),
    Emission(
        "make_timestamp",
        _make_timestamp,
        ("make_timestamp(2024, n, 3, n, n, n + 0.25)", "make_timestamp(n::BIGINT * 1000000000000)"),
    ),
    Emission("make_timestamp_ms", _from_ms, ("make_timestamp_ms(n::BIGINT * 1000000000)",)),
    Emission(
        "epoch_ms", _epoch_ms, ("epoch_ms(ts)", "epoch_ms(n::BIGINT * 1000000000)", "epoch_ms(d)")
    ),
    Emission("to_timestamp", _from_seconds, ("to_timestamp(f9 * 1e7)", "to_timestamp(n * 1e8)")),
    Emission(
        "timezone",
        _zone,
        (
            "timezone('America/New_York', ts)",
            "ts AT TIME ZONE 'UTC'",
            "(ts AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Zurich'",
            "timezone('America/New_York', TIMESTAMP '2024-03-10 02:30:00' + to_hours(n))",
            "timezone('Europe/Zurich', TIMESTAMP '2024-10-27 00:30:00' + to_hours(n))",
        ),
    ),
)
