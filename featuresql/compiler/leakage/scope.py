"""Where a name is looked up, and what the rows at that place are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.needs import (
    NOTHING,
    Atom,
    Cause,
    Clause,
    Fault,
    Kind,
    Needs,
    Point,
)
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.errors import Location
from featuresql.spec.model import Column, Source

if TYPE_CHECKING:
    from featuresql.compiler.leakage.grouping import Grouping
    from featuresql.compiler.leakage.prove_leakage import Proof

_Type = exp.DataType.Type
INSTANT_TYPES: Final = frozenset(
    {_Type.TIMESTAMP, _Type.DATE, _Type.TIMESTAMPTZ, _Type.TIMESTAMPNTZ, _Type.DATETIME}
)

Rule = Callable[["Scope", exp.Expr], Value]


@dataclass(slots=True)
class Analysis:
    """One model's analysis: what may be read, the rules, and the counter of new atoms."""

    sources: Mapping[str, Source]
    source_columns: Mapping[str, tuple[Column, ...]]
    proofs: Mapping[str, Proof]
    locate: Callable[[exp.Expr | None], Location]
    value: Rule
    queries: Callable[[Analysis, exp.Expr, Scope | None, Mapping[str, Cte]], Relation]
    event_time: str = ""
    trusts_spine: bool = False
    counter: int = 0

    def query(self, node: exp.Expr, outer: Scope | None, ctes: Mapping[str, Cte]) -> Relation:
        """Return what the query's rows are and need. `outer` is the row that it stands in."""
        return self.queries(self, node, outer, ctes)

    def fresh_row(self) -> int:
        """Return the number of a new row."""
        self.counter += 1
        return self.counter

    def fresh_atom(self, beside: Atom) -> Atom:
        """Return a new atom of the same row."""
        self.counter += 1
        return Atom(beside.row, f"#{self.counter}")

    def cause(self, text: str, node: exp.Expr | None = None, hint: str | None = None) -> Cause:
        """Return a cause at the place of `node`."""
        return Cause(text, self.locate(node), hint)

    def fault(
        self, kind: Kind, text: str, node: exp.Expr | None = None, hint: str | None = None
    ) -> Fault:
        """Return a fault at the place of `node`."""
        return Fault(kind, self.cause(text, node, hint))


@dataclass(slots=True)
class Cte:
    """A common table expression. Each reading after the first gets rows of its own."""

    relation: Relation
    is_read: bool = False

    def read(self, fresh: Callable[[], int]) -> Relation:
        """Return the relation for one more reader."""
        if self.is_read:
            return self.relation.renamed(fresh)
        self.is_read = True
        return self.relation


@dataclass(slots=True)
class Scope:
    """A SELECT while it is analysed.

    `needs` decide that a row is there, after all the clauses seen so far; `row` is the number of
    the atoms that its own expressions make.
    """

    analysis: Analysis
    outer: Scope | None = None
    ctes: Mapping[str, Cte] = field(default_factory=dict)
    row: int = 0
    tables: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    needs: Needs = NOTHING
    rows: set[int] = field(default_factory=set)
    aliases: dict[str, Value] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    windows: dict[str, exp.Window] = field(default_factory=dict)
    grouping: Grouping | None = None
    seen: dict[exp.Expr, Value] = field(default_factory=dict)

    def value(self, node: exp.Expr) -> Value:
        """Return what `node` is for each row. Equal expressions are the same instant."""
        if isinstance(node, exp.Column) or not is_instant(node) or self.parameters:
            return self.analysis.value(self, node)
        found = self.seen.get(node)
        if found is None:
            found = self.analysis.value(self, node)
            self.seen[node] = found
        return found

    def own(self) -> frozenset[int]:
        """Return the numbers of the rows that change from row to row."""
        return frozenset({*self.rows, self.row})

    def new_atom(self) -> Atom:
        """Return a new atom of the scope's own row."""
        return self.analysis.fresh_atom(Atom(self.row, ""))

    def instant(self, needs: Needs, known: frozenset[Clause] = frozenset()) -> Value:
        """Return a value that is an instant of which nothing but `known` is known."""
        atom = self.new_atom()
        self.facts.implies(atom, known)
        return Value(needs, Point(atom), frozenset((frozenset((atom,)),)))

    def find(self, table: str, name: str) -> Value | None:
        """Return the column, of this scope or of one around it."""
        scope: Scope | None = self
        while scope is not None:
            if scope.grouping is not None and (key := scope.grouping.column(table, name)):
                return key
            if table and table in scope.tables:
                # Of a group only the keys can be told.
                return None if scope.grouping is not None else scope.tables[table].get(name)
            if not table:
                found = scope.find_bare(name)
                if found is not None:
                    return found
            scope = scope.outer
        return None

    def find_bare(self, name: str) -> Value | None:
        """Return the alias or the column of this scope that is called `name`."""
        if name in self.aliases:
            return self.aliases[name]
        if self.grouping is not None:
            return None
        found = [columns[name] for columns in self.tables.values() if name in columns]
        return found[0] if len(found) == 1 else None


def is_instant(node: exp.Expr) -> bool:
    """Whether the expression is a TIMESTAMP or a DATE."""
    kind = node.type
    return kind is not None and kind.this in INSTANT_TYPES


def is_date(node: exp.Expr) -> bool:
    """Whether the expression is a DATE."""
    return node.type is not None and node.type.this == _Type.DATE


def is_zoned(node: exp.Expr) -> bool:
    """Whether the expression is a TIMESTAMP WITH TIME ZONE."""
    return node.type is not None and node.type.this == _Type.TIMESTAMPTZ


def known_as(point: Point) -> frozenset[Clause]:
    """Return what holds where the instant is not NULL."""
    return frozenset((frozenset((point.atom,)),))
