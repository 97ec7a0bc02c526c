"""A whole project: everything that a project file may say."""

WHOLE = """\
name: flights
model_paths: [models]
macro_paths: [macros]
vars:
  window: 1 day
  share: 0.5
  least: 3
  on: true
  none: null
  day: 2013-07-01
  instant: 2013-07-01 12:00:00.5 -04:00
  carriers: [AA, UA]
default_target: local

targets:
  local:
    engine: {type: duckdb, path: target/flights.duckdb, threads: 2}
    online: {type: lmdb, path: target/online}
    registry: {url: "sqlite:///target/registry.db"}
  cluster:
    engine: {type: clickhouse, host: "{{ env_var('CLICKHOUSE_HOST') }}", database: flights,
             port: "{{ env_var('CLICKHOUSE_PORT', 8123) }}", secure: "{{ env_var('TLS', 'true') }}",
             password: "{{ env_var('CLICKHOUSE_PASSWORD') }}"}
    online: {type: scylla, hosts: ["{{ env_var('SCYLLA_HOST') }}"], keyspace: flights,
             local_dc: dc1, replication: {class: NetworkTopologyStrategy, dc1: 3}}
    registry: {url: "postgresql://{{ env_var('USER_NAME') }}:{{ env_var('SECRET') }}@host/db"}

sources:
  flights:
    path: data/*.csv
    event_time: departed_at
    available_at: landed_at
    timezone: America/New_York
    columns: {carrier: varchar, fare: "decimal(9,2)"}
    description: What flew.
  planes: {table: raw.planes, static: true}

entities:
  route: {keys: {origin: varchar, dest: TEXT}, description: From where to where.}
"""
FILES = {
    "featuresql.yml": WHOLE,
    "models/flights.sql": "select 1 as x\r\nfrom t",
    "models/deep/er/b.SQL": "select 2 as x",
    "models/.hidden.sql": "no",
    "models/.git/c.sql": "no",
    "models/readme.md": "no",
    "macros/m.sql": "{% macro m() %}1{% endmacro %}",
    "data/t.csv": "x\n1\n",
}
SECRETS = {
    "CLICKHOUSE_HOST": "ch.example",
    "CLICKHOUSE_PASSWORD": "hunter2",
    "SCYLLA_HOST": "sc.example",
    "USER_NAME": "me",
    "SECRET": "hunter3",
}
