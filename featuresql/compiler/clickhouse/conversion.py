"""One cast to be said in ClickHouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from featuresql.spec.column_type import ColumnType


@dataclass(frozen=True, slots=True)
class Conversion:
    """A cast from `source` to `target`. With `trying` what cannot be cast is NULL, else an error.

    `refuse(reason, hint)` returns the error of a cast that ClickHouse cannot do as DuckDB does.
    """

    source: ColumnType
    target: ColumnType
    trying: bool
    refuse: Callable[[str, str | None], Exception]


Cast: TypeAlias = Callable[[exp.Expr, Conversion], exp.Expr]
