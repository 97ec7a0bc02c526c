"""What the workflows ask of engines, online stores, the registry and the clock.

Adapters implement these Protocols; `featuresql.bootstrap` alone chooses between them. Adapters
translate their drivers' exceptions into those of `featuresql.errors` before they leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from featuresql.plan.steps import Ledger
from featuresql.spec.model import Column, FeatureView, Source


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return the present instant, with UTC as its zone."""


class EngineSession(Protocol):
    """One short piece of work on an engine, holding its lock no longer than that."""

    def execute(self, statements: Sequence[str]) -> None:
        """Run `statements` in order: all of them or none, where the engine has transactions."""

    def query(
        self,
        statement: str,
        inputs: Mapping[str, pa.Table] | None = None,
        columns: Sequence[Column] | None = None,
    ) -> pa.RecordBatchReader:
        """Run one SELECT; `inputs` are Arrow tables that it may name.

        The answer has the names and Arrow types of `columns`, or what the engine gives, with
        timestamps in UTC. It comes in batches and ends with the session.
        """

    def relations(self) -> frozenset[tuple[str, str]]:
        """Return (schema, name) of every table and view of the engine's database."""

    def views(self) -> Mapping[tuple[str, str], str]:
        """Return the SQL of each view of the database, by (schema, name)."""

    def columns(self, schema: str, name: str) -> tuple[Column, ...]:
        """Return the columns of a table or view, in order."""

    def load(self, schema: str, name: str, rows: pa.Table) -> None:
        """Make a table of `rows`, in place of what was there; `__row` counts them from 0."""


class Engine(Protocol):
    """An SQL engine that knows the sources of one project."""

    dialect: str

    def describe(self, source: Source) -> tuple[Column, ...]:
        """Return the columns of a source as models see them, instants as UTC TIMESTAMP."""

    def state(self, source: Source) -> str:
        """Return a text that changes whenever the rows of `source` may have changed."""

    def session(self) -> AbstractContextManager[EngineSession]:
        """Open the engine with its sources bound as views `sources.NAME` and the outside shut.

        Waits a bounded time for another process's lock.
        """

    def scratch(self) -> AbstractContextManager[EngineSession]:
        """Open an empty engine of the same kind that binds no source and leaves nothing behind."""


