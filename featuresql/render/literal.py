"""Values as SQL: typed literals and column names in DuckDB's dialect."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

from jinja2.runtime import LoopContext, Macro
from jinja2.utils import Namespace

from featuresql.errors import RenderError
from featuresql.render.template_text import RenderedText, join_rendered

MAX_IDENTIFIER_CHARACTERS = 255

# The words that DuckDB takes as no column's name unless they are quoted.
RESERVED_WORDS = frozenset(
    {
        "all",
        "analyse",
        "analyze",
        "and",
        "anti",
        "any",
        "array",
        "as",
        "asc",
        "asof",
        "asymmetric",
        "at",
        "authorization",
        "between",
        "binary",
        "both",
        "by",
        "case",
        "cast",
        "check",
        "coalesce",
        "collate",
        "collation",
        "column",
        "columns",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_date",
        "current_time",
        "current_timestamp",
        "default",
        "deferrable",
        "desc",
        "describe",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "exists",
        "extract",
        "false",
        "fetch",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "generated",
        "glob",
        "grant",
        "group",
        "grouping_id",
        "having",
        "ilike",
        "in",
        "initially",
        "inner",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "lambda",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "map",
        "natural",
        "not",
        "notnull",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "overlaps",
        "overlay",
        "pivot",
        "pivot_longer",
        "pivot_wider",
        "placing",
        "position",
        "positional",
        "primary",
        "qualify",
        "references",
        "returning",
        "right",
        "row",
        "select",
        "semi",
        "show",
        "similar",
        "some",
        "struct",
        "substring",
        "summarize",
        "symmetric",
        "table",
        "tablesample",
        "then",
        "to",
        "trailing",
        "treat",
        "trim",
        "true",
        "try_cast",
        "union",
        "unique",
        "unpack",
        "unpivot",
        "user",
        "using",
        "values",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
    }
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def quoted(name: str) -> str:
    """Return `name` as an SQL name, in double quotes where it needs them."""
    if _PLAIN_NAME.fullmatch(name) and name.lower() not in RESERVED_WORDS:
        return str.__str__(name)
    return '"' + name.replace('"', '""') + '"'


def identifier(value: object) -> str:
    """Return `value` as a column's name for SQL; quoted ones are guarded like literals.

    Raises RenderError where it is no text, is empty, too long, or has characters that do not print.
    """
    if not isinstance(value, str):
        raise RenderError(f"'identifier' wants the text of a name, not {kind_of(value)}")
    if not value or len(value) > MAX_IDENTIFIER_CHARACTERS or not value.isprintable():
        raise RenderError(
            f"{value[:40]!r} cannot be the name of a column",
            hint=f"a name has 1 to {MAX_IDENTIFIER_CHARACTERS} characters, all of which print",
        )
    name = quoted(value)
    return RenderedText(name, ((0, len(name)),)) if name.startswith('"') else name


def sql_literal(value: object) -> str:
    """Return `value` as a typed literal, with the spans that must stay whole.

    Text becomes '…', a float carries an exponent (DuckDB reads it as DOUBLE, and 0.5 as DECIMAL), a
    date DATE '…', an instant TIMESTAMP '…' in UTC, a list (a, b). Raises RenderError for what has
    no literal: NaN, infinities, empty lists, mappings and whatever is no value.
    """
    if isinstance(value, str):
        return _text_literal(value)
    if isinstance(value, list | tuple):
        return _list_literal(value)
    text = _scalar_literal(value)
    start = text.find("'")
    if start >= 0:
        return RenderedText(text, ((start, len(text)),))
    return RenderedText(text, ((0, len(text)),)) if text.startswith("-") else text


def _text_literal(value: str) -> str:
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise RenderError("a text with a zero character or half a surrogate has no SQL literal")
    text = "'" + value.replace("'", "''") + "'"
    return RenderedText(text, ((0, len(text)),))


def _list_literal(values: list[object] | tuple[object, ...]) -> str:
    if not values:
        raise RenderError(
            "an empty list has no SQL literal", hint="ask first: {% if the_list %} … {% endif %}"
        )
    parts = ["("]
    for value in values:
        parts += [sql_literal(value), ", "]
    parts[-1] = ")"
    return join_rendered(parts)


def _scalar_literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise RenderError("NaN and infinities have no SQL literal")
        text = repr(value)
        return text if "e" in text else f"{text}e0"
    if isinstance(value, datetime):
        instant = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return f"TIMESTAMP '{instant.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    raise RenderError(f"{kind_of(value)} has no SQL literal", hint=_hint_of(value))


def _hint_of(value: object) -> str:
    if isinstance(value, dict):
        return "print one of its values: {{ the_mapping['key'] }}"
    return "print a text, a number, a date or a list; call a function or a macro with ()"


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (str, "a text"),
    (int, "a whole number"),
    (float, "a number"),
    (datetime, "an instant"),
    (date, "a date"),
    (dict, "a mapping"),
    (list, "a list"),
    (tuple, "a list"),
    (Macro, "a macro"),
    (Namespace, "a namespace"),
    (LoopContext, "the loop"),
)


def kind_of(value: object) -> str:
    """Return what `value` is, in the words of a template's author."""
    if value is None:
        return "none"
    return next((word for kind, word in _KINDS if isinstance(value, kind)), "a function")
