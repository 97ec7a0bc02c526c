"""Windows: which rows of its relation a row depends on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from featuresql.compiler.intervals.level import Level, Node, Rows, Term, Terms, beside
from featuresql.compiler.intervals.terms import terms
from featuresql.compiler.intervals.times import SAME, Span
from featuresql.compiler.leakage.constants import constant_length

_WRAPPERS: Final = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)
# They look at their partition, whatever the frame is.
_FRAMELESS: Final = (
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.PercentRank,
    exp.CumeDist,
    exp.Ntile,
    exp.Lag,
    exp.Lead,
)


@dataclass(frozen=True, slots=True)
class Over:
    """What stands after OVER, with the window that it names put in."""

    partition: Sequence[exp.Expr]
    order: Sequence[exp.Ordered]
    spec: exp.WindowSpec | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """An instant of the row, and where that of the other rows is beside it."""

    terms: Terms
    others: Span


@dataclass(frozen=True, slots=True)
class Others:
    """The other rows that a row depends on: those that are near it by every one of `anchors`."""

    anchors: Sequence[Anchor]
    cause: str


def widen(level: Level, others: Sequence[Others]) -> None:
    """Let each row depend on all of `others`, each of which looks at the rows as they are."""
    level.reads = [_widened(level, rows, others) for rows in level.reads]


def windows(select: exp.Select) -> Iterator[exp.Window]:
    """Give the window functions of a SELECT, without those of the queries in it."""
    clauses = [*select.expressions, select.args.get("qualify"), select.args.get("order")]
    for clause in clauses:
        for node in clause.walk(prune=_is_query) if clause is not None else ():
            if isinstance(node, exp.Window):
                yield node


def anchors(level: Level, window: exp.Window) -> list[Anchor]:
    """Return by which instants the rows are near that a window function looks at."""
    over = _over(level, window)
    found = partition_anchors(level, over.partition)
    function = window.this
    while isinstance(function, _WRAPPERS):
        function = function.this
    frame = None if isinstance(function, _FRAMELESS) else _frame(over)
    if frame is not None:
        order = terms(level, over.order[0].this)
        if not level.is_weak(order):
            found.append(Anchor(order, frame))
    return found


def partition_anchors(level: Level, keys: Sequence[exp.Expr]) -> list[Anchor]:
    """Return the instants that are equal in all rows of a partition."""
    found = [terms(level, key) for key in keys]
    return [Anchor(key, SAME) for key in found if not level.is_weak(key)]


def _is_query(node: exp.Expr) -> bool:
    return isinstance(node, exp.Query)


def _widened(level: Level, rows: Rows, others: Sequence[Others]) -> Rows:
    spans, cause = rows.spans, rows.cause
    for other in others:
        reached = {own: _reached(level, known, other) for own, known in rows.spans.items()}
        spans = {
            own: {n: span.hull(reached[own][n]) for n, span in known.items() if n in reached[own]}
            for own, known in spans.items()
        }
        spans = {own: known for own, known in spans.items() if known}
        cause = cause or ("" if spans else other.cause)
    return Rows(rows.relation, spans, cause)


def _reached(level: Level, known: Mapping[Node, Span], other: Others) -> dict[Node, Span]:
    """Return where rows near a row are beside its nodes."""
    found: dict[Node, Span] = {}
    for anchor in other.anchors:
        span = beside(known, anchor.terms)
        for node in known if span is not None else ():
            link = level.between(anchor.terms, [Term(node, 0, 0)])
            if span is not None and link is not None:
                new = span.then(anchor.others).then(link)
                found[node] = found[node].meet(new) if node in found else new
    return found


def _over(level: Level, node: exp.Window) -> Over:
    partition = list(node.args.get("partition_by") or ())
    order, spec = node.args.get("order"), node.args.get("spec")
    items = list(order.expressions) if order is not None else []
    name = node.alias or node.text("first_name")
    named = level.windows.get(name.lower()) if name else None
    if named is None:
        return Over(partition, items, spec)
    rest = _over(level, named)
    return Over(partition or rest.partition, items or rest.order, spec or rest.spec)


def _frame(over: Over) -> Span | None:
    """Return where the rows of a RANGE frame are beside the row, by its order."""
    spec = over.spec
    if spec is None or str(spec.args.get("kind") or "").upper() != "RANGE" or len(over.order) != 1:
        return None
    before = _side(spec.args.get("start"), spec.args.get("start_side"), "PRECEDING")
    after = _side(spec.args.get("end") or "CURRENT ROW", spec.args.get("end_side"), "FOLLOWING")
    if over.order[0].args.get("desc"):
        before, after = after, before
    return Span(before, after)


def _side(value: object, side: object, outward: str) -> float:
    word = value.upper() if isinstance(value, str) else ""
    if word == "CURRENT ROW":
        return 0
    length = constant_length(value) if isinstance(value, exp.Expr) else None
    if length is None or length.least_us < 0:
        return math.inf
    is_outward = str(side or "").upper() == outward
    return length.most_us if is_outward else -length.least_us
