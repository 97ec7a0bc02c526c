import os
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import date, datetime
from pathlib import Path

import pytest

from featuresql.errors import FeatureSQLError, Location, ManyErrors, ProjectError
from featuresql.project.load_project import load_project
from featuresql.spec.column_type import VARCHAR, decimal, scalar
from featuresql.spec.model import (
    Column,
    ColumnProperties,
    DataTest,
    EngineConfig,
    MacroFile,
    ModelFile,
    ModelProperties,
    OnlineConfig,
    Project,
)

ErrorsOf = Callable[..., tuple[FeatureSQLError, ...]]
Load = Callable[..., Project]

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


def test_a_whole_project_is_read(project: Load) -> None:
    found = project(FILES)
    assert (found.name, found.file) == ("flights", "featuresql.yml")
    assert Path(found.root).is_absolute()
    assert found.variables == {
        "window": "1 day",
        "share": 0.5,
        "least": 3,
        "on": True,
        "none": None,
        "day": date(2013, 7, 1),
        "instant": datetime(2013, 7, 1, 16, 0, 0, 500_000),  # noqa: DTZ001 - models' own: UTC
        "carriers": ("AA", "UA"),
    }
    assert type(found.variables["least"]) is int
    assert type(found.variables["on"]) is bool


def test_sources_are_read_with_their_places(project: Load) -> None:
    flights, planes = project(FILES).sources.values()
    assert flights.path == "data/*.csv"
    assert (flights.event_time, flights.available_at) == ("departed_at", "landed_at")
    assert (flights.timezone, flights.static) == ("America/New_York", False)
    assert flights.columns == (Column("carrier", VARCHAR), Column("fare", decimal(9, 2)))
    assert flights.description == "What flew."
    assert str(flights.location) == "featuresql.yml:29:3"
    assert {name: str(place) for name, place in flights.column_locations.items()} == {
        "departed_at": "featuresql.yml:31:17",
        "landed_at": "featuresql.yml:32:19",
        "carrier": "featuresql.yml:34:15",
        "fare": "featuresql.yml:34:33",
    }
    assert (planes.path, planes.table, planes.static) == (None, "raw.planes", True)
    assert (planes.timezone, planes.event_time) == ("UTC", None)


def test_entities_keep_the_order_of_their_keys(project: Load) -> None:
    route = project(FILES).entities["route"]
    assert route.keys == (Column("origin", VARCHAR), Column("dest", VARCHAR))
    assert route.location == Location("featuresql.yml", 39, 3)
    assert route.description == "From where to where."


def test_models_and_macros_are_read_as_text_wherever_they_lie(project: Load) -> None:
    found = project(FILES)
    assert found.models == {
        "b": ModelFile("b", "models/deep/er/b.SQL", "select 2 as x"),
        "flights": ModelFile("flights", "models/flights.sql", "select 1 as x\nfrom t"),
    }
    macro = "{% macro m() %}1{% endmacro %}"
    assert found.macros == (MacroFile("macros/m.sql", macro),)


def test_the_default_target_is_taken_and_its_options_are_kept(project: Load) -> None:
    target = project(FILES).target
    assert target.name == "local"
    assert target.engine == EngineConfig("duckdb", "target/flights.duckdb", {"threads": 2})
    assert target.online == OnlineConfig("lmdb", "target/online")
    assert target.registry.url == "sqlite:///target/registry.db"
    assert target.location == Location("featuresql.yml", 16, 3)


def test_a_target_is_taken_by_name_with_its_environment(project: Load) -> None:
    target = project(FILES, target="cluster", environment=SECRETS).target
    assert target.engine.type == "clickhouse"
    assert target.engine.path is None
    assert target.engine.options == {
        "host": "ch.example",
        "database": "flights",
        "port": 8123,
        "secure": True,
        "password": "hunter2",
    }
    assert target.online.options == {
        "hosts": ["sc.example"],
        "keyspace": "flights",
        "local_dc": "dc1",
        "replication": {"class": "NetworkTopologyStrategy", "dc1": 3},
    }
    assert target.registry.url == "postgresql://me:hunter3@host/db"


