"""What a regular expression of RE2 is made of, as far as the emissions must know it."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Final

# An escape, a class of characters, a parenthesis, or anything else.
_TOKENS: Final = re.compile(
    r"\\[pP](?:\{\w+\}|\w)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]])*\]|.", re.DOTALL
)
_CAPTURING: Final = re.compile(r"\((?!\?)|\(\?P?<")
_QUANTIFIERS: Final = ("*", "?", "{", "+")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression. `groups` are those that capture; `sure` those that always take part."""

    groups: int
    sure: frozenset[int]
    may_be_empty: bool


def read_pattern(text: str) -> Pattern | None:
    """Return what is to be known of a pattern, or None where it is too strange to know it."""
    pieces = _TOKENS.findall(text)
    if any(piece in {"\\Q", "\\E", "\\C"} for piece in pieces):
        return None
    empty = _may_be_empty(pieces)
    return None if empty is None else Pattern(*_groups(text, pieces), empty)


def _may_be_empty(pieces: list[str]) -> bool | None:
    """Whether the pattern, without its assertions, matches no text at all."""
    simple = []
    for piece in pieces:
        if piece in {"^", "$", "\\b", "\\B", "\\A", "\\z"}:
            simple.append("(?:)")
        elif piece.startswith(("[", "\\p", "\\P")):
            simple.append("x")
        else:
            simple.append(piece)
    text = "".join(simple).replace("(?<", "(?P<")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.match(f"(?:{text})\\Z", "") is not None
    except re.error:
        return None


def _groups(text: str, pieces: list[str]) -> tuple[int, frozenset[int]]:
    """Return how many groups capture, and which of them stand outside of what may be left out."""
    open_groups: list[int] = []
    sure: set[int] = set()
    count = position = 0
    for i, piece in enumerate(pieces):
        if piece == "(":
            captures = _CAPTURING.match(text, position) is not None
            count += captures
            open_groups.append(count if captures else 0)
        elif piece == ")" and open_groups:
            number = open_groups.pop()
            follows = pieces[i + 1] if i + 1 < len(pieces) else ""
            if number and not open_groups and follows not in _QUANTIFIERS:
                sure.add(number)
        elif piece == "|" and not open_groups:
            return _count_all(text, pieces), frozenset()
        position += len(piece)
    return count, frozenset(sure)


def _count_all(text: str, pieces: list[str]) -> int:
    count = position = 0
    for piece in pieces:
        count += piece == "(" and _CAPTURING.match(text, position) is not None
        position += len(piece)
    return count
