"""Text -> tree: exactly one SELECT."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from featuresql.compiler.draft import Draft
from featuresql.compiler.read_sql import read_sql
from featuresql.compiler.refuse_clauses import clause_errors
from featuresql.errors import raise_all

MAX_SQL_CHARS = 1_000_000
# sqlglot's generator recurses with the tree, and must not meet Python's limit in any thread.
MAX_DEPTH = 100


def parse(draft: Draft) -> Draft:
    """Parse the rendered SQL in DuckDB's dialect; comments are dropped.

    Raises `CompileError` where it is no SQL, no SELECT, more than one statement, nested too deeply,
    or has a clause that no model may have.
    """
    sql = draft.rendered.sql
    if len(sql) > MAX_SQL_CHARS:
        raise draft.error("too-long", f"the model renders to {len(sql)} characters of SQL")
    try:
        statements = read_sql(sql)
    except ParseError as error:
        raise _syntax_error(draft, error) from None
    except TokenError as error:
        reason = str(error).split(" from ", maxsplit=1)[0]
        raise draft.error("syntax", f"the SQL cannot be read: {reason}") from None
    except RecursionError:
        raise draft.error("too-deep", "the SQL is nested too deeply") from None
    if not statements:
        raise draft.error("empty", "the model has no SQL", hint="write one SELECT")
    if len(statements) > 1:
        raise draft.error(
            "one-statement", "a model is one SELECT, this has several statements", statements[1]
        )
    tree = statements[0]
    if not isinstance(tree, exp.Query) or isinstance(tree, exp.Table):
        kind = tree.key.upper()
        raise draft.error("not-select", f"a model is one SELECT, this is {kind}", tree)
    if _depth(tree) > MAX_DEPTH:
        raise draft.error("too-deep", "the SQL is nested too deeply")
    raise_all(clause_errors(draft, tree))
    for node in tree.walk():
        node.comments = None
    return replace(draft, tree=tree)


def _depth(tree: exp.Expr) -> int:
    """Return how deep the tree is, where a chain of one operator counts once."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        for child in node.iter_expressions():
            chained = type(child) is type(node) and isinstance(node, exp.Binary | exp.SetOperation)
            waiting.append((child, depth if chained else depth + 1))
    return deepest


def _syntax_error(draft: Draft, error: ParseError) -> Exception:
    detail = error.errors[0] if error.errors else {}
    line, column = detail.get("line"), detail.get("col")
    found = detail.get("highlight")
    reason = str(detail.get("description", "it is no SQL")).rstrip(".")
    message = f"syntax error: {reason}" + (f", at '{found}'" if found else "")
    if line is None or column is None:
        return draft.error("syntax", message)
    start = _offset(draft.rendered.sql, int(line), int(column)) - len(str(found or ""))
    location = draft.rendered.source_map.locate(max(start, 0))
    return draft.error_at("syntax", message, location)


def _offset(text: str, line: int, column: int) -> int:
    starts = 0
    for _ in range(line - 1):
        starts = text.index("\n", starts) + 1
    return min(starts + column, len(text))