def test_what_the_environment_gave_is_plain_text(project: Load) -> None:
    target = project(FILES, target="cluster", environment=SECRETS).target
    assert type(target.engine.options["host"]) is str
    assert type(target.engine.options["password"]) is str
    assert [type(host) for host in target.online.options["hosts"]] == [str]  # type: ignore[attr-defined]
    assert type(target.registry.url) is str


def test_no_secret_shows_in_a_repr(project: Load) -> None:
    shown = repr(project(FILES, target="cluster", environment=SECRETS))
    assert "hunter" not in shown


def test_only_the_chosen_targets_variables_must_be_set(project: Load, errors_of: ErrorsOf) -> None:
    assert project(FILES, target="local", environment={}).target.name == "local"
    errors = errors_of(FILES, target="cluster", environment={})
    names = ("CLICKHOUSE_HOST", "CLICKHOUSE_PASSWORD", "SCYLLA_HOST", "USER_NAME")
    assert [error.message for error in errors] == [
        f"the environment variable '{name}' is not set" for name in names
    ]
    assert {error.code for error in errors} == {"unset-variable"}


def test_another_targets_mistakes_are_errors_all_the_same(errors_of: ErrorsOf) -> None:
    files = {**FILES, "featuresql.yml": WHOLE.replace("keyspace: flights", "keyspce: flights")}
    errors = errors_of(files, target="local")
    assert {error.message for error in errors} == {
        "the key 'keyspace' is missing",
        "unknown key 'keyspce'",
    }


def test_the_environment_serves_the_whole_file(project: Load) -> None:
    text = (
        "name: p\ndefault_target: \"{{ env_var('WHERE', 'b') }}\"\n"
        "vars: {x: \"{{ env_var('X') }}!\", y: \"{{ env_var('Y', default='z') }}\"}\n"
        "targets: {a: {}, b: {}}\n"
        "sources: {t: {path: \"data/{{ env_var('FILE') }}.csv\"}}\n"
    )
    environment = {"X": "{{ env_var('X') }}", "FILE": "t", "Y": ""}
    found = project({**FILES, "featuresql.yml": text}, environment=environment)
    assert found.target.name == "b"
    assert found.variables == {"x": "{{ env_var('X') }}!", "y": ""}
    assert type(found.variables["x"]) is str
    assert found.sources["t"].path == "data/t.csv"
    assert type(found.sources["t"].path) is str


