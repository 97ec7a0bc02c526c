"""Which definition of each service is served: the newest that what is stored online fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from featuresql.compiler.compile_project import CompiledProject
from featuresql.ports import OnlineVersion, ServiceSchema
from featuresql.spec.model import Column
from featuresql.workflows.lookup import PreparedService
from featuresql.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Definition:
    """A project as it was read at one time. `prints` are the models' fingerprints."""

    workspace: Workspace
    compiled: CompiledProject
    prepared: Mapping[str, PreparedService]
    prints: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stored:
    """The versions that are online, and the fingerprint each was built by, where it is known."""

    versions: Mapping[str, OnlineVersion]
    prints: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Choice:
    """The definition that each service is served by, beside the newest one."""

    newest: Definition
    served: Mapping[str, Definition]
    schemas: Mapping[str, ServiceSchema]

    def behind(self) -> tuple[str, ...]:
        """Return the services that are served by an earlier definition."""
        return tuple(n for n, found in self.served.items() if found is not self.newest)


def choose_definition(newest: Definition, stored: Stored, last: Choice | None) -> Choice:
    """Choose for each service of `newest` between it and what `last` served.

    The newest is served as soon as all views that the service reads are stored by its definition,
    the last one until then, where what is stored fits that. Where it fits neither, the newest is
    served: its error says what to do.
    """
    served = {}
    for name, prepared in newest.prepared.items():
        before = last.served.get(name, newest) if last is not None else newest
        is_before_fit = fits_stored(before.prepared[name], stored.versions)
        is_fit = fits_stored(prepared, stored.versions)
        is_newest = (is_fit and _is_built_by(newest, name, stored)) or not is_before_fit
        served[name] = newest if is_newest else before
    schemas = {name: definition.prepared[name].schema for name, definition in served.items()}
    return Choice(newest, served, schemas)


def fits_stored(prepared: PreparedService, stored: Mapping[str, OnlineVersion]) -> bool:
    """Whether every view that the service reads is stored with the columns it is read for."""
    for join in prepared.plan.joins:
        version = stored.get(join.view.name)
        if version is None or _types(version.view.keys) != _types(join.view.keys):
            return False
        have, want = dict(_types(version.view.features)), dict(_types(join.view.features))
        if any(have.get(name) != want[name] for name in prepared.reads[join.alias]):
            return False
    return True


def _is_built_by(definition: Definition, service: str, stored: Stored) -> bool:
    """Whether nothing tells that a view which the service reads is stored by another definition."""
    views = {join.view.name for join in definition.prepared[service].plan.joins}
    return all(stored.prints.get(view) in {None, definition.prints[view]} for view in views)


def _types(columns: tuple[Column, ...]) -> list[tuple[str, object]]:
    return [(column.name, column.type) for column in columns]
