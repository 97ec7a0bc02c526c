"""A float as DuckDB prints it: the fewest digits that read back as the same float."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql

# Exponents of ten that are written with e: below and from these.
_LEAST: Final = -4
_GREATEST: Final = 16


def float_text(value: exp.Expr) -> exp.Expr:
    """Return the text of a float. The digits are ClickHouse's own, their form is DuckDB's."""

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        # As an Array's element, text has parts that cannot be NULL.
        text = sql.call("ifNull", sql.call("toString", sql.call("abs", again())), sql.text("0"))
        written = sql.call(
            "concat",
            sql.choose(_is_negative(again()), sql.text("-"), sql.text("")),
            sql.call("arrayElement", sql.mapped(sql.call("array", text), _layout), sql.number(1)),
        )
        special = sql.negated(sql.call("isFinite", again()))
        return sql.call(
            "multiIf",
            sql.is_null(again()),
            sql.cast(sql.null(), "Nullable(String)"),
            special,
            sql.call("toString", again()),
            written,
        )

    return sql.bind(value, body)


def _is_negative(value: exp.Expr) -> exp.Expr:
    return sql.call("startsWith", sql.call("toString", value), sql.text("-"))


def _layout(text: exp.Expr) -> exp.Expr:
    """Return a finite float's text, from ClickHouse's: `10000` or `0.00001` or `1.5e300`."""

    def extract(pattern: str) -> exp.Expr:
        return sql.call("extract", text.copy(), sql.text(pattern))

    before, after = extract("^[0-9]+"), extract(r"\.([0-9]+)")
    exponent = sql.call("toInt32OrZero", extract("e(.*)$"))
    every = sql.call("concat", before, after)
    zeros = sql.call("length", sql.call("extract", every, sql.text("^0*")))
    digits = sql.call(
        "replaceRegexpOne",
        sql.call("replaceRegexpOne", every.copy(), sql.text("^0+"), sql.text("")),
        sql.text("0+$"),
        sql.text(""),
    )
    point = sql.call("minus", sql.call("plus", sql.call("length", before.copy()), exponent), zeros)
    # The value is 0.DIGITS times ten to the POINT.
    pair = sql.call("array", sql.call("tuple", digits, point))
    return sql.call(
        "arrayElement",
        sql.mapped(
            pair,
            lambda it: _written(
                sql.call("tupleElement", it, sql.number(1)),
                sql.call("tupleElement", it.copy(), sql.number(2)),
            ),
        ),
        sql.number(1),
    )


def _written(digits: exp.Expr, point: exp.Expr) -> exp.Expr:
    count = sql.call("length", digits)

    def zeros(count: exp.Expr) -> exp.Expr:
        return sql.call("repeat", sql.text("0"), count)

    def part(start: exp.Expr, *size: exp.Expr) -> exp.Expr:
        return sql.call("substring", digits.copy(), start, *size)

    after_point = sql.call("plus", point.copy(), sql.number(1))
    return sql.call(
        "multiIf",
        sql.call("empty", digits.copy()),
        sql.text("0.0"),
        sql.either(
            sql.call("lessOrEquals", point.copy(), sql.number(_LEAST)),
            sql.call("greater", point.copy(), sql.number(_GREATEST)),
        ),
        _with_exponent(digits, point),
        sql.call("lessOrEquals", point.copy(), sql.number(0)),
        sql.call("concat", sql.text("0."), zeros(sql.call("negate", point.copy())), digits.copy()),
        sql.call("lessOrEquals", count, point.copy()),
        sql.call(
            "concat",
            digits.copy(),
            zeros(sql.call("minus", point.copy(), count.copy())),
            sql.text(".0"),
        ),
        sql.call("concat", part(sql.number(1), point.copy()), sql.text("."), part(after_point)),
    )


def _with_exponent(digits: exp.Expr, point: exp.Expr) -> exp.Expr:
    exponent = sql.call("minus", point.copy(), sql.number(1))
    size = sql.call("toString", sql.call("abs", exponent))
    mantissa = sql.choose(
        sql.call("equals", sql.call("length", digits.copy()), sql.number(1)),
        digits.copy(),
        sql.call(
            "concat",
            sql.call("substring", digits.copy(), sql.number(1), sql.number(1)),
            sql.text("."),
            sql.call("substring", digits.copy(), sql.number(2)),
        ),
    )
    two_digits = sql.choose(
        sql.call("less", sql.call("length", size), sql.number(2)),
        sql.call("concat", sql.text("0"), size.copy()),
        size.copy(),
    )
    sign = sql.choose(
        sql.call("less", exponent.copy(), sql.number(0)), sql.text("e-"), sql.text("e+")
    )
    return sql.call("concat", mantissa, sign, two_digits)
