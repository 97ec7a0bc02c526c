"""What a project says: sources, entities, models, targets, as frozen values.

These values are made by `featuresql.project` and `featuresql.render` and read by everybody else.
Durations are whole microseconds, names are lower-case identifiers as they were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from featuresql.errors import Location
from featuresql.spec.column_type import BOOLEAN, ColumnType

ModelKind = Literal["staging", "feature_view", "feature_service"]
Materialized = Literal["view", "table", "incremental"]


@dataclass(frozen=True, slots=True)
class Column:
    """A named, typed column."""

    name: str
    type: ColumnType
    description: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A table or file that the project reads. Exactly one of `path` and `table` is set."""

    name: str
    location: Location
    path: str | None = None
    table: str | None = None
    event_time: str | None = None
    available_at: str | None = None
    timezone: str = "UTC"
    static: bool = False
    columns: tuple[Column, ...] = ()
    description: str = ""
    column_locations: Mapping[str, Location] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entity:
    """What features describe: a name and its typed join keys, in their declared order."""

    name: str
    keys: tuple[Column, ...]
    location: Location
    description: str = ""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What `config()` says in a model. `ttl_us` and `interval_us` are microseconds."""

    kind: ModelKind = "staging"
    entity: str | None = None
    event_time: str | None = None
    available_at: str | None = None
    ttl_us: int | None = None
    labels: tuple[str, ...] = ()
    request: tuple[str, ...] = ()
    materialized: Materialized | None = None
    interval_us: int | None = None
    lookback_us: int | None = None
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    accept_leak: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A `.sql` file under `model_paths`, as text. `path` is relative to the project's root."""

    name: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class MacroFile:
    """A `.sql` file under `macro_paths`, as text. `path` is relative to the project's root."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class DataTest:
    """A test on a model's rows: `name` with its arguments, on one column or on the model.

    Only rows for which `where` is true are looked at. `warn_if` and `error_if` are comparisons of
    the number of failing rows, such as `> 10`; without them one row is too many.
    """

    name: str
    model: str
    location: Location
    column: str | None = None
    arguments: Mapping[str, object] = field(default_factory=dict)
    severity: Literal["error", "warn"] = "error"
    where: str | None = None
    warn_if: str | None = None
    error_if: str | None = None


@dataclass(frozen=True, slots=True)
class GivenInput:
    """Rows given to a unit test in place of `ref(name)` or `source(name)`."""

    kind: Literal["ref", "source"]
    name: str
    rows: tuple[Mapping[str, object], ...]
    location: Location


@dataclass(frozen=True, slots=True)
class UnitTest:
    """Rows in, rows out, for one model. `override_vars` replaces the project's variables."""

    name: str
    model: str
    given: tuple[GivenInput, ...]
    expect: tuple[Mapping[str, object], ...]
    location: Location
    override_vars: Mapping[str, object] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class ColumnProperties:
    """What a properties file says of one column."""

    name: str
    location: Location
    description: str = ""


@dataclass(frozen=True, slots=True)
class ModelProperties:
    """What a properties file says of one model."""

    name: str
    location: Location
    description: str = ""
    columns: tuple[ColumnProperties, ...] = ()


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who uses a model, most often a service: an ML model, a dashboard, a job. It ends the graph.

    `kind` says which of these it is, in the team's own words.
    """

    name: str
    kind: str
    service: str
    location: Location
    owner: str = ""
    url: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Where SQL runs: `type` is duckdb, clickhouse or chdb. Secrets are in `options`."""

    type: Literal["duckdb", "clickhouse", "chdb"]
    path: str | None = None
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class OnlineConfig:
    """Where values are served from: `type` is lmdb or scylla."""

    type: Literal["lmdb", "scylla"]
    path: str | None = None
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """Where versions and runs are recorded: an SQLAlchemy URL, which may hold a secret."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """A place where a project runs."""

    name: str
    engine: EngineConfig
    online: OnlineConfig
    registry: RegistryConfig
    location: Location


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that a project's files say, checked for itself, but not yet rendered."""

    name: str
    root: str
    file: str
    variables: Mapping[str, object]
    target: Target
    sources: Mapping[str, Source]
    entities: Mapping[str, Entity]
    models: Mapping[str, ModelFile]
    macros: tuple[MacroFile, ...]
    properties: Mapping[str, ModelProperties] = field(default_factory=dict)
    data_tests: tuple[DataTest, ...] = ()
    unit_tests: tuple[UnitTest, ...] = ()
    consumers: tuple[Consumer, ...] = ()


EVERYBODY: Final = Column("__everybody", BOOLEAN)
"""The key of a view without an entity: TRUE in the as-of path and in stores, no column of rows."""


@dataclass(frozen=True, slots=True)
class FeatureView:
    """A compiled feature view as stores see it: typed keys, its instants' columns, its features.

    A view without an entity has `entity` empty and the one key `EVERYBODY`. `available_at` is None
    where the view has no such column. `ttl_us` is None where rows do not age.
    """

    name: str
    entity: str
    keys: tuple[Column, ...]
    event_time: str
    available_at: str | None
    features: tuple[Column, ...]
    ttl_us: int | None = None

    @property
    def named_keys(self) -> tuple[Column, ...]:
        """The keys that are columns of the view's rows, and that a join of it names."""
        return tuple(key for key in self.keys if key != EVERYBODY)
