"""Casts between dates and timestamps, and between these and text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.cast_texts import MESSAGE, read
from featuresql.compiler.clickhouse.conversion import Cast, Conversion
from featuresql.compiler.clickhouse.types import held, inner

# A fraction of a second without its last zeros, and none where it is zero.
_LAST_ZEROS: Final = r"\.?0+$"
_BLANKS: Final = r"[\t-\r ]*"
_DAY: Final = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
_CLOCK: Final = r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]*))?)?"
_DATE: Final = rf"^{_BLANKS}{_DAY}{_BLANKS}$"
_TIMESTAMP: Final = rf"^{_BLANKS}{_DAY}(?:(?:T| +){_CLOCK}Z?)?{_BLANKS}$"
# What DuckDB may read, each form in a way of its own.
_OWN_FORM: Final = r"(?i)[0-9]{1,6}[-/\\ ][0-9]|epoch|inf"
_CONSTANT: Final = re.compile(
    rf"\s*{_DAY}(?:(?:T| +){_CLOCK} ?(Z|UTC|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?)?\s*", re.ASCII
)
_DAY_US: Final = 86_400_000_000


def constant_time(text: str, to: Conversion) -> exp.Expr | None:
    """Return a literal as a date or timestamp; None where `to` is neither, or TRY_CAST decides."""
    kind = to.target
    if kind.name not in {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}:
        return None
    found = _CONSTANT.fullmatch(text)
    try:
        value = _instant(found, kind.name) if found else None
    except ValueError:
        value = None
    if value is not None:
        written = value.date() if kind.name == "DATE" else value.replace(tzinfo=None)
        return sql.cast(sql.text(str(written)), inner(kind))
    if to.trying:
        return None
    raise to.refuse(f"'{text}' as a {kind.name}", "write it as 2024-01-31 or 2024-01-31 10:11:12.5")


def _instant(found: re.Match[str], kind: str) -> datetime | None:
    year, month, day, hour, minute, second, fraction, zone = found.groups(default="")
    if (kind == "DATE" and hour) or (kind == "TIMESTAMP" and zone not in {"", "Z", "UTC"}):
        return None
    h, m, s, us = (int(part or 0) for part in (hour, minute, second, f"{fraction:0<6}"[:6]))
    local = datetime(int(year), int(month), int(day), h, m, s, us, UTC)
    if zone in {"", "Z", "UTC"}:
        return local
    hours, minutes = int(zone[1:3]), int(zone[3:].removeprefix(":") or 0)
    ahead = timedelta(hours=hours, minutes=minutes)
    return local - ahead if zone[0] == "+" else local + ahead


def _plain(value: exp.Expr, to: Conversion) -> exp.Expr:
    return sql.cast(value, held(to.target))


def _same(value: exp.Expr, _to: Conversion) -> exp.Expr:
    # Time is UTC: a TIMESTAMP and a TIMESTAMPTZ are held alike.
    return value


def timestamp_text(value: exp.Expr) -> exp.Expr:
    """Return a timestamp as DuckDB prints it: `2024-01-31 10:11:12.5`."""
    return sql.call(
        "replaceRegexpOne", sql.call("toString", value), sql.text(_LAST_ZEROS), sql.text("")
    )


def _group(pattern: str, number: int) -> str:
    """Return `pattern` with only its group `number` captured, since `extract` gives the first."""
    seen = 0
    parts = []
    for piece in re.split(r"(\((?!\?))", pattern):
        if piece == "(":
            seen += 1
            parts.append("(" if seen == number else "(?:")
        else:
            parts.append(piece)
    return "".join(parts)


def _whole(text: exp.Expr, pattern: str, number: int) -> exp.Expr:
    found = sql.call("extract", text.copy(), sql.text(_group(pattern, number)))
    return sql.call("toInt32OrZero", found)


def _day(text: exp.Expr, pattern: str) -> tuple[exp.Expr, exp.Expr]:
    """Return the day that a text names, and whether there is such a day."""
    year, month, day = (_whole(text, pattern, number) for number in (1, 2, 3))
    made = sql.call("makeDate32", year, month, day)
    real = sql.both(
        *(
            sql.call("equals", sql.call(name, made.copy()), part.copy())
            for name, part in (("toYear", year), ("toMonth", month), ("toDayOfMonth", day))
        )
    )
    return made, real


def _if_real(value: exp.Expr, real: exp.Expr, to: Conversion) -> exp.Expr:
    none = sql.cast(sql.null(), held(to.target))
    if to.trying:
        return sql.choose(real, value, none)
    raised = sql.raised(sql.negated(real), MESSAGE)
    return sql.choose(sql.call("equals", raised, sql.number(0)), value, none)


def _to_date(value: exp.Expr, to: Conversion) -> exp.Expr:
    def then(it: exp.Expr) -> exp.Expr:
        made, real = _day(it, _DATE)
        return _if_real(sql.cast(made, held(to.target)), real, to)

    return read(value, to, _DATE, _OWN_FORM, then)


def _to_timestamp(value: exp.Expr, to: Conversion) -> exp.Expr:
    def then(it: exp.Expr) -> exp.Expr:
        made, real = _day(it, _TIMESTAMP)
        hour, minute, second = (_whole(it, _TIMESTAMP, number) for number in (4, 5, 6))
        digits = sql.call("extract", it.copy(), sql.text(_group(_TIMESTAMP, 7)))
        six = sql.call(
            "substring",
            sql.call("concat", digits, sql.text("000000")),
            sql.number(1),
            sql.number(6),
        )
        terms = [
            (sql.call("toInt64", sql.call("toInt32", made)), _DAY_US),
            (hour, 3_600_000_000),
            (minute, 60_000_000),
            (second, 1_000_000),
        ]
        total: exp.Expr = sql.call("toInt64OrZero", six)
        for part, size in terms:
            total = sql.call("plus", total, sql.call("multiply", part, sql.number(size)))
        within = [
            sql.call("less", part.copy(), sql.number(limit))
            for part, limit in ((hour, 24), (minute, 60), (second, 60))
        ]
        moment = sql.call("fromUnixTimestamp64Micro", total, sql.text("UTC"))
        return _if_real(sql.cast(moment, held(to.target)), sql.both(real, *within), to)

    return read(value, to, _TIMESTAMP, _OWN_FORM, then)


CASTS: Final[dict[tuple[str, str], Cast]] = {
    ("date", "timestamp"): _plain,
    ("date", "instant"): _plain,
    ("timestamp", "date"): _plain,
    ("timestamp", "instant"): _same,
    ("instant", "timestamp"): _same,
    ("instant", "date"): _plain,
    ("text", "date"): _to_date,
    ("text", "timestamp"): _to_timestamp,
    ("date", "text"): lambda value, _to: sql.call("toString", value),
    ("timestamp", "text"): lambda value, _to: timestamp_text(value),
    ("instant", "text"): lambda value, _to: sql.call(
        "concat", timestamp_text(value), sql.text("+00")
    ),
}
