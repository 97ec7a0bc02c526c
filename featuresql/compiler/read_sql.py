"""Text -> sqlglot's trees, with everything in them meant as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import ClassVar, Final, cast

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

# DuckDB counts from 1. A bracket that says so is generated as it stands, whatever types are known.
FIRST_POSITION: Final = 1

# Escapes that are part of a character's UTF-8 in DuckDB and a character of their own in sqlglot.
_BYTES: Final = re.compile(r"\\(?:x[89a-f]|[2-7][0-7]{2}|0)", re.IGNORECASE)


# What sqlglot raises, by oversight, for some of what is no SQL.
SQLGLOT_FAULTS: Final = (AssertionError, AttributeError, LookupError, TypeError, ValueError)

# Functions for which sqlglot would generate something else than was written.
_AS_CALLED: Final = frozenset(
    {"LOG2", "LOG10", "JARO_WINKLER_SIMILARITY", "JAROWINKLER_SIMILARITY", "APPROX_QUANTILE"}
)
_WITH_UNITS: Final = ("DATE_TRUNC", "DATETRUNC", "DATE_DIFF", "DATEDIFF")
_PAIR: Final = 2
# Short names that DuckDB takes within the text of an interval only; sqlglot moves them out of it.
_UNITS: Final = {
    **dict.fromkeys(("USEC", "USECS"), "MICROSECOND"),
    **dict.fromkeys(("MSEC", "MSECS"), "MILLISECOND"),
    **dict.fromkeys(("SEC", "SECS"), "SECOND"),
    **dict.fromkeys(("MIN", "MINS"), "MINUTE"),
    **dict.fromkeys(("HR", "HRS"), "HOUR"),
    **dict.fromkeys(("MON", "MONS"), "MONTH"),
    **dict.fromkeys(("YR", "YRS"), "YEAR"),
    **dict.fromkeys(("DEC", "DECS"), "DECADE"),
    **dict.fromkeys(("C", "CENT"), "CENTURY"),
    **dict.fromkeys(("MIL", "MILS"), "MILLENNIUM"),
}


def read_sql(sql: str) -> list[exp.Expr]:
    """Return the statements of `sql`, which is in DuckDB's dialect.

    Subscripts hold the positions and keys that were written, JSON paths the text that was written.
    Raises `sqlglot.errors.ParseError` and `TokenError`.
    """
    try:
        statements = [statement for statement in AsWritten().parse(sql) if statement is not None]
    except SQLGLOT_FAULTS as error:
        raise ParseError(f"it cannot be read: {error}") from None
    for statement in statements:
        for bracket in statement.find_all(exp.Bracket):
            bracket.set("offset", FIRST_POSITION)
        for interval in statement.find_all(exp.Interval):
            unit = interval.args.get("unit")
            if unit is not None and unit.name.upper() in _UNITS:
                interval.set("unit", exp.var(_UNITS[unit.name.upper()]))
    return statements


def _text(parser: DuckDBParser, token: Token) -> exp.Expr:
    written = parser.sql[token.start : token.end + 1]
    if token.token_type == TokenType.BYTE_STRING and _BYTES.search(written):
        parser.raise_error("In E'' a character is no bytes: write the character itself", token)
    return exp.Literal.string(token.text)


def _subscripts_outside(found: exp.Expr) -> exp.Expr:
    """Make `MAP {k: v}[k]` a subscript of a map; sqlglot parses a map of a subscript."""
    literal = found.this
    if not isinstance(found, exp.ToMap) or not isinstance(literal, exp.Bracket):
        return found
    innermost = literal
    while isinstance(innermost.this, exp.Bracket):
        innermost = innermost.this
    innermost.set("this", exp.ToMap(this=innermost.this))
    return literal


def _date_add(arguments: list[exp.Expr]) -> exp.Expr:
    """Read `date_add(x, INTERVAL ...)`; sqlglot makes anything else a number of days."""
    if len(arguments) == _PAIR and isinstance(arguments[1], exp.Interval):
        return exp.DateAdd(this=arguments[0], expression=arguments[1])
    return exp.Anonymous(this="date_add", expressions=arguments)


def _with_unit(name: str) -> Callable[[list[exp.Expr]], exp.Expr]:
    """Return the reader of a function of a date's part; sqlglot takes a column's name for one."""
    read = DuckDBParser.FUNCTIONS[name]

    def build(arguments: list[exp.Expr]) -> exp.Expr:
        if arguments and isinstance(arguments[0], exp.Literal):
            return cast("exp.Expr", read(arguments))
        raise ParseError(f"{name.lower()}() needs a constant unit, such as 'day'")

    return build


def _is_conditional(join: exp.Join) -> bool:
    """Return whether a join says which rows go together, or that all of them do."""
    has_condition = any(join.args.get(part) for part in ("on", "using", "nearest"))
    return has_condition or bool({join.method, join.kind} & {"NATURAL", "CROSS", "POSITIONAL"})


class _AsWrittenParser(DuckDBParser):
    PRIMARY_PARSERS: ClassVar = {
        **DuckDBParser.PRIMARY_PARSERS,
        TokenType.BYTE_STRING: _text,
        TokenType.HEREDOC_STRING: _text,
    }

    FUNCTION_PARSERS: ClassVar = {
        name: parser
        for name, parser in DuckDBParser.FUNCTION_PARSERS.items()
        if name not in _AS_CALLED
    }
    FUNCTIONS: ClassVar = {
        **{n: build for n, build in DuckDBParser.FUNCTIONS.items() if n not in _AS_CALLED},
        **{name: _with_unit(name) for name in _WITH_UNITS},
        "DATE_ADD": _date_add,
        "APPROX_QUANTILE": lambda arguments: exp.AnonymousAggFunc(
            this="approx_quantile", expressions=arguments
        ),
    }
    # `:name` is no parameter in DuckDB, but the end of a slice.
    PLACEHOLDER_PARSERS: ClassVar = {
        kind: parser
        for kind, parser in DuckDBParser.PLACEHOLDER_PARSERS.items()
        if kind != TokenType.COLON
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar = {
        **DuckDBParser.NO_PAREN_FUNCTION_PARSERS,
        "MAP": lambda self: _subscripts_outside(self._parse_map()),
    }

    def _parse_join(
        self,
        skip_join_token: bool = False,  # noqa: FBT001, FBT002 - sqlglot's own signature
        parse_bracket: bool = False,  # noqa: FBT001, FBT002 - as above
        alias_tokens: Collection[TokenType] | None = None,
    ) -> exp.Join | None:
        """Parse a join; sqlglot takes JOIN without a condition for a comma."""
        is_comma = self._curr.token_type == TokenType.COMMA
        join = super()._parse_join(skip_join_token, parse_bracket, alias_tokens)
        if join is not None and not is_comma and not _is_conditional(join):
            self.raise_error("JOIN needs ON or USING; CROSS JOIN has neither")
        return join

    def _warn_unsupported(self) -> None:
        """Say nothing on the standard error: what is no SELECT is refused anyway."""


class AsWritten(DuckDB):
    """DuckDB's dialect without sqlglot's own ideas of positions and JSON paths.

    sqlglot counts from 0 in a tree and from 1 in the text, but only where it believes to know the
    types, so that a tree changes its meaning when it is typed. It also reads the JSON key 'a.b' as
    a path of two steps.
    """

    INDEX_OFFSET = 0
    Parser = _AsWrittenParser

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """Leave the path as it is."""
        return path
