"""FeatureStore: the Python face of the workflows."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

import pyarrow as pa

from featuresql.bootstrap import close_workspace, open_workspace, reopen_workspace
from featuresql.errors import RequestError
from featuresql.plan.find_chunks import Named
from featuresql.ports import OnlineVersion, ServiceSchema
from featuresql.wire.frames import to_table
from featuresql.wire.instants import parse_instant
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.get_features import get_features, only_key
from featuresql.workflows.materialize import materialize
from featuresql.workflows.run_models import RunReport, run_models
from featuresql.workflows.serve_features import ServeFeatures
from featuresql.workflows.workspace import Workspace

Instant: TypeAlias = datetime | str
LOOK_S: Final = 1.0


class FeatureStore:
    """A project on one of its targets.

    Instants are datetimes or ISO 8601 texts, UTC where they bear no zone. Rows and spines are a
    pyarrow Table or RecordBatch, a polars or pandas frame, or a dict of lists. Every answer is a
    `pyarrow.Table` with one row for each row asked, in the order asked; its instants are
    timestamp[us, tz=UTC]. All methods raise `featuresql.FeatureSQLError`. Threads may
    share a store.
    """

    def __init__(
        self,
        project_dir: str | Path = ".",
        target: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> None:
        """Read the project; nothing is built or connected to yet."""
        self._open = partial(open_workspace, project_dir, target, variables)
        self._guard = threading.RLock()
        self._workspace = self._open()
        self._serving: ServeFeatures | None = None
        self._looked_s = 0.0

    def run(
        self,
        select: str | None = None,
        *,
        exclude: str | None = None,
        full_refresh: bool = False,
        start: Instant | None = None,
        end: Instant | None = None,
    ) -> RunReport:
        """Build the models that `select` names, or all; what has not changed is kept.

        With `start` or `end` the intervals of incremental models that reach into [start, end) are
        built again.
        """
        first = None if start is None else parse_instant(start, what="start")
        last = None if end is None else parse_instant(end, what="end")
        named = Named(first, last)
        return run_models(self._renew(), select, exclude, full_refresh=full_refresh, named=named)

    def materialize(
        self, select: str | None = None, until: Instant | None = None
    ) -> tuple[OnlineVersion, ...]:
        """Write the feature views, as they stand at `until` or now, into the online store."""
        watermark = None if until is None else parse_instant(until, what="until")
        return materialize(self._renew(), select, watermark)

    def get_historical_features(
        self, service: str, spine: object = None, known_at: Instant | None = None
    ) -> pa.Table:
        """Return the training set of `service`, each value as it was visible at its row's instant.

        The rows are those of `spine`, or of the service's own spine by event time. With `known_at`
        only what was known then exists.
        """
        known = None if known_at is None else parse_instant(known_at, what="known_at")
        rows = None if spine is None else to_table(spine)
        try:
            return self.serving.get_historical_features(service, rows, known).read_all()
        except RequestError as error:
            if error.code != "not-built":
                raise
        # Another process may have built what the project's files say now.
        self._renew()
        return self.serving.get_historical_features(service, rows, known).read_all()

    def get_online_features(
        self,
        service: str,
        rows: object,
        at: Instant | None = None,
        *,
        include_metadata: bool = False,
    ) -> pa.Table:
        """Return the online vectors of `service` at `at`, the rows' own instants, or now."""
        instant = None if at is None else parse_instant(at, what="at")
        batch = _one_batch(to_table(rows))
        answer = self._followed().get_online_features(
            service, batch, instant, include_metadata=include_metadata
        )
        return pa.Table.from_batches([answer])

    def services(self) -> Mapping[str, ServiceSchema]:
        """Return the schemas of every feature service, by its name."""
        return self.serving.services()

    def get_features(
        self,
        entity_ids: object,
        feature_names: Sequence[str],
        as_of: Instant | Sequence[Instant],
        *,
        include_metadata: bool = False,
    ) -> pa.Table:
        """Return feature values of entities as they were visible at `as_of`, from the engine.

        `entity_ids` are the keys, as rows are given, or a list of the values of the only key.
        `feature_names` are `view.feature`, of any views; `as_of` is one instant or one for each
        row. The answer has the keys, `as_of` and a column `view.feature` each. With
        `include_metadata` also, for each view, `view__event_ts`, `view__available_at`,
        `view__version` and `view__age` (duration[us]); they are NULL where no row was visible.

        For one: `store.get_features(["AA"], ["carrier_delay.arr_delay_mean"], "2013-07-01")`.
        """
        workspace = self._renew()
        compiled = compile_models(workspace)
        instants = (
            parse_instant(as_of, what="as_of")
            if isinstance(as_of, datetime | str)
            else [parse_instant(instant, what="as_of") for instant in as_of]
        )
        ids = entity_ids
        if isinstance(ids, list | tuple) and not (ids and isinstance(ids[0], dict)):
            ids = {only_key(compiled, feature_names): list(ids)}
        elif isinstance(ids, list | tuple):
            ids = pa.Table.from_pylist(list(ids))
        return get_features(
            workspace,
            compiled,
            to_table(ids),
            feature_names,
            instants,
            include_metadata=include_metadata,
        )

    @property
    def serving(self) -> ServeFeatures:
        """The compiled services, as a server uses them; compiled when first asked for."""
        with self._guard:
            if self._serving is None:
                self._serving = ServeFeatures(self._renewed)
                self._looked_s = time.monotonic()
            return self._serving

    def _followed(self) -> ServeFeatures:
        """Return the services after a look, now and then, whether the project has changed."""
        serving, now_s = self.serving, time.monotonic()
        if now_s - self._looked_s > LOOK_S:
            self._looked_s = now_s
            serving.refresh()
        return serving

    def _renewed(self) -> Workspace:
        with self._guard:
            self._workspace = reopen_workspace(self._workspace, self._open())
            return self._workspace

    def _renew(self) -> Workspace:
        """Read the project again: its files may have changed since."""
        with self._guard:
            self._serving = None
            return self._renewed()

    def close(self) -> None:
        """Give back the online store and the registry."""
        close_workspace(self._workspace)

    def __enter__(self) -> Self:
        """Return this store, to be closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the store."""
        self.close()


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
