"""The way back from rendered SQL to the template that it was made of."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from featuresql.errors import Location


def line_starts(text: str) -> array[int]:
    r"""Return the offset at which each line of `text` starts; lines end with `\n`."""
    starts = array("q", [0])
    position = text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return starts


@dataclass(frozen=True, slots=True)
class TemplateFile:
    r"""A template's text with `\n` line ends, and where each name stands in it.

    `path` is relative to the project's root. `names` has the offsets of every use of a name;
    `arguments` has, for each call of config() by the offset where it starts, the offsets of each
    named argument and of its value.
    """

    path: str
    text: str
    names: dict[str, list[int]] = field(default_factory=dict)
    arguments: dict[int, dict[str, tuple[int, int]]] = field(default_factory=dict)
    starts: array[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the lines once."""
        object.__setattr__(self, "starts", line_starts(self.text))

    def location(self, offset: int) -> Location:
        """Return the line and column of the character at `offset`, which is cut to the text."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset)
        return Location(self.path, line, offset - self.starts[line - 1] + 1)

    def excerpt(self, location: Location) -> str | None:
        """Return the line that `location` names; None where the file has no such line."""
        if not 1 <= location.line <= len(self.starts):
            return None
        start = self.starts[location.line - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def offset_of_name(self, name: str, start: int) -> int:
        """Return where `name` is first used at or after `start`; `start` where it is not."""
        return next((at for at in self.names.get(name, ()) if at >= start), start)


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Leads from an offset in rendered SQL to the template's line and column.

    The SQL is a row of pieces. Piece `i` starts at `starts[i]` in the SQL and at `origins[i]` in
    the template. Where `exact[i]` is 1 the piece was copied from the template, character by
    character; where it is 0 an expression or a macro call made it, and all of it lies there.
    """

    template: TemplateFile
    starts: array[int]
    origins: array[int]
    exact: bytearray
    sql_lines: array[int]
    length: int

    def locate(self, offset: int) -> Location:
        """Return the template's place for the character at `offset` of the SQL, from 0.

        An offset before or behind the SQL is read as its first or last place.
        """
        if not self.starts:
            return self.template.location(0)
        offset = min(max(offset, 0), self.length)
        piece = bisect_right(self.starts, offset) - 1
        inside = offset - self.starts[piece] if self.exact[piece] else 0
        return self.template.location(self.origins[piece] + inside)

    def locate_line_column(self, line: int, column: int) -> Location:
        """Return the template's place for a line and column of the SQL, both from 1."""
        line = min(max(line, 1), len(self.sql_lines))
        return self.locate(self.sql_lines[line - 1] + max(column, 1) - 1)

    def excerpt(self, location: Location) -> str | None:
        """Return the template's line that `location` names; None where it is of another file."""
        return self.template.excerpt(location) if location.path == self.template.path else None


def make_source_map(
    template: TemplateFile, sql: str, pieces: Sequence[tuple[int, int, bool]]
) -> SourceMap:
    """Return the map of `sql`, whose `pieces` are (length, origin in the template, exact)."""
    starts, origins, exact = array("q"), array("q"), bytearray()
    offset = 0
    for length, origin, is_exact in pieces:
        if length:
            starts.append(offset)
            origins.append(origin)
            exact.append(is_exact)
            offset += length
    return SourceMap(template, starts, origins, exact, line_starts(sql), len(sql))
