"""Text within a template that is more than the author's own words.

The author's text is a plain `str`, and prints as it stands. What comes from a variable is
`VariableText`: a value, which prints as a quoted literal. What has been printed already and holds
such literals is `RenderedText`: it may be joined and printed, but not taken apart, since half a
literal would be raw SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn, Self, SupportsIndex

from featuresql.errors import RenderError

Spans = tuple[tuple[int, int], ...]


class VariableText(str):
    """Text that was made from a variable's: it is compared as text, and prints as a literal."""

    __slots__ = ()

    def __getitem__(self, key: SupportsIndex | slice) -> VariableText:
        """Return a part, which is a variable's text too."""
        return VariableText(str.__getitem__(self, key))

    def __iter__(self) -> Iterator[str]:
        """Give the characters, which are variables' text too."""
        return map(VariableText, str.__iter__(self))


class RenderedText(str):
    """A piece of SQL.

    `literals` are the spans of the literals in it that must stay whole. `origin` is the offset in
    the template that it comes from; where `exact`, it was copied from there as it stands.
    """

    __slots__ = ("exact", "literals", "origin")

    literals: Spans
    origin: int
    exact: bool

    def __new__(
        cls, text: str, literals: Spans = (), *, origin: int = 0, exact: bool = False
    ) -> Self:
        """Make it from its text."""
        made = super().__new__(cls, text)
        made.literals = literals
        made.origin = origin
        made.exact = exact
        return made

    def __str__(self) -> str:
        """Return itself, since what is known of it must last when the template prints it."""
        return self

    def __getitem__(self, key: SupportsIndex | slice) -> NoReturn:
        """Refuse: a part of a literal would be raw SQL."""
        raise rendered_text_error()

    def __iter__(self) -> NoReturn:
        """Refuse, as for a part."""
        raise rendered_text_error()


def rendered_text_error() -> RenderError:
    """Return the error for taking apart text that holds a variable's literal."""
    return RenderError(
        "this text holds a variable's value as a literal: it can be printed, trimmed and joined "
        "with other SQL, but not changed",
        code="template-variable",
        hint="change the variable's value before it is printed, or name a column with "
        "{{ var('name') | identifier }}",
    )


def plain_text(text: str) -> str:
    """Return the text as a `str` of no other class."""
    return str.__str__(text)


def join_rendered(pieces: Iterable[str]) -> str:
    """Return the pieces as one text of SQL: a plain `str` where it holds no literals."""
    parts = list(pieces)
    spans: list[tuple[int, int]] = []
    offset = 0
    for part in parts:
        if isinstance(part, RenderedText):
            spans.extend((start + offset, end + offset) for start, end in part.literals)
        offset += len(part)
    text = "".join(parts)
    return RenderedText(text, tuple(spans)) if spans else text


def trim_rendered(text: RenderedText) -> RenderedText:
    """Return the text without white space at its ends."""
    whole = plain_text(text)
    start = len(whole) - len(whole.lstrip())
    return RenderedText(whole.strip(), tuple((s - start, e - start) for s, e in text.literals))
