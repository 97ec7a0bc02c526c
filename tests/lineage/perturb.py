"""Change one source column, build all again, and see which columns of which models change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import duckdb

from featuresql.compiler.asof import path_query, relation
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.lineage import ColumnRef, project_lineage, upstream
from featuresql.spec.column_type import ColumnType

Rows = tuple[tuple[str, ...], list[tuple]]


@dataclass
class Outcome:
    """What the perturbations showed. `misses` are changes that no lineage tells of."""

    tried: int = 0
    changed: int = 0
    misses: list[str] = field(default_factory=list)


class World:
    """The models of a project over tables in the schema `base`, in a DuckDB of their own."""

    def __init__(self, compiled: CompiledProject, connection: duckdb.DuckDBPyConnection) -> None:
        self.compiled = compiled
        self.connection = connection
        connection.execute("SET threads = 1")
        for schema in ("source", "ref", "history", "as_of"):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        self.lineage = project_lineage(compiled)
        self.inputs = self._inputs()
        for source in compiled.sources:
            self._show(source)
        self.before = self.build()

    def _inputs(self) -> dict[ColumnRef, set[ColumnRef]]:
        refs = [ref for model in self.lineage.models for ref in self.lineage.columns(model)]
        found = upstream(self.lineage, refs, transitive=True)
        return {one.ref: {i.ref for i in (*one.direct, *one.indirect)} for one in found}

    def build(self) -> dict[str, Rows]:
        """Build all models and return their rows."""
        answers = {}
        for name, model in self.compiled.models.items():
            quoted = f'"{name}"'
            self.connection.execute(
                f"CREATE OR REPLACE TABLE ref.{quoted} AS {model.tree.sql('duckdb')}"
            )
            if model.view is not None:
                self.connection.execute(
                    f"CREATE OR REPLACE TABLE history.{quoted} AS "
                    f"SELECT *, row_number() OVER () AS __row FROM ref.{quoted}"
                )
                path = path_query(model.view, relation("history", name)).sql("duckdb")
                self.connection.execute(f"CREATE OR REPLACE TABLE as_of.{quoted} AS {path}")
            table = self.connection.sql(f"SELECT * FROM ref.{quoted}").to_arrow_table()
            columns = (column.to_pylist() for column in table.columns)
            answers[name] = (tuple(table.column_names), list(zip(*columns, strict=True)))
        return answers

    def perturb(self, outcome: Outcome) -> Outcome:
        """Change each column of each source in several ways; add what is seen to `outcome`."""
        for source, columns in self.compiled.sources.items():
            for column in columns:
                for change in changes(column.name, column.type):
                    self._show(
                        source, f'REPLACE (CAST({change} AS {column.type}) AS "{column.name}")'
                    )
                    self._judge(ColumnRef(f"source.{source}", column.name), change, outcome)
            self._show(source)
        return outcome

    def _show(self, source: str, replacing: str = "") -> None:
        self.connection.execute(
            f'CREATE OR REPLACE VIEW source."{source}" AS SELECT * {replacing} FROM base."{source}"'
        )

    def _judge(self, changed: ColumnRef, change: str, outcome: Outcome) -> None:
        try:
            after = self.build()
        except duckdb.Error:
            return
        outcome.tried += 1
        touched = {ref for ref, inputs in self.inputs.items() if changed in inputs}
        for name, (columns, rows) in self.before.items():
            different = [c for i, c in enumerate(columns) if bag(rows, i) != bag(after[name][1], i)]
            outcome.changed += len(different)
            outcome.misses += [
                f"{changed} := {change} changes {name}.{column}"
                for column in different
                if ColumnRef(name, column) not in touched
            ]
            # The columns may hold what they held, and the rows not: then some column must tell.
            moved = Counter(map(repr, rows)) != Counter(map(repr, after[name][1]))
            if moved and not any(ColumnRef(name, column) in touched for column in columns):
                outcome.misses.append(f"{changed} := {change} changes the rows of {name}")


def bag(rows: list[tuple], position: int) -> Counter[str]:
    return Counter(repr(row[position]) for row in rows)


def changes(name: str, kind: ColumnType) -> Iterator[str]:
    """Give expressions that change a column's values: all, some, and by turns."""
    column = f'"{name}"'
    if kind.is_numeric:
        yield f"{column} + 1"
        yield f"-{column} * 3"
        yield f"CASE WHEN rowid % 3 = 0 THEN {column} - 2 ELSE {column} END"
    elif kind.name in {"TIMESTAMP", "DATE"}:
        yield f"{column} + INTERVAL '1 day'"
        yield f"CASE WHEN rowid % 2 = 0 THEN {column} + INTERVAL '40 days' ELSE {column} END"
        yield f"{column} - to_hours(CAST(rowid * 7 AS BIGINT))"
    elif kind.name == "BOOLEAN":
        yield f"NOT {column}"
    elif kind.name == "VARCHAR":
        yield f"{column} || 'x'"
        yield f"CASE WHEN rowid % 2 = 0 THEN 'b' ELSE {column} END"
    elif kind.name == "LIST":
        yield f"list_reverse({column})"
        yield f"list_concat({column}, {column})"
    yield f"CASE WHEN rowid % 2 = 1 THEN {column} END"
    yield f"coalesce(lead({column}) OVER (ORDER BY rowid), first({column}) OVER (ORDER BY rowid))"
