"""Logical names of relations -> where they are in the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast

from sqlglot import exp

from featuresql.compiler.asof import ASOF_SCHEMA, HISTORY_SCHEMA, relation

SOURCES_SCHEMA = "sources"
NAMES_SCHEMA = "main"

Places: TypeAlias = Callable[[str, str], tuple[str, str]]


def by_name(schema: str, name: str) -> tuple[str, str]:
    """Give the place under which people read a relation: the current version's name."""
    places = {"ref": NAMES_SCHEMA, "source": SOURCES_SCHEMA}
    return places.get(schema, schema), name


def place_relations(tree: exp.Query, places: Places = by_name) -> exp.Query:
    """Return a new tree in which every logical relation stands at its place."""
    logical = {"ref", "source", ASOF_SCHEMA, HISTORY_SCHEMA}

    def move(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and node.db in logical:
            return relation(*places(node.db, node.name), alias=node.alias_or_name)
        return node

    return cast("exp.Query", tree.transform(move))
