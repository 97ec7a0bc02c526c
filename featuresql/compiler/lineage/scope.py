"""What the names of a query stand for while it is walked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from featuresql.compiler.lineage.column_lineage import Step


@dataclass(slots=True)
class Relation:
    """A relation's columns by their lower-case names, in order; `rows` decide which rows exist."""

    columns: dict[str, Step] = field(default_factory=dict)
    rows: int = 0

    def all_edges(self) -> int:
        """Return the edges of all columns together."""
        result = 0
        for step in self.columns.values():
            result |= step.edges
        return result

    def with_edges(self, edges: int) -> Relation:
        """Return the relation with `edges` added to every column."""
        columns = {n: replace(o, edges=o.edges | edges) for n, o in self.columns.items()}
        return Relation(columns, self.rows)

    def renamed(self, alias: exp.Expr | None, label: str) -> Relation:
        """Return the relation as `AS t(a, b)` names it."""
        names = [] if alias is None else [c.name for c in alias.args.get("columns") or ()]
        columns = {}
        for position, step in enumerate(self.columns.values()):
            name = names[position] if position < len(names) else step.name
            is_own = step.expression is not None and not step.relation
            if is_own:
                step.relation = label
            columns[name.lower()] = step if name == step.name else replace(step, name=name)
        return Relation(columns, self.rows)


@dataclass(slots=True)
class Scope:
    """One level of a query: its relations, CTEs, windows and SELECT aliases.

    `equal` holds pairs of columns, (table, name) each, of which the second is NULL wherever the
    first is. `rows` grows with what is found to decide which rows exist.
    """

    parent: Scope | None = None
    relations: dict[str, Relation] = field(default_factory=dict)
    ctes: dict[str, Relation] = field(default_factory=dict)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    aliases: Mapping[str, Step] = field(default_factory=dict)
    equal: set[tuple[tuple[str, str], tuple[str, str]]] = field(default_factory=set)
    rows: int = 0

    def levels(self) -> Iterator[Scope]:
        """Give this level and those around it, the innermost first."""
        level: Scope | None = self
        while level is not None:
            yield level
            level = level.parent

    def find_cte(self, name: str) -> Relation | None:
        """Return the CTE called `name`, or None."""
        for level in self.levels():
            if name.lower() in level.ctes:
                return level.ctes[name.lower()]
        return None

    def find_window(self, name: str) -> exp.Expr | None:
        """Return the definition of the window called `name`, or None."""
        for level in self.levels():
            if name.lower() in level.windows:
                return level.windows[name.lower()]
        return None

    def find_columns(self, table: str, name: str) -> tuple[Step, ...]:
        """Return the column `name` of `table`; without a table the alias or column of that name.

        The name of a relation alone means all its columns. Nothing where there is none.
        """
        table, name = table.lower(), name.lower()
        for level in self.levels():
            if table:
                if table in level.relations:
                    found = level.relations[table].columns.get(name)
                    return (found,) if found is not None else ()
                continue
            bare = level.aliases.get(name) or _bare(level.relations, name)
            if bare is not None:
                return (bare,)
            if name in level.relations:
                return tuple(level.relations[name].columns.values())
        return ()


def _bare(relations: Mapping[str, Relation], name: str) -> Step | None:
    return next((r.columns[name] for r in relations.values() if name in r.columns), None)
