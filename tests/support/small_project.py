"""A project in memory: views of one key, of two and of none, and a service that joins them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from featuresql.compiler.compile_project import CompiledProject, compile_project
from featuresql.errors import Location
from featuresql.render.render_project import render_project
from featuresql.spec.column_type import parse_type
from featuresql.spec.model import (
    Column,
    EngineConfig,
    Entity,
    ModelFile,
    OnlineConfig,
    Project,
    RegistryConfig,
    Source,
    Target,
)

HERE = Location("featuresql.yml")
SOURCES = {
    "spine": {
        "code": "VARCHAR",
        "other": "VARCHAR",
        "part": "BIGINT",
        "asked_at": "TIMESTAMP",
        "weight": "DOUBLE",
    },
    "single_rows": {
        "code": "VARCHAR",
        "ts": "TIMESTAMP",
        "seen_at": "TIMESTAMP",
        "f": "DOUBLE",
        "n": "BIGINT",
        "l": "DOUBLE[]",
    },
    "pair_rows": {"code": "VARCHAR", "part": "BIGINT", "ts": "TIMESTAMP", "t": "VARCHAR"},
    "everybody_rows": {"ts": "TIMESTAMP", "seen_at": "TIMESTAMP", "rate": "DOUBLE"},
}
MODELS = {
    "single": """{{ config(kind='feature_view', entity='thing', event_time='ts',
        available_at='seen_at', ttl='3 microseconds') }}
        select code, ts, seen_at, f, n, l from {{ source('single_rows') }}""",
    "pair": """{{ config(kind='feature_view', entity='thing_part', event_time='ts') }}
        select code, part, ts, t from {{ source('pair_rows') }}""",
    "everybody": """{{ config(kind='feature_view', event_time='ts', available_at='seen_at') }}
        select ts, seen_at, rate from {{ source('everybody_rows') }}""",
    "service": """{{ config(kind='feature_service', event_time='asked_at', request=['weight']) }}
        select s.asked_at, s.code, a.f, a.n, a.l, b.f as other_f, b.ts as other_ts,
          b.seen_at as other_seen_at, p.t, a.f * s.weight as weighted,
          e.rate, e.ts as rate_ts
        from {{ source('spine') }} s
        left join {{ ref('single') }} a on a.code = s.code
        left join {{ ref('single') }} b on s.other = b.code
        left join {{ ref('pair') }} p on p.part = s.part and p.code = s.code
        left join {{ ref('everybody') }} e on true""",
}
ENTITIES = {"thing": {"code": "VARCHAR"}, "thing_part": {"code": "VARCHAR", "part": "BIGINT"}}


def columns(types: dict[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, parse_type(text)) for name, text in types.items())


def compile_small(
    models: dict[str, str] = MODELS,
    sources: dict[str, dict[str, str]] = SOURCES,
    entities: dict[str, dict[str, str]] = ENTITIES,
    event_times: Mapping[str, str] = MappingProxyType({}),
) -> CompiledProject:
    project = Project(
        name="small",
        root=".",
        file="featuresql.yml",
        variables={},
        target=Target(
            "local",
            EngineConfig("duckdb"),
            OnlineConfig("lmdb"),
            RegistryConfig("sqlite://"),
            HERE,
        ),
        sources={
            name: Source(name, HERE, path=f"{name}.parquet", event_time=event_times.get(name))
            for name in sources
        },
        entities={name: Entity(name, columns(keys), HERE) for name, keys in entities.items()},
        models={name: ModelFile(name, f"models/{name}.sql", text) for name, text in models.items()},
        macros=(),
    )
    typed = {name: columns(types) for name, types in sources.items()}
    return compile_project(project, render_project(project), typed)