def test_the_process_environment_is_read_where_none_is_given(
    project: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATURESQL_TEST_X", "from outside")
    text = "name: p\nvars: {x: \"{{ env_var('FEATURESQL_TEST_X') }}\"}\n"
    found = project({"featuresql.yml": text}, environment=None)
    assert found.variables == {"x": "from outside"}


def test_what_env_var_gave_is_in_no_error(errors_of: ErrorsOf) -> None:
    text = """\
name: "{{ env_var('A') }}"
targets:
  local:
    engine: {type: clickhouse, host: h, port: "{{ env_var('A') }}", secure: "{{ env_var('A') }}"}
    online: {type: "{{ env_var('A') }}"}
    registry: {url: "{{ env_var('A') }}"}
sources:
  t: {path: "{{ env_var('A') }}"}
  u: {table: t, columns: {x: "{{ env_var('A') }}"}, timezone: "{{ env_var('A') }}"}
  v: {table: "{{ env_var('A') }}"}
entities:
  e: {keys: {k: "{{ env_var('A') }}"}}
vars: {d: {x: "{{ env_var('A') }}"}}
"""
    errors = errors_of({"featuresql.yml": text}, environment={"A": "hunter2 very/secret"})
    assert len(errors) >= 8
    for error in errors:
        assert "hunter2" not in str(error)
        assert "hunter2" not in repr(error)
        assert error.__cause__ is None or "hunter2" not in repr(error.__cause__)


@pytest.mark.parametrize(
    "line",
    [
        "engine: {type: clickhouse, host: [], password: hunter2}",
        "engine: {type: clickhouse, host: [], 'password': 'hunter2 x'}",
        "registry: {url: hunter2}",
        "registry: {ulr: 'postgresql://me:hunter2@host/db', url: 'sqlite:///x'}",
        "online: {type: scylla, hosts: 1, keyspace: k, password: [hunter2]}",
        "online: {type: scylla, hosts: 1, keyspace: k, password:\n      [\n     hunter2]}",
        "registry:\n      url:\n        - hunter2",
    ],
)
def test_a_secret_that_stands_in_the_file_is_in_no_error(errors_of: ErrorsOf, line: str) -> None:
    errors = errors_of({"featuresql.yml": f"name: p\ntargets:\n  local:\n    {line}\n"})
    assert errors
    for error in errors:
        assert "hunter2" not in str(error)


@pytest.mark.parametrize("targets", ["", "targets: {local: {}}\n"])
def test_what_a_target_leaves_out_is_embedded(project: Load, targets: str) -> None:
    target = project({"featuresql.yml": f"name: shop\n{targets}"}).target
    assert target.name == "local"
    assert target.engine == EngineConfig("duckdb", "target/shop.duckdb")
    assert target.online == OnlineConfig("lmdb", "target/online")
    assert target.registry.url == "sqlite:///target/registry.db"


def test_an_engine_without_a_path_is_named_by_the_project(project: Load) -> None:
    text = "name: shop\ntargets: {ch: {engine: {type: chdb}, online: {type: lmdb}}}\n"
    target = project({"featuresql.yml": text}).target
    assert target.engine == EngineConfig("chdb", "target/shop.chdb")
    assert target.online.path == "target/online"


def test_a_targets_path_may_be_absolute(project: Load) -> None:
    text = "name: p\ntargets: {t: {engine: {type: duckdb, path: /var/x.duckdb}}}\n"
    assert project({"featuresql.yml": text}).target.engine.path == "/var/x.duckdb"


def test_an_unknown_target_names_the_nearest(errors_of: ErrorsOf) -> None:
    (error,) = errors_of(FILES, target="clster")
    assert (error.code, str(error.location)) == ("unknown-target", "featuresql.yml:15:1")
    assert error.message == "unknown target 'clster'"
    assert error.hint == "did you mean 'cluster'?"


def test_the_default_target_has_a_name_to_ask_for(project: Load, errors_of: ErrorsOf) -> None:
    assert project({"featuresql.yml": "name: p\n"}, target="local").target.name == "local"
    (error,) = errors_of({"featuresql.yml": "name: p\n"}, target="prod")
    assert error.code == "unknown-target"


def test_variables_from_outside_replace_the_projects(project: Load) -> None:
    given = {"window": "2 days", "least": None, "carriers": ["B6"]}
    found = project(FILES, variables=given)
    assert found.variables["window"] == "2 days"
    assert found.variables["least"] is None
    assert found.variables["carriers"] == ("B6",)
    assert found.variables["share"] == 0.5


def test_an_unknown_variable_from_outside_names_the_nearest(errors_of: ErrorsOf) -> None:
    (error,) = errors_of(FILES, variables={"windw": "2 days"})
    assert (error.code, error.message) == ("unknown-variable", "unknown variable 'windw'")
    assert error.hint == "did you mean 'window'?"
    assert str(error.location) == "featuresql.yml:4:1"


def test_a_variable_from_outside_is_a_scalar_or_a_list_of_these(errors_of: ErrorsOf) -> None:
    (error,) = errors_of(FILES, variables={"window": {"days": 2}})
    assert error.code == "wrong-type"
    assert error.message.startswith("the value given for 'window': found a mapping, expected")


def test_all_errors_are_found_at_once(errors_of: ErrorsOf) -> None:
    files = {
        **FILES,
        "featuresql.yml": "name: p\nsorces: {}\nsources: {t: {path: data/no.csv}, u: {}}\n",
        "models/x.yml": "models: [{name: flght, columns: [{name: x, tests: [uniqe]}]}]\n",
        "models/y.yml": "models: [\n",
        "models/Bad.sql": "",
    }
    errors = errors_of(files, target="prod", variables={"x": 1})
    assert sorted(error.code for error in errors) == [
        "missing-file",
        "not-an-identifier",
        "unknown-key",
        "unknown-target",
        "unknown-test",
        "unknown-variable",
        "wrong-source",
        "yaml-syntax",
    ]


def test_several_errors_come_as_one_exception(project: Load) -> None:
    with pytest.raises(ManyErrors) as caught:
        project({"featuresql.yml": "nam: p\n"})
    assert len(caught.value.errors) == 2
    assert "did you mean 'name'?" in str(caught.value)


def test_a_folder_without_a_project_is_a_clear_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ProjectError) as caught:
            load_project(folder)
        assert caught.value.code == "no-project"
        assert "featuresql init NAME" in (caught.value.hint or "")


