"""The instants in one SELECT while its clauses take effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

from sqlglot import exp

from featuresql.compiler.intervals.times import SAME, Reading, Relation, Span, Times

Node = tuple[str, str]


class Term(NamedTuple):
    """An instant that is `node`'s, no more than `low_us` .. `high_us` after it."""

    node: Node
    low_us: int
    high_us: int

    @property
    def span(self) -> Span:
        """Return where the instant is beside the node."""
        return Span(-self.low_us, self.high_us)


Terms = Sequence[Term]


@dataclass(slots=True)
class Rows:
    """Rows of a relation that take part: `spans` as in `Reading`, beside nodes."""

    relation: Relation
    spans: dict[str, dict[Node, Span]]
    cause: str = ""


@dataclass(slots=True)
class Level:
    """What is known so far.

    `weak` nodes, and all of the relations `optional`, may be NULL where what they are linked to is
    not. In a row of a group only the expressions of `named` have instants.
    """

    links: dict[Node, dict[Node, Span]] = field(default_factory=dict)
    weak: set[Node] = field(default_factory=set)
    reads: list[Rows] = field(default_factory=list)
    rows: list[Rows] | None = None
    optional: set[str] = field(default_factory=set)
    named: dict[str, Node] | None = None
    windows: dict[str, exp.Window] = field(default_factory=dict)

    def link(self, one: Node, other: Node, span: Span) -> None:
        """Note that `one` is within `span` of `other`."""
        if one == other:
            return
        for a, b, s in ((one, other, span), (other, one, span.reverse)):
            known = self.links.setdefault(a, {})
            known[b] = s.meet(known[b]) if b in known else s

    def close(self) -> None:
        """Follow links from node to node; one that may be NULL leads nowhere."""
        for middle in list(self.links):
            if self.may_miss(middle):
                continue
            around = list(self.links[middle])
            for one in around:
                for other in around:
                    to, on = self.links[one][middle], self.links[middle][other]
                    self.link(one, other, to.then(on))

    def may_miss(self, node: Node) -> bool:
        """Whether the node may be NULL where those that it is linked to are not."""
        return node in self.weak or node[0] in self.optional

    def spread(self) -> None:
        """Say of all rows that take part where they are beside every node."""
        for rows in self.all_rows():
            self.spread_rows(rows)

    def all_rows(self) -> list[Rows]:
        """Return the rows that take part, in whatever way."""
        return [*self.reads, *(self.rows or ())]

    def spread_rows(self, rows: Rows, starts: Callable[[Node], bool] | None = None) -> None:
        """Follow links from the nodes that `starts` takes, by default those that do not miss."""
        for own, spans in rows.spans.items():
            found = dict(spans)
            for node, span in spans.items():
                if self.may_miss(node) if starts is None else not starts(node):
                    continue
                for other, link in self.links.get(node, {}).items():
                    reached = span.then(link)
                    found[other] = found[other].meet(reached) if other in found else reached
            rows.spans[own] = found

    def between(self, one: Terms, other: Terms) -> Span | None:
        """Return where an expression is beside another, if that is known."""
        found: list[Span] = []
        for a in one:
            for b in other:
                link = SAME if a.node == b.node else self.links.get(a.node, {}).get(b.node)
                if link is None:
                    return None
                found.append(a.span.then(link).then(b.span.reverse))
        return reduce(Span.hull, found) if found else None

    def is_weak(self, terms: Terms) -> bool:
        """Whether the expression may be NULL where instants that it is linked to are not."""
        return len(terms) != 1 or self.may_miss(terms[0].node)


def beside(spans: Mapping[Node, Span], terms: Terms) -> Span | None:
    """Return where rows are beside an expression, from where they are beside nodes."""
    found: list[Span] = []
    for term in terms:
        span = spans.get(term.node)
        if span is None:
            return None
        found.append(span.then(term.span.reverse))
    return reduce(Span.hull, found) if found else None


def project(level: Level, outputs: Mapping[Node, Terms]) -> Level:
    """Return the level of rows whose nodes are `outputs`, made of the old nodes."""
    made = Level(rows=None if level.rows is None else [], windows=level.windows)
    made.weak = {node for node, terms in outputs.items() if level.is_weak(terms)}
    known = list(outputs.items())
    for index, (node, terms) in enumerate(known):
        for other, others in known[index + 1 :]:
            span = level.between(terms, others)
            if span is not None:
                made.link(node, other, span)
    made.reads = [_moved(rows, outputs) for rows in level.reads]
    if level.rows is not None:
        made.rows = [_moved(rows, outputs) for rows in level.rows]
    return made


def _moved(rows: Rows, outputs: Mapping[Node, Terms]) -> Rows:
    spans: dict[str, dict[Node, Span]] = {}
    for own, known in rows.spans.items():
        found = {node: span for node, terms in outputs.items() if (span := beside(known, terms))}
        if found:
            spans[own] = found
    return Rows(rows.relation, spans, rows.cause)


def times_of(level: Level) -> Times:
    """Return what is known of the rows of a query whose nodes are ('', column)."""
    return Times(
        links={a[1]: {b[1]: span for b, span in spans.items()} for a, spans in level.links.items()},
        weak=frozenset(name for _, name in level.weak),
        reads=_readings(level.reads),
        rows=None if level.rows is None else _readings(level.rows),
    )


def _readings(found: Iterable[Rows]) -> tuple[Reading, ...]:
    readings: list[Reading] = []
    for rows in found:
        spans = {own: {n[1]: s for n, s in known.items()} for own, known in rows.spans.items()}
        reading = Reading(rows.relation, spans, rows.cause)
        if reading not in readings:
            readings.append(reading)
    return tuple(readings)


def enter(level: Level, alias: str, times: Times) -> Level:
    """Return a level with the rows of one relation, under its alias; `level` gives the rest."""
    made = Level(windows=level.windows)
    for one, spans in times.links.items():
        for other, span in spans.items():
            made.link((alias, one), (alias, other), span)
    made.weak = {(alias, name) for name in times.weak}
    made.reads = [_under(alias, reading) for reading in times.reads]
    made.rows = None if times.rows is None else [_under(alias, reading) for reading in times.rows]
    return made


def _under(alias: str, reading: Reading) -> Rows:
    spans = {
        own: {(alias, name): span for name, span in known.items()}
        for own, known in reading.spans.items()
    }
    return Rows(reading.relation, spans, reading.cause)
