"""Aggregates with FILTER, ORDER BY or DISTINCT, and windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {}
