"""format() and printf() of texts and whole numbers, by a constant format."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.casts import convert
from featuresql.compiler.clickhouse.emission import Emission, EmitCall
from featuresql.compiler.clickhouse.functions.pieces import constant_operand
from featuresql.compiler.typing.argument import type_text
from featuresql.spec.column_type import VARCHAR

_HINT: Final = "cast the value to VARCHAR, and round it before"
_BRACES: Final = re.compile(r"\{\{|\}\}|\{(?P<place>[0-9]*)(?::0(?P<width>[0-9]+)d?)?\}")
_PERCENTS: Final = re.compile(r"%%|%(?:0(?P<width>[0-9]+))?(?P<kind>[ds])")


def _made(call: EmitCall, pattern: re.Pattern[str], escapes: str) -> exp.Expr:
    text = constant_operand(call, 0, "a format")
    parts: list[exp.Expr] = [sql.text("")]
    end, following = 0, 1
    for found in pattern.finditer(text):
        _plain(call, parts, text[end : found.start()], escapes)
        end = found.end()
        if found[0][0] == found[0][-1]:
            parts.append(sql.text(found[0][0]))
            continue
        place = found.groupdict().get("place")
        position = int(place) + 1 if place else following
        following += 1
        if position >= len(call.args):
            raise call.refuse(f"{call.name} of fewer values than its format names")
        parts.append(_value(call, position, found.groupdict()))
    _plain(call, parts, text[end:], escapes)
    if following != len(call.args):
        raise call.refuse(f"{call.name} of more values than its format names")
    return call.as_result(sql.call("concat", *parts))


def _plain(call: EmitCall, parts: list[exp.Expr], text: str, escapes: str) -> None:
    if any(character in text for character in escapes):
        raise call.refuse(f"{call.name} by '{text}'", _HINT)
    if text:
        parts.append(sql.text(text))


def _value(call: EmitCall, position: int, found: dict[str, str | None]) -> exp.Expr:
    kind, value = call.bound[position], call.args[position]
    is_number = found.get("kind") == "d" or found["width"] is not None
    is_text = found.get("kind") == "s"
    if (is_number and not kind.is_integer) or (is_text and kind != VARCHAR):
        raise call.refuse(f"{call.name} of {type_text(kind)} in this form", _HINT)
    if not kind.is_integer and kind.name not in {"VARCHAR", "BOOLEAN", "DATE"}:
        raise call.refuse(f"{call.name} of {type_text(kind)}", _HINT)
    text = convert(call.emitter, call.operands[position], value, kind, VARCHAR)
    return text if found["width"] is None else _padded(text, int(found["width"]))


def _padded(text: exp.Expr, width: int) -> exp.Expr:
    """Return a whole number's text with zeros between its sign and its digits."""
    digits = sql.call("replaceOne", text, sql.text("-"), sql.text(""))
    size = sql.call("length", text.copy())
    missing = sql.call("greatest", sql.call("minus", sql.number(width), size), sql.number(0))
    sign = sql.call(
        "substring", text.copy(), sql.number(1), sql.call("startsWith", text.copy(), sql.text("-"))
    )
    zeros = sql.call("repeat", sql.text("0"), missing)
    return sql.call("concat", sign, zeros, digits)


ENTRIES: Final = (
    Emission(
        "format",
        lambda call: _made(call, _BRACES, "{}"),
        (
            *("format('{}-{}', n, s)", "format('{{{}}}', s2)", "format('{1}{0}', s, s2)"),
            *("format('{:05d}|{:02}', i4, i1)", "format('{}', b)", "format('é{}', d)"),
            *("format('none')", "format('{:06d}', i8)", "format('{}', u8)"),
        ),
    ),
    Emission(
        "printf",
        lambda call: _made(call, _PERCENTS, "%"),
        ("printf('%05d', i4)", "printf('%d%%|%s', n, s)", "printf('%012d|%d', i8, i1)"),
    ),
)
