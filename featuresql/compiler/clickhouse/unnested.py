"""UNNEST in FROM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def emit_unnest(
    emitter: Emitter, node: exp.Unnest, join: exp.Join | None, made: exp.Select
) -> None:
    """Give `made` the elements of a list as rows, beside the rows that it has so far."""
    raise emitter.refuse(node, "UNNEST in FROM", "write unnest() in a SELECT list")
