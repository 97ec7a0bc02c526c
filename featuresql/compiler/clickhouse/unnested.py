"""UNNEST in FROM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def refuse_unnest(emitter: Emitter, node: exp.Unnest) -> Exception:
    """Return the error of a list whose elements are rows in FROM."""
    return emitter.refuse(node, "UNNEST in FROM", "write unnest() in a SELECT list")
