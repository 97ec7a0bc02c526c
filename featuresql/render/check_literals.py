"""A look at rendered SQL: every literal of a variable's must be a literal there too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from featuresql.render.template_text import Spans

# What hides text from the SQL parser, as DuckDB and PostgreSQL read it. A string that is not closed
# runs to the end. Names come first in the alternatives, since `a$b$` starts no dollar quote.
_TOKEN = re.compile(
    r"""
      (?P<escape>[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*(?:'|\Z|\\\Z))
    | (?P<name>[A-Za-z_\u0080-\U0010ffff][\w$]*)
    | (?P<text>'[^']*(?:''[^']*)*(?:'|\Z))
    | (?P<quoted>"[^"]*(?:""[^"]*)*(?:"|\Z))
    | (?P<line>--[^\n\r]*)
    | (?P<block>/\*)
    | (?P<tag>\{[{%\#])
    | (?P<dollar>\$(?:[A-Za-z_\u0080-\U0010ffff]\w*)?\$)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_IN_QUOTES = "a variable stands within quotes"
_IN_COMMENT = "a variable's value would end the comment that it stands in"
_IN_TAG = "a variable stands behind what some parsers of SQL take for a template's tag"
_JOINED = "a variable's value runs into the characters beside it"


@dataclass(frozen=True, slots=True)
class MisplacedLiteral:
    """A literal that the SQL around it would read as something else: its offset, and why."""

    offset: int
    reason: str


def find_misplaced_literal(sql: str, spans: Spans) -> MisplacedLiteral | None:
    """Return the first of the literals at `spans` that does not stand for itself in `sql`.

    A literal must be one token of its own: not within quotes, where its own quotes would end them,
    nor hard against a prefix or another literal. In a comment it must not end the comment.
    """
    tokens = _hiding_tokens(sql, spans[-1][1]) if spans else iter(())
    token = next(tokens, None)
    for start, end in spans:
        while token is not None and token[2] <= start:
            token = next(tokens, None)
        reason = _fault(sql, start, end, token)
        if reason is not None:
            return MisplacedLiteral(start, reason)
    return None


def _fault(sql: str, start: int, end: int, token: tuple[str, int, int] | None) -> str | None:
    before = sql[start - 1] if start else " "
    if sql[start] == "-":
        return _JOINED if before == "-" else None
    if token is None or token[1] >= end:
        return _JOINED
    kind, token_start, token_end = token
    if kind in {"line", "block"}:
        edges = _BLOCK_EDGE.search(sql, start, end) if kind == "block" else None
        return _IN_COMMENT if token_end < end or edges else None
    if kind == "tag":
        return _IN_TAG
    if (token_start, token_end) == (start, end):
        return _JOINED if before.isalnum() or before in "_$&'\"" else None
    return _JOINED if token_start >= start or kind == "escape" else _IN_QUOTES


def _hiding_tokens(sql: str, until: int) -> Iterator[tuple[str, int, int]]:
    position = 0
    while position < until:
        match = _TOKEN.search(sql, position)
        if match is None:
            return
        kind, position = str(match.lastgroup), match.end()
        if kind == "block":
            position = _end_of_block(sql, position)
        elif kind == "tag":
            position = len(sql)
        elif kind == "dollar":
            closing = sql.find(match.group(), position)
            position = len(sql) if closing < 0 else closing + len(match.group())
        if kind != "name":
            yield kind, match.start(), position


def _end_of_block(sql: str, position: int) -> int:
    depth = 1
    while depth:
        edge = _BLOCK_EDGE.search(sql, position)
        if edge is None:
            return len(sql)
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position
