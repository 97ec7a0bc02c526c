import json
from pathlib import Path

import jsonschema
import pytest
from broken import Broken
from broken_files import KEYS, SOURCES, TARGETS
from broken_properties import PROPERTIES
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

import featuresql.project.json_schema as module
from featuresql.project.json_schema import json_schemas, schema_text, write_json_schemas

SCHEMAS = json_schemas()
ROOT = Path(__file__).parents[2]
# What no JSON Schema can say: it takes knowledge of other values, of files or of names elsewhere.
BEYOND_SCHEMAS = {
    "duplicate-name",
    "key-type",
    "missing-file",
    "path-outside",
    "template",
    "unknown-model",
    "unknown-source",
    "unknown-suffix",
    "unknown-target",
    "unknown-timezone",
    "unknown-type",
    "unknown-variable",
    "unset-variable",
    "wrong-source",
    "yaml-syntax",
}
BEYOND_SCHEMAS_TOO = {
    "a table that is no name",
    "a registry whose URL is none",
    "a registry of an unknown kind",
    "a range that holds nothing",
    "a range without bounds",
    "a test with empty arguments",
    "a bound that is no number",
    "bounds of two types",
    "a relationship that is no ref",
    "an input that is no ref",
    "a port out of range",
}


def is_valid(name: str, text: str) -> bool:
    document = json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))
    validator = jsonschema.Draft202012Validator(SCHEMAS[name])
    return validator.is_valid(document)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_what_ships_is_what_the_classes_give(name: str) -> None:
    shipped = (module.SCHEMA_FOLDER / name).read_text(encoding="utf-8")
    assert shipped == schema_text(SCHEMAS[name])


def test_nothing_else_ships(tmp_path: Path) -> None:
    write_json_schemas(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(SCHEMAS)
    assert {path.name for path in module.SCHEMA_FOLDER.glob("*.json")} == set(SCHEMAS)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_itself_valid(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


def test_the_example_project_is_valid() -> None:
    text = (ROOT / "featuresql.yml").read_text(encoding="utf-8")
    assert is_valid("featuresql.schema.json", text)
    for path in (ROOT / "models").rglob("*.yml"):
        assert is_valid("properties.schema.json", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("featuresql.schema.json", "name: p"),
        ("featuresql.schema.json", "{name: p, vars: {x: [1, a, null], y: 2024-01-01}}"),
        (
            "featuresql.schema.json",
            (
                "{name: p, targets: {t: {engine: {type: clickhouse, host: h, "
                "port: \"{{ env_var('P') }}\", secure: true}}}}"
            ),
        ),
        ("properties.schema.json", "models: [{name: a, columns: [{name: x, tests: [unique]}]}]"),
        (
            "properties.schema.json",
            (
                "models: [{name: a, columns: [{name: x, tests: [{range: {min: 1}}]}], "
                "data_tests: [{row_count: {max: 2, severity: warn}}]}]"
            ),
        ),
    ],
)
def test_a_right_document_is_valid(name: str, text: str) -> None:
    assert is_valid(name, text)


@pytest.mark.parametrize(
    "broken", [*KEYS, *SOURCES, *TARGETS, *PROPERTIES], ids=lambda broken: broken.shows
)
def test_a_broken_document_is_invalid_where_a_schema_can_know(broken: Broken) -> None:
    path = "models/p.yml" if "models/p.yml" in broken.files else "featuresql.yml"
    name = "properties.schema.json" if path == "models/p.yml" else "featuresql.schema.json"
    text = broken.files[path]
    assert isinstance(text, str)
    knows = broken.where.split()[0] not in BEYOND_SCHEMAS
    knows = knows and broken.shows not in BEYOND_SCHEMAS_TOO
    try:
        valid = is_valid(name, text)
    except YAMLError:
        valid = False
    assert valid is not knows or broken.where.startswith("yaml-syntax")
