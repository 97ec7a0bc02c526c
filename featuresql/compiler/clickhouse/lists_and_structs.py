"""Lists, structs, maps and lambdas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {}
