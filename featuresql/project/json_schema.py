"""JSON Schemas of the project's YAML files, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from featuresql.project.project_file import ProjectFile
from featuresql.project.properties_file import PropertiesFile
from featuresql.project.strict_model import StrictModel

SCHEMA_FOLDER: Final = Path(__file__).parent.parent / "schemas"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_FILES: Final[dict[str, type[StrictModel]]] = {
    "featuresql.schema.json": ProjectFile,
    "properties.schema.json": PropertiesFile,
}


def json_schemas() -> dict[str, dict[str, object]]:
    """Return the JSON Schema of each kind of file, by the name of the schema's own file."""
    return {
        name: {"$schema": _DIALECT, **_tightened(model.model_json_schema())}
        for name, model in _FILES.items()
    }


def schema_text(schema: dict[str, object]) -> str:
    """Return a schema as the text that ships with the package."""
    return json.dumps(schema, indent=2) + "\n"


def write_json_schemas(folder: Path = SCHEMA_FOLDER) -> None:
    """Write every schema into `folder`: run this after a change to the classes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in json_schemas().items():
        (folder / name).write_text(schema_text(schema), encoding="utf-8")


def _tightened(schema: dict[str, object]) -> dict[str, object]:
    """Return `schema` with wrong names refused, and without what only says again what is said."""
    result: dict[str, object] = {}
    for key, value in schema.items():
        if isinstance(value, dict):
            result[key] = _tightened(value)
        elif isinstance(value, list):
            result[key] = [_tightened(v) if isinstance(v, dict) else v for v in value]
        elif not (key == "default" and value is None):
            result[key] = value
    if "patternProperties" in result:
        result.setdefault("additionalProperties", False)
    return result


if __name__ == "__main__":
    write_json_schemas()
