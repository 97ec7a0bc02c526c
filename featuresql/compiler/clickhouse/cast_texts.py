"""Casts from text to numbers and booleans, and of both to text.

Text that DuckDB reads in a way of its own (underscores, hexadecimals, an exponent in an integer) is
an error of the engine, in TRY_CAST too: it is never read as something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.cast_numbers import digits_of, limits, rounded, to_integer
from featuresql.compiler.clickhouse.conversion import Cast, Conversion
from featuresql.compiler.clickhouse.float_text import float_text
from featuresql.compiler.clickhouse.types import held, inner
from featuresql.spec.column_type import ColumnType

_BLANKS: Final = r"[\t-\r ]*"
_NUMBER: Final = rf"^{_BLANKS}[+-]?([0-9]+\.?[0-9]*|\.[0-9]+){_BLANKS}$"
_FLOAT: Final = (
    rf"^{_BLANKS}([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|"
    rf"[+-]?(?i:inf|infinity|nan)){_BLANKS}$"
)
_OWN_FORM: Final = (
    rf"^{_BLANKS}([+-]?[_.]*[0-9][0-9_]*\.?[0-9_]*([eE][+-]?[0-9_]+)?|0[xXbB][0-9a-fA-F_]+|"
    rf"[+-]?(?i:nan)\(.*){_BLANKS}$"
)
_TRUE: Final = ("1", "t", "true", "y", "yes")
_FALSE: Final = ("0", "f", "false", "n", "no")
_WIDEST: Final = 76
_PLAIN_CONSTANT: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*", re.ASCII)
_FLOAT_CONSTANT: Final = re.compile(
    r"\s*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan))\s*", re.ASCII | re.IGNORECASE
)
MESSAGE: Final = "the text cannot be cast"
OWN_FORM_MESSAGE: Final = "the text has a form that is not read the same on every engine"


def constant_number(text: str, to: Conversion) -> exp.Expr | None:
    """Return a literal as a number, or None where it needs the cast of rows, or its error."""
    kind = to.target
    if kind.is_float:
        found = _FLOAT_CONSTANT.fullmatch(text)
        return sql.cast(sql.text(found[1].lower()), inner(kind)) if found else None
    found = _PLAIN_CONSTANT.fullmatch(text)
    if found is None:
        return None
    with localcontext(prec=max(len(text), 1) + 1):
        exact = Decimal(found[1])
        value = exact.quantize(Decimal(1).scaleb(-(kind.scale or 0)), ROUND_HALF_UP)
    if kind.is_integer:
        low, high = limits(kind)
        return sql.cast(sql.text(str(value)), inner(kind)) if low <= value <= high else None
    precision, scale = digits_of(kind)
    return (
        sql.cast(sql.text(str(value)), inner(kind))
        if abs(value) < 10 ** (precision - scale)
        else None
    )


def read(
    value: exp.Expr,
    to: Conversion,
    pattern: str,
    own_form: str,
    then: Callable[[exp.Expr], exp.Expr],
) -> exp.Expr:
    """Return `then(value)` of the texts that match `pattern`.

    Of the others, those that match `own_form` are an error, and all without TRY_CAST.
    """
    kind = held(to.target)

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        fits = sql.call("match", again(), sql.text(pattern))
        if not to.trying:
            raised = sql.raised(sql.negated(fits), MESSAGE)
            return sql.choose(sql.call("equals", raised, sql.number(0)), then(again()), _none(kind))
        strange = sql.call("match", again(), sql.text(own_form))
        raised = sql.raised(strange, OWN_FORM_MESSAGE)
        never = sql.choose(sql.call("equals", raised, sql.number(1)), _none(kind), _none(kind))
        return sql.choose(fits, then(again()), never)

    return sql.bind(value, body)


def _none(kind: str) -> exp.Expr:
    return sql.cast(sql.null(), kind)


def _digits(value: exp.Expr, scale: int, *, trying: bool) -> exp.Expr:
    """Return text as the decimal it is, rounded to `scale` digits after the point."""
    # One digit more decides how to round.
    pattern = rf"^{_BLANKS}([+-]?[0-9]*\.?[0-9]{{0,{scale + 1}}})"
    name = "toDecimal256OrNull" if trying else "toDecimal256"
    return rounded(
        sql.call(name, sql.call("extract", value, sql.text(pattern)), sql.number(scale + 1)), scale
    )


def _to_integer(value: exp.Expr, to: Conversion) -> exp.Expr:
    def then(it: exp.Expr) -> exp.Expr:
        whole = sql.cast(_digits(it, 0, trying=to.trying), f"Nullable(Decimal({_WIDEST}, 0))")
        return to_integer(sql.call("reinterpretAsInt256", whole), to.target, trying=to.trying)

    return read(value, to, _NUMBER, _OWN_FORM, then)


def _to_decimal(value: exp.Expr, to: Conversion) -> exp.Expr:
    precision, scale = digits_of(to.target)

    def then(it: exp.Expr) -> exp.Expr:
        return sql.checked(
            _digits(it, scale, trying=to.trying),
            lambda it: sql.call(
                "greaterOrEquals", sql.call("abs", it), sql.integer(10 ** (precision - scale))
            ),
            MESSAGE,
            then=lambda it: sql.cast(it, held(to.target)),
            trying=to.trying,
        )

    return read(value, to, _NUMBER, _OWN_FORM, then)


def _to_float(value: exp.Expr, to: Conversion) -> exp.Expr:
    name = "toFloat32" if to.target.name == "FLOAT" else "toFloat64"

    def then(it: exp.Expr) -> exp.Expr:
        trimmed = sql.call("extract", it, sql.text(rf"^{_BLANKS}([^\t-\r ]*)"))
        return sql.call(name, trimmed)

    return read(value, to, _FLOAT, _OWN_FORM, then)


def _to_boolean(value: exp.Expr, to: Conversion) -> exp.Expr:
    texts = exp.Tuple(expressions=[sql.text(text) for text in (*_TRUE, *_FALSE)])
    true = exp.Tuple(expressions=[sql.text(text) for text in _TRUE])
    return sql.checked(
        sql.call("lower", value),
        lambda it: sql.call("notIn", it, texts),
        MESSAGE,
        then=lambda it: sql.cast(sql.call("in", it, true), held(to.target)),
        trying=to.trying,
    )


def decimal_text(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return a DECIMAL as text with all digits after its point."""
    precision, scale = digits_of(kind)
    text = sql.call("toDecimalString", value, sql.number(scale))
    if precision > scale:
        return text
    # DuckDB writes no 0 before the point where the type has no room for one.
    return sql.call("replaceRegexpOne", text, sql.text(r"^(-?)0\."), sql.text(r"\1."))


def _boolean_text(value: exp.Expr, to: Conversion) -> exp.Expr:
    return sql.call("toString", sql.cast(value, held(to.source)))


def _text(value: exp.Expr, _to: Conversion) -> exp.Expr:
    return sql.call("toString", value)


CASTS: Final[dict[tuple[str, str], Cast]] = {
    ("text", "integer"): _to_integer,
    ("text", "decimal"): _to_decimal,
    ("text", "float"): _to_float,
    ("text", "boolean"): _to_boolean,
    ("integer", "text"): _text,
    ("decimal", "text"): lambda value, to: decimal_text(value, to.source),
    ("float", "text"): lambda value, _to: float_text(value),
    ("boolean", "text"): _boolean_text,
    ("uuid", "text"): _text,
    ("json", "text"): lambda value, _to: value,
}
