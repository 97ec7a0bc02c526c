"""A lexer for Jinja that knows where in the text each token starts."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer


class OffsetLexer(Lexer):
    r"""Gives each token's offset in the text where Jinja's own lexer gives its line.

    The parser hands that number on to every node and every syntax error, so that both know their
    column too. The text must have `\n` as its only line end.
    """

    openings: list[int]

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        """Give (offset, kind, text) for each token of `source`; note in `openings` what opens."""
        self.openings = []
        start = end = 0
        opens = False
        try:
            for _, kind, text in super().tokeniter(source, name, filename, state):
                # Between two tokens only white space can be missing, where a `-` took it away.
                start = source.find(text, end)
                end = start + len(text)
                opens = kind.endswith("_begin")
                if opens:
                    self.openings.append(start)
                yield start, kind, text
        except TemplateSyntaxError as error:
            at = start if opens else end
            raise TemplateSyntaxError(error.message or "", at, name, filename) from None