class Evaluator(Protocol):
    """Evaluates expressions over Arrow batches, in DuckDB. Thread-safe."""

    def evaluate(self, statement: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Run a SELECT over the relation `request`, which is `batch`; the rows keep their order."""

    def close(self) -> None:
        """Give back what the evaluator holds."""


@dataclass(frozen=True, slots=True)
class OnlineVersion:
    """A complete set of a view's rows in an online store, as of a watermark.

    `version` names the built table that the rows come from, `number` grows with each write of the
    view, `watermark_us` is microseconds since 1970 in UTC.
    """

    view: FeatureView
    version: str
    number: int
    watermark_us: int
    rows: int


@dataclass(frozen=True, slots=True)
class ViewLookup:
    """Asks for the stored row of each of `keys`: columns in the order of the entity's keys.

    The key columns have exactly the entity's Arrow types. `columns` are features of the view.
    """

    view: str
    keys: pa.RecordBatch
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ViewAnswer:
    """The stored rows of one `ViewLookup`, one for each of its keys and in their order.

    `rows` has the columns `event_ts`, `available_at` (both timestamp[us, tz=UTC]) and then the
    asked features. A key that is NULL or not stored has NULL everywhere. `version` is what was
    read.
    """

    version: OnlineVersion
    rows: pa.RecordBatch


class OnlineStore(Protocol):
    """Keeps the latest visible row of each entity, for each view."""

    def write(
        self, view: FeatureView, version: str, watermark_us: int, batches: Iterable[pa.RecordBatch]
    ) -> OnlineVersion:
        """Write a complete new version of the view and make it the current one at its end.

        A batch has the view's keys, `event_ts`, `available_at` and the features, in that order and
        with their Arrow types; no key is NULL. Of several rows with one key the greatest
        (`event_ts`, `available_at`) stays. Readers see the old version until the new is complete.
        A failure or a kill leaves the old one in place.
        """

    def current(self) -> Mapping[str, OnlineVersion]:
        """Return the current version of each view, by the view's name."""

    def read(self, lookups: Sequence[ViewLookup]) -> tuple[ViewAnswer, ...]:
        """Answer all `lookups` from one snapshot.

        Raises `OnlineStoreError` with code `not-materialized` for a view that has no version.
        """

    def close(self) -> None:
        """Give back what the store holds. The store cannot be used afterwards."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A built version of a model: where it is and what it was built from."""

    model: str
    version: str
    fingerprint: str
    source_state: str
    relation: str
    rows: int
    built_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One execution of a verb. `status` is running, success or error; `detail` is JSON."""

    run_id: str
    verb: str
    started_at: datetime
    status: str
    finished_at: datetime | None = None
    detail: str = "{}"


class Registry(Protocol):
    """Records what was built, run and put online. All calls are idempotent."""

    def record_model_version(self, version: ModelVersion) -> None:
        """Record a built version and make it the model's current one."""

    def model_versions(self) -> Mapping[str, ModelVersion]:
        """Return the current version of each model, by the model's name."""

    def fingerprint(self, model: str, version: str) -> str | None:
        """Return the fingerprint of the definition that a version was built by, if it is known."""

    def record_run(self, run: RunRecord) -> None:
        """Record a run, or what has become of it: `run_id` is the key."""

    def runs(self, limit: int = 20) -> Iterator[RunRecord]:
        """Return the newest runs first."""

    def record_online_version(self, version: OnlineVersion, at: datetime) -> None:
        """Record that a version went online."""

    def built_relations(self) -> Mapping[str, datetime]:
        """Return when each version was built, by its relation, also those that are not current."""

    def ledger_relations(self) -> frozenset[str]:
        """Return the tables that ledgers of incremental models are about."""

    def ledger(self, model: str, base: str) -> Ledger | None:
        """Return the ledger of a definition of an incremental model, None where there is none."""

    def record_ledger(self, ledger: Ledger) -> None:
        """Record which table holds an incremental model, and what it is complete for."""

    def intervals(self, relation: str) -> Mapping[int, str]:
        """Return what each completed interval of a table was made from, by its start."""

    def record_interval(self, relation: str, start_us: int, seen: str | None) -> None:
        """Record that an interval of a table is complete; where `seen` is None, that it is gone."""

    def forget_intervals(self, relation: str) -> None:
        """Take all intervals of a table out of its ledger."""

    def close(self) -> None:
        """Give back what the registry holds."""


@dataclass(frozen=True, slots=True)
class ServiceSchema:
    """What a feature service takes and gives, as Arrow schemas.

    `request` holds the key and request columns of an online call, `online` its answer, `spine` the
    columns that a brought spine needs (labels are optional there), `historical` a training set.
    `event_time` names the column of instants.
    """

    name: str
    event_time: str
    request: pa.Schema
    online: pa.Schema
    spine: pa.Schema
    historical: pa.Schema
    description: str = ""


class Serving(Protocol):
    """What a server serves: the feature services of one project on one target. Thread-safe."""

    def services(self) -> Mapping[str, ServiceSchema]:
        """Return every service by its name."""

    def get_online_features(
        self, service: str, rows: pa.RecordBatch, at: datetime | None = None
    ) -> pa.RecordBatch:
        """Answer one row for each of `rows`, in their order, with the schema `online`.

        Raises `RequestError` where `rows` does not fit the schema `request`.
        """

    def get_historical_features(
        self, service: str, spine: pa.Table | None = None, known_at: datetime | None = None
    ) -> pa.RecordBatchReader:
        """Stream the training set over `spine`, or over the service's own where it is None."""

    def reload(self) -> None:
        """Read the project again; what was served before stays where that fails."""

    def statistics(self) -> Mapping[str, object]:
        """Return the online versions and watermarks, as values that JSON can hold."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing done, or begun, of a longer work. `status` is started, done, kept or failed.

    It is `interval` for one interval of an incremental model, of how many.
    """

    verb: str
    name: str
    status: str
    index: int
    total: int
    seconds: float = 0.0
    rows: int | None = None


class Report(Protocol):
    """Is told of progress."""

    def __call__(self, progress: Progress) -> None:
        """Show `progress`, quickly."""
