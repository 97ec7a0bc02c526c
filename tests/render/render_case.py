"""A project of one model and some macros, made of texts."""

from collections.abc import Mapping

import pytest

from featuresql.errors import FeatureSQLError, Location, RenderError
from featuresql.render.render_model import render_model
from featuresql.render.rendered import RenderedModel
from featuresql.spec.model import (
    EngineConfig,
    MacroFile,
    ModelFile,
    OnlineConfig,
    Project,
    RegistryConfig,
    Source,
    Target,
)

PLACE = Location("featuresql.yml")
MODEL_PATH = "models/m.sql"


def make_project(
    models: Mapping[str, str],
    macros: Mapping[str, str] | None = None,
    variables: Mapping[str, object] | None = None,
) -> Project:
    return Project(
        name="p",
        root=".",
        file="featuresql.yml",
        variables=variables or {},
        target=Target(
            "t", EngineConfig("duckdb"), OnlineConfig("lmdb"), RegistryConfig("sqlite://"), PLACE
        ),
        sources={"flights": Source("flights", PLACE, path="x.parquet")},
        entities={},
        models={name: ModelFile(name, f"models/{name}.sql", text) for name, text in models.items()},
        macros=tuple(MacroFile(path, text) for path, text in (macros or {}).items()),
    )


def render(template: str, macros: Mapping[str, str] | None = None, **variables: object) -> str:
    return rendered(template, macros, **variables).sql


def rendered(
    template: str, macros: Mapping[str, str] | None = None, **variables: object
) -> RenderedModel:
    project = make_project({"m": template, "other": "", "order": ""}, macros, variables)
    return render_model(project.models["m"], project)


def render_error(
    template: str, macros: Mapping[str, str] | None = None, **variables: object
) -> RenderError:
    with pytest.raises(FeatureSQLError) as caught:
        rendered(template, macros, **variables)
    assert isinstance(caught.value, RenderError), caught.value
    return caught.value