def test_an_error_shows_the_line_and_the_column(errors_of: ErrorsOf) -> None:
    (error,) = errors_of({"featuresql.yml": "name: p\nvars: {x: 1, x: 2}\n"})
    assert str(error) == (
        "duplicate-key: the key 'x' stands here twice, first in line 2\n"
        "  at featuresql.yml:2:14\n"
        "  | vars: {x: 1, x: 2}\n"
        "  |              ^"
    )


def test_a_project_cannot_be_changed(project: Load) -> None:
    with pytest.raises(FrozenInstanceError):
        project(FILES).name = "other"  # type: ignore[misc]


def test_a_byte_order_mark_is_no_part_of_the_text(project: Load) -> None:
    files = {"featuresql.yml": b"\xef\xbb\xbfname: p\r\n", "models/a.sql": b"\xef\xbb\xbfselect 1"}
    found = project(files)
    assert (found.name, found.models["a"].text) == ("p", "select 1")


def test_a_file_below_two_model_paths_is_one_model(project: Load) -> None:
    text = "name: p\nmodel_paths: [models, models/sub]\n"
    found = project({"featuresql.yml": text, "models/sub/a.sql": "select 1"})
    assert list(found.models) == ["a"]


def test_folders_that_link_to_each_other_end(project: Load, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "loop").symlink_to(tmp_path / "models", target_is_directory=True)
    found = project({"featuresql.yml": "name: p\n", "models/a.sql": "select 1"})
    assert list(found.models) == ["a"]


def test_a_link_that_leaves_the_models_is_refused(
    errors_of: ErrorsOf, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.sql").write_text("select 1")
    (tmp_path / "models").mkdir()
    for name, to in (("x.sql", outside / "secret.sql"), ("folder", outside)):
        link = tmp_path / "models" / name
        link.symlink_to(to)
        (error,) = errors_of({"featuresql.yml": "name: p\n"})
        assert error.code == "path-outside"
        assert error.message == f"the link 'models/{name}' leaves the project"
        link.unlink()


def test_a_project_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "models").mkdir(parents=True)
    (tmp_path / "real" / "data").mkdir()
    (tmp_path / "real" / "data" / "t.csv").write_text("x\n")
    text = "name: p\nsources: {t: {path: data/t.csv}}\n"
    (tmp_path / "real" / "featuresql.yml").write_text(text)
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert load_project(tmp_path / "link").sources["t"].path == "data/t.csv"


