"""What columns mean, whatever they and their relations are called on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from featuresql.compiler.lineage.column_lineage import ColumnRef, Step
from featuresql.compiler.lineage.edges import Planes
from featuresql.compiler.lineage.scope import Relation
from featuresql.compiler.lineage.walk_query import QueryWalk
from featuresql.errors import FeatureSQLError

ColumnNames = Callable[[str, str], Sequence[str]]
_CLAUSES = (
    *("from_", "joins", "laterals", "where", "group", "having", "qualify", "distinct"),
    *("order", "limit", "offset", "by_name"),
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """Digests of a model's rows and of each of its columns, and the text of each column.

    Aliases, CTE names, layout and the order of CTEs do not count; the names of models, sources and
    their columns do.
    """

    rows: str
    columns: dict[str, str]
    texts: dict[str, str]


def meaning(sql: str, column_names: ColumnNames) -> Meaning | None:
    """Return what a model's canonical SQL means, or None where it cannot be read.

    `column_names(schema, name)` gives the columns of `ref.NAME` and `source.NAME`.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        _inline_windows(tree)
        walk = QueryWalk(Planes(0), lambda schema, name: _leaves(schema, name, column_names), {})
        walk.resolved = {}
        relation = walk.walk_query(tree)
    except (SqlglotError, FeatureSQLError, RecursionError):
        return None
    digests = _Digests(walk.resolved)
    steps = relation.columns.values()
    return Meaning(
        rows=digests.rows(tree),
        columns={step.name: digests.step(step) for step in steps},
        texts={step.name: _made_by(step).sql for step in steps},
    )


def _made_by(step: Step) -> Step:
    """Return the step that makes a column, where the last ones only hand it on."""
    while isinstance(step.expression, exp.Column) and len(step.reads) == 1:
        if step.reads[0].ref is not None:
            break
        step = step.reads[0]
    return step


def _leaves(schema: str, name: str, column_names: ColumnNames) -> Relation:
    node = name if schema == "ref" else f"{schema}.{name}"
    return Relation(
        {c.lower(): Step(c, 0, node, ref=ColumnRef(node, c)) for c in column_names(schema, name)}
    )


def _inline_windows(tree: exp.Expr) -> None:
    """Write the definition of each named window where the window is used."""
    for select in list(tree.find_all(exp.Select)):
        named = {window.name.lower(): window for window in select.args.get("windows") or ()}
        for window in list(select.find_all(exp.Window)) if named else ():
            base = window.args.get("alias")
            while base is not None and base.name.lower() in named:
                definition = named[base.name.lower()]
                for key in ("partition_by", "order", "spec"):
                    if not window.args.get(key) and definition.args.get(key):
                        window.set(key, _copied(definition.args[key]))
                window.set("alias", None)
                base = definition.args.get("alias")


def _copied(value: object) -> object:
    if isinstance(value, list):
        return [_copied(part) for part in value]
    return value.copy() if isinstance(value, exp.Expr) else value


class _Digests:
    def __init__(self, resolved: dict[int, tuple[Step, ...]]) -> None:
        self._resolved = resolved
        self._steps: dict[int, str] = {}
        self._ctes: dict[str, str] = {}

    def step(self, step: Step) -> str:
        """Return the digest of what makes a column."""
        if step.ref is not None:
            return str(step.ref)
        known = self._steps.get(id(step))
        if known is None:
            parts = [self.step(read) for read in step.reads] if step.expression is None else []
            text = "" if step.expression is None else self._text(step.expression)
            others = [self.step(r) for r in step.reads if r.expression is not None and r.name]
            known = self._steps[id(step)] = _digest([text, *parts, *others])
        return known

    def rows(self, query: exp.Expr) -> str:
        """Return the digest of everything that decides which rows there are."""
        found = [query.key]
        clause = query.args.get("with_")
        found += [self.rows(cte.this) for cte in clause.expressions] if clause is not None else []
        if isinstance(query, exp.SetOperation):
            found += [self.rows(query.this), self.rows(query.expression)]
        elif isinstance(query, exp.Subquery):
            found.append(self.rows(query.this))
        for key in _CLAUSES:
            value = query.args.get(key)
            for part in value if isinstance(value, list) else [value]:
                derived = part.this if isinstance(part, exp.From | exp.Join) else None
                if isinstance(derived, exp.Subquery):
                    found.append(self.rows(derived))
                if isinstance(part, exp.Expr):
                    found.append(self._text(part))
                elif part:
                    found.append(key)
        return _digest(found)

    def _text(self, node: exp.Expr) -> str:
        """Return SQL in which columns are what they mean and relations have no names.

        What a derived table selects is left out: it is told by the columns that read it.
        """
        copy = node.copy()
        for mine, theirs in list(zip(list(node.walk()), list(copy.walk()), strict=True)):
            if isinstance(mine, exp.Column) and id(mine) in self._resolved:
                steps = self._resolved[id(mine)]
                name = " ".join(self.step(step) for step in steps) or mine.name
                theirs.set("this", exp.to_identifier(name, quoted=True))
                theirs.set("table", None)
            elif isinstance(mine, exp.Table) and not mine.db:
                theirs.set("this", exp.to_identifier("cte"))
            elif isinstance(mine, exp.TableAlias):
                theirs.pop()
            elif isinstance(mine, exp.Subquery) and isinstance(mine.parent, exp.From | exp.Join):
                theirs.replace(exp.to_table("derived"))
        return str(copy.sql("duckdb"))


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
