from collections.abc import Callable

import pytest
from whole_project import FILES, SECRETS, WHOLE

from featuresql.errors import FeatureSQLError
from featuresql.spec.model import Project

ErrorsOf = Callable[..., tuple[FeatureSQLError, ...]]
Load = Callable[..., Project]


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


def test_the_environment_chooses_the_target(project: Load) -> None:
    text = (
        "name: p\ndefault_target: \"{{ env_var('WHERE', 'b') }}\"\n"
        "targets: {a: {}, b: {engine: {type: duckdb, path: \"{{ env_var('X') }}\"}}}\n"
    )
    found = project({"featuresql.yml": text}, environment={"X": "{{ env_var('X') }}"}).target
    assert (found.name, found.engine.path) == ("b", "{{ env_var('X') }}")
    assert type(found.engine.path) is str
    assert project({"featuresql.yml": text}, environment={"WHERE": "a"}).target.name == "a"


@pytest.mark.parametrize(
    ("line", "key", "column"),
    [
        ("vars: {x: \"{{ env_var('A') }}\"}", "vars", 11),
        ("vars: {x: [1, \"a {{ env_var('A') }}\"]}", "vars", 15),
        ("sources: {t: {path: \"data/{{ env_var('A') }}.csv\"}}", "sources", 21),
        ("sources: {t: {table: t, static: \"{{ env_var('A') }}\"}}", "sources", 33),
        ("entities: {e: {keys: {k: text}, description: \"{{ env_var('A') }}\"}}", "entities", 46),
        ("model_paths: [\"{{ env_var('A') }}\"]", "model_paths", 15),
        ('vars: {x: "{% set a = 1 %}"}', "vars", 11),
    ],
)
def test_what_reaches_sql_and_artifacts_reads_no_environment(
    line: str, key: str, column: int, errors_of: ErrorsOf
) -> None:
    (error,) = errors_of({"featuresql.yml": f"name: p\n{line}\n"}, environment={"A": "hunter2"})
    assert (error.code, str(error.location)) == ("template", f"featuresql.yml:2:{column}")
    assert error.message.startswith(f"a template stands under '{key}'")
    assert error.hint is not None
    assert "only 'targets' and 'default_target' read the environment" in error.hint
    assert ("--vars" in error.hint) == (key == "vars")
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    "template",
    [
        "{{ env_var() }}",
        "{{ env_var('A', 'b', 'c') }}",
        "{{ env_var('A', 'b', default='c') }}",
        "{{ env_var('A', other='c') }}",
        "{{ env_var(*['A']) }}",
        "{{ env_var(**{'name': 'A'}) }}",
        "{{ env_var(1) }}",
        "{{ env_var(env_var('A')) }}",
        "{{ env_var('A') ~ env_var }}",
        "{{ env_var.__globals__ }}",
        "{{ other('A') }}",
        "{{ 9**9**9 }}",
        "{{ range(10**9) | list }}",
        "{% for x in range(10**9) %}{% endfor %}",
        "{% set x = env_var('A') %}",
        "{{ env_var('A')",
    ],
)
def test_nothing_but_env_var_is_evaluated(errors_of: ErrorsOf, template: str) -> None:
    text = f'name: p\ntargets:\n  t:\n    engine: {{type: duckdb, path: "{template}"}}\n'
    (error,) = errors_of({"featuresql.yml": text}, environment={"A": "x", "1": "y"})
    assert (error.code, str(error.location)) == ("template", "featuresql.yml:4:34")


def test_the_process_environment_is_read_where_none_is_given(
    project: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATURESQL_TEST_X", "from outside")
    path = "\"{{ env_var('FEATURESQL_TEST_X') }}\""
    text = f"name: p\ntargets: {{t: {{online: {{type: lmdb, path: {path}}}}}}}\n"
    found = project({"featuresql.yml": text}, environment=None)
    assert found.target.online.path == "from outside"


def test_what_env_var_gave_is_in_no_error(errors_of: ErrorsOf) -> None:
    text = """\
name: "{{ env_var('A') }}"
targets:
  local:
    engine: {type: clickhouse, host: h, port: "{{ env_var('A') }}", secure: "{{ env_var('A') }}"}
    online: {type: "{{ env_var('A') }}"}
    registry: {url: "{{ env_var('A') }}"}
default_target: "{{ env_var('A') }}"
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
