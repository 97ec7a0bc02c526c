"""Days and instants as text."""

from __future__ import annotations

import calendar
import re
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.calendar import SECOND_US, instant_us, part, plus
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions.date_parts import PARTS
from featuresql.compiler.typing.rules import constant_text
from featuresql.spec.column_type import ColumnType

_DAYS: Final = tuple(calendar.day_name)
_MONTHS: Final = tuple(calendar.month_name)[1:]
_DIRECTIVE: Final = re.compile(r"%(-?.)|[^%]+", re.DOTALL)
# The part, and its digits.
_NUMBERS: Final = {
    "Y": ("year", 4),
    "m": ("month", 2),
    "d": ("day", 2),
    "H": ("hour", 2),
    "M": ("minute", 2),
    "S": ("second", 2),
    "j": ("doy", 3),
    "V": ("week", 2),
    "G": ("isoyear", 4),
    "u": ("isodow", 1),
    "w": ("dow", 1),
}


def _one_of(names: tuple[str, ...], place: exp.Expr) -> exp.Expr:
    return sql.call("arrayElement", sql.call("array", *map(sql.text, names)), place)


def _day_name(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    return _one_of(_DAYS, part("toDayOfWeek", value, kind))


def _month_name(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    return _one_of(_MONTHS, part("toMonth", value, kind))


def _padded(number: exp.Expr, digits: int) -> exp.Expr:
    text = sql.call("toString", number)
    return text if digits == 1 else sql.call("leftPad", text, sql.number(digits), sql.text("0"))


def _hour_of_twelve(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    before = plus(PARTS["hour"](value, kind), sql.number(11))
    return plus(sql.call("modulo", before, sql.number(12)), sql.number(1))


def _written(directive: str, value: exp.Expr, kind: ColumnType) -> exp.Expr | None:
    """Return what a directive of strftime writes, None where it is not known."""
    name = directive.removeprefix("-")
    is_bare = directive != name
    if name in _NUMBERS:
        unit, digits = _NUMBERS[name]
        return _padded(PARTS[unit](value, kind), 1 if is_bare else digits)
    if name == "I":
        return _padded(_hour_of_twelve(value, kind), 1 if is_bare else 2)
    return None if is_bare else _fixed(name, value, kind)


def _fixed(name: str, value: exp.Expr, kind: ColumnType) -> exp.Expr | None:
    if name == "y":
        return _padded(sql.call("modulo", PARTS["year"](value, kind), sql.number(100)), 2)
    if name in {"f", "g"}:
        us = sql.call("positiveModulo", instant_us(value, kind), sql.number(SECOND_US))
        if name == "f":
            return _padded(us, 6)
        return _padded(sql.call("intDiv", us, sql.number(1_000)), 3)
    return _named(name, value, kind)


def _named(name: str, value: exp.Expr, kind: ColumnType) -> exp.Expr | None:
    short = (sql.number(1), sql.number(3))
    if name == "A":
        return _day_name(value, kind)
    if name == "a":
        return sql.call("substring", _day_name(value, kind), *short)
    if name == "B":
        return _month_name(value, kind)
    if name == "b":
        return sql.call("substring", _month_name(value, kind), *short)
    if name == "p":
        noon = sql.call("less", PARTS["hour"](value, kind), sql.number(12))
        return sql.choose(noon, sql.text("AM"), sql.text("PM"))
    return sql.text("%") if name == "%" else None


def _formatted(call: EmitCall) -> exp.Expr:
    place = 1 if call.bound[0].name == "VARCHAR" else 0
    form = constant_text(call.operands[1 - place])
    if form is None:
        raise call.refuse("strftime by a format that is no constant")
    kind = call.bound[place]

    def body(value: exp.Expr) -> exp.Expr:
        pieces: list[exp.Expr] = [sql.text("")]
        for found in _DIRECTIVE.finditer(form):
            if found[1] is None:
                pieces.append(sql.text(found[0]))
                continue
            made = _written(found[1], value.copy(), kind)
            if made is None:
                raise call.refuse(f"strftime by '%{found[1]}'")
            pieces.append(made)
        absent = sql.is_null(value.copy())
        return sql.choose(absent, sql.null(), sql.call("concat", *pieces, sql.text("")))

    return call.as_result(sql.bind(call.args[place], lambda again: body(again())))


def _name_of(call: EmitCall) -> exp.Expr:
    name = _day_name if call.name == "dayname" else _month_name
    kind = call.bound[0]
    return call.as_result(sql.bind(call.args[0], lambda again: name(again(), kind)))


DATE_TEXTS: Final[tuple[Emission | Refusal, ...]] = (
    Emission(
        "strftime",
        _formatted,
        (
            "strftime(ts, '%Y-%m-%d %H:%M:%S.%f')",
            "strftime(d, '%d.%m.%y (%a, %A) %b %B')",
            "strftime(ts, '%I:%M %p %% %j %-d/%-m %-H:%-I %g')",
            "strftime(ts2, '%G-W%V-%u %w')",
            "strftime('%Y%m', ts)",
        ),
    ),
    Emission("dayname", _name_of, ("dayname(ts)", "dayname(d)")),
    Emission("monthname", _name_of, ("monthname(ts)", "monthname(d)")),
    Refusal("strptime", "the engines read different texts", "cast the text to TIMESTAMP"),
    Refusal("try_strptime", "the engines read different texts", "TRY_CAST the text to TIMESTAMP"),
)
