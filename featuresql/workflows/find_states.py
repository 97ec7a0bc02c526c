"""What stands of the incremental models, and what their sources hold now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.intervals.times import Intervals
from featuresql.compiler.write_sql import DUCKDB
from featuresql.plan.digest_query import digest_query
from featuresql.plan.find_chunks import SourceInterval, State
from featuresql.plan.fingerprint import digest
from featuresql.plan.stored_rows import path_of
from featuresql.plan.version_relation import version_relation
from featuresql.ports import EngineSession
from featuresql.workflows.workspace import Workspace

Digests = Mapping[tuple[str, str], Sequence[SourceInterval]]


def find_states(  # noqa: PLR0913, PLR0917 - what a plan of intervals depends on
    workspace: Workspace,
    compiled: CompiledProject,
    prints: Mapping[str, str],
    versions: Mapping[str, str],
    sources: Mapping[str, str],
    session: EngineSession,
    *,
    refreshed: Collection[str],
    forced: Collection[str],
) -> dict[str, State]:
    """Return what each incremental model of `compiled` is before a run.

    `sources` are the states of the sources. A model of `refreshed` gets a new table. Where nothing
    has changed since the model was complete, and it is not one of `forced`, the sources are not
    read. Engines without transactions build these models whole.
    """
    if workspace.engine.dialect != DUCKDB:
        return {}
    existing = session.relations()
    registry = workspace.registry()
    read: dict[tuple[str, str, int], Sequence[SourceInterval]] = {}
    found: dict[str, State] = {}
    for name, model in compiled.models.items():
        intervals = model.intervals
        if intervals is None:
            continue
        base = digest([prints[name], [(source, sources[source]) for source in intervals.whole]])
        ledger = registry.ledger(name, base)
        number = 1 if ledger is None else ledger.number
        complete_for = "" if ledger is None else ledger.complete_for
        is_new = ledger is None or name in refreshed
        while is_new and version_relation(name, f"{base}_{number}") in existing:
            number += 1
        place = version_relation(name, f"{base}_{number}")
        is_there = not is_new and place in existing
        is_there = is_there and (model.view is None or path_of(place) in existing)
        is_same = is_there and complete_for == versions[name] and name not in forced
        digests = None
        if not is_same:
            digests = _digests(compiled, intervals, model.config.interval_us or 0, session, read)
        done = registry.intervals(".".join(place)) if is_there else {}
        found[name] = State(base, number, is_there, complete_for, done, digests)
    return found


def _digests(
    compiled: CompiledProject,
    intervals: Intervals,
    interval_us: int,
    session: EngineSession,
    read: dict[tuple[str, str, int], Sequence[SourceInterval]],
) -> Digests:
    """Return what the sources hold in each interval; what was `read` before is taken from there."""
    found: dict[tuple[str, str], Sequence[SourceInterval]] = {}
    for reach in (*intervals.changes, *intervals.rows):
        source, column = reach.relation[1], reach.column
        key = source, column, interval_us
        if key not in read:
            available_at = compiled.project.sources[source].available_at
            columns = compiled.sources[source]
            query = digest_query(source, columns, column, available_at, interval_us)
            rows = session.query(query.sql(DUCKDB)).read_all().to_pylist()
            read[key] = [
                SourceInterval(row["start_us"], row["rows"], row["latest_us"], int(row["checksum"]))
                for row in rows
            ]
        found[source, column] = read[key]
    return found
