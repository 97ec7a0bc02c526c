"""Parts of a text by position: substring, left, right, split_part, slices; and texts joined."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall
from featuresql.compiler.clickhouse.functions.pieces import (
    characters_of,
    checked,
    constant_operand,
    just,
    known,
    unless_null,
)
from featuresql.compiler.typing.rules import constant_integer
from featuresql.spec.column_type import VARCHAR, list_of

# Positions and lengths beyond these are errors in DuckDB.
_HIGHEST: Final = 2**32 - 1
_LOWEST: Final = -(2**32)
_OUTSIDE: Final = "a position or length outside of the supported range"
_WIDE: Final = frozenset({"BIGINT", "UBIGINT", "HUGEINT"})
_SHORT: Final = 2**31 - 1


def length_of(text: exp.Expr) -> exp.Expr:
    """Return the characters of `text` as a signed number."""
    return sql.call("toInt64", sql.call("lengthUTF8", text.copy()))


def cut(text: exp.Expr, first: exp.Expr, end: exp.Expr) -> exp.Expr:
    """Return the characters from `first`, counted from 0, up to but without `end`."""
    start = sql.call("greatest", first, sql.number(0))
    count = sql.call("minus", sql.call("least", end, length_of(text)), start.copy())
    return sql.call(
        "substringUTF8",
        text.copy(),
        sql.call("plus", start, sql.number(1)),
        sql.call("greatest", count, sql.number(0)),
    )


def in_range(call: EmitCall, position: int) -> exp.Expr:
    """Return an operand that is a position or a length, checked as DuckDB checks it."""
    value, constant = call.args[position], constant_integer(call.operands[position])
    if constant is not None and abs(constant) <= _SHORT:
        return value
    if constant is None and call.emitter.kind(call.operands[position]).name not in _WIDE:
        return value
    low = sql.call("less", value.copy(), sql.number(_LOWEST))
    high = sql.call("greater", value.copy(), sql.number(_HIGHEST))
    return checked(value, sql.either(low, high), _OUTSIDE)


def _substring(call: EmitCall) -> exp.Expr:
    text = call.args[0]
    start, length = (
        constant_integer(call.operands[i]) if len(call.args) > i else _SHORT for i in (1, 2)
    )
    if start is not None and length is not None and start > 0 <= length:
        return sql.call("substringUTF8", *call.args)
    offset = in_range(call, 1)
    count = in_range(call, 2) if len(call.args) > 2 else sql.number(_HIGHEST)  # noqa: PLR2004 - length
    # Before the first character is position 0; from the end count negative ones.
    begin = sql.call(
        "plus",
        offset,
        sql.choose(
            sql.call("less", call.args[1].copy(), sql.number(0)), length_of(text), sql.number(-1)
        ),
    )
    other = sql.call("plus", begin.copy(), count)
    first = sql.call("least", begin, other)
    last = sql.call("greatest", begin.copy(), other.copy())
    return unless_null(call.args, cut(text, first, last), VARCHAR)


def _left(call: EmitCall) -> exp.Expr:
    text, count = call.args
    constant = constant_integer(call.operands[1])
    if constant is not None and 0 <= constant <= _SHORT:
        return sql.call("leftUTF8", text, count)
    high = sql.call("greater", count.copy(), sql.number(_HIGHEST))
    size = checked(count, high, _OUTSIDE)
    negative = sql.call("less", count.copy(), sql.number(0))
    end = sql.choose(negative, sql.call("plus", length_of(text), size), size.copy())
    return unless_null(call.args, cut(text, sql.number(0), end), VARCHAR)


def _right(call: EmitCall) -> exp.Expr:
    text, count = call.args
    constant = constant_integer(call.operands[1])
    if constant is not None and 0 <= constant <= _SHORT:
        return sql.call("rightUTF8", text, count)
    rest = sql.call("minus", length_of(text), sql.call("least", count.copy(), length_of(text)))
    negative = sql.call("less", count.copy(), sql.number(0))
    begin = sql.choose(
        negative, sql.call("minus", sql.number(0), sql.call("greatest", count, _lowest())), rest
    )
    return unless_null(call.args, cut(text, begin, length_of(text)), VARCHAR)


def _lowest() -> exp.Expr:
    return sql.number(_LOWEST)


def text_element(call: EmitCall) -> exp.Expr:
    """Return the one character at a position, no text at position 0."""
    text, position = call.args[0], in_range(call, 1)
    begin = sql.choose(
        sql.call("less", call.args[1].copy(), sql.number(0)),
        sql.call("plus", length_of(text), position),
        sql.call("minus", position.copy(), sql.number(1)),
    )
    end = sql.call("plus", begin.copy(), sql.number(1))
    return unless_null(call.args, cut(text, begin, end), VARCHAR)


def text_slice(call: EmitCall) -> exp.Expr:
    """Return the characters from one position to another, both included."""
    first, end = slice_ends(length_of(call.args[0]), call.args[1], call.args[2])
    made = cut(call.args[0], sql.call("minus", first, sql.number(1)), end)
    return unless_null(call.args, made, VARCHAR)


def slice_ends(length: exp.Expr, begin: exp.Expr, end: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """Return the first and the last position of a slice, from 1; empty where they are crossed."""
    zero, one = sql.number(0), sql.number(1)

    def from_end(position: exp.Expr) -> exp.Expr:
        # The lowest number has no opposite: what lies before the text is all the same.
        near = sql.call("greatest", position.copy(), sql.number(-(2**62)))
        return sql.call("plus", sql.call("plus", length.copy(), near), one.copy())

    first = sql.choose(
        sql.call("less", begin, zero), sql.call("greatest", from_end(begin), one), begin.copy()
    )
    first = sql.call("greatest", first, one.copy())
    last = sql.choose(
        sql.call("less", end, zero.copy()),
        from_end(end),
        sql.call("least", end.copy(), length),
    )
    return first, last


def _split(text: exp.Expr, separator: str) -> exp.Expr:
    """Return the parts of a text that is not NULL."""
    if separator:
        return sql.call("splitByString", sql.text(separator), text)
    whole = sql.call("array", text.copy())
    return sql.choose(sql.call("empty", text), whole, characters_of(text.copy()))


def _string_split(call: EmitCall) -> exp.Expr:
    separator = constant_operand(call, 1, "a separator")
    text = call.args[0]
    return unless_null((text,), just(_split(known(text), separator)), list_of(VARCHAR))


def _split_part(call: EmitCall) -> exp.Expr:
    separator = constant_operand(call, 1, "a separator")
    text, position = call.args[0], call.args[2]
    parts = _split(known(text), separator)
    if not separator:
        raise call.refuse("split_part at every character", "write text[n]")
    none = sql.call("equals", position.copy(), sql.number(0))
    index = sql.choose(none, sql.number(1), sql.call("assumeNotNull", position.copy()))
    part = sql.choose(none.copy(), sql.text(""), sql.call("arrayElement", parts, index))
    return unless_null((text, position), part, VARCHAR)


def _concat_ws(call: EmitCall) -> exp.Expr:
    """Join with a separator that is put before each part, and taken away before the first."""
    separator = call.args[0]
    parts = []
    for operand in call.operands[1:]:
        part = call.emitter.emit_as(operand, VARCHAR)
        behind = sql.call("concat", separator.copy(), part)
        parts.append(sql.choose(sql.is_null(part.copy()), sql.text(""), behind))
    whole = sql.call("concat", sql.text(""), *parts)
    begin = sql.call("plus", sql.call("length", separator.copy()), sql.number(1))
    return sql.call("substring", whole, begin)


ENTRIES: Final = (
    Emission(
        "substring",
        _substring,
        (
            *("substring(s, 2, 2)", "substring(s, 2)", "substring(s, 0, 2)", "substring(s, -2, 1)"),
            *("substring(s, n - 6, i2)", "substring(s, 2, -1)", "substring(s, -10, 7)"),
            *("substring(s, 0)", "substring(s, n - 6)", "substr(s, 3, 0)", "substring(s, NULL)"),
        ),
    ),
    Emission("left", _left, ("left(s, 2)", "left(s, -2)", "left(s, n - 6)", "left(s, 0)")),
    Emission("right", _right, ("right(s, 2)", "right(s, -2)", "right(s, n - 6)", "right(s, i8)")),
    Emission(
        "string_split",
        _string_split,
        ("string_split(s, ',')", "string_split(s, '')", "string_split('', '')", "split(s, ' ')"),
    ),
    Emission(
        "split_part",
        _split_part,
        (
            *("split_part(s, ',', 1)", "split_part(s, ',', -1)", "split_part(s, ' ', 0)"),
            *("split_part(s, ' ', 9)", "split_part(s, ',', n - 8)", "split_part(s, 'ï', 2)"),
        ),
    ),
    Emission(
        "concat_ws",
        _concat_ws,
        (
            *("concat_ws(',', s, NULL, s2)", "concat_ws(s2, s, s)", "concat_ws(NULL, s)"),
            *("concat_ws('-', NULL, s2)", "concat_ws('ï', s, '', s2)"),
        ),
    ),
)
