"""What `featuresql.yml` may hold, as pydantic classes: checks and JSON Schema in one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from featuresql.project.properties_file import ConsumerSection
from featuresql.project.strict_model import (
    ColumnName,
    ColumnTypeText,
    Flag,
    Identifier,
    KeyTypeText,
    StrictModel,
    Variable,
    WholeNumber,
)

Port = Annotated[WholeNumber, Field(ge=1, le=65_535)]


class DuckDBSection(StrictModel):
    """DuckDB, in the process."""

    type: Literal["duckdb"]
    path: str | None = None
    threads: Annotated[WholeNumber, Field(ge=1)] | None = None
    memory_limit: str | None = None


class ClickHouseSection(StrictModel):
    """A ClickHouse server."""

    type: Literal["clickhouse"]
    host: str
    port: Port | None = None
    user: str | None = None
    password: str | None = None
    database: str | None = None
    secure: Flag | None = None
    verify: Flag | None = None
    ca_cert: str | None = None


class ChdbSection(StrictModel):
    """ClickHouse, in the process."""

    type: Literal["chdb"]
    path: str | None = None


class LmdbSection(StrictModel):
    """LMDB, in the process."""

    type: Literal["lmdb"]
    path: str | None = None


class ScyllaSection(StrictModel):
    """A ScyllaDB or Cassandra cluster."""

    type: Literal["scylla"]
    hosts: Annotated[list[str], Field(min_length=1)]
    keyspace: Identifier
    port: Port | None = None
    user: str | None = None
    password: str | None = None
    local_dc: str | None = None
    replication: dict[str, str | WholeNumber] | None = None
    consistency: (
        Literal["one", "local_one", "two", "three", "quorum", "local_quorum", "each_quorum", "all"]
        | None
    ) = None
    timeout_ms: Annotated[WholeNumber, Field(ge=1)] | None = None
    patience_ms: Annotated[WholeNumber, Field(ge=0)] | None = None
    refresh_ms: Annotated[WholeNumber, Field(ge=0, le=60_000)] | None = None
    speculative_ms: Annotated[WholeNumber, Field(ge=1)] | None = None
    secure: Flag | None = None
    verify_host: Flag | None = None
    ca_cert: str | None = None


class RegistrySection(StrictModel):
    """Where versions and runs are recorded: an SQLAlchemy URL."""

    url: str


class TargetSection(StrictModel):
    """A place where the project runs. What is absent is embedded."""

    engine: (
        Annotated[DuckDBSection | ClickHouseSection | ChdbSection, Field(discriminator="type")]
        | None
    ) = None
    online: Annotated[LmdbSection | ScyllaSection, Field(discriminator="type")] | None = None
    registry: RegistrySection | None = None


class SourceSection(StrictModel):
    """A file, a glob or a table that the project reads: either `path` or `table`."""

    path: str | None = None
    table: str | None = None
    event_time: ColumnName | None = None
    available_at: ColumnName | None = None
    timezone: str = "UTC"
    static: bool = False
    columns: dict[ColumnName, ColumnTypeText] = Field(default_factory=dict)
    description: str = ""


class EntitySection(StrictModel):
    """What features describe: its typed join keys."""

    keys: Annotated[dict[Identifier, KeyTypeText], Field(min_length=1)]
    description: str = ""


class ProjectFile(StrictModel):
    """The project file of FeatureSQL."""

    model_config = ConfigDict(title="featuresql.yml")

    name: Identifier
    model_paths: Annotated[list[str], Field(min_length=1)] = Field(
        default_factory=lambda: ["models"]
    )
    macro_paths: list[str] = Field(default_factory=lambda: ["macros"])
    vars: dict[Identifier, Variable] = Field(default_factory=dict)
    default_target: str | None = None
    targets: Annotated[dict[Identifier, TargetSection], Field(min_length=1)] | None = None
    sources: dict[Identifier, SourceSection] = Field(default_factory=dict)
    entities: dict[Identifier, EntitySection] = Field(default_factory=dict)
    consumers: list[ConsumerSection] = Field(default_factory=list)
