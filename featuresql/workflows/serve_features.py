"""serve: what a Flight server asks of a project, kept ready between requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pyarrow as pa

from featuresql.compiler.compile_project import CompiledProject
from featuresql.ports import ServiceSchema
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.find_service import find_service
from featuresql.workflows.lookup import PreparedService, Question, lookup, prepare_service
from featuresql.workflows.training_set import training_set
from featuresql.workflows.workspace import Workspace


class ServeFeatures:
    """The services of one project on one target. Thread-safe; implements `ports.Serving`."""

    def __init__(self, open_workspace: Callable[[], Workspace]) -> None:
        """Compile the project that `open_workspace` reads; `reload` reads it again."""
        self._open_workspace = open_workspace
        self._guard = threading.Lock()
        self._load()

    def _load(self) -> None:
        workspace = self._open_workspace()
        compiled = compile_models(workspace)
        prepared = {
            name: prepare_service(model)
            for name, model in compiled.models.items()
            if model.service is not None
        }
        self._state: tuple[Workspace, CompiledProject, dict[str, PreparedService]]
        self._state = (workspace, compiled, prepared)

    def reload(self) -> None:
        """Read the project again; what was served before stays where that fails."""
        with self._guard:
            self._load()

    def services(self) -> Mapping[str, ServiceSchema]:
        """Return every service by its name."""
        return {name: prepared.schema for name, prepared in self._state[2].items()}

    def get_online_features(
        self,
        service: str,
        rows: pa.RecordBatch,
        at: datetime | None = None,
        *,
        include_metadata: bool = False,
    ) -> pa.RecordBatch:
        """Answer one row for each of `rows`, in their order."""
        workspace, compiled, prepared = self._state
        found = prepared.get(service)
        if found is None:
            find_service(compiled, service)
        store, evaluator = workspace.online(), workspace.evaluator()
        question = Question(rows, workspace.clock(), at, include_metadata)
        return lookup(prepared[service], store, evaluator, question)

    def get_historical_features(
        self, service: str, spine: pa.Table | None = None, known_at: datetime | None = None
    ) -> pa.RecordBatchReader:
        """Stream the training set; the engine is given back when the stream ends."""
        workspace, compiled, _ = self._state
        context = training_set(workspace, compiled, service, spine, known_at)
        reader = context.__enter__()

        def batches() -> object:
            try:
                yield from reader
            finally:
                context.__exit__(None, None, None)

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def statistics(self) -> Mapping[str, object]:
        """Return the online version of each view: its number, watermark and rows."""
        workspace = self._state[0]
        return {
            name: {
                "version": version.version,
                "number": version.number,
                "watermark": datetime.fromtimestamp(version.watermark_us / 1e6, UTC).isoformat(),
                "rows": version.rows,
            }
            for name, version in workspace.online().current().items()
        }
