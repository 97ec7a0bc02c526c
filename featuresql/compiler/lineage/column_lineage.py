"""Where the values of columns come from, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from featuresql.compiler.lineage.edges import Kind, Transformation


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
    """The inputs of one column of a model, one hop up: columns of the models and sources it reads.

    Whatever column of those changes this one when it is changed is in `direct` or in `indirect`;
    `direct` holds none whose values cannot flow. A column may be in both, and in several ways.
    """

    ref: ColumnRef
    step: Step
    direct: tuple[DirectInput, ...]
    indirect: tuple[IndirectInput, ...]


@dataclass(frozen=True, slots=True)
class ModelLineage:
    """The lineage of every column of a model, in the model's order.

    `rows` are the inputs that decide which rows the model has: they are among the indirect inputs
    of each of its columns.
    """

    model: str
    columns: Mapping[str, ColumnLineage] = field(default_factory=dict)
    rows: tuple[IndirectInput, ...] = ()
