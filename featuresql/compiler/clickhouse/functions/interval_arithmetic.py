"""Operators on instants, days and durations."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse.emission import EmitCall

_TIMES: Final = frozenset({"INTERVAL", "DATE", "TIMESTAMP", "TIMESTAMPTZ"})


def concerns(call: EmitCall) -> bool:
    """Whether an operator works on instants, days or durations."""
    return any(kind.name in _TIMES for kind in (*call.bound, call.result))


def build(call: EmitCall) -> exp.Expr:
    """Refuse the operator."""
    raise call.refuse(f"{call.name} of times")
