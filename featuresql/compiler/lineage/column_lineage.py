"""Where the values of columns come from, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from featuresql.compiler.lineage.edges import Kind, Transformation

SOURCE_PREFIX: Final = "source."


@dataclass(frozen=True, slots=True, order=True)
class ColumnRef:
    """A column of a node: `node` is a model's name, or `source.NAME`."""

    node: str
    column: str

    def __str__(self) -> str:
        """Give it as users write it."""
        return f"{self.node}.{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class DirectInput:
    """A column whose values flow into another.

    `is_masked` where they cannot be told from what comes out: hashed, or only counted.
    """

    ref: ColumnRef
    transformation: Transformation
    is_masked: bool = False


@dataclass(frozen=True, slots=True, order=True)
class IndirectInput:
    """A column that decides which rows exist or are combined, or which value is taken."""

    ref: ColumnRef
    kind: Kind


@dataclass(slots=True)
class Step:
    """A column on its way through one model: of a CTE, a subquery, or of the model itself.

    `relation` is the name that its relation has there. `expression` is what makes it, None for a
    column of another node, which `ref` then names; `reads` are the columns that flow into that.
    `edges` are those of `Planes`; `fields` holds each field's, where the column is a struct that
    was put together here.
    """

    name: str
    edges: int
    relation: str = ""
    expression: exp.Expr | None = None
    reads: tuple[Step, ...] = ()
    ref: ColumnRef | None = None
    fields: Mapping[str, int] | None = None

    @property
    def sql(self) -> str:
        """What makes the column, in DuckDB's dialect; its own name where nothing does."""
        return self.name if self.expression is None else self.expression.sql("duckdb")


@dataclass(frozen=True, slots=True)
class ColumnLineage:
    """A column with the columns on one side of it: its inputs, or what it is an input of.

    Whatever input changes this column when it is changed is in `direct` or in `indirect`; `direct`
    holds none whose values cannot flow. A column may be in both, and in several ways. `step` tells
    how a model makes this column; it is None for a source's and where more than one hop is meant.
    """

    ref: ColumnRef
    direct: tuple[DirectInput, ...] = ()
    indirect: tuple[IndirectInput, ...] = ()
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class ModelLineage:
    """The lineage of every column of a model, in the model's order, one hop up.

    `rows` are the inputs that decide which rows the model has: they are among the indirect inputs
    of each of its columns.
    """

    model: str
    columns: Mapping[str, ColumnLineage] = field(default_factory=dict)
    rows: tuple[IndirectInput, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectLineage:
    """The lineage of all models, parents first, and the columns of all sources."""

    models: Mapping[str, ModelLineage]
    sources: Mapping[str, tuple[str, ...]]

    def columns(self, node: str) -> tuple[ColumnRef, ...]:
        """Return the columns of a node, in its order; none where there is no such node."""
        if node in self.models:
            return tuple(column.ref for column in self.models[node].columns.values())
        names = self.sources.get(node.removeprefix(SOURCE_PREFIX), ())
        return tuple(ColumnRef(node, name) for name in names if node.startswith(SOURCE_PREFIX))

    def nodes(self) -> tuple[str, ...]:
        """Return the names of all nodes, sources first and then models, parents first."""
        return (*(SOURCE_PREFIX + name for name in self.sources), *self.models)
