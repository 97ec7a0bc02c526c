from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest
from command_call import Call
from ruamel.yaml import YAML

from featuresql.project.load_project import load_project


def test_a_new_project_is_named_and_whole(tmp_path: Path, start: Call) -> None:
    ended = start("init", "shop", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "featuresql run" in ended.out
    project = load_project(tmp_path / "shop")
    assert project.name == "shop"
    assert set(project.models) == {
        "customer_orders",
        "customer_returns",
        "order_return",
        "placed_orders",
    }
    assert (tmp_path / "shop/.gitignore").read_text() == "target/\n"
    assert [p.name for p in tmp_path.iterdir()] == ["shop"]


@pytest.mark.parametrize("path", ["featuresql.yml", "models/models.yml"])
def test_the_editor_hint_leads_to_a_schema_that_the_file_keeps(
    path: str, made_project: Path
) -> None:
    text = (made_project / path).read_text()
    hint = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert hint is not None
    schema = json.loads(((made_project / path).parent / hint[1]).read_text())
    value = YAML(typ="safe").load(text)
    jsonschema.validate(value, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, "nonsense": 1}, schema)


def test_a_folder_in_use_is_left_alone(tmp_path: Path, call: Call) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    ended = call("init", "shop", "--project-dir", folder)
    assert ended.code == 1
    assert "not empty" in ended.err
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_used(tmp_path: Path, call: Call) -> None:
    (tmp_path / "here").mkdir()
    assert call("init", "shop", "--project-dir", tmp_path / "here").code == 0
    assert (tmp_path / "here/featuresql.yml").is_file()


@pytest.mark.parametrize("name", ["Shop", "my-shop", "../x", "1st", ""])
def test_a_name_that_is_no_identifier_is_refused(name: str, tmp_path: Path, start: Call) -> None:
    ended = start("init", name, cwd=tmp_path)
    assert ended.code == 2
    assert "is no name" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_the_new_project_lacks_makes_nothing(tmp_path: Path, call: Call) -> None:
    ended = call("init", "shop", "--project-dir", tmp_path / "s", "--target", "cluster")
    assert ended.code == 1
    assert "cluster" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_workflow_passes_on_the_new_project(
    made_project: Path, tmp_path: Path, start: Call
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(made_project, folder)
    workflow = (folder / ".github/workflows/featuresql.yml").read_text()
    lines = [line.split("run: ")[1] for line in workflow.splitlines() if "run: featuresql" in line]
    assert len(lines) == 2
    for line in lines:
        ended = start(*line.split()[1:], cwd=folder)
        assert ended.code == 0, ended.err
    assert (folder / "target/tests.xml").is_file()
