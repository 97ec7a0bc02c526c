"""serve: what a Flight server asks of a project, kept ready between requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa

from featuresql.errors import (
    EngineError,
    FeatureSQLError,
    ManyErrors,
    OnlineStoreError,
    ProjectError,
    RegistryError,
    RequestError,
)
from featuresql.plan.fingerprint import fingerprints
from featuresql.ports import ServiceSchema
from featuresql.project.project_state import project_state
from featuresql.workflows.choose_definition import (
    Choice,
    Definition,
    Stored,
    choose_definition,
    fits_stored,
)
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.find_service import find_service
from featuresql.workflows.lookup import Question, lookup, prepare_service
from featuresql.workflows.training_set import training_set
from featuresql.workflows.workspace import Workspace

log: Final = logging.getLogger("featuresql")

# What a request fails with when the definition and what is stored do not fit each other.
_MISFITS: Final = frozenset({"not-materialized", "stale-version", "key-type", "closed"})
_SETTLE_S: Final = 0.2
_AGAIN: Final = "look again"


class ServeFeatures:
    """The services of one project on one target. Thread-safe; implements `ports.Serving`.

    A definition that has changed is served when what is stored online is of it too; until then the
    last one is, as `choose_definition` says.
    """

    def __init__(
        self, open_workspace: Callable[[], Workspace], settle_s: float = _SETTLE_S
    ) -> None:
        """Compile the project that `open_workspace` reads; `reload` reads it again."""
        self._open_workspace = open_workspace
        self._settle_s = settle_s
        self._loading = threading.Lock()
        self._choosing = threading.Lock()
        self._seen = ""
        self._tried: Mapping[str, int] = {}
        self._said = ""
        self._prints: dict[tuple[str, str], str | None] = {}
        self._choice = choose_definition(_compiled(open_workspace()), Stored({}, {}), None)

    def reload(self) -> None:
        """Read the project again; what was served before stays where that fails."""
        with self._loading:
            self._choose(_compiled(self._open_workspace()))

    def refresh(self) -> None:
        """Look whether the project or what is stored online has changed, and follow it.

        Costs a look at the files' times and one read of the online versions where nothing has. What
        does not compile is logged once, and the last definition goes on being served. Raises
        `OnlineStoreError` where the store cannot be read.
        """
        with self._loading:
            choice = self._choose()
            state = project_state(choice.newest.workspace.project)
            misfits = _misfits(choice)
            if state == self._seen and misfits == self._tried:
                return
            if self._seen:
                time.sleep(self._settle_s)  # whoever saves several files may be amid it
                if project_state(choice.newest.workspace.project) != state:
                    return
            is_tried = misfits == self._tried
            self._seen, self._tried = state, misfits
            try:
                workspace = self._open_workspace()
                if not is_tried or workspace.project != choice.newest.workspace.project:
                    self._choose(_compiled(workspace))
            except FeatureSQLError as error:
                self._failed(error)

    def _failed(self, error: FeatureSQLError) -> None:
        """Say once why the project cannot be followed; try again where its texts may be well.

        An engine may be busy, or a source's file about to come.
        """
        if any(isinstance(part, (EngineError, ProjectError)) for part in _parts(error)):
            self._seen, self._tried = _AGAIN, {}
        said = _one_line(error)
        if said != self._said:
            log.warning("the last definition is still served: %s", said)
        self._said = said

    def _choose(self, newest: Definition | None = None) -> Choice:
        """Serve `newest`, or what was the newest, wherever what is stored is of it."""
        with self._choosing:
            last = self._choice
            newest = newest or last.newest
            self._choice = choice = choose_definition(newest, self._stored(newest), last)
        behind = choice.behind()
        if behind and behind != last.behind():
            names = ", ".join(behind)
            log.warning("%s: the last definition is served until its views are materialized", names)
        return choice

    def _stored(self, definition: Definition) -> Stored:
        """Return what is online; each version is asked the registry for once."""
        workspace = definition.workspace
        versions = workspace.online().current()
        prints: dict[str, str | None] = {}
        for name, version in versions.items():
            key = (name, version.version)
            if key not in self._prints:
                try:
                    self._prints[key] = workspace.registry().fingerprint(*key)
                except RegistryError:
                    continue
            prints[name] = self._prints[key]
        self._prints = {k: v for k, v in self._prints.items() if k[0] in prints}
        return Stored(versions, prints)

    def services(self) -> Mapping[str, ServiceSchema]:
        """Return every service by its name."""
        return self._choice.schemas

    def get_online_features(
        self,
        service: str,
        rows: pa.RecordBatch,
        at: datetime | None = None,
        *,
        include_metadata: bool = False,
    ) -> pa.RecordBatch:
        """Answer one row for each of `rows`, in their order."""
        choice = self._choice
        definition = _served(choice, service)
        if definition is not choice.newest:
            # What it waits for may be there: no answer may be half of this one, half of that.
            definition = _served(self._choose(), service)
        workspace = definition.workspace
        question = Question(rows, workspace.clock(), at, include_metadata)
        try:
            return _answer(definition, service, question)
        except OnlineStoreError as error:
            if error.code not in _MISFITS:
                raise
            # Another version may just have gone online, or the target been opened anew.
            fresh = self._choose().served.get(service)
            if fresh is None or (fresh is definition and error.code != "closed"):
                raise
        return _answer(fresh, service, question)

    def get_historical_features(
        self, service: str, spine: pa.Table | None = None, known_at: datetime | None = None
    ) -> pa.RecordBatchReader:
        """Stream the training set; the engine is given back when the stream ends.

        It is of the newest definition, or of the one that is served where only that is built.
        """
        choice = self._choice
        served, newest = _served(choice, service), choice.newest
        try:
            return _historical(newest, service, spine, known_at)
        except RequestError as error:
            if error.code != "not-built" or served is newest:
                raise
            with suppress(RequestError):
                return _historical(served, service, spine, known_at)
            raise

    def statistics(self) -> Mapping[str, object]:
        """Return the online version of each view: its number, watermark and rows."""
        workspace = self._choice.newest.workspace
        return {
            name: {
                "version": version.version,
                "number": version.number,
                "watermark": datetime.fromtimestamp(version.watermark_us / 1e6, UTC).isoformat(),
                "rows": version.rows,
            }
            for name, version in workspace.online().current().items()
        }


def _compiled(workspace: Workspace) -> Definition:
    compiled = compile_models(workspace)
    prepared = {
        name: prepare_service(model)
        for name, model in compiled.models.items()
        if model.service is not None
    }
    return Definition(workspace, compiled, prepared, fingerprints(compiled))


def _served(choice: Choice, service: str) -> Definition:
    found = choice.served.get(service)
    if found is None:
        find_service(choice.newest.compiled, service)
    return choice.served[service]


def _answer(definition: Definition, service: str, question: Question) -> pa.RecordBatch:
    workspace = definition.workspace
    store, evaluator = workspace.online(), workspace.evaluator()
    return lookup(definition.prepared[service], store, evaluator, question)


def _historical(
    definition: Definition, service: str, spine: pa.Table | None, known_at: datetime | None
) -> pa.RecordBatchReader:
    workspace, compiled = definition.workspace, definition.compiled
    context = training_set(workspace, compiled, service, spine, known_at)
    reader = context.__enter__()

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        finally:
            context.__exit__(None, None, None)

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def _misfits(choice: Choice) -> dict[str, int]:
    """Return the stored views that the newest definition does not fit, with their numbers.

    Its text may be the same, and the data it was compiled for another.
    """
    stored = choice.newest.workspace.online().current()
    return {
        join.view.name: stored[join.view.name].number
        for prepared in choice.newest.prepared.values()
        if not fits_stored(prepared, stored)
        for join in prepared.plan.joins
        if join.view.name in stored
    }


def _parts(error: FeatureSQLError) -> tuple[FeatureSQLError, ...]:
    return error.errors if isinstance(error, ManyErrors) else (error,)


def _one_line(error: FeatureSQLError) -> str:
    """Return what is wrong and where, the first of several errors, as one line for a log."""
    errors = _parts(error)
    first = errors[0]
    place = f" at {first.location}" if first.location is not None else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return " ".join(f"{first.code}: {first.message}{place}{more}".split())
