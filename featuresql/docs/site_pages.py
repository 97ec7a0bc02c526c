"""A project's documentation as a static site, which needs no server and loads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.lineage import ProjectLineage
from featuresql.docs.lineage_html import lineage_html
from featuresql.ports import ModelVersion
from featuresql.project.duration import duration_text
from featuresql.spec.model import Column
from featuresql.workflows.data_tests import test_name
from featuresql.workflows.interval_notes import interval_text


def site_pages(
    compiled: CompiledProject, lineage: ProjectLineage, built: Mapping[str, ModelVersion]
) -> dict[str, str]:
    """Return the pages by their paths: `index.html`, `lineage.html`, `models/NAME.html`.

    What the project's files say is text: it is escaped, and the pages may load nothing.
    """
    environment = Environment(
        loader=PackageLoader("featuresql.docs", "site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    project = compiled.project.name
    show = partial(_model, compiled, lineage, built)
    models = [show(model) for model in compiled.models.values()]
    index = environment.get_template("index.html").render(
        project=project,
        title="Features",
        root="",
        models=models,
        sources=_sources(compiled),
        entities=[
            {"name": e.name, "columns": _columns(e.keys), "description": e.description}
            for e in compiled.project.entities.values()
        ],
        consumers=compiled.project.consumers,
    )
    pages = {"index.html": index, "lineage.html": lineage_html(compiled, lineage)}
    template = environment.get_template("model.html")
    for found in models:
        page = template.render(project=project, title=found["name"], root="../", m=found)
        pages[f"models/{found['name']}.html"] = page
    return pages


def _model(
    compiled: CompiledProject,
    lineage: ProjectLineage,
    built: Mapping[str, ModelVersion],
    model: CompiledModel,
) -> dict[str, object]:
    properties = compiled.project.properties.get(model.name)
    described = {c.name: c.description for c in properties.columns} if properties else {}
    version = built.get(model.name)
    columns = [
        {
            "name": column.name,
            "type": str(column.type),
            "description": described.get(column.name, ""),
            "role": _role(model, column.name),
            "verdict": model.leakage[column.name].verdict if column.name in model.leakage else "",
            "reason": model.leakage[column.name].reason if column.name in model.leakage else "",
            "inputs": _inputs(lineage, model.name, column.name),
        }
        for column in model.columns
    ]
    words = [model.name, *(column.name for column in model.columns), *model.config.tags]
    return {
        "name": model.name,
        "kind": model.config.kind,
        "path": model.path,
        "owner": model.config.owner,
        "tags": model.config.tags,
        "description": model.config.description or (properties.description if properties else ""),
        "columns": columns,
        "facts": list(_facts(model, version)),
        "built": _built(version),
        "reads": model.refs,
        "sources": model.sources,
        "read_by": [m.name for m in compiled.models.values() if model.name in m.refs],
        "tests": list(_tests(compiled, model.name)),
        "template": compiled.project.models[model.name].text,
        "sql": model.statement,
        "text": " ".join(words).lower(),
    }


def _facts(model: CompiledModel, version: ModelVersion | None) -> Iterable[tuple[str, str]]:
    config = model.config
    if model.view is not None:
        yield "entity", config.entity or "none: its newest row counts for everybody"
    if config.event_time:
        yield "event time", config.event_time
    if config.ttl_us is not None:
        yield "rows live for", duration_text(config.ttl_us)
    if model.intervals is not None:
        yield "built by intervals of", interval_text(model)
    if model.service is not None:
        yield "labels", ", ".join(config.labels) or "none"
        yield "request columns", ", ".join(config.request) or "none"
    if version is not None:
        yield "version", version.version
        yield "relation", version.relation


def _built(version: ModelVersion | None) -> dict[str, object] | None:
    if version is None:
        return None
    return {"rows": version.rows, "built_at": f"{version.built_at:%Y-%m-%d %H:%M} UTC"}


def _role(model: CompiledModel, column: str) -> str:
    config = model.config
    roles = {config.event_time: "event time", config.available_at: "known at"}
    roles |= dict.fromkeys(config.labels, "label")
    if model.view is not None:
        roles |= {key.name: "key" for key in model.view.named_keys}
    return roles.get(column) or ("feature" if column in model.leakage else "")


def _inputs(lineage: ProjectLineage, model: str, column: str) -> list[str]:
    found = lineage.models[model].columns.get(column)
    return sorted({str(item.ref) for item in found.direct}) if found is not None else []


def _tests(compiled: CompiledProject, model: str) -> Iterable[str]:
    for test in compiled.project.data_tests:
        if test.model == model:
            column = f" of {test.column}" if test.column else ""
            yield f"{test_name(test)}{column}"
    for unit in compiled.project.unit_tests:
        if unit.model == model:
            yield f"unit test {unit.name}" + (f": {unit.description}" if unit.description else "")


def _sources(compiled: CompiledProject) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for source in compiled.project.sources.values():
        columns = compiled.sources.get(source.name, source.columns)
        words = [source.name, *(column.name for column in columns)]
        found.append(
            {
                "name": source.name,
                "place": source.path or source.table or "",
                "event_time": source.event_time,
                "available_at": source.available_at,
                "static": source.static,
                "columns": _columns(columns),
                "text": " ".join(words).lower(),
            }
        )
    return found


def _columns(columns: Iterable[Column]) -> list[dict[str, str]]:
    return [{"name": c.name, "type": str(c.type)} for c in columns]
