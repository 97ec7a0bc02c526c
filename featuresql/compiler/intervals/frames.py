"""Windows: which rows of its relation a row depends on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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


def widen(level: Level, anchors: Sequence[Anchor], cause: str) -> None:
    """Let each row depend on all rows that are near it by every one of `anchors`."""
    level.reads = [_widened(level, rows, anchors, cause) for rows in level.reads]


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


def _widened(level: Level, rows: Rows, found: Sequence[Anchor], cause: str) -> Rows:
    spans: dict[str, dict[Node, Span]] = {}
    for own, known in rows.spans.items():
        reached: dict[Node, Span] = {}
        for anchor in found:
            span = beside(known, anchor.terms)
            if span is None:
                continue
            near = span.then(anchor.others)
            for node in known:
                link = level.between(anchor.terms, [Term(node, 0, 0)])
                if link is not None:
                    new = near.then(link)
                    reached[node] = reached[node].meet(new) if node in reached else new
        kept = {node: known[node].hull(span) for node, span in reached.items()}
        if kept:
            spans[own] = kept
    return Rows(rows.relation, spans, rows.cause or ("" if spans else cause))


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
