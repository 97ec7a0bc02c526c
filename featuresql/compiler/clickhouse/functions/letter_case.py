"""lower() and upper(): DuckDB maps each character to one character, ClickHouse some to several."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall


def _span(first: int, last: int) -> str:
    return "".join(map(chr, range(first, last + 1)))


# ClickHouse follows the Unicode standard's full mapping, in which the lower case of a last sigma
# depends on the letters around it, and newer tables; these are all characters that differ.
_LOWER: Final = {"\u0130": "i", "\u03a3": "\u03c3"}
_LOWER_SAME: Final = "\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc" + (
    _span(0x10D50, 0x10D65) + _span(0x16EA0, 0x16EB8)
)
_UPPER: Final = {
    "ß": "ẞ",
    **{c: c.title() for c in _span(0x1F80, 0x1FAF) + "ᾳῃῳ"},
    "ᾼ": "ᾼ",
    "ῌ": "ῌ",
    "ῼ": "ῼ",
}
_UPPER_SAME: Final = (
    "\u0149\u019b\u01f0\u0264\u0390\u03b0\u0587\u1c8a\u1e96\u1e97\u1e98\u1e99\u1e9a"
    "\u1f50\u1f52\u1f54\u1f56\u1fb2\u1fb4\u1fb6\u1fb7\u1fc2\u1fc4\u1fc6\u1fc7\u1fd2\u1fd3\u1fd6"
    "\u1fd7\u1fe2\u1fe3\u1fe4\u1fe6\u1fe7\u1ff2\u1ff4\u1ff6\u1ff7\ua7cd\ua7cf\ua7d3\ua7d5\ua7db"
    + _span(0xFB00, 0xFB06)
    + _span(0xFB13, 0xFB17)
    + _span(0x10D70, 0x10D85)
    + _span(0x16EBB, 0x16ED3)
)


def in_case(
    text: exp.Expr, name: str, one_by_one: dict[str, str], unchanged: str, parameter: str
) -> exp.Expr:
    """Return `text` as the function `name` gives it, apart from the characters that are given."""
    special = "".join(one_by_one) + unchanged
    images = "".join(one_by_one.values()) + unchanged
    among = sql.text(f"[{special}]")
    character = sql.name(parameter)
    mapped = sql.choose(
        sql.call("match", character, among),
        sql.call("translateUTF8", character.copy(), sql.text(special), sql.text(images)),
        sql.call(name, character.copy()),
    )
    characters = sql.call("extractAll", sql.call("assumeNotNull", text.copy()), sql.text("(?s)."))
    slow = sql.call(
        "arrayStringConcat", sql.call("arrayMap", sql.function((parameter,), mapped), characters)
    )
    return sql.choose(sql.call("match", text, among.copy()), slow, sql.call(name, text.copy()))


def lowered(text: exp.Expr, parameter: str) -> exp.Expr:
    """Return `text` in lower case; `parameter` is a name for a lambda."""
    return in_case(text, "lowerUTF8", _LOWER, _LOWER_SAME, parameter)


def _lower(call: EmitCall) -> exp.Expr:
    return lowered(call.args[0], call.fresh())


def _upper(call: EmitCall) -> exp.Expr:
    return in_case(call.args[0], "upperUTF8", _UPPER, _UPPER_SAME, call.fresh())


ENTRIES: Final = (
    Emission(
        "lower",
        _lower,
        ("lower(s)", "lower('\u0130\u03a3\u0391\u03a3 ' || s)", "lower('')", "lower(NULL)"),
    ),
    Emission("upper", _upper, ("upper(s)", "upper('straßeᾳŉfﬁ' || s)", "upper('')")),
)
