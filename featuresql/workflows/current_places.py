"""Where the relations are that a reader of built views has to read together."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from featuresql.compiler.asof import ASOF_SCHEMA, HISTORY_SCHEMA
from featuresql.compiler.place_relations import Places, by_name
from featuresql.plan.stored_rows import path_of
from featuresql.ports import ModelVersion


def current_places(
    versions: Mapping[str, ModelVersion], existing: Collection[tuple[str, str]]
) -> Places:
    """Return the places of relations: of a view's history and as-of path those of one version.

    Their names are swapped one after the other where the engine has no transactions, and rows of
    one version must not be looked up in the other. `versions` are the current ones, `existing` the
    engine's relations.
    """

    def places(schema: str, name: str) -> tuple[str, str]:
        if schema not in {ASOF_SCHEMA, HISTORY_SCHEMA} or name not in versions:
            return by_name(schema, name)
        at, _, version = versions[name].relation.partition(".")
        place = at, version
        if place not in existing or path_of(place) not in existing:
            return by_name(schema, name)
        return path_of(place) if schema == ASOF_SCHEMA else place

    return places