def test_a_model_that_is_a_pipe_is_refused_and_not_waited_for(
    errors_of: ErrorsOf, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    os.mkfifo(tmp_path / "models" / "a.sql")
    (error,) = errors_of({"featuresql.yml": "name: p\n"})
    assert (error.code, error.message) == ("unreadable-file", "this is no regular file")


@pytest.mark.parametrize(
    "text",
    [
        "name: p\nvars: {a: &a [1,1,1,1,1,1,1,1,1],"
        + ",".join(
            f"{n}: &{n} [{','.join([f'*{p}'] * 9)}]"
            for p, n in zip("abcdefghij", "bcdefghijk", strict=True)
        )
        + "}\n",
        "name: p\nx: " + "[" * 900_000,
        "name: p\nx: " + "{" * 900_000,
        "name: p\nx:\n" + "- a\n" * 200_000,
        "name: p\nx:\n" + "- &a b\n" * 140_000,
        "name: p\n" + "".join(f"k{n}: 1\n" for n in range(80_000)),
        "name: " + "x " * 490_000,
        "\n" * 999_000,
    ],
    ids=["aliases", "lists", "mappings", "elements", "anchors", "keys", "words", "lines"],
)
def test_hostile_yaml_ends_soon(errors_of: ErrorsOf, text: str) -> None:
    began = time.process_time()
    errors = errors_of({"featuresql.yml": text})
    assert len(errors) >= 1
    assert time.process_time() - began < 10


PROPERTIES = """\
version: 2
models:
  - name: flights
    description: All flights.
    columns:
      - name: carrier
        description: Who flew.
        tests:
          - not_null
          - accepted_values: {values: [AA, UA], severity: warn}
        data_tests:
          - unique: {severity: warn}
          - relationships: {to: ref('b'), field: x}
      - name: delay
        tests:
          - range: {min: -60, max: 1440.5}
    tests:
      - row_count: {min: 1}
      - unique_columns: {columns: [carrier, delay]}
      - expression: {sql: "delay > -100"}
unit_tests:
  - name: counts
    description: It counts.
    model: flights
    given:
      - input: ref('b')
        rows:
          - {x: 1, at: 2013-07-01 12:00:00, day: 2013-07-01, none: null, list: [1, 2]}
          - {x: 2}
      - input: source("planes")
        rows: []
    expect:
      rows: [{x: 3.5, text: "1"}]
    overrides:
      vars: {window: 2 days}
"""


def test_properties_are_read_with_their_places(project: Load) -> None:
    found = project({**FILES, "models/p.yaml": PROPERTIES})
    at = {line: Location("models/p.yaml", line, column) for line, column in ((3, 11), (6, 15))}
    assert found.properties == {
        "flights": ModelProperties(
            "flights",
            at[3],
            "All flights.",
            (
                ColumnProperties("carrier", at[6], "Who flew."),
                ColumnProperties("delay", Location("models/p.yaml", 14, 15)),
            ),
        )
    }


def test_data_tests_are_read_in_the_order_of_the_file(project: Load) -> None:
    found = project({**FILES, "models/p.yml": PROPERTIES}).data_tests

    def test_of(line: int, name: str, column: str | None, **arguments: object) -> DataTest:
        severity = arguments.pop("severity", "error")
        place = Location("models/p.yml", line, 13 if column else 9)
        return DataTest(name, "flights", place, column, arguments, severity)  # type: ignore[arg-type]

    assert found == (
        test_of(9, "not_null", "carrier"),
        test_of(10, "accepted_values", "carrier", values=["AA", "UA"], severity="warn"),
        test_of(12, "unique", "carrier", severity="warn"),
        test_of(13, "relationships", "carrier", to="b", field="x"),
        test_of(16, "range", "delay", min=-60, max=1440.5),
        test_of(18, "row_count", None, min=1),
        test_of(19, "unique_columns", None, columns=["carrier", "delay"]),
        test_of(20, "expression", None, sql="delay > -100"),
    )


def test_unit_tests_are_read_with_typed_rows(project: Load) -> None:
    (test,) = project({**FILES, "models/p.yml": PROPERTIES}).unit_tests
    assert (test.name, test.model, test.description) == ("counts", "flights", "It counts.")
    ref, source = test.given
    assert (ref.kind, ref.name) == ("ref", "b")
    assert ref.location == Location("models/p.yml", 26, 16)
    noon = datetime(2013, 7, 1, 12)  # noqa: DTZ001 - models' own instants have no zone
    row = {"x": 1, "at": noon, "day": date(2013, 7, 1), "none": None, "list": [1, 2]}
    assert ref.rows == (row, {"x": 2})
    assert (source.kind, source.name, source.rows) == ("source", "planes", ())
    assert test.expect == ({"x": 3.5, "text": "1"},)
    assert test.override_vars == {"window": "2 days"}
    assert test.location == Location("models/p.yml", 22, 11)


def test_an_empty_properties_file_says_nothing(project: Load) -> None:
    found = project({**FILES, "models/p.yml": "# nothing yet\n"})
    assert (found.properties, found.data_tests, found.unit_tests) == ({}, (), ())


def test_a_template_in_a_properties_file_is_only_text(project: Load) -> None:
    text = "models: [{name: flights, description: \"{{ env_var('X') }}\"}]\n"
    found = project({**FILES, "models/p.yml": text})
    assert found.properties["flights"].description == "{{ env_var('X') }}"


def test_the_types_of_keys_are_the_columns_types(project: Load) -> None:
    text = "name: p\nentities: {e: {keys: {a: int, b: date, c: 'decimal(4,1)', d: timestamp}}}\n"
    keys = project({"featuresql.yml": text}).entities["e"].keys
    expected = [scalar("INTEGER"), scalar("DATE"), decimal(4, 1), scalar("TIMESTAMP")]
    assert [key.type for key in keys] == expected
