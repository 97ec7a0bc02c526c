"""What commands leave in `target/` is what the published schemas say."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from command_call import Call


def validate(project: Path, name: str) -> dict[str, object]:
    """Check an artifact, and return it."""
    schema = json.loads(
        files("featuresql").joinpath(f"schemas/artifacts/{name}.schema.json").read_text()
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    document: dict[str, object] = json.loads((project / f"target/{name}.json").read_text())
    jsonschema.validate(document, schema)
    return document


def test_of_a_run_that_passes(shop: Path, call: Call) -> None:
    assert call("run", "--project-dir", shop).code == 0
    assert validate(shop, "run_results")["status"] == "success"
    assert validate(shop, "manifest")["project"] == "shop"
    assert validate(shop, "catalog")["project"] == "shop"


def test_of_a_run_that_fails(shop: Path, call: Call) -> None:
    (shop / "models/broken.sql").write_text(
        "{{ config(materialized='table') }}\n"
        "select cast('x' || order_id as bigint) as n from {{ source('orders') }}"
    )
    (shop / "models/reader.sql").write_text("select n from {{ ref('broken') }}")
    assert call("run", "--project-dir", shop).code == 1
    results = validate(shop, "run_results")
    assert results["status"] == "error"
    validate(shop, "catalog")


def test_of_an_incremental_model(shop: Path, call: Call) -> None:
    (shop / "models/daily.sql").write_text(
        "{{ config(materialized='incremental', event_time='ordered_at', interval='7 days') }}\n"
        "select order_id, ordered_at from {{ source('orders') }}"
    )
    assert call("run", "--project-dir", shop, "--select", "daily").code == 0
    nodes = validate(shop, "manifest")["nodes"]
    assert isinstance(nodes, dict)
    assert nodes["daily"]["intervals"]["reads"][0]["back_us"] == 0


@pytest.mark.parametrize("verb", ["test", "build"])
def test_of_tests(built_shop: Path, call: Call, verb: str) -> None:
    assert call(verb, "--project-dir", built_shop).code == 0
    assert validate(built_shop, "run_results")["verb"] == verb
    path = built_shop / "models/models.yml"
    path.write_text(path.read_text().replace("order_count: 2", "order_count: 3"))
    assert call(verb, "--project-dir", built_shop).code == 1
    assert validate(built_shop, "run_results")["status"] == "error"
