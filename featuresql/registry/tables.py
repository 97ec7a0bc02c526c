"""The registry's tables. Instants are whole microseconds since 1970 in UTC."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, String, Table, Text

SCHEMA_VERSION: Final = 2

metadata: Final = MetaData()

schema_version: Final = Table(
    "featuresql_schema_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

model_versions: Final = Table(
    "featuresql_model_versions",
    metadata,
    Column("model", String(255), primary_key=True),
    Column("version", String(255), primary_key=True),
    Column("fingerprint", String(255), nullable=False),
    Column("source_state", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("built_at_us", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
)

current_models: Final = Table(
    "featuresql_current_models",
    metadata,
    Column("model", String(255), primary_key=True),
    Column("version", String(255), nullable=False),
)

runs: Final = Table(
    "featuresql_runs",
    metadata,
    Column("run_id", String(255), primary_key=True),
    Column("verb", String(255), nullable=False),
    Column("started_at_us", BigInteger, nullable=False),
    Column("status", String(32), nullable=False),
    Column("finished_at_us", BigInteger),
    Column("detail", Text, nullable=False),
    Index("featuresql_runs_started", "started_at_us"),
)

online_versions: Final = Table(
    "featuresql_online_versions",
    metadata,
    Column("view", String(255), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", String(255), nullable=False),
    Column("watermark_us", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("online_at_us", BigInteger, nullable=False),
)

ledgers: Final = Table(
    "featuresql_ledgers",
    metadata,
    Column("model", String(255), primary_key=True),
    Column("base", String(255), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("complete_for", String(255), nullable=False),
)

intervals: Final = Table(
    "featuresql_intervals",
    metadata,
    Column("relation", String(255), primary_key=True),
    Column("start_us", BigInteger, primary_key=True, autoincrement=False),
    Column("seen", Text, nullable=False),
)
