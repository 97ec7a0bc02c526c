import os
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import date, datetime
from pathlib import Path

import pytest
from whole_project import FILES

from featuresql.errors import FeatureSQLError, Location, ManyErrors, ProjectError
from featuresql.project.load_project import load_project
from featuresql.spec.column_type import VARCHAR, decimal, scalar
from featuresql.spec.model import (
    Column,
    EngineConfig,
    MacroFile,
    ModelFile,
    OnlineConfig,
    Project,
)

ErrorsOf = Callable[..., tuple[FeatureSQLError, ...]]
Load = Callable[..., Project]


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


def test_the_types_of_keys_are_the_columns_types(project: Load) -> None:
    text = "name: p\nentities: {e: {keys: {a: int, b: date, c: 'decimal(4,1)', d: timestamp}}}\n"
    keys = project({"featuresql.yml": text}).entities["e"].keys
    expected = [scalar("INTEGER"), scalar("DATE"), decimal(4, 1), scalar("TIMESTAMP")]
    assert [key.type for key in keys] == expected
