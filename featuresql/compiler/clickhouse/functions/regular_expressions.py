"""Regular expressions, LIKE and its kin. Both engines use RE2, but `.` is a line's end in one."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions.letter_case import lowered
from featuresql.compiler.clickhouse.functions.patterns import Pattern, read_pattern
from featuresql.compiler.clickhouse.functions.pieces import (
    constant_operand,
    just,
    known,
    parameters,
    unless_null,
)
from featuresql.compiler.typing.rules import constant_integer, constant_text
from featuresql.spec.column_type import VARCHAR, list_of

_OPTIONS: Final = frozenset("cimnps")
_MAX_GROUP: Final = 9
_NO_PLAIN_GLOB: Final = re.compile(r"[?\[\]\\]")
_BAD_REWRITE: Final = re.compile(r"\\(?![0-9\\])")
_EMPTY: Final = "a pattern that may match no text, which the engines step over differently"


def _pattern(call: EmitCall, options: int, allowed: frozenset[str] = _OPTIONS) -> str:
    """Return the constant pattern under the options that stand at the position `options`."""
    text = constant_operand(call, 1, "a pattern")
    chosen = constant_operand(call, options, "options") if len(call.operands) > options else ""
    if not set(chosen) <= allowed:
        raise call.refuse(f"{call.name} with the options '{chosen}'", "use i and s alone")
    any_character, any_case = "-s", False
    for option in chosen:
        if option in "mnps":
            any_character = "s" if option == "s" else "-s"
        elif option in "ci":
            any_case = option == "i"
    return f"(?{'i' if any_case else ''}{any_character}){text}"


def _read(call: EmitCall) -> Pattern:
    found = read_pattern(constant_operand(call, 1, "a pattern"))
    if found is None:
        raise call.refuse(f"{call.name} with this pattern", "write a simpler one")
    return found


def _never_empty(call: EmitCall) -> None:
    if _read(call).may_be_empty:
        raise call.refuse(f"{call.name} with {_EMPTY}", "use + where there is *")


def _matches(call: EmitCall) -> exp.Expr:
    return call.as_result(sql.call("match", call.args[0], sql.text(_pattern(call, 2))))


def _full_match(call: EmitCall) -> exp.Expr:
    flags, _, text = _pattern(call, 2).partition(")")
    whole = f"{flags})\\A(?:{text})\\z"
    return call.as_result(sql.call("match", call.args[0], sql.text(whole)))


def _replace(call: EmitCall) -> exp.Expr:
    pattern = _pattern(call, 3, _OPTIONS | {"g"})
    replacement = constant_operand(call, 2, "a replacement")
    found = _read(call)
    references = [int(digit) for digit in re.findall(r"\\([0-9])", replacement)]
    if (
        _BAD_REWRITE.search(replacement.replace("\\\\", ""))
        or max(references, default=0) > found.groups
    ):
        raise call.refuse(
            f"{call.name} by '{replacement}'", "write \\0 to \\9 for the groups there are"
        )
    everywhere = len(call.operands) > 3 and "g" in constant_operand(call, 3, "options")  # noqa: PLR2004 - options
    if everywhere:
        _never_empty(call)
    name = "replaceRegexpAll" if everywhere else "replaceRegexpOne"
    return sql.call(name, call.args[0], sql.text(pattern), sql.text(replacement))


def _group(call: EmitCall) -> int:
    if len(call.operands) < 3:  # noqa: PLR2004 - a text and a pattern
        return 0
    group = constant_integer(call.operands[2])
    if group is None or not 0 <= group <= min(_read(call).groups, _MAX_GROUP):
        raise call.refuse(f"{call.name} of a group that is not in the pattern")
    return group


def _extract(call: EmitCall) -> exp.Expr:
    group = _group(call)
    pattern = sql.text(_pattern(call, 3))
    return sql.call("regexpExtract", call.args[0], pattern, sql.number(group))


def _extract_all(call: EmitCall) -> exp.Expr:
    group = _group(call)
    _never_empty(call)
    flags, _, text = _pattern(call, 3).partition(")")
    value = known(call.args[0])
    if group == 0:
        found = sql.call("extractAll", value, sql.text(f"{flags})({text})"))
    elif group in _read(call).sure:
        (each,) = parameters(call, 1)
        rows = sql.call("extractAllGroupsVertical", value, sql.text(f"{flags}){text}"))
        part = sql.call("arrayElement", sql.name(each), sql.number(group))
        found = sql.call("arrayMap", sql.function((each,), part), rows)
    else:
        raise call.refuse(f"{call.name} of a group that may be absent", "extract one that is not")
    return unless_null(call.args[:1], just(found), list_of(VARCHAR))


def _split(call: EmitCall) -> exp.Expr:
    _never_empty(call)
    value = known(call.args[0])
    parts = sql.call("splitByRegexp", sql.text(_pattern(call, 2)), value)
    return unless_null(call.args[:1], just(parts), list_of(VARCHAR))


def _escaped(pattern: exp.Expr) -> exp.Expr:
    """Return a pattern of LIKE in which a backslash is itself, as in DuckDB."""
    return sql.call("replaceAll", pattern, sql.text("\\"), sql.text("\\\\"))


def _liked(call: EmitCall, text: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    name = "notLike" if call.node.args.get("negate") else "like"
    return call.as_result(sql.call(name, text, pattern))


def _like(call: EmitCall) -> exp.Expr:
    text, pattern = call.args
    constant = constant_text(call.operands[1])
    if constant is not None:
        return _liked(call, text, sql.text(constant.replace("\\", "\\\\")))
    return _liked(call, text, _escaped(pattern))


def _ilike(call: EmitCall) -> exp.Expr:
    one, two = parameters(call, 2)
    return _liked(call, lowered(call.args[0], one), _escaped(lowered(call.args[1], two)))


def _glob(call: EmitCall) -> exp.Expr:
    pattern = constant_operand(call, 1, "a pattern")
    if _NO_PLAIN_GLOB.search(pattern):
        raise call.refuse("GLOB with ?, [ or \\, which count bytes", "use LIKE or regexp_matches")
    marked = pattern.replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    return call.as_result(sql.call("like", call.args[0], sql.text(marked)))


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    Emission(
        "LIKE",
        _like,
        (
            *(
                "s LIKE 'a%'",
                "s LIKE '%ï%'",
                "s LIKE '_b_'",
                "s LIKE s2",
                "s LIKE '%' || s2 || '%'",
            ),
            *("s LIKE '%\\n'", "s NOT LIKE '%b%'", "s LIKE ''", "'a\\' LIKE 'a\\'", "s LIKE NULL"),
            "'日本語' LIKE '___'",
        ),
    ),
    Emission(
        "ILIKE",
        _ilike,
        ("s ILIKE 'A%'", "s ILIKE '%Ï%'", "s NOT ILIKE s2", "'\u0130' ILIKE 'i'", "'ß' ILIKE 'ẞ'"),
    ),
    Emission("SIMILAR", _full_match, ("s SIMILAR TO 'a.*'", "s SIMILAR TO 'a|abc'")),
    Emission("GLOB", _glob, ("s GLOB 'a*'", "s GLOB '*b*'", "'a%' GLOB 'a%'", "'ab' GLOB 'a_'")),
    Emission(
        "regexp_matches",
        _matches,
        (
            *("regexp_matches(s, '^[ab]')", "regexp_matches(s, 'B', 'i')", "s ~ 'abc'"),
            *("regexp_matches(E'a\\nb', 'a.b')", "regexp_matches(E'a\\nb', 'a.b', 's')"),
            *("regexp_matches(s, 'ï.*Ü')", "regexp_matches(s, '\\w \\w')"),
        ),
    ),
    Emission(
        "regexp_full_match",
        _full_match,
        ("regexp_full_match(s, 'b')", "regexp_full_match(s, 'a|ABC', 'i')"),
    ),
    Emission(
        "regexp_replace",
        _replace,
        (
            *("regexp_replace(s, '[ab]', 'x')", "regexp_replace(s, '[ab]', 'x', 'g')"),
            *("regexp_replace(s, '(\\w)(\\w)', '\\2\\1', 'g')", "regexp_replace(s, 'B', '', 'gi')"),
            *("regexp_replace(s, 'a*', '-')", "regexp_replace(s, 'b', '[\\0\\\\]')"),
        ),
    ),
    Emission(
        "regexp_extract",
        _extract,
        (
            *("regexp_extract(s, '([a-z])(b)?', 2)", "regexp_extract(s, '[0-9]+')"),
            *("regexp_extract(s, 'B(.)', 1, 'i')", "regexp_extract(s, '(a)|(1)', 2)"),
            "regexp_extract('https://www.x.com/a?b=1', 'https?://([^/]+)/', 1)",
        ),
    ),
    Emission(
        "regexp_extract_all",
        _extract_all,
        (
            *("regexp_extract_all(s, '[a-z]')", "regexp_extract_all(s, '(\\w)(\\W)', 2)"),
            "regexp_extract_all(s, '(?:a|b)|c')",
        ),
    ),
    Emission(
        "string_split_regex",
        _split,
        ("string_split_regex(s, '[, ]+')", "string_split_regex(s, 'b|B')"),
    ),
    Refusal("regexp_escape", "the engines escape different characters", "write the pattern out"),
)
