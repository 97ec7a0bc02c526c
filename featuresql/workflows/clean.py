"""clean: drop versions that nothing names any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlglot import exp

from featuresql.compiler.asof import ASOF_SUFFIX, relation
from featuresql.compiler.write_sql import DUCKDB, write_drop
from featuresql.plan.version_relation import VERSIONS_SCHEMA
from featuresql.workflows.workspace import Workspace

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A relation with the statement that drops it."""

    relation: str
    statement: str


def clean(
    workspace: Workspace, older_than: timedelta, *, dry_run: bool = False
) -> tuple[Dropped, ...]:
    """Drop the versions that no name shows and that were built longer than `older_than` ago.

    What a killed run has begun is dropped too where nobody else can be building; where others can,
    on a ClickHouse server, it stays. What is to be dropped is returned; with `dry_run` it stays.
    """
    registry, dialect = workspace.registry(), workspace.engine.dialect
    begun, built = registry.ledger_relations(), registry.built_relations()
    latest = workspace.clock() - older_than
    found = []
    with workspace.engine.session() as session:
        views = session.views()
        existing = {place for place in session.relations() if place[0] == VERSIONS_SCHEMA}
        for place in sorted(existing - named_versions(existing, views)):
            version = f"{place[0]}.{place[1].removesuffix(ASOF_SUFFIX)}"
            built_at = built.get(version)
            is_old = built_at <= latest if built_at is not None else dialect == DUCKDB
            if version not in begun and is_old:
                statement = _drop(place, dialect, is_view=place in views)
                found.append(Dropped(".".join(place), statement))
        if not dry_run:
            session.execute([dropped.statement for dropped in found])
    return tuple(found)


def named_versions(existing: Collection[Place], views: Mapping[Place, str]) -> set[Place]:
    """Return the versions that a name shows, or that another such version reads.

    They are looked for in the text of views: what is found too many is kept for longer.
    """
    texts = [text for place, text in views.items() if place[0] != VERSIONS_SCHEMA]
    found: set[Place] = set()
    for text in texts:
        for place in existing:
            if place not in found and place[1].removesuffix(ASOF_SUFFIX) in text:
                found.add(place)
                texts.append(views.get(place, ""))
    return found


def _drop(place: Place, dialect: str, *, is_view: bool) -> str:
    if dialect != DUCKDB:
        return write_drop(place)
    kind = "VIEW" if is_view else "TABLE"
    return exp.Drop(tables=[relation(*place)], kind=kind, exists=True).sql(DUCKDB)
